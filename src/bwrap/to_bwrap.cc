#include <initializer_list>
#include <set>
#include <string_view>

#include "fence/bwrap/bwrap.h"
#include "fence/plan/filter.h"
#include "fence/seccomp/seccomp.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// bwrap's MAX_ARGS: "Exceeded maximum number of arguments 9000".
constexpr std::size_t kMaxWords = 9000;
/// A pattern with so many matches is named where they are too many.
constexpr std::size_t kManyMatches = 100;
/// bwrap works on "/newroot" + target and "/oldroot" + source.
constexpr std::size_t kPrefixBytes = 8;

/// The invocation as it grows, with all that this bwrap cannot do.
class Draft {
 public:
  explicit Draft(const BwrapFacts& bwrap) : bwrap_(bwrap) { invocation.program = bwrap.path; }

  void option(std::string_view name, std::initializer_list<BwrapWord> values = {}) {
    if (!bwrap_.options.contains(std::string(name)) && missing_.insert(std::string(name)).second) lacks(name);
    invocation.options.emplace_back(std::string(name));
    invocation.options.insert(invocation.options.end(), values.begin(), values.end());
  }

  BwrapWord payload(Payload payload) {
    invocation.payloads.push_back(std::move(payload));
    return PayloadWord{invocation.payloads.size() - 1};
  }

  void check_length(const std::string& path, const Origin& origin) {
    if (path.size() + kPrefixBytes <= kMaxPathBytes || !too_long_.insert(path).second) return;
    errors.push_back({.kind = ErrorKind::Unsupported,
                      .what = "cannot mount " + escape_bytes(path),
                      .why = "bwrap puts " + std::to_string(kPrefixBytes) + " bytes before the path's " +
                             std::to_string(path.size()) + ", and the kernel takes no more than " +
                             std::to_string(kMaxPathBytes),
                      .origin = origin});
  }

  BwrapInvocation invocation;
  Errors errors;

 private:
  void lacks(std::string_view name) {
    errors.push_back({.kind = ErrorKind::Unsupported,
                      .what = "cannot run this plan with " + escape_bytes(bwrap_.path),
                      .why = "this bwrap has no option " + std::string(name),
                      .hint = "install a newer bubblewrap: 0.8.0 has all that fence uses"});
  }

  const BwrapFacts& bwrap_;
  std::set<std::string> missing_;
  std::set<std::string> too_long_;
};

Errors refuse_bwrap(const std::optional<BwrapFacts>& bwrap) {
  if (!bwrap)
    return {{.kind = ErrorKind::Host,
             .what = "cannot make a sandbox",
             .why = "bwrap is not installed",
             .hint = "apt install bubblewrap; one that others than root can change is not used"}};
  if (bwrap->setuid)
    return {
        {.kind = ErrorKind::Unsupported,
         .what = "cannot use " + escape_bytes(bwrap->path),
         .why = "it is set-user-id: it would work with root's rights on paths that others can change (CVE-2026-41163)",
         .hint = "where the kernel lets users make user namespaces the bit is not needed: chmod u-s " +
                 shell_quote(bwrap->path)}};
  if (bwrap->options.empty()) {
    const std::string question = shell_quote(bwrap->path) + " --help";
    return {{.kind = ErrorKind::Host,
             .what = "cannot ask bwrap what it can do",
             .why = "`" + question + "` printed nothing",
             .hint = "try it by hand; perhaps no further process may be started: see `ulimit -u`"}};
  }
  return {};
}

void add_identity(Draft& draft, const IdentityPlan& identity) {
  std::visit(Overloaded{
                 [&](const MapOwnIds&) {
                   draft.option("--unshare-user");
                   if (!identity.nested_user_namespaces) draft.option("--disable-userns");
                 },
                 [&](const MapAllIds& map) {
                   const auto fd = draft.payload(UserNamespacePayload{map, identity.nested_user_namespaces});
                   draft.option("--userns", {fd});
                   // bwrap leaves the descriptor of --userns open in the command, that of --sync-fd it closes there.
                   draft.option("--sync-fd", {fd});
                 },
                 [](const KeepIds&) {},
             },
             identity.map);
  // bwrap started as root keeps every capability of its user namespace unless told otherwise.
  if (identity.uid == 0) draft.option("--cap-drop", {"ALL"});
}

