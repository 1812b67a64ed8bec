// The fate of every variable: first what the policy wishes, then what would point nowhere in the sandbox is mended.
#include <algorithm>
#include <array>
#include <map>

#include "fence/plan/decide.h"
#include "fence/plan/pointers.h"
#include "fence/plan/view.h"
#include "fence/plan/windows.h"
#include "fence/util/text.h"

namespace fence {
namespace {

using Fate = std::variant<Passed, Replaced, Dropped>;

/// What the winning wish says about a name.
enum class Wish : std::uint8_t { None, Pass, Deny, Set };  // on one rank the later one wins

struct WishedFate {
  Wish wish = Wish::None;
  int rank = -1;
  std::string value{};  ///< of Set
  std::string reason{};
  Origin origin{};
  bool by_name = false;  ///< Set, or a Pass pattern without wildcards
};

void weigh(WishedFate& best, WishedFate other) {
  if (other.rank > best.rank || (other.rank == best.rank && other.wish > best.wish)) best = std::move(other);
}

void weigh_patterns(WishedFate& best, const std::vector<Ranked<VariablePattern>>& patterns, Wish wish,
                    const std::string& name) {
  for (const Ranked<VariablePattern>& row : patterns) {
    if (!wildcard_match(row.value.pattern, name)) continue;
    std::string reason = wish == Wish::Pass      ? row.value.why
                         : row.value.why.empty() ? "environment.deny: " + row.value.pattern
                                                 : row.value.why;
    const bool by_name = row.value.pattern.find_first_of("*?") == std::string::npos;
    weigh(best, {wish, row.rank, {}, std::move(reason), row.origin, by_name});
  }
}

WishedFate wished_fate(const Policy& policy, const std::string& name, bool inherited) {
  WishedFate best;
  if (inherited) weigh_patterns(best, policy.environment_pass, Wish::Pass, name);
  weigh_patterns(best, policy.environment_deny, Wish::Deny, name);
  if (const auto set = policy.environment_set.find(name); set != policy.environment_set.end()) {
    const Ranked<std::string>& wish = set->second;
    weigh(best, {Wish::Set, wish.rank, wish.value, "environment.set", wish.origin, true});
  }
  return best;
}

/// What a command needs to work at all: kept when environment.mode is "clear".
struct BasicVariable {
  std::string_view pattern, why;
};
constexpr std::array kBasic = {
    BasicVariable{"PATH", "finds commands"},
    BasicVariable{"HOME", "finds the user's files"},
    BasicVariable{"USER", "names the user"},
    BasicVariable{"LOGNAME", "names the user"},
    BasicVariable{"SHELL", "what editors and make-like tools start"},
    BasicVariable{"TERM", "what the terminal can do"},
    BasicVariable{"COLORTERM", "what the terminal can do"},
    BasicVariable{"LANG", "language and character set"},
    BasicVariable{"LANGUAGE", "language"},
    BasicVariable{"LC_*", "language and character set"},
    BasicVariable{"TZ", "time zone"},
};

const BasicVariable* find_basic(const std::string& name) {
  const auto row = std::ranges::find_if(kBasic, [&](const auto& r) { return wildcard_match(r.pattern, name); });
  return row == kBasic.end() ? nullptr : &*row;
}

struct Context {
  const Policy& policy;
  const RuntimeDirPlan& runtime_dir;
  const SessionPlan& session;
  const MountPlan& mounts;
  const SandboxPath& directory;
  FactLens& lens;
};

struct Mended {
  Fate fate;
  std::string reason;
};
using MaybeMended = std::optional<Mended>;

bool visible(const Seen& seen) { return !std::holds_alternative<SeenNothing>(seen); }

MaybeMended drop_multiplexer(const Context&, const std::string&) {
  return Mended{Dropped{}, "the terminal multiplexer's server is out of reach"};
}

MaybeMended old_directory(const Context& context, const std::string& value) {
  if (visible(look(value, context.mounts, context.lens).seen)) return std::nullopt;
  return Mended{Dropped{}, "that directory is not in the sandbox"};
}

MaybeMended scratch_directory(const Context& context, const std::string& value) {
  const Seen seen = look(value, context.mounts, context.lens).seen;
  const bool usable = std::visit(Overloaded{
                                     [&](const SeenHost& dir) {
                                       const Permission may = permission(dir.fact, context.lens.host().caller);
                                       return dir.fact.kind == PathKind::Directory && dir.mode != BindMode::ReadOnly &&
                                              !dir.fact.mount.read_only && may.write && may.search;
                                     },
                                     [](const SeenOwn& dir) { return dir.writable && (dir.mode & 0300U) == 0300U; },
                                     [](const SeenSpecial&) { return true; },
                                     [](const SeenFile&) { return false; },
                                     [](const SeenNothing&) { return false; },
                                 },
                                 seen);
  if (usable) return std::nullopt;
  return Mended{Dropped{}, "that directory is not writable in the sandbox"};
}

/// Where a PATH entry that the sandbox hides really leads, if that place is shown: fnm's directory of the shell's
/// Node.js is a link in the runtime directory.
std::optional<std::string> target_of_hidden(const Context& context, const std::string& entry) {
  if (!entry.starts_with('/') || visible(look(entry, context.mounts, context.lens).seen)) return std::nullopt;
  const auto host = HostPath::parse(entry);
  if (!host) return std::nullopt;
  const Resolution resolution = resolve(context.lens, *host);
  const auto* found = std::get_if<Found>(&resolution);
  if (found == nullptr || found->fact.kind != PathKind::Directory) return std::nullopt;
  const Seen seen = look(found->real.text(), context.mounts, context.lens).seen;
  const auto* shown = std::get_if<SeenHost>(&seen);
  if (shown == nullptr || shown->fact.id != found->fact.id) return std::nullopt;
  return found->real.text();
}

MaybeMended search_path(const Context& context, const std::string& value) {
  std::string path;
  std::vector<std::string> changes;
  for (const std::string& entry : split(value, ':')) {
    const auto target = target_of_hidden(context, entry);
    if (target) changes.push_back(entry + " is hidden and became its target " + *target);
    path += target.value_or(entry) + ":";
  }
  if (changes.empty()) return std::nullopt;
  path.pop_back();
  return Mended{Replaced{std::move(path)}, join_words(changes)};
}

struct MendRow {
  std::string_view name;
  MaybeMended (*mend)(const Context& context, const std::string& value);
};
constexpr std::array kMends = {
    MendRow{"OLDPWD", old_directory},   MendRow{"PATH", search_path},           MendRow{"STY", drop_multiplexer},
    MendRow{"TEMP", scratch_directory}, MendRow{"TMP", scratch_directory},      MendRow{"TMPDIR", scratch_directory},
    MendRow{"TMUX", drop_multiplexer},  MendRow{"TMUX_PANE", drop_multiplexer},
};

MaybeMended mend(const Context& context, const std::string& name, const std::string& value) {
  for (const MendRow& row : kMends) {
    if (row.name == name) return row.mend(context, value);
  }
  if (const std::string_view what = windows_variable(name); !what.empty() && !context.policy.windows_interop.value) {
    return Mended{Dropped{}, std::string(what) + ", and wsl.interop is false"};
  }
  const PointerScope scope{context.mounts, context.policy.network.value, context.runtime_dir.value};
  if (auto why = dead_pointer(name, value, scope, context.lens)) return Mended{Dropped{}, *std::move(why)};
  return std::nullopt;
}

VariablePlan directory_variable(const Context& context, const std::string* inherited) {
  if (inherited != nullptr && *inherited == context.directory.text()) return {"PWD", Passed{}, "", {}};
  return {"PWD", Replaced{context.directory.text()}, "where the command starts", {}};
}

std::optional<VariablePlan> runtime_dir_variable(const Context& context, const std::string* inherited) {
  const RuntimeDirPlan& plan = context.runtime_dir;
  const auto variable = [&](Fate fate) {
    return VariablePlan{"XDG_RUNTIME_DIR", std::move(fate), plan.reason, plan.origin};
  };
  if (std::holds_alternative<NoRuntimeDir>(plan.decision)) {
    return inherited == nullptr ? std::nullopt : std::optional(variable(Dropped{}));
  }
  if (inherited != nullptr && *inherited == plan.value) return variable(Passed{});
  return variable(Replaced{plan.value});
}

constexpr std::string_view kTemporary = "TMPDIR";

/// Where nothing can be mounted there is no private /tmp: the writable directory around the one where the command
/// starts takes temporary files. Nothing where there is none, or where the host's /tmp is granted.
MaybeMended temporary_directory(const Context& context) {
  if (context.policy.backend.value != Backend::Landlock || !scratch_directory(context, "/tmp")) return std::nullopt;
  const SandboxPath* around = nullptr;
  for (const MountOp& op : context.mounts.ops()) {
    const auto* bind = std::get_if<Bind>(&op.action);
    if (bind != nullptr && bind->mode == BindMode::ReadWrite && op.target.contains(context.directory))
      around = &op.target;
  }
  if (around == nullptr) return std::nullopt;
  return Mended{Replaced{around->text()}, "the command may not write to /tmp, and there is no private one"};
}

/// gpg-agent(1) asks for the terminal's name. A shared terminal is that of descriptor 1, shown as /dev/console; a
/// private one is the first of the sandbox's own devpts.
MaybeMended gpg_tty(const Context& context) {
  // The host's names are the sandbox's.
  if (context.policy.backend.value == Backend::Landlock) return std::nullopt;
  const Mended nameless{Dropped{}, "the terminal has no name in the sandbox"};
  if (context.session.kind() == SessionKind::NewSession) return nameless;
  switch (context.session.terminal()) {
    case TerminalKind::None:
      return nameless;
    case TerminalKind::Shared:
      if (!context.lens.host().terminal.streams[1].terminal) return nameless;
      return Mended{Replaced{"/dev/console"}, "the terminal's name in the sandbox"};
    case TerminalKind::Private:
      // Among the host's terminals it has the next free number.
      if (context.policy.devices.value == DevicesMode::Host) return nameless;
      return Mended{Replaced{"/dev/pts/0"}, "the terminal's name in the sandbox"};
  }
  return nameless;
}

/// Variables set or passed by name in a layer of the user's own are left as they were asked for.
bool users_own(const WishedFate& wished) { return wished.by_name && wished.origin.layer > LayerKind::Profile; }

std::optional<VariablePlan> ordinary_variable(const Context& context, const std::string& name,
                                              const std::string* inherited) {
  WishedFate wished = wished_fate(context.policy, name, inherited != nullptr);
  const Sourced<EnvironmentMode>& mode = context.policy.environment;
  switch (wished.wish) {
    case Wish::Deny:
      if (inherited == nullptr) return std::nullopt;
      return VariablePlan{name, Dropped{}, wished.reason, wished.origin};
    case Wish::None:
      wished.origin = mode.origin;
      if (mode.value == EnvironmentMode::Inherit) break;
      if (inherited == nullptr) return std::nullopt;
      if (const BasicVariable* basic = find_basic(name)) {
        wished.reason = "basic: " + std::string(basic->why);
        break;
      }
      return VariablePlan{name, Dropped{}, "environment.mode = \"clear\"", mode.origin};
    case Wish::Pass:
    case Wish::Set:
      break;
  }
  const bool set = wished.wish == Wish::Set;
  if (!users_own(wished)) {
    const std::string* value = set ? &wished.value : inherited;
    MaybeMended mended = name == "GPG_TTY"  ? gpg_tty(context)
                         : value != nullptr ? mend(context, name, *value)
                                            : std::nullopt;
    const bool no_place = value == nullptr || (mended && std::holds_alternative<Dropped>(mended->fate));
    if (name == kTemporary && no_place) {
      if (auto place = temporary_directory(context)) mended = std::move(place);
    }
    const bool nothing_to_drop = mended && std::holds_alternative<Dropped>(mended->fate) && value == nullptr;
    if (mended && !nothing_to_drop) return VariablePlan{name, std::move(mended->fate), std::move(mended->reason), {}};
  }
  if (set) return VariablePlan{name, Replaced{wished.value}, wished.reason, wished.origin};
  if (inherited == nullptr) return std::nullopt;
  return VariablePlan{name, Passed{}, wished.reason, wished.origin};
}

/// putenv(3) and bwrap's --setenv take no such name.
bool settable(const std::string& name) { return !name.empty() && name.find('=') == std::string::npos; }

}  // namespace

EnvironmentPlan decide_environment(const Policy& policy, const RuntimeDirPlan& runtime_dir, const SessionPlan& session,
                                   const MountPlan& mounts, const SandboxPath& directory, FactLens& lens) {
  // Each name with its inherited value; null where it is not inherited.
  std::map<std::string, const std::string*> names;
  for (const auto& [name, value] : lens.host().environment) names.try_emplace(name, &value);
  for (const auto& [name, wish] : policy.environment_set) names.try_emplace(name, nullptr);
  for (const char* name : {"GPG_TTY", "PWD", "TMPDIR", "XDG_RUNTIME_DIR"}) names.try_emplace(name, nullptr);

  const Context context{policy, runtime_dir, session, mounts, directory, lens};
  EnvironmentPlan plan;
  for (const auto& [name, inherited] : names) {
    if (!settable(name)) continue;
    std::optional<VariablePlan> variable = name == "PWD"               ? directory_variable(context, inherited)
                                           : name == "XDG_RUNTIME_DIR" ? runtime_dir_variable(context, inherited)
                                                                       : ordinary_variable(context, name, inherited);
    if (variable) plan.variables.push_back(*std::move(variable));
  }
  return plan;
}

}  // namespace fence
