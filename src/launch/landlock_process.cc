#include "landlock_process.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "fence/util/process_calls.h"
#include "hand_on.h"
#include "native_calls.h"
#include "native_wording.h"
#include "processes.h"
#include "stage_files.h"

namespace fence::launch {
namespace {

/// All that the child needs; made before it.
struct PlainChild {
  const char* directory;
  bool new_session;
  int report;  ///< a pipe that closes on exec, for one CallFailure
  int stage;
  int entrance;  ///< of the sandbox's control group; -1: none
  char* const* arguments;
  std::span<const int> inherited;
  const SignalInbox& inbox;
};

CallFailure refused(Call call) noexcept { return {call, errno}; }

// No link on the way: where the plan starts the command, and nowhere else.
bool enter(const char* path) noexcept {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const UniqueFd directory(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how)));
  return directory && fchdir(directory.get()) == 0;
}

// That fence has died meanwhile is seen by the stage, on its control socket.
CallFailure become_stage_outside(const PlainChild& child) noexcept {
  // 0 stands for the writer (cgroups(7)).
  if (child.entrance >= 0 && write(child.entrance, "0", 1) != 1) return refused(Call::EnterCgroup);
  child.inbox.prepare_child();
  if (!enter(child.directory)) return refused(Call::EnterDirectory);
  if (child.new_session && setsid() < 0) return refused(Call::NewSession);
  leave_session_keyring();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused(Call::NoNewPrivileges);
  if (!hand_on(child.inherited)) return refused(Call::Descriptors);
  char* const empty[] = {nullptr};
  syscall(SYS_execveat, child.stage, "", child.arguments, empty, AT_EMPTY_PATH);
  return refused(Call::Execute);
}

[[noreturn]] void run_plain_child(const PlainChild& child) noexcept {
  const CallFailure bad = become_stage_outside(child);
  const auto told [[maybe_unused]] = write(child.report, &bad, sizeof bad);
  _exit(1);
}

Error process_error(int errno_value) {
  Error error = system_error("cannot start a process", errno_value);
  if (errno_value == EAGAIN) error.hint = "the limit on processes is reached (ulimit -u, pids.max)";
  return error;
}

}  // namespace

Result<SandboxProcess> start_landlock(const SandboxPlan& plan, StageOrders orders, const bool (&open_streams)[3],
                                      const SignalInbox& inbox, const SandboxGroup* group) {
  Inheritance inheritance;
  FENCE_TRY(Pipe report, make_pipe());
  if (fcntl(report.read.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("cannot watch the sandbox", errno);
  const std::vector<int> kept = orders.kept;
  FENCE_TRY(StageFiles stage, make_stage_files(std::move(orders), open_streams, inheritance));
  std::vector<int> inherited = inheritance.numbers();
  // A script would need its program's descriptor after execve(2); the stage does not.
  std::erase(inherited, stage.program);
  inherited.insert(inherited.end(), kept.begin(), kept.end());
  std::string name = "fence-init", payload = std::to_string(stage.payload);
  char* const arguments[] = {name.data(), payload.data(), nullptr};
  const PlainChild child{.directory = plan.directory.text().c_str(),
                         .new_session = plan.session.kind() == SessionKind::NewSession,
                         .report = report.write.get(),
                         .stage = stage.program,
                         .entrance = group == nullptr ? -1 : group->entrance(),
                         .arguments = arguments,
                         .inherited = inherited,
                         .inbox = inbox};
  const Clone clone = clone_process(0);
  if (clone.pid == 0) run_plain_child(child);
  if (clone.pid < 0) return process_error(errno);
  SandboxProcess process;
  process.pid = clone.pid;
  process.pidfd = UniqueFd(clone.pidfd);
  process.control = std::move(stage.control);
  process.messages = std::move(report.read);
  process.explain = [&plan](std::string_view said, int status) { return native_failure(said, status, plan, {}); };
  process.end_rest = kill_orphans;
  return process;
}

}  // namespace fence::launch
