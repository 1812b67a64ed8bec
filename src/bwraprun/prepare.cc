#include "prepare.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace fence::bwraprun {
namespace {

// The kernel only reads what execve(2) gets.
char* word(const std::string& text) { return const_cast<char*>(text.c_str()); }

std::uint64_t own_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, data) != 0) return 0;
  return data[0].effective | std::uint64_t{data[1].effective} << 32U;
}

void prepare_capabilities(World& world) {
  world.capabilities = world.uid == 0 ? own_capabilities() : 0;
  for (const bwrapline::CapabilityChange& change : world.of.capabilities) {
    const std::uint64_t which = change.number ? std::uint64_t{1} << *change.number : ~std::uint64_t{0};
    world.capabilities = change.add ? world.capabilities | which : world.capabilities & ~which;
  }
  // Root's stay as they are unless somebody asks: a filter around it may refuse capset(2).
  world.drop_capabilities = world.uid != 0 || !world.of.capabilities.empty();
}

void prepare_environment(World& world) {
  const auto& variables = world.of.environment;
  for (const std::string& variable : variables) world.environment.push_back(word(variable));
  const auto at = std::find_if(variables.begin(), variables.end(),
                               [](const std::string& variable) { return variable.starts_with("PWD="); });
  world.pwd = static_cast<std::size_t>(at - variables.begin());
  std::vector<char*> outer = world.environment;
  outer.push_back(nullptr);
  if (at == variables.end()) world.environment.push_back(nullptr);
  world.environment.push_back(nullptr);
  char** last = environ;
  while (*last != nullptr) ++last;
  // The kernel puts them one after the other (execve(2)); nobody has moved them since.
  if (last != environ) world.old_environment = {environ[0], last[-1] + std::strlen(last[-1])};
  // get_current_dir_name(3) trusts PWD where it is right, so that a directory keeps the name it was reached by.
  char** const before = std::exchange(environ, outer.data());
  const std::unique_ptr<char, decltype(&std::free)> directory(get_current_dir_name(), &std::free);
  environ = before;
  if (directory) world.directory = directory.get();
}

void prepare_directories(World& world) {
  for (const std::string& variable : world.of.environment) {
    if (variable.starts_with("HOME=")) world.home = variable.substr(sizeof "HOME=" - 1);
  }
  world.pwd_texts = {"PWD=" + world.of.directory.value_or(""), "PWD=" + world.directory, "PWD=" + world.home, "PWD=/"};
}

std::string map_text(std::uint32_t inside, std::uint32_t outside) {
  return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

// A devpts has a directory of uid 0's, so where there is one, 0 is mapped while mounts are made. Where further
// namespaces are forbidden, the limit is the outer one's, which the command cannot raise.
void prepare_maps(World& world) {
  const Invocation& of = world.of;
  const std::uint32_t uid = of.uid.value_or(world.uid), gid = of.gid.value_or(world.gid);
  const bool has_dev = std::any_of(of.ops.begin(), of.ops.end(), [](const bwrapline::Op& op) {
    return std::holds_alternative<bwrapline::Dev>(op.action);
  });
  const std::uint32_t outer_uid = has_dev ? 0 : uid, outer_gid = has_dev ? 0 : gid;
  const bool maps = of.namespaces.user && of.descriptors.userns_block == -1;
  world.two_levels = of.namespaces.disable_user || (maps && (outer_uid != uid || outer_gid != gid));
  world.uid_map = map_text(outer_uid, world.uid);
  world.gid_map = map_text(outer_gid, world.gid);
  world.inner_uid_map = map_text(uid, outer_uid);
  world.inner_gid_map = map_text(gid, outer_gid);
}

std::size_t names_of(const bwrapline::BindPath&) { return 1; }
std::size_t names_of(const bwrapline::Overlay& overlay) { return overlay.lower.size() + 2; }
template <class OtherAction>
std::size_t names_of(const OtherAction&) {
  return 0;
}
std::size_t names_of(const bwrapline::Op& op) {
  return std::visit([](const auto& action) { return names_of(action); }, op.action);
}

void prepare_sources(World& world) {
  const std::vector<bwrapline::Op>& ops = world.of.ops;
  std::size_t count = 0;
  for (const bwrapline::Op& op : ops) count += names_of(op);
  world.source_names.resize(count);
  world.texts = std::make_unique_for_overwrite<char[]>(count * PATH_MAX);
  world.next_text = world.texts.get();
  std::span<const char*> left = world.source_names;
  for (const bwrapline::Op& op : ops) {
    const std::size_t its = names_of(op);
    world.sources.push_back({SourceKind::None, left.first(its)});
    left = left.subspan(its);
  }
}

}  // namespace

void prepare(World& world, const bwrapline::Caller& caller) {
  world.uid = caller.uid;
  world.gid = caller.gid;
  prepare_capabilities(world);
  prepare_environment(world);
  prepare_directories(world);
  for (const std::string& argument : world.of.command) world.arguments.push_back(word(argument));
  if (world.of.argv0) world.arguments[0] = word(*world.of.argv0);
  world.arguments.push_back(nullptr);
  prepare_maps(world);
  prepare_sources(world);
  if (world.of.descriptors.seccomp != -1) world.filter.resize(kFilterBytes);
  world.existing.assign(PATH_MAX, '\0');
  const char* const terminal = isatty(STDOUT_FILENO) != 0 ? ttyname(STDOUT_FILENO) : nullptr;
  if (terminal != nullptr) world.console = terminal;
}

}  // namespace fence::bwraprun
