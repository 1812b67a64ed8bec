// A plan as text for people: what `fence plan` prints.
#include <algorithm>

#include "fence/plan/show.h"
#include "fence/plan/view.h"
#include "fence/seccomp/seccomp.h"
#include "fence/util/text.h"
#include "show_landlock.h"
#include "show_mounts.h"

namespace fence {
namespace {

constexpr std::size_t kLineWidth = 100;
constexpr std::size_t kIndent = 2;
/// A longer cell pushes its own row to the right and no other.
constexpr std::size_t kMaxColumn = 60;

using Row = std::vector<std::string>;

/// How many columns the text takes: a UTF-8 sequence counts as one.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

/// Rows with their columns aligned; every cell but a row's last is padded.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t width = columns_of(row[i]);
      if (width <= kMaxColumn) widths[i] = std::max(widths[i], width);
    }
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line(kIndent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t width = columns_of(row[i]);
      line += row[i] + std::string(widths[i] > width ? widths[i] - width + 2 : 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

/// "NAME, NAME, ..." broken into lines, each below `first`.
std::string wrapped(const std::string& first, const std::vector<std::string>& words) {
  std::string out;
  std::string line = std::string(kIndent, ' ') + first + "  ";
  const std::string margin(columns_of(line), ' ');
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? "," : "");
    if (columns_of(line) + columns_of(word) > kLineWidth && line != margin) {
      out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line = margin;
    }
    line += word + " ";
  }
  return out + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string heading(std::string_view text) { return "\n" + std::string(text) + "\n"; }

std::string safe(const Origin& origin) { return escape_bytes(to_string(origin)); }

/// " (over a, b and 4 more)": whom the winner beat. Rules written in one place need no telling apart.
std::string overruled_text(const Origin& winner, const std::vector<Origin>& overruled) {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> losers;
  for (const Origin& origin : overruled) {
    std::string text = safe(origin);
    if (text != safe(winner) && std::ranges::count(losers, text) == 0) losers.push_back(std::move(text));
  }
  if (losers.empty()) return "";
  if (losers.size() > kShown) {
    const std::string rest = std::to_string(losers.size() - kShown) + " more";
    losers.resize(kShown);
    losers.push_back(rest);
  }
  return " (over " + join_words(losers) + ")";
}

std::string from_text(const MountOp& op) {
  return std::visit(
      Overloaded{
          [&](const Bind& bind) -> std::string {
            return bind.source.text() == op.target.text() ? "same path" : escape_bytes(bind.source.text());
          },
          [](const Tmpfs& tmpfs) {
            return "new, mode " + octal_mode(tmpfs.mode) + (tmpfs.size ? ", " + size_text(*tmpfs.size) : "");
          },
          [](const Proc&) -> std::string { return "new"; },
          [](const Dev&) -> std::string { return "new"; },
          [](const LockReadOnly&) -> std::string { return "read-only from here"; },
          [](const MaskFile&) -> std::string { return "cannot be opened"; },
          [](const MakeDir& dir) { return "new, mode " + octal_mode(dir.mode); },
          [](const WriteFile& file) { return "new, " + size_text(file.content.size()); },
          [](const Symlink& link) { return "-> " + escape_bytes(link.points_to); },
      },
      op.action);
}

std::string why_text(const Decision& decision) {
  std::string why(because_text(decision.because));
  if (!decision.why.empty()) why += ": " + escape_bytes(decision.why);
  return why + overruled_text(decision.winner, decision.overruled);
}

Row mount_row(const MountOp& op) {
  return {std::string(action_name(op.action)), escape_bytes(op.target.text()), from_text(op), safe(op.why.winner),
          why_text(op.why)};
}

std::string head_text(const SandboxPlan& plan) {
  std::string command;
  for (const std::string& word : plan.command) command += " " + escape_bytes(shell_quote(word));
  std::vector<Row> rows = {{"starts in", escape_bytes(plan.directory.text())}};
  if (!plan.profiles.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : plan.profiles) names.push_back(escape_bytes(name));
    rows.push_back({plan.profiles.size() == 1 ? "profile" : "profiles", join_words(names)});
  }
  rows.push_back({"executor", escape_bytes(plan.backend_reason)});
  if (!plan.keep_descriptors.empty()) {
    std::vector<std::string> numbers;
    for (const int fd : plan.keep_descriptors) numbers.push_back(std::to_string(fd));
    rows.push_back({"keeps open", "descriptor " + join_words(numbers)});
  }
  return "Plan for:" + command + "\n" + table(rows);
}

std::string mounts_text(const SandboxPlan& plan) {
  std::vector<Row> rows = {{"what", "where", "from", "asked for by", "why"}};
  for (const MountOp* op : shown_ops(plan)) rows.push_back(mount_row(*op));
  std::string out = heading(plan.executor == Executor::Landlock ? "Files: all that the command may open"
                                                                : "Files: all that the command sees") +
                    table(rows);
  std::vector<std::string> seals;
  for (const SandboxPath& path : shown_seals(plan)) seals.push_back(escape_bytes(path.text()));
  if (!seals.empty()) out += wrapped("then made read-only:", seals);
  return out;
}

std::string hidden_text(const SandboxPlan& plan) {
  if (plan.hidden.empty()) return "";
  std::vector<Row> rows = {{"where", "asked for by", "why"}};
  for (const HiddenPath& hidden : plan.hidden) {
    rows.push_back({escape_bytes(hidden.path.text()), safe(hidden.why.winner), why_text(hidden.why)});
  }
  return heading("Hidden: there outside, and not inside") + table(rows);
}

/// Some dozens of names, mostly in one directory: a list of names instead of a row for each.
std::string absent_text(const SandboxPlan& plan) {
  if (plan.absent.empty()) return "";
  HostPath above = plan.absent.front().path.parent();
  std::vector<std::string> sources;
  for (const AbsentPath& absent : plan.absent) {
    while (!above.contains(absent.path)) above = above.parent();
    std::string source = escape_bytes(absent.origin.source);
    if (std::ranges::count(sources, source) == 0) sources.push_back(std::move(source));
  }
  std::vector<std::string> names;
  for (const AbsentPath& absent : plan.absent) names.push_back(escape_bytes(above.relative(absent.path)));
  const std::string_view then = plan.absent_protected == AbsentProtected::Quarantine ? "moved aside" : "reported";
  return heading("Protected, but not there yet: " + std::string(then) + " at the end if the command makes them") +
         wrapped("names       ", names) +
         table({{"below", escape_bytes(above.text())}, {"asked for by", join_words(sources)}});
}

std::string patterns_text(const SandboxPlan& plan) {
  if (plan.patterns.empty()) return "";
  std::string out = heading("Patterns: what they matched at the start; what appears later is not covered");
  for (const PatternPlan& pattern : plan.patterns) {
    out += table({{pattern.list, escape_bytes(pattern.pattern),
                   std::to_string(pattern.matches.size()) + (pattern.matches.size() == 1 ? " match" : " matches") +
                       " (" + safe(pattern.origin) + ")"}});
    std::vector<std::string> names;
    for (const HostPath& match : pattern.matches) names.push_back(escape_bytes(match.text()));
    if (!names.empty()) out += wrapped("  ", names);
  }
  return out;
}

std::string abilities_text(const SandboxPlan& plan) {
  if (plan.abilities.empty()) return "";
  std::vector<Row> rows;
  for (const AbilityPlan& ability : plan.abilities) {
    const std::string degraded = ability.degraded.empty() ? "" : "; degraded: " + ability.degraded;
    rows.push_back({ability.name, escape_bytes(ability.state) + degraded + " (" + safe(ability.origin) + ")"});
  }
  return heading("Abilities of this host that are required or done without") + table(rows);
}

std::string_view session_meaning(SessionKind kind, TerminalKind terminal) {
  switch (kind) {
    case SessionKind::TiocstiFilter:
      return terminal == TerminalKind::Private
                 ? "tiocsti-filter: a session of its own with full job control; TIOCSTI and TIOCLINUX are refused"
                 : "tiocsti-filter: job control works; TIOCSTI and TIOCLINUX are refused";
    case SessionKind::NewSession:
      return "new-session: no controlling terminal, no job control; TIOCSTI and TIOCLINUX are refused";
  }
  return "";
}

std::string_view terminal_meaning(TerminalKind kind) {
  switch (kind) {
    case TerminalKind::Private:
      return "private: a pseudo-terminal of the sandbox's own; fence relays";
    case TerminalKind::Shared:
      return "shared: the command uses this terminal itself";
    case TerminalKind::None:
      return "none";
  }
  return "";
}

std::string session_text(const SessionPlan& session) {
  std::vector<Row> rows = {
      {"session", std::string(session_meaning(session.kind(), session.terminal()))},
      {"why", escape_bytes(session.reason()) + overruled_text(session.origin(), session.overruled())},
      {"asked for by", safe(session.origin())},
      {"terminal", std::string(terminal_meaning(session.terminal()))},
      {"why", escape_bytes(session.terminal_reason())},
      {"asked for by", safe(session.terminal_origin())},
  };
  if (session.deferred()) rows.push_back({"keyboard", "goes to the command when it first reads or sets modes"});
  if (session.restore_foreground()) rows.push_back({"at the end", "fence becomes the terminal's foreground job again"});
  return heading("Session and terminal") + table(rows);
}

std::string runtime_dir_text(const RuntimeDirPlan& plan) {
  const std::string what = std::visit(Overloaded{
                                          [](const KeepInherited&) { return "kept: "; },
                                          [](const PrivateRuntimeDir&) { return "private: "; },
                                          [](const NoRuntimeDir&) { return "unset"; },
                                      },
                                      plan.decision);
  std::vector<Row> rows = {
      {"directory", what + escape_bytes(plan.value)},
      {"why", escape_bytes(plan.reason)},
      {"asked for by", safe(plan.origin)},
  };
  if (!plan.note.empty()) rows.push_back({"note", escape_bytes(plan.note)});
  return heading("Runtime directory (XDG_RUNTIME_DIR)") + table(rows);
}

std::string identity_text(const IdentityPlan& identity) {
  const std::string map = std::visit(Overloaded{
                                         [](const MapOwnIds&) { return "all other owners show as nobody"; },
                                         [](const MapAllIds&) { return "all owners show as they are"; },
                                         [](const KeepIds&) { return "all owners show as they are"; },
                                     },
                                     identity.map);
  return heading("Identity") +
         table({{"user", "uid " + std::to_string(identity.uid) + ", gid " + std::to_string(identity.gid) + "; " + map},
                {"rights", "no capability, no set-user-id programs"},
                {"nesting", std::string("user namespaces inside: ") +
                                (identity.nested_user_namespaces ? "allowed" : "denied") + " (" +
                                safe(identity.nesting_origin) + ")"}});
}

std::string network_text(const SandboxPlan& plan) {
  const auto words = [&]() -> std::string {
    switch (plan.network.value) {
      case NetworkMode::None:
        return plan.executor == Executor::Landlock ? "none: no sockets but pairs" : "none: loopback only";
      case NetworkMode::Host:
        return "the host's, unrestricted";
    }
    return "";
  };
  std::vector<Row> rows = {{"network", words() + " (" + safe(plan.network.origin) + ")"}};
  rows.push_back({"namespaces", plan.executor == Executor::Landlock
                                    ? "none: those of the caller"
                                    : std::string("own user, mount, pid, ipc, uts") +
                                          (plan.cgroup_namespace ? ", cgroup" : "") +
                                          (plan.network.value == NetworkMode::None ? ", network" : "")});
  rows.push_back({"vm sockets", std::string("AF_VSOCK: ") + (plan.windows_interop.value ? "allowed" : "refused") +
                                    " (" + safe(plan.windows_interop.origin) + ")"});
  return heading("Network and namespaces") + table(rows);
}

std::string filter_text(const FilterPlan& filter) {
  if (filter.groups.empty()) return "";
  std::vector<Row> rows;
  const auto add = [&rows](bool refused, const auto& entry, std::string_view meaning) {
    rows.push_back({refused ? "refused" : "open", escape_bytes(entry.name),
                    escape_bytes(entry.reason) + " (" + safe(entry.origin) + ")", std::string(meaning)});
  };
  for (const FilterGroupPlan& group : filter.groups) {
    const FilterGroup* rows_of = find_filter_group(group.name);
    add(group.refused, group, rows_of == nullptr ? "" : rows_of->meaning);
  }
  for (const FilterCallPlan& call : filter.calls) add(call.refused, call, "this call alone");
  std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return row.front() == "refused"; });
  return heading("System calls; those of foreign ABIs kill the process") + table(rows);
}

