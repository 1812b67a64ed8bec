#pragma once
// bubblewrap 0.11.1's words, read as it reads them. Pure: descriptors are read by the function that is given.
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fence/bwrapline/invocation.h"
#include "fence/util/result.h"

namespace fence::bwrapline {

/// The version whose command line this is, as callers read it.
inline constexpr std::string_view kVersion = "0.11.1";

/// A line for standard error, without "bwrap: " and newline.
struct Message {
  enum class Severity : std::uint8_t { Fatal = 3, Warning = 4 };  ///< as in syslog(3)
  Severity severity = Severity::Fatal;
  std::string text;
  bool level_prefix = false;
  friend bool operator==(const Message&, const Message&) = default;
};
/// "bwrap: TEXT\n", with "<3>" or "<4>" before it where --level-prefix was given. Control bytes of file names stay as
/// they are, as callers compare them.
std::string to_line(const Message& message);

struct HelpWanted {
  friend bool operator==(const HelpWanted&, const HelpWanted&) = default;
};
struct VersionWanted {
  friend bool operator==(const VersionWanted&, const VersionWanted&) = default;
};
/// No command: the usage belongs on standard error.
struct NoCommand {
  friend bool operator==(const NoCommand&, const NoCommand&) = default;
};
using Outcome = std::variant<Invocation, HelpWanted, VersionWanted, NoCommand, Message>;

struct Parsed {
  std::vector<Message> warnings;  ///< to be said first
  Outcome outcome;
};

/// Everything that a descriptor of the caller's still holds; it is closed then. The error is an errno.
using ReadAll = std::function<Result<std::string, int>(int fd)>;

/// `words` are those after argv[0]; `environment` is the caller's, "NAME=value".
Parsed parse(std::span<const std::string> words, std::vector<std::string> environment, const ReadAll& read_all);

/// What --help prints; `program` is argv[0].
std::string help(std::string_view program);

/// What is true of the caller and the kernel where it matters for which words go together.
struct Caller {
  std::uint32_t uid = 0, gid = 0;
  bool user_namespaces = true;    ///< --unshare-user-try may try
  bool cgroup_namespaces = true;  ///< Linux 4.6 and CONFIG_CGROUPS
};

/// The words that go together: implied namespaces are in, what was tried is yes or no, uid and gid are set.
/// The error is the refusal.
Result<Invocation, Message> settle(Invocation invocation, const Caller& caller);

}  // namespace fence::bwrapline