void add_namespaces(Draft& draft, const SandboxPlan& plan) {
  draft.option("--unshare-ipc");
  draft.option("--unshare-pid");
  draft.option("--unshare-uts");
  if (plan.network.value == NetworkMode::None) draft.option("--unshare-net");
  if (plan.cgroup_namespace) draft.option("--unshare-cgroup");
}

void add_process(Draft& draft, const SandboxPlan& plan) {
  draft.option("--die-with-parent");
  if (plan.session.kind() == SessionKind::NewSession) draft.option("--new-session");
  const auto filter = filter_bytes(command_filter(plan.filter));
  draft.option("--seccomp", {draft.payload(DataPayload{std::string(filter.begin(), filter.end())})});
}

// bwrap cannot give a terminal of its own; it shows the caller's as /dev/console, by which gpg-agent(1) finds it.
const std::string& value_for_bwrap(const SandboxPlan& plan, const std::string& name, const std::string& value) {
  static const std::string kConsole = "/dev/console";
  const bool named = name == "GPG_TTY" && plan.session.terminal() == TerminalKind::Private;
  return named && value == "/dev/pts/0" ? kConsole : value;
}

void add_environment(Draft& draft, const SandboxPlan& plan) {
  for (const auto& variable : plan.environment.variables)
    std::visit(Overloaded{
                   [](const Passed&) {},
                   [&](const Replaced& replaced) {
                     draft.option("--setenv", {variable.name, value_for_bwrap(plan, variable.name, replaced.value)});
                     draft.invocation.withheld_variables.push_back(variable.name);
                   },
                   [&](const Dropped&) {
                     draft.option("--unsetenv", {variable.name});
                     draft.invocation.withheld_variables.push_back(variable.name);
                   },
               },
               variable.fate);
}

std::string bind_option(const Bind& bind) {
  // The -try options skip a source that does not exist (ENOENT), and nothing else.
  const std::string suffix = bind.may_vanish ? "-try" : "";
  switch (bind.mode) {
    case BindMode::ReadOnly:
      return "--ro-bind" + suffix;
    case BindMode::ReadWrite:
      return "--bind" + suffix;
    case BindMode::Device:
      return "--dev-bind" + suffix;
  }
  return {};
}

void add_mount(Draft& draft, const MountOp& op) {
  const std::string& target = op.target.text();
  draft.check_length(target, op.why.winner);
  std::visit(Overloaded{
                 [&](const Bind& bind) {
                   draft.check_length(bind.source.text(), op.why.winner);
                   draft.option(bind_option(bind), {bind.source.text(), target});
                 },
                 [&](const Tmpfs& tmpfs) {
                   // At "/" too: bwrap's own root is always 0755 and unlimited.
                   draft.option("--perms", {octal_mode(tmpfs.mode)});
                   if (tmpfs.size) draft.option("--size", {std::to_string(*tmpfs.size)});
                   draft.option("--tmpfs", {target});
                 },
                 [&](const Proc&) { draft.option("--proc", {target}); },
                 [&](const Dev&) { draft.option("--dev", {target}); },
                 // --remount-ro takes mount points only, and bwrap cannot bind from the new root: the host's own
                 // /proc/sys, irq, ... stands in. It shows the same: what depends on namespaces there is looked up
                 // in those of the process that reads.
                 [&](const LockReadOnly&) {
                   draft.option("--ro-bind", {target, target});
                 },
                 // The mount is nodev, so opening the node gives EACCES, to uid 0 as well.
                 [&](const MaskFile&) {
                   draft.option("--ro-bind", {"/dev/null", target});
                 },
                 [&](const MakeDir& directory) {
                   draft.option("--perms", {octal_mode(directory.mode)});
                   draft.option("--dir", {target});
                 },
                 // Not --file: its file would be writable wherever the tmpfs around it is.
                 [&](const WriteFile& file) {
                   draft.option("--perms", {octal_mode(file.mode)});
                   draft.option("--ro-bind-data", {draft.payload(DataPayload{file.content}), target});
                 },
                 [&](const Symlink& link) {
                   draft.option("--symlink", {link.points_to, target});
                 },
             },
             op.action);
}