std::string_view landlock_meaning(const LandlockPlan& plan) {
  switch (plan.mode.value) {
    case LandlockMode::Off:
      return "off";
    case LandlockMode::Auto:
      return "auto: what costs nothing";
    case LandlockMode::Full:
      return "full: every right that files have";
  }
  return "";
}

std::string landlock_text(const LandlockPlan& plan, bool alone) {
  std::string mode(landlock_meaning(plan));
  if (plan.abi != 0) mode += "; ABI " + std::to_string(plan.abi);
  std::vector<Row> rows = {{"mode", mode + " (" + safe(plan.mode.origin) + ")"}};
  if ((plan.scoped & landlock::kScopeSignal) != 0) rows.push_back({"signals", "to processes inside only"});
  if ((plan.scoped & landlock::kScopeAbstractUnixSocket) != 0) {
    rows.push_back({"abstract sockets", "of processes inside only"});
  }
  if (plan.handled_net != 0) rows.push_back({"tcp", "neither bind(2) nor connect(2), by any socket"});
  for (const std::string& lost : plan.without) rows.push_back({"not here", escape_bytes(lost)});
  std::string out =
      heading(alone ? "Landlock: what the kernel refuses" : "Landlock: what the kernel refuses besides") + table(rows);
  if (plan.handled == 0) return out;
  out += wrapped("files, but for what follows:", landlock_right_names(plan.handled));
  if (plan.handled_for_input != 0) {
    out += wrapped("where a file is handed over that is not open for writing, also",
                   landlock_right_names(plan.handled_for_input));
  }
  rows.clear();
  const auto row = [&](std::string where, std::uint64_t rights, std::string why) {
    rows.push_back({"  below", std::move(where), landlock_right_words(rights, plan.all_handled()), std::move(why)});
  };
  for (const LandlockRule& rule : plan.rules) row(escape_bytes(rule.path.text()), rule.rights, rule.why);
  if (plan.handed_readable != 0) row("0, 1, 2, kept", plan.handed_readable, "descriptors opened for reading");
  if (plan.handed_writable != 0) row("0, 1, 2, kept", plan.handed_writable, "descriptors opened for writing");
  return out + table(rows);
}

