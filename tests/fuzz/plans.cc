// Settings and a host, both of any kind: a plan that keeps its promises, or errors that say why not.
#include <algorithm>
#include <exception>

#include "fence/bwrap/bwrap.h"
#include "fence/config/config.h"
#include "fence/native/native.h"
#include "fence/plan/show.h"
#include "support/fake_host.h"
#include "support/granted.h"
#include "targets.h"

namespace fence::fuzz {
namespace {

/// One line of a host: "d PATH MODE", "f PATH CONTENT", "l PATH TARGET", "s PATH" (a socket), "u PATH" (not readable),
/// "v NAME VALUE", "in PATH" (the working directory). "~" is the home directory. What is none of these is left out.
class HostLine {
 public:
  explicit HostLine(std::string_view line) {
    const std::size_t first = line.find(' ');
    verb_ = line.substr(0, first);
    if (first == std::string_view::npos) return;
    const std::size_t second = line.find(' ', first + 1);
    subject_ = line.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
    if (second != std::string_view::npos) rest_ = line.substr(second + 1);
  }

  void apply(testing::FakeHost& host) const {
    if (verb_ == "v" && !subject_.empty()) host.variable(subject_, rest_);
    const auto path = HostPath::parse(expanded(subject_));
    if (!path || path->is_root()) return;
    const std::string at(path->text());
    if (verb_ == "in") host.stand_in(at);
    if (verb_ == "d") host.dir(at, rest_.starts_with('0') ? 0 : 1000, rest_.ends_with('!') ? 0500 : 0755);
    if (verb_ == "f") host.file(at, content());
    if (verb_ == "l" && !rest_.empty()) host.link(at, expanded(rest_));
    if (verb_ == "s") host.special(at, PathKind::Socket);
    if (verb_ == "u") host.unreadable(at);
  }

 private:
  static std::string expanded(const std::string& text) {
    return text.starts_with('~') ? "/home/ann" + text.substr(1) : text;
  }

  // "|" ends a line of the file.
  [[nodiscard]] std::string content() const {
    std::string text = rest_;
    std::ranges::replace(text, '|', '\n');
    return text;
  }

  std::string verb_, subject_, rest_;
};

/// A name stands below directories only: what else would be in the way is left as it was.
testing::FakeHost host_of(std::string_view text) {
  testing::FakeHost host;
  for (const std::string& line : parts(text, "\n")) HostLine(line).apply(host);
  // As a kernel has it: what stands below something that is no directory is not there.
  auto& paths = host.facts().paths;
  std::vector<HostPath> known;
  for (const auto& [path, fact] : paths) known.push_back(path);
  std::ranges::sort(known);
  for (const HostPath& path : known) {
    if (path.is_root()) continue;
    const auto parent = paths.find(path.parent());
    const auto* present = parent != paths.end() ? std::get_if<Present>(&parent->second) : nullptr;
    if (present == nullptr || present->kind != PathKind::Directory) paths.erase(path);
  }
  const auto* here = std::get_if<HostPath>(&host.facts().working_directory);
  const auto at = here != nullptr ? paths.find(*here) : paths.end();
  const auto* directory = at != paths.end() ? std::get_if<Present>(&at->second) : nullptr;
  if (directory == nullptr || directory->kind != PathKind::Directory)
    host.facts().working_directory = Unreadable{ENOENT};
  return host;
}

void check_refusal(const Errors& errors) {
  require(!errors.empty(), "a refusal says why");
  for (const Error& error : errors) require(error.kind != ErrorKind::Internal, to_string(error));
}

Result<LoadedConfig, Errors> config_of(const testing::FakeHost& host, const std::string& user,
                                       const std::string& project) {
  ConfigRequest request;
  auto& facts = const_cast<testing::FakeHost&>(host).facts();
  request.environment = facts.environment;
  request.home_by_nss = "/home/ann";
  if (const auto* here = std::get_if<HostPath>(&facts.working_directory)) request.working_directory = *here;
  const HostPath own = *HostPath::parse("/home/ann/.config/fence/settings.toml");
  return load_config(request, [&](const HostPath& path) -> TextFact {
    if (path == own) return user;
    if (path.name() == ".fence.toml" && path.parent() == request.working_directory) return project;
    return Absent{};
  });
}

}  // namespace

void plan(std::string_view bytes) {
  auto inputs = parts(bytes, "\n===\n");
  inputs.resize(3);
  const testing::FakeHost host = host_of(inputs[2]);
  const auto config = config_of(host, inputs[0], inputs[1]);
  if (!config) return check_refusal(config.error());
  const Policy policy = merge(config->layers);
  HostFacts facts = host.questioned();
  const auto made = host.plan_from(policy, {.command = {"true"}, .directory = {}, .keep_descriptors = {}}, facts);
  if (!made) return check_refusal(made.error());
  FactLens lens(facts);
  if (const auto bad = testing::granted_by_nothing(*made, policy, lens)) {
    require(false, "writable, and no rule names it: " + *bad + "\n" + plan_text(*made));
  }
  require(plan_text(*made).find('\033') == std::string::npos, "a plan can be shown");
  require(!plan_json(*made).empty(), "a plan can be shown");
  if (const auto program = compile(*made, facts); !program) check_refusal(program.error());
  if (const auto words = to_bwrap(*made, facts); !words) check_refusal(words.error());
}

}  // namespace fence::fuzz