void add_mounts(Draft& draft, const MountPlan& mounts) {
  for (const auto& op : mounts.ops()) add_mount(draft, op);
  for (const auto& seal : mounts.seals()) draft.option("--remount-ro", {seal.text()});
}

/// The command does not count: whoever runs the plan decides how it gets there.
void check_words(Draft& draft, const std::vector<PatternPlan>& patterns) {
  constexpr std::size_t around = 16;  // "--args", its descriptor, "--", and what a launcher adds
  const std::size_t words = draft.invocation.options.size() + around;
  if (words <= kMaxWords) return;
  Error error{ErrorKind::Unsupported, "cannot run this plan with bwrap",
              "its mounts and variables take " + std::to_string(words) + " words, and bwrap takes no more than " +
                  std::to_string(kMaxWords)};
  for (const PatternPlan& pattern : patterns) {
    if (pattern.matches.size() < kManyMatches) continue;
    error.context.push_back(escape_bytes(pattern.pattern) + " in " + pattern.list + " matches " +
                            std::to_string(pattern.matches.size()) + " paths (" + to_string(pattern.origin) + ")");
  }
  error.hint = "use --backend native, which knows no such limit, or name directories instead of the many files in them";
  draft.errors.push_back(std::move(error));
}

/// An option of prlimit(1).
std::string limit_word(const LimitPlan& limit) {
  const std::string value = std::to_string(limit.value);
  return "--" + std::string(limit_row(limit.limit).name) + "=" + value + ":" + value;
}

/// bwrap loads the filter before it starts anything inside, and that filter refuses to set this one.
std::vector<std::string> core_limit(const SandboxPlan& plan) {
  for (const LimitPlan& limit : plan.limits) {
    if (limit.limit == Limit::CoreSize) return {"prlimit", limit_word(limit), "--"};
  }
  return {};
}

/// The line has no stage that could set limits: programs of util-linux and coreutils do it, inside, where processes are
/// counted by themselves.
std::vector<std::string> limited_command(const SandboxPlan& plan) {
  std::vector<std::string> words, limits;
  for (const LimitPlan& limit : plan.limits) {
    if (limit.limit == Limit::CoreSize || !limit_row(limit.limit).controller.empty()) continue;
    const std::string value = std::to_string(limit.value);
    if (limit.limit == Limit::WallTime) {
      // In the foreground, where the command's job control is the terminal's; its end is the end of all.
      words = {"timeout", "--foreground", "--kill-after=5", value};
    } else {
      limits.push_back(limit_word(limit));
    }
  }
  if (!limits.empty()) {
    words.emplace_back("prlimit");
    words.insert(words.end(), limits.begin(), limits.end());
    words.emplace_back("--");
  }
  words.insert(words.end(), plan.command.begin(), plan.command.end());
  return words;
}

}  // namespace

Result<BwrapInvocation, Errors> to_bwrap(const SandboxPlan& plan, const HostFacts& facts) {
  if (plan.executor == Executor::Landlock) {
    return Errors{{.kind = ErrorKind::Unsupported,
                   .what = "cannot put this plan into words for bwrap",
                   .why = "backend = \"landlock\" makes no sandbox that bwrap could make",
                   .hint = "leave out --format bwrap, or the backend"}};
  }
  if (auto errors = refuse_bwrap(facts.bwrap); !errors.empty()) return errors;
  Draft draft(*facts.bwrap);
  add_identity(draft, plan.identity);
  add_namespaces(draft, plan);
  add_process(draft, plan);
  add_environment(draft, plan);
  add_mounts(draft, plan.mounts);
  draft.option("--chdir", {plan.directory.text()});
  draft.invocation.outer_words = core_limit(plan);
  draft.invocation.command = limited_command(plan);
  draft.invocation.keep_descriptors = plan.keep_descriptors;
  check_words(draft, plan.patterns);
  if (!draft.errors.empty()) return std::move(draft.errors);
  return std::move(draft.invocation);
}

}  // namespace fence
