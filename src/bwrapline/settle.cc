#include <optional>

#include "fence/bwrapline/parse.h"

namespace fence::bwrapline {
namespace {

// In bwrap's order: a caller with two mistakes hears of the same one.
std::optional<std::string> user_namespace_conflict(const Invocation& of) {
  const Namespaces& wanted = of.namespaces;
  const Descriptors& fds = of.descriptors;
  if (fds.userns_block != -1 && !wanted.user) return "--userns-block-fd requires --unshare-user";
  if (fds.userns_block != -1 && fds.info == -1) return "--userns-block-fd requires --info-fd";
  if (fds.userns != -1 && wanted.user) return "--userns not compatible --unshare-user";
  if (fds.userns != -1 && wanted.user_try) return "--userns not compatible --unshare-user-try";
  if (wanted.disable_user && !wanted.user) return "--disable-userns requires --unshare-user";
  // The two blanks are bwrap's.
  if (wanted.disable_user && fds.userns_block != -1) {
    return "--disable-userns is not compatible with  --userns-block-fd";
  }
  return {};
}

std::optional<std::string> conflict(const Invocation& of, const Caller& caller) {
  const bool user_namespace = of.namespaces.user || of.descriptors.userns != -1;
  if (!user_namespace && of.uid != caller.uid) return "Specifying --uid requires --unshare-user or --userns";
  if (!user_namespace && of.gid != caller.gid) return "Specifying --gid requires --unshare-user or --userns";
  if (of.hostname && !of.namespaces.uts) return "Specifying --hostname requires --unshare-uts";
  if (of.as_pid_1 && !of.namespaces.pid) return "Specifying --as-pid-1 requires --unshare-pid";
  if (of.as_pid_1 && !of.lock_files.empty()) return "Specifying --as-pid-1 and --lock-file is not permitted";
  if (of.namespaces.cgroup == Unshare::Yes && !caller.cgroup_namespaces) {
    return "Cannot create new cgroup namespace because the kernel does not support it";
  }
  return {};
}

}  // namespace

Result<Invocation, Message> settle(Invocation of, const Caller& caller) {
  const auto refusal = [&of](std::string text) {
    return Message{Message::Severity::Fatal, std::move(text), of.level_prefix};
  };
  if (auto text = user_namespace_conflict(of)) return refusal(*std::move(text));
  const bool implied = caller.uid != 0 && of.descriptors.userns == -1;
  of.namespaces.user = of.namespaces.user || implied || (of.namespaces.user_try && caller.user_namespaces);
  if (!of.uid) of.uid = caller.uid;
  if (!of.gid) of.gid = caller.gid;
  if (auto text = conflict(of, caller)) return refusal(*std::move(text));
  if (of.namespaces.cgroup == Unshare::Try && caller.cgroup_namespaces) of.namespaces.cgroup = Unshare::Yes;
  return of;
}

}  // namespace fence::bwrapline
