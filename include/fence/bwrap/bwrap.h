#pragma once
// A plan as bubblewrap's words.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fence/plan/plan.h"

namespace fence {

/// Bytes that bwrap reads from a descriptor.
struct DataPayload {
  std::string bytes;
};
/// A user namespace with the plan's id map (--userns FD). The launcher makes it; where `nested_user_namespaces` is
/// false it also writes 0 to user.max_user_namespaces inside it, since bwrap takes --disable-userns with --unshare-user
/// only.
struct UserNamespacePayload {
  MapAllIds map;
  bool nested_user_namespaces = false;
};
using Payload = std::variant<DataPayload, UserNamespacePayload>;

/// A word of the command line: text, or the number of the descriptor that carries payload `index`.
struct PayloadWord {
  std::size_t index = 0;
};
using BwrapWord = std::variant<std::string, PayloadWord>;

struct BwrapInvocation {
  std::string program;             ///< path of bwrap
  std::vector<BwrapWord> options;  ///< all options; no "--", no command
  std::vector<Payload> payloads;
  /// Of the line for a shell: what stands before bwrap, to set the limit that the filter lets nothing inside set.
  std::vector<std::string> outer_words;
  /// Of the line for a shell: the plan's command, behind the programs that set its other limits.
  std::vector<std::string> command;
  /// Variables that bwrap itself must be started without: its init process shows the environment that bwrap was
  /// started with at /proc/1/environ, --unsetenv or not (bubblewrap#725).
  std::vector<std::string> withheld_variables;
  std::vector<int> keep_descriptors;  ///< the command's own; no payload may take their place
};

/// The same plan as bwrap options. What this bwrap cannot express is an error that names the option it lacks.
/// Errors: no bwrap, a setuid bwrap, a missing option, more than 9000 words without the command (bwrap's own limit, in
/// which the words of --args count too), a path that bwrap would make longer than PATH_MAX by its own prefix.
Result<BwrapInvocation, Errors> to_bwrap(const SandboxPlan& plan, const HostFacts& facts);

/// One line that a POSIX shell runs as it is, payloads included: standard input and the exit status are the command's.
/// POSIX gives a shell the descriptors up to 9 only: with more than six payloads the line calls bash. A
/// UserNamespacePayload needs unshare(1) and nsenter(1) of util-linux, and root. No control byte of any word is in the
/// line as it stands, but for newlines at the end of a word.
std::string shell_line(const BwrapInvocation& invocation);

}  // namespace fence
