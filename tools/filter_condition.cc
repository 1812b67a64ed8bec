// The conditions of seccomp/*.toml:
//
//     CONDITION = TEST {" and " TEST}          all of them hold
//     TEST      = "argN has FLAGS"             one of the bits is set
//               | "argN has other than FLAGS"  a bit besides these is set
//               | "argN is FLAGS {, FLAGS}"    it is one of these values
//               | "argN is not FLAGS {, FLAGS}"
//               | "argN is not NULL"           of all 64 bits
//     FLAGS     = VALUE {"|" VALUE}            VALUE is a name, 0x... or a decimal number
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "filter_rows.h"

namespace filter_tables {
namespace {

struct NamedConstant {
  std::string_view name;
  std::uint32_t value;
};

// mips and sparc have other numbers than x86: the target's own headers are the source. __O_TMPFILE is the kernel's one
// bit; that of glibc has O_DIRECTORY in it.
constexpr NamedConstant kConstants[] = {
    {"ADDR_NO_RANDOMIZE", ADDR_NO_RANDOMIZE},
    {"AF_INET", AF_INET},
    {"AF_INET6", AF_INET6},
    {"AF_NETLINK", AF_NETLINK},
    {"AF_UNIX", AF_UNIX},
    {"AF_VSOCK", AF_VSOCK},
    {"CLONE_NEWCGROUP", CLONE_NEWCGROUP},
    {"CLONE_NEWIPC", CLONE_NEWIPC},
    {"CLONE_NEWNET", CLONE_NEWNET},
    {"CLONE_NEWNS", CLONE_NEWNS},
    {"CLONE_NEWPID", CLONE_NEWPID},
    {"CLONE_NEWTIME", CLONE_NEWTIME},
    {"CLONE_NEWUSER", CLONE_NEWUSER},
    {"CLONE_NEWUTS", CLONE_NEWUTS},
    {"IPPROTO_ICMP", IPPROTO_ICMP},
    {"IPPROTO_ICMPV6", IPPROTO_ICMPV6},
    {"IPPROTO_MPTCP", IPPROTO_MPTCP},
    {"IPPROTO_RAW", IPPROTO_RAW},
    {"IPPROTO_TCP", IPPROTO_TCP},
    {"IPPROTO_UDP", IPPROTO_UDP},
    {"NETLINK_KOBJECT_UEVENT", NETLINK_KOBJECT_UEVENT},
    {"NETLINK_ROUTE", NETLINK_ROUTE},
    {"NETLINK_SOCK_DIAG", NETLINK_SOCK_DIAG},
    {"O_CREAT", O_CREAT},
    {"PER_LINUX32", PER_LINUX32},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"SOCK_CLOEXEC", SOCK_CLOEXEC},
    {"SOCK_NONBLOCK", SOCK_NONBLOCK},
    {"SOCK_PACKET", SOCK_PACKET},
    {"SOCK_SEQPACKET", SOCK_SEQPACKET},
    {"SOCK_STREAM", SOCK_STREAM},
    {"S_ISGID", S_ISGID},
    {"S_ISUID", S_ISUID},
    {"TIOCLINUX", static_cast<std::uint32_t>(TIOCLINUX)},
    {"TIOCSETD", static_cast<std::uint32_t>(TIOCSETD)},
    {"TIOCSTI", static_cast<std::uint32_t>(TIOCSTI)},
    {"UNAME26", UNAME26},
    {"__O_TMPFILE", O_TMPFILE & ~O_DIRECTORY},
};

struct Wording {
  std::string_view words;
  std::string_view kind;
  bool one_value;   ///< flags together, not a list
  bool complement;  ///< the bits that are not named
};
// A longer wording stands before the one that it begins with.
constexpr Wording kWordings[] = {
    {" has other than ", "AnyBit", true, true},
    {" has ", "AnyBit", true, false},
    {" is not ", "IsNot", false, false},
    {" is ", "Is", false, false},
};

/// A row's jumps reach 255 instructions.
constexpr std::size_t kMostValues = 32;

std::vector<std::string_view> parts(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + separator.size());
  }
}

std::optional<std::uint32_t> number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint32_t value_of(std::string_view text, const std::string& where) {
  for (const NamedConstant& constant : kConstants) {
    if (constant.name == text) return constant.value;
  }
  if (const auto value = number(text)) return *value;
  throw std::runtime_error(where + ": unknown name `" + std::string(text) + "`");
}

std::uint32_t flags_of(std::string_view text, const std::string& where) {
  std::uint32_t flags = 0;
  for (const std::string_view flag : parts(text, "|")) flags |= value_of(flag, where);
  return flags;
}

Test parse_test(std::string_view text, const std::string& where) {
  const bool argument = text.size() > 4 && text.starts_with("arg") && text[3] >= '0' && text[3] <= '5';
  if (argument && text.substr(4) == " is not NULL") return {"NotNull", static_cast<unsigned>(text[3] - '0'), {}};
  for (const Wording& wording : kWordings) {
    if (!argument || !text.substr(4).starts_with(wording.words)) continue;
    const std::string_view operand = text.substr(4 + wording.words.size());
    Test test{std::string(wording.kind), static_cast<unsigned>(text[3] - '0'), {}};
    if (wording.one_value) {
      const std::uint32_t flags = flags_of(operand, where);
      test.values = {wording.complement ? ~flags : flags};
    } else {
      for (const std::string_view each : parts(operand, ", ")) test.values.push_back(flags_of(each, where));
    }
    return test;
  }
  throw std::runtime_error(where +
                           ": a test is `argN has|has other than|is|is not VALUES` or `argN is not NULL`, not `" +
                           std::string(text) + "`");
}

}  // namespace

std::vector<Test> parse_condition(const std::string& condition, const std::string& where) {
  std::vector<Test> tests;
  if (condition.empty()) return tests;
  std::size_t values = 0;
  for (const std::string_view text : parts(condition, " and ")) {
    tests.push_back(parse_test(text, where));
    values += tests.back().values.size();
  }
  if (values > kMostValues) throw std::runtime_error(where + ": more values than a jump can skip");
  return tests;
}

}  // namespace filter_tables
