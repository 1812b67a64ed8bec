#include "options.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "parser.h"

namespace fence::bwrapline {
namespace {

// ---- what an option does -----------------------------------------------------------------------------------------

Stop invalid_fd(const Parser& parser, const std::string& word) { return parser.refuse("Invalid fd: " + word); }

template <bool Namespaces::*Flag>
Stop unshare(Parser& parser, const Option&, Operands) {
  parser.out.namespaces.*Flag = true;
  return {};
}
template <bool Invocation::*Flag>
Stop flag(Parser& parser, const Option&, Operands) {
  parser.out.*Flag = true;
  return {};
}
template <int Descriptors::*Which>
Stop descriptor(Parser& parser, const Option& option, Operands operands) {
  int& at = parser.out.descriptors.*Which;
  if (at != -1) parser.warn_again(option);
  const auto fd = read_number(operands[0]);
  if (!fd) return invalid_fd(parser, operands[0]);
  at = *fd;
  return {};
}
template <std::optional<std::uint32_t> Invocation::*Which>
Stop id(Parser& parser, const Option& option, Operands operands) {
  auto& at = parser.out.*Which;
  if (at) parser.warn_again(option);
  const auto number = read_number(operands[0]);
  if (!number) return parser.refuse("Invalid " + std::string(option.name.substr(2)) + ": " + operands[0]);
  at = static_cast<std::uint32_t>(*number);
  return {};
}
template <Unshare How>
Stop cgroup(Parser& parser, const Option&, Operands) {
  Unshare& at = parser.out.namespaces.cgroup;
  at = std::max(at, How);
  return {};
}
template <Access How, bool Optional>
Stop bind(Parser& parser, const Option&, Operands operands) {
  parser.add(operands[1], BindPath{operands[0], How, Optional});
  return {};
}
template <Access How>
Stop bind_open(Parser& parser, const Option&, Operands operands) {
  const auto fd = read_number(operands[0]);
  if (!fd) return invalid_fd(parser, operands[0]);
  parser.add(operands[1], BindOpen{*fd, How});
  return {};
}
template <class Kind>
Stop mount(Parser& parser, const Option&, Operands operands) {
  parser.add(operands[0], Kind{});
  return {};
}
template <bool ReadOnly>
Stop data(Parser& parser, const Option&, Operands operands) {
  const auto fd = read_number(operands[0]);
  if (!fd) return invalid_fd(parser, operands[0]);
  const std::uint32_t mode = parser.take_mode(0600);
  parser.add_with_mode(operands[1], Data{*fd, mode, ReadOnly}, mode);
  return {};
}
template <bool Add>
Stop capability(Parser& parser, const Option&, Operands operands) {
  std::string word = operands[0];
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  const auto number = read_capability(operands[0]);
  if (word != "ALL" && !number) return parser.refuse("unknown cap: " + operands[0]);
  parser.out.capabilities.push_back({Add, word == "ALL" ? std::nullopt : number});
  return {};
}

Stop ask_help(Parser&, const Option&, Operands) { return Outcome(HelpWanted{}); }
Stop ask_version(Parser&, const Option&, Operands) { return Outcome(VersionWanted{}); }

Stop arguments(Parser& parser, const Option&, Operands operands) {
  const auto fd = read_number(operands[0]);
  return fd ? parser.read_words(*fd) : invalid_fd(parser, operands[0]);
}

Stop argv0(Parser& parser, const Option&, Operands operands) {
  if (parser.out.argv0) return parser.refuse("--argv0 used multiple times");
  parser.out.argv0 = operands[0];
  return {};
}

Stop unshare_all(Parser& parser, const Option&, Operands) {
  Namespaces& of = parser.out.namespaces;
  of.user_try = of.ipc = of.pid = of.net = of.uts = true;
  of.cgroup = std::max(of.cgroup, Unshare::Try);
  return {};
}

Stop share_net(Parser& parser, const Option&, Operands) {
  parser.out.namespaces.net = false;
  return {};
}

Stop hostname(Parser& parser, const Option& option, Operands operands) {
  if (parser.out.hostname) parser.warn_again(option);
  parser.out.hostname = operands[0];
  parser.add("", Hostname{operands[0]});
  return {};
}

Stop chdir(Parser& parser, const Option& option, Operands operands) {
  if (parser.out.directory) parser.warn_again(option);
  parser.out.directory = operands[0];
  return {};
}

Stop clear_environment(Parser& parser, const Option&, Operands) {
  parser.out.environment.clear();
  return {};
}
Stop set_environment(Parser& parser, const Option&, Operands operands) {
  if (!set_variable(parser.out.environment, operands[0], operands[1])) return parser.refuse("setenv failed");
  return {};
}
Stop unset_environment(Parser& parser, const Option&, Operands operands) {
  if (!unset_variable(parser.out.environment, operands[0])) return parser.refuse("unsetenv failed");
  return {};
}

Stop lock_file(Parser& parser, const Option&, Operands operands) {
  parser.out.lock_files.push_back(operands[0]);
  return {};
}

Stop overlay_source(Parser& parser, const Option&, Operands operands) {
  parser.lower.push_back(operands[0]);
  return {};
}
Stop add_overlay(Parser& parser, const Option& option, const std::string& place, decltype(Overlay::upper) upper,
                 std::size_t sources) {
  if (parser.lower.size() < sources) {
    return parser.refuse(std::string(option.name) + " requires at least " + (sources == 1 ? "one" : "two") +
                         " --overlay-src");
  }
  parser.add(place, Overlay{std::exchange(parser.lower, {}), std::move(upper)});
  return {};
}
Stop overlay(Parser& parser, const Option& option, Operands operands) {
  return add_overlay(parser, option, operands[2], UpperDirectory{operands[0], operands[1]}, 1);
}
Stop tmp_overlay(Parser& parser, const Option& option, Operands operands) {
  return add_overlay(parser, option, operands[0], UpperTmpfs{}, 1);
}
Stop ro_overlay(Parser& parser, const Option& option, Operands operands) {
  return add_overlay(parser, option, operands[0], NoUpper{}, 2);
}

Stop tmpfs(Parser& parser, const Option&, Operands operands) {
  const std::uint32_t mode = parser.take_mode(0755);
  parser.add_with_mode(operands[0], Tmpfs{mode, parser.take_size()}, mode);
  return {};
}
Stop directory(Parser& parser, const Option&, Operands operands) {
  const std::uint32_t mode = parser.take_mode(0755);
  parser.add_with_mode(operands[0], Directory{mode}, mode);
  return {};
}
Stop file(Parser& parser, const Option&, Operands operands) {
  const auto fd = read_number(operands[0]);
  if (!fd) return invalid_fd(parser, operands[0]);
  const std::uint32_t mode = parser.take_mode(0666);
  parser.add_with_mode(operands[1], File{*fd, mode}, mode);
  return {};
}
Stop symlink(Parser& parser, const Option&, Operands operands) {
  parser.add(operands[1], Symlink{operands[0]});
  return {};
}
Stop change_mode(Parser& parser, const Option& option, Operands operands) {
  const auto mode = read_mode(operands[0]);
  if (!mode) return parser.refuse(std::string(option.name) + " takes an octal argument <= 07777");
  parser.add(operands[1], Chmod{*mode});
  return {};
}

Stop seccomp(Parser& parser, const Option& option, Operands operands) {
  if (!parser.out.filters.empty()) return parser.refuse("--seccomp cannot be combined with --add-seccomp-fd");
  return descriptor<&Descriptors::seccomp>(parser, option, operands);
}
Stop add_seccomp(Parser& parser, const Option&, Operands operands) {
  if (parser.out.descriptors.seccomp != -1) {
    return parser.refuse("--add-seccomp-fd cannot be combined with --seccomp");
  }
  const auto fd = read_number(operands[0]);
  if (!fd) return invalid_fd(parser, operands[0]);
  auto bytes = parser.read_all(*fd);
  if (!bytes) return parser.refuse(std::string("Can't read seccomp data: ") + strerrordesc_np(bytes.error()));
  if (bytes->size() % 8 != 0) return parser.refuse("Invalid seccomp data, must be multiple of 8");
  parser.out.filters.push_back(*std::move(bytes));
  return {};
}

Stop label(Parser& parser, const Option&, Operands) { return parser.refuse("labeling not supported on this system"); }

Stop permissions(Parser& parser, const Option&, Operands operands) {
  const auto mode = read_mode(operands[0]);
  if (!mode) return parser.refuse("--perms takes an octal argument <= 07777");
  return parser.pend_mode(*mode);
}
Stop size(Parser& parser, const Option&, Operands operands) {
  const auto bytes = read_size(operands[0]);
  if (!bytes) return parser.refuse("--size takes a non-zero number of bytes");
  constexpr std::uint64_t kLargest = SIZE_MAX / 2;
  if (*bytes > kLargest) return parser.refuse("--size (for tmpfs) is limited to " + std::to_string(kLargest));
  return parser.pend_size(*bytes);
}

// ---- the table ---------------------------------------------------------------------------------------------------

constexpr std::string_view kAn = "takes an argument";
constexpr std::string_view kOne = "takes one argument";
constexpr std::string_view kTwo = "takes two arguments";
constexpr std::string_view kThree = "takes three arguments";

constexpr std::array kOptions{
    Option{"--help", "", "", "Show this text", ask_help},
    Option{"--version", "", "", "Show the version", ask_version},
    Option{"--args", "FD", kAn, "Read further options from FD, each ended by a NUL", arguments},
    Option{"--argv0", "VALUE", kOne, "What COMMAND finds as argv[0]", argv0},
    Option{"--level-prefix", "", "", "Begin messages with <3> or <4>, as the journal reads them",
           flag<&Invocation::level_prefix>},
    Option{"--unshare-all", "", "", "New namespaces of every kind, user and cgroup where they can be had", unshare_all},
    Option{"--share-net", "", "", "Keep the network, after --unshare-all", share_net},
    Option{"--unshare-user", "", "", "New user namespace (always, for an ordinary user)", unshare<&Namespaces::user>},
    Option{"--unshare-user-try", "", "", "New user namespace where it can be had", unshare<&Namespaces::user_try>},
    Option{"--unshare-ipc", "", "", "New ipc namespace", unshare<&Namespaces::ipc>},
    Option{"--unshare-pid", "", "", "New pid namespace", unshare<&Namespaces::pid>},
    Option{"--unshare-net", "", "", "New network namespace, with lo", unshare<&Namespaces::net>},
    Option{"--unshare-uts", "", "", "New uts namespace", unshare<&Namespaces::uts>},
    Option{"--unshare-cgroup", "", "", "New cgroup namespace", cgroup<Unshare::Yes>},
    Option{"--unshare-cgroup-try", "", "", "New cgroup namespace where it can be had", cgroup<Unshare::Try>},
    Option{"--userns", "FD", kAn, "Join this user namespace (not with --unshare-user)",
           descriptor<&Descriptors::userns>},
    Option{"--userns2", "FD", kAn, "Join this user namespace when all is set up", descriptor<&Descriptors::userns2>},
    Option{"--disable-userns", "", "", "No further user namespaces inside", unshare<&Namespaces::disable_user>},
    Option{"--assert-userns-disabled", "", "", "Fail where further user namespaces can be made inside",
           unshare<&Namespaces::assert_user_disabled>},
    Option{"--pidns", "FD", kAn, "Join this pid namespace (with --unshare-pid: the new one is below it)",
           descriptor<&Descriptors::pidns>},
    Option{"--uid", "UID", kAn, "Be UID inside (needs a user namespace)", id<&Invocation::uid>},
    Option{"--gid", "GID", kAn, "Be GID inside (needs a user namespace)", id<&Invocation::gid>},
    Option{"--hostname", "NAME", kAn, "Host name inside (needs --unshare-uts)", hostname},
    Option{"--chdir", "DIR", kOne, "Start COMMAND in DIR", chdir},
    Option{"--clearenv", "", "", "Drop all variables", clear_environment},
    Option{"--setenv", "VAR VALUE", kTwo, "Set a variable", set_environment},
    Option{"--unsetenv", "VAR", kAn, "Drop a variable", unset_environment},
    Option{"--lock-file", "DEST", kAn, "Hold a read lock on DEST as long as the sandbox runs", lock_file},
    Option{"--sync-fd", "FD", kAn, "Hold FD open as long as the sandbox runs", descriptor<&Descriptors::sync>},
    Option{"--bind", "SRC DEST", kTwo, "Show SRC of the host at DEST", bind<Access::ReadWrite, false>},
    Option{"--bind-try", "SRC DEST", kTwo, "The same where SRC exists", bind<Access::ReadWrite, true>},
    Option{"--dev-bind", "SRC DEST", kTwo, "Show SRC at DEST, its devices too", bind<Access::Devices, false>},
    Option{"--dev-bind-try", "SRC DEST", kTwo, "The same where SRC exists", bind<Access::Devices, true>},
    Option{"--ro-bind", "SRC DEST", kTwo, "Show SRC at DEST read-only", bind<Access::ReadOnly, false>},
    Option{"--ro-bind-try", "SRC DEST", kTwo, "The same where SRC exists", bind<Access::ReadOnly, true>},
    Option{"--bind-fd", "FD DEST", kTwo, "Show at DEST what FD is open on", bind_open<Access::ReadWrite>},
    Option{"--ro-bind-fd", "FD DEST", kTwo, "The same read-only", bind_open<Access::ReadOnly>, "--bind-fd"},
    Option{"--remount-ro", "DEST", kOne, "Make the mount at DEST read-only, not those below it",
           mount<RemountReadOnly>},
    Option{"--overlay-src", "SRC", kAn, "A layer of the overlay that follows; the first is the lowest", overlay_source},
    Option{"--overlay", "RWSRC WORKDIR DEST", kThree, "Overlay at DEST; changes go to RWSRC", overlay},
    Option{"--tmp-overlay", "DEST", kAn, "Overlay at DEST; changes are lost", tmp_overlay},
    Option{"--ro-overlay", "DEST", kAn, "Overlay at DEST, read-only", ro_overlay},
    Option{"--exec-label", "LABEL", kAn, "SELinux label of COMMAND", label},
    Option{"--file-label", "LABEL", kAn, "SELinux label of temporary files", label},
    Option{"--proc", "DEST", kAn, "procfs at DEST", mount<Proc>},
    Option{"--dev", "DEST", kAn, "A minimal /dev at DEST", mount<Dev>},
    Option{"--tmpfs", "DEST", kAn, "An empty tmpfs at DEST", tmpfs},
    Option{"--mqueue", "DEST", kAn, "mqueue at DEST", mount<Mqueue>},
    Option{"--dir", "DEST", kAn, "A directory at DEST", directory},
    Option{"--file", "FD DEST", kTwo, "A file at DEST with what FD says", file},
    Option{"--bind-data", "FD DEST", kTwo, "Bind a temporary file with what FD says at DEST", data<false>},
    Option{"--ro-bind-data", "FD DEST", kTwo, "The same read-only", data<true>},
    Option{"--symlink", "SRC DEST", kTwo, "A symbolic link at DEST that leads to SRC", symlink},
    Option{"--seccomp", "FD", kAn, "Load the system call filter from FD (the last one counts)", seccomp},
    Option{"--add-seccomp-fd", "FD", kAn, "Load a system call filter from FD (repeatable)", add_seccomp},
    Option{"--block-fd", "FD", kAn, "Start COMMAND when FD can be read", descriptor<&Descriptors::block>},
    Option{"--userns-block-fd", "FD", kAn, "Go on when FD can be read: the caller writes the id maps",
           descriptor<&Descriptors::userns_block>},
    Option{"--info-fd", "FD", kAn, "Say on FD what runs, as JSON", descriptor<&Descriptors::info>},
    Option{"--json-status-fd", "FD", kAn, "Say on FD what runs and how it ended, as lines of JSON",
           descriptor<&Descriptors::json_status>},
    Option{"--new-session", "", "", "A terminal session of its own", flag<&Invocation::new_session>},
    Option{"--die-with-parent", "", "", "Kill all with SIGKILL when the caller ends",
           flag<&Invocation::die_with_parent>},
    Option{"--as-pid-1", "", "", "COMMAND is pid 1 itself (needs --unshare-pid)", flag<&Invocation::as_pid_1>},
    Option{"--cap-add", "CAP", kAn, "Keep a capability, or ALL", capability<true>},
    Option{"--cap-drop", "CAP", kAn, "Drop a capability, or ALL", capability<false>},
    Option{"--perms", "OCTAL", kAn, "Permissions for the file or directory of the next option", permissions, {}, true},
    Option{"--size", "BYTES", kAn, "Size of the next --tmpfs", size, {}, true},
    Option{"--chmod", "OCTAL PATH", kTwo, "Change the permissions of PATH, which exists", change_mode},
};

}  // namespace

std::span<const Option> options() noexcept { return kOptions; }

const Option* find_option(std::string_view name) noexcept {
  const auto* const at =
      std::find_if(kOptions.begin(), kOptions.end(), [name](const Option& option) { return option.name == name; });
  return at == kOptions.end() ? nullptr : at;
}

std::string help(std::string_view program) {
  constexpr std::size_t kColumn = 29;
  std::string text = "usage: " + std::string(program) + " [OPTIONS...] [--] COMMAND [ARGS...]\n\n";
  for (const Option& option : kOptions) {
    std::string left(option.name);
    if (!option.operands.empty()) left.append(" ").append(option.operands);
    left.resize(std::max(left.size() + 1, kColumn), ' ');
    text.append("    ").append(left).append(option.help).append("\n");
  }
  return text;
}

}  // namespace fence::bwrapline