std::string environment_text(const EnvironmentPlan& environment) {
  std::vector<Row> rows;
  std::vector<std::string> passed;
  for (const VariablePlan& variable : environment.variables) {
    const std::string name = escape_bytes(variable.name);
    const auto row = [&](const char* fate) {
      rows.push_back({fate, name, safe(variable.origin), escape_bytes(variable.reason)});
    };
    std::visit(Overloaded{
                   [&](const Passed&) { passed.push_back(name); },
                   [&](const Replaced&) { row("set"); },
                   [&](const Dropped&) { row("dropped"); },
               },
               variable.fate);
  }
  std::string out = heading("Environment: names only, no values") + table(rows);
  if (!passed.empty()) out += wrapped("passed ", passed);
  return out;
}

std::string limits_text(const SandboxPlan& plan) {
  if (plan.limits.empty()) return "";
  std::vector<Row> rows;
  for (const LimitPlan& limit : plan.limits) {
    const LimitRow& row = limit_row(limit.limit);
    rows.push_back({std::string(row.name), limit_text(limit.limit, limit.value),
                    std::string(row.meaning) + " (" + safe(limit.origin) + ")"});
  }
  return heading("Limits: for the command and all that it starts") + table(rows);
}

std::string cgroup_text(const SandboxPlan& plan) {
  if (!plan.cgroup) return "";
  std::vector<Row> rows = {{"made in", escape_bytes(plan.cgroup->parent.text()), "and removed at the end"}};
  for (const CgroupSetting& setting : plan.cgroup->settings) {
    rows.push_back({setting.file, setting.value,
                    setting.why + (setting.may_lack ? "; left out where this kernel has no such file" : "")});
  }
  return heading("Control group: around all that runs inside") + table(rows);
}

