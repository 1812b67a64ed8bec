// A payload reaches bwrap through a pipe: `printf 'bytes' | { ... ; } 4<&0`, one such shell around the other. What
// stands innermost gets the caller's standard input back from a copy made outermost.
#include <algorithm>

#include "fence/bwrap/bwrap.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// POSIX promises a shell the descriptors 0 to 9, and dash has no more: in `10<&0` it reads the word "10".
constexpr int kFirstPosix = 3, kLastPosix = 9;
/// bash keeps its own copies from 10 on upwards.
constexpr int kFirstBash = 100;

bool printable(char c) { return c >= ' ' && c <= '~'; }

/// `bytes` as the format of printf(1), in single quotes. A dash at the start would be taken for an option.
std::string printf_format(std::string_view bytes) {
  std::string out = "'";
  for (const char c : bytes) {
    if (c == '%' || c == '\\') {
      out.append(2, c);
    } else if (printable(c) && c != '\'' && !(c == '-' && out.size() == 1)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
              static_cast<char>('0' + (byte & 7))};
    }
  }
  return out + "'";
}

/// One word of the line. A name may hold control sequences, and the line is made to be shown on a terminal.
std::string quoted(const std::string& word) {
  const auto backslashes = static_cast<std::size_t>(std::ranges::count(word, '\\'));
  if (escape_bytes(word).size() == word.size() + backslashes) return shell_quote(word);
  // Command substitution loses newlines at the end.
  const auto body = word.find_last_not_of('\n') + 1;
  std::string out = "\"$(printf " + printf_format(std::string_view(word).substr(0, body)) + ")\"";
  if (body < word.size()) out += "'" + word.substr(body) + "'";
  return out;
}

struct Descriptors {
  bool bash = false;  ///< they are beyond what POSIX promises
  int standard_input = 0;
  std::vector<int> payloads;
};

std::vector<int> free_descriptors(int first, std::size_t count, const std::vector<int>& taken) {
  std::vector<int> out;
  for (int fd = first; out.size() < count; ++fd)
    if (std::ranges::find(taken, fd) == taken.end()) out.push_back(fd);
  return out;
}

Descriptors choose_descriptors(const BwrapInvocation& invocation) {
  const std::size_t count = invocation.payloads.size() + 1;
  auto fds = free_descriptors(kFirstPosix, count, invocation.keep_descriptors);
  const bool bash = fds.back() > kLastPosix;
  if (bash) fds = free_descriptors(kFirstBash, count, invocation.keep_descriptors);
  return {bash, fds.front(), {fds.begin() + 1, fds.end()}};
}

std::string bwrap_command(const BwrapInvocation& invocation, const Descriptors& fds) {
  std::string out;
  if (!invocation.withheld_variables.empty()) {
    out = "env";
    for (const auto& name : invocation.withheld_variables) out += " -u " + quoted(name);
    out += " ";
  }
  for (const auto& word : invocation.outer_words) out += quoted(word) + " ";
  out += quoted(invocation.program);
  for (const auto& word : invocation.options)
    out += " " + std::visit(Overloaded{
                                [](const std::string& text) { return quoted(text); },
                                [&](const PayloadWord& payload) { return std::to_string(fds.payloads[payload.index]); },
                            },
                            word);
  out += " --";
  for (const auto& word : invocation.command) out += " " + quoted(word);
  const std::string saved = std::to_string(fds.standard_input);
  return out + " 0<&" + saved + " " + saved + "<&-";
}

std::string map_lines(const std::vector<IdExtent>& extents) {
  std::string out;
  for (const auto& extent : extents)
    out += std::to_string(extent.inside) + " " + std::to_string(extent.outside) + " " + std::to_string(extent.count) +
           "\n";
  return printf_format(out);
}

/// A sleeping process holds the namespace until its descriptor is open, then it is killed.
std::string with_user_namespace(const UserNamespacePayload& payload, const std::string& fd, const std::string& inner) {
  std::string prepare = "printf " + map_lines(payload.map.uids) + " >/proc/$p/uid_map && printf " +
                        map_lines(payload.map.gids) + " >/proc/$p/gid_map";
  if (!payload.nested_user_namespaces)
    prepare += " && nsenter --user=/proc/$p/ns/user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces'";
  return "( p=$(unshare --user sh -c 'sleep 60 >/dev/null 2>&1 & echo $!') && { " + prepare +
         "; s=$?; kill $p; test $s = 0 && " + inner + "; } " + fd + "</proc/$p/ns/user )";
}

std::string with_payload(const Payload& payload, int descriptor, const std::string& inner) {
  const std::string fd = std::to_string(descriptor);
  return std::visit(Overloaded{
                        [&](const DataPayload& data) {
                          return "printf " + printf_format(data.bytes) + " | { " + inner + "; } " + fd + "<&0";
                        },
                        [&](const UserNamespacePayload& ns) { return with_user_namespace(ns, fd, inner); },
                    },
                    payload);
}

}  // namespace

std::string shell_line(const BwrapInvocation& invocation) {
  const Descriptors fds = choose_descriptors(invocation);
  std::string line = bwrap_command(invocation, fds);
  for (std::size_t i = invocation.payloads.size(); i-- > 0;)
    line = with_payload(invocation.payloads[i], fds.payloads[i], line);
  line = "{ " + line + "; } " + std::to_string(fds.standard_input) + "<&0";
  return fds.bash ? "bash -c " + shell_quote(line) : line;
}

}  // namespace fence
