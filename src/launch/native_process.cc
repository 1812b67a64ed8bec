#include "native_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "fence/util/process_calls.h"
#include "native_child.h"
#include "native_wording.h"
#include "processes.h"
#include "stage_files.h"

namespace fence::launch {
namespace {

std::uint64_t namespaces(const ChildProgram& program, bool in_group) {
  std::uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (program.new_network) flags |= CLONE_NEWNET;
  if (program.new_cgroup && !in_group) flags |= CLONE_NEWCGROUP;
  return flags;
}

/// Kills and reaps the child unless it is released.
class Child {
 public:
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }
  /// How it ended (wait(2)).
  int end() {
    int status = 0;
    if (pid_ <= 0) return status;
    kill_child(pid_, pidfd_);
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    return status;
  }
  void release(SandboxProcess& process) {
    process.pid = std::exchange(pid_, -1);
    process.pidfd = std::move(pidfd_);
  }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
};

Result<Ok> write_ids(pid_t pid, const char* file, const std::string& text) {
  const UniqueFd fd(open(("/proc/" + std::to_string(pid) + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
  // The kernel takes a map in one write only (user_namespaces(7)).
  if (fd && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return Ok{};
  return ids_error(file, errno);
}

Result<Ok> map_ids(pid_t pid, const IdentityPlan& identity) {
  MapAllIds ids{{{identity.uid, identity.uid, 1}}, {{identity.gid, identity.gid, 1}}};
  if (const auto* all = std::get_if<MapAllIds>(&identity.map)) {
    ids = *all;
  } else {
    FENCE_TRY([[maybe_unused]] Ok denied, write_ids(pid, "setgroups", "deny"));
  }
  FENCE_TRY([[maybe_unused]] Ok groups, write_ids(pid, "gid_map", id_map_text(ids.gids)));
  return write_ids(pid, "uid_map", id_map_text(ids.uids));
}

// Only here can the terminal's name be known; without one (a terminal of another mount namespace) there is no console.
void find_console(ChildProgram& program) {
  char name[64];
  struct stat status {};
  const bool known = program.console_stream >= 0 && ttyname_r(program.console_stream, name, sizeof name) == 0 &&
                     fstat(program.console_stream, &status) == 0;
  if (!known) {
    std::erase_if(program.steps, [](const Step& step) { return step.kind == StepKind::Console; });
    return;
  }
  for (Step& step : program.steps) {
    if (step.kind != StepKind::Console) continue;
    step.source = program.add(name);
    step.device = status.st_dev;
    step.inode = status.st_ino;
  }
}

}  // namespace

Result<SandboxProcess> start_native(const SandboxPlan& plan, ChildProgram made, StageOrders orders,
                                    const bool (&open_streams)[3], const SignalInbox& inbox,
                                    const SandboxGroup* group) {
  // Kept for the words of an error.
  const auto program = std::make_shared<ChildProgram>(std::move(made));
  find_console(*program);
  Inheritance inheritance;
  FENCE_TRY(Pipe lifeline, make_pipe());
  FENCE_TRY(Pipe report, make_pipe());
  const std::vector<int> kept = orders.kept;
  FENCE_TRY(StageFiles stage, make_stage_files(std::move(orders), open_streams, inheritance));
  std::vector<int> inherited = inheritance.numbers();
  // A script would need its program's descriptor after execve(2); the stage does not.
  std::erase(inherited, stage.program);
  inherited.insert(inherited.end(), kept.begin(), kept.end());
  std::string name = "fence-init", payload = std::to_string(stage.payload);
  char* const arguments[] = {name.data(), payload.data(), nullptr};
  const ChildWorld world{.lifeline = lifeline.read.get(),
                         .lifeline_writer = lifeline.write.get(),
                         .report = report.write.get(),
                         .stage = stage.program,
                         .arguments = arguments,
                         .new_cgroup = program->new_cgroup && group != nullptr,
                         .inherited = inherited,
                         .inbox = inbox};
  const Clone clone = clone_process(namespaces(*program, group != nullptr));
  if (clone.pid == 0) run_child(*program, world);
  if (clone.pid < 0) return clone_error(errno, clone.old_call);
  Child child(clone.pid, UniqueFd(clone.pidfd));
  report.write.reset();
  Result<Ok> let_go = map_ids(clone.pid, plan.identity);
  if (let_go && group != nullptr) let_go = group->take_in(clone.pid);
  if (let_go && write(lifeline.write.get(), "", 1) != 1) let_go = system_error("cannot start the sandbox", errno);
  if (!let_go) {
    const int status = child.end();
    CallFailure said;
    // A child that has ended by itself is why its files in /proc could not be written.
    if (read(report.read.get(), &said, sizeof said) != static_cast<ssize_t>(sizeof said)) return let_go.error();
    return native_failure({reinterpret_cast<const char*>(&said), sizeof said}, status, plan, *program);
  }
  if (fcntl(report.read.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("cannot watch the sandbox", errno);
  SandboxProcess process;
  child.release(process);
  process.control = std::move(stage.control);
  process.messages = std::move(report.read);
  process.lifeline = std::move(lifeline.write);
  process.explain = [program, &plan](std::string_view said, int status) {
    return native_failure(said, status, plan, *program);
  };
  return process;
}

}  // namespace fence::launch