std::string_view remark_word(RemarkKind kind) {
  switch (kind) {
    case RemarkKind::Note:
      return "note";
    case RemarkKind::Unneeded:
      return "unneeded";
    case RemarkKind::Danger:
      return "DANGER";
    case RemarkKind::Notice:
      return "notice";
  }
  return "";
}

std::string remarks_text(const std::vector<Remark>& remarks) {
  if (remarks.empty()) return "";
  std::vector<Row> rows;
  for (const Remark& remark : remarks) {
    rows.push_back({std::string(remark_word(remark.kind)),
                    escape_bytes(remark.text) + (remark.origin ? " (" + safe(*remark.origin) + ")" : "")});
  }
  std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return row.front() == "DANGER"; });
  return heading("Remarks") + table(rows);
}

}  // namespace

std::string plan_text(const SandboxPlan& plan) {
  return head_text(plan) + mounts_text(plan) + hidden_text(plan) + session_text(plan.session) +
         runtime_dir_text(plan.runtime_dir) + identity_text(plan.identity) + network_text(plan) +
         filter_text(plan.filter) + landlock_text(plan.landlock, plan.executor == Executor::Landlock) +
         limits_text(plan) + cgroup_text(plan) + abilities_text(plan) + environment_text(plan.environment) +
         patterns_text(plan) + absent_text(plan) + remarks_text(plan.remarks);
}

}  // namespace fence
