#include "fence/cli/hints.h"

#include <algorithm>
#include <array>

#include "fence/util/text.h"

namespace fence {
namespace {

using Words = std::span<const std::string>;

/// The first word after the program that is no option; `with_value` names the options whose value is the next word.
std::string_view first_operand(Words arguments, std::span<const std::string_view> with_value) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (!word.starts_with('-')) return word;
    if (std::ranges::find(with_value, word) != with_value.end()) ++i;
  }
  return {};
}

std::string_view subcommand(Words arguments) {
  // git(1): the options before the subcommand that take the next word.
  static constexpr std::array<std::string_view, 5> kWithValue{"-C", "-c", "--git-dir", "--work-tree", "--namespace"};
  return first_operand(arguments, kWithValue);
}

/// True where `candidates`, words with a space between them, has `word`.
bool one_of(std::string_view word, std::string_view candidates) {
  const auto words = split(candidates, ' ');
  return std::ranges::find(words, word) != words.end();
}

/// What a path argument means inside, as far as its spelling tells.
std::optional<SandboxPath> inside_path(const SandboxPlan& plan, std::string_view word) {
  if (word.empty()) return std::nullopt;
  const bool absolute = word.front() == '/';
  auto path = SandboxPath::parse(absolute ? std::string(word) : plan.directory.text() + "/" + std::string(word));
  if (!path) return std::nullopt;
  return *std::move(path);
}

bool holds_fast(const MountOp& op) { return op.why.because == Because::Protected || op.why.because == Because::Pinned; }

// ---- conditions --------------------------------------------------------------------------------------------------

bool always(const SandboxPlan&, Words) { return true; }

bool network_is_off(const SandboxPlan& plan, Words) { return plan.network.value == NetworkMode::None; }

bool fetches(const SandboxPlan& plan, Words arguments, std::string_view subcommands) {
  return network_is_off(plan, arguments) && one_of(subcommand(arguments), subcommands);
}
bool git_fetches(const SandboxPlan& plan, Words arguments) {
  return fetches(plan, arguments, "clone fetch pull push ls-remote submodule remote");
}
bool npm_fetches(const SandboxPlan& plan, Words arguments) {
  return fetches(plan, arguments, "install i ci add update up publish view info audit exec create init dlx search");
}
bool pip_fetches(const SandboxPlan& plan, Words arguments) {
  return fetches(plan, arguments, "install download wheel");
}
bool python_fetches(const SandboxPlan& plan, Words arguments) {
  return arguments.size() > 1 && arguments[0] == "-m" && arguments[1] == "pip" &&
         pip_fetches(plan, arguments.subspan(2));
}
bool cargo_fetches(const SandboxPlan& plan, Words arguments) {
  return fetches(plan, arguments, "build check test run fetch install add update search publish");
}
bool go_fetches(const SandboxPlan& plan, Words arguments) {
  return fetches(plan, arguments, "get install mod build test run");
}

bool git_config_is_protected(const SandboxPlan& plan, Words arguments) {
  if (!one_of(subcommand(arguments), "config remote branch submodule init clone")) return false;
  return std::ranges::any_of(plan.mounts.ops(), [](const MountOp& op) {
    return op.why.because == Because::Protected && op.target.name() == "config";
  });
}

bool moves_what_holds_fast(const SandboxPlan& plan, Words arguments) {
  return std::ranges::any_of(arguments, [&](const std::string& word) {
    const auto path = inside_path(plan, word);
    return path && std::ranges::any_of(plan.mounts.ops(),
                                       [&](const MountOp& op) { return holds_fast(op) && path->contains(op.target); });
  });
}

/// One failure that people meet in their first minutes.
struct HintRow {
  std::string_view programs;  ///< names of programs, with a space between them
  bool (*applies)(const SandboxPlan& plan, Words arguments);
  std::string_view hint;
};

constexpr std::string_view kNetworkOff = "there is no network in this sandbox; `--net host` gives it the host's";
constexpr std::string_view kNoPrivileges =
    "nothing in a sandbox gains privileges (no_new_privs, prctl(2)); run this outside";

constexpr HintRow kHints[] = {
    {"curl wget ssh scp sftp rsync ping ping6 nc ncat telnet dig host nslookup traceroute gh apt apt-get",
     network_is_off, kNetworkOff},
    {"git", git_fetches, kNetworkOff},
    {"npm pnpm yarn bun npx", npm_fetches, kNetworkOff},
    {"pip pip3 uv pipx", pip_fetches, kNetworkOff},
    {"python python3", python_fetches, kNetworkOff},
    {"cargo", cargo_fetches, kNetworkOff},
    {"go", go_fetches, kNetworkOff},
    {"git", git_config_is_protected,
     "the repository's config is read-only here, since git runs programs that it names; change it outside, or name the "
     "file with `--allow-write`"},
    {"sudo su doas pkexec newgrp", always, kNoPrivileges},
    {"mv git rm rmdir rename", moves_what_holds_fast,
     "a protected path lies there: what is on the way to it stays in place and cannot be renamed or removed; `fence "
     "plan` "
     "shows it"},
};

/// The last component: "git" of "/usr/bin/git".
std::string_view program_name(std::string_view word) { return word.substr(word.rfind('/') + 1); }

/// The mount by which a path is hidden; null where none hides it.
const MountOp* hidden_by(const SandboxPlan& plan, const SandboxPath& path) {
  const MountOp* deepest = nullptr;
  for (const MountOp& op : plan.mounts.ops()) {
    if (op.target.contains(path)) deepest = &op;
  }
  if (deepest == nullptr) return nullptr;
  const bool empty =
      std::holds_alternative<Tmpfs>(deepest->action) || std::holds_alternative<MaskFile>(deepest->action);
  return empty ? deepest : nullptr;
}

bool is_granted(const SandboxPlan& plan, const SandboxPath& path) {
  return std::ranges::any_of(plan.mounts.ops(), [&](const MountOp& op) {
    return std::holds_alternative<Bind>(op.action) && op.target.contains(path);
  });
}

std::optional<std::string> hidden_program(const SandboxPlan& plan, int status) {
  const std::string& program = plan.command.front();
  if ((status != 126 && status != 127) || program.find('/') == std::string::npos) return std::nullopt;
  const auto path = inside_path(plan, program);
  if (path && plan.executor == Executor::Landlock && !is_granted(plan, *path)) {
    return escape_bytes(path->text()) + " is not granted in this sandbox; `--allow-read` grants it";
  }
  const MountOp* op = path ? hidden_by(plan, *path) : nullptr;
  if (op == nullptr) return std::nullopt;
  return escape_bytes(path->text()) + " is not shown in the sandbox (" + escape_bytes(op->target.text()) + ": " +
         to_string(op->why.winner) + "); `--allow-read` shows it";
}

}  // namespace

std::vector<std::string> failure_hints(const SandboxPlan& plan, int status) {
  std::vector<std::string> hints;
  if (status == 0 || plan.command.empty()) return hints;
  if (auto hint = hidden_program(plan, status)) hints.push_back(*std::move(hint));
  const std::string_view program = program_name(plan.command.front());
  const Words arguments = Words(plan.command).subspan(1);
  for (const HintRow& row : kHints) {
    if (!one_of(program, row.programs) || !row.applies(plan, arguments)) continue;
    if (std::ranges::find(hints, row.hint) == hints.end()) hints.emplace_back(row.hint);
  }
  return hints;
}

}  // namespace fence
