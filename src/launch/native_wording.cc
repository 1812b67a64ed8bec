#include "native_wording.h"

#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "fence/util/text.h"

namespace fence::launch {
namespace {

struct CallWords {
  Call call;
  std::string_view doing;   ///< "cannot ..."; for what is no step of the plan
  std::string_view name;    ///< the system call, as in its manual page
  std::string_view kernel;  ///< the first that has it
};
constexpr std::array kCalls = {
    CallWords{Call::Wait, "start the sandbox", "read(2) or poll(2)", ""},
    CallWords{Call::Signals, "tie the sandbox to fence", "prctl(2)", ""},
    CallWords{Call::EnterCgroup, "move the sandbox into its control group", "writing cgroup.procs", ""},
    CallWords{Call::CgroupNamespace, "make a cgroup namespace", "unshare(CLONE_NEWCGROUP)", "4.6"},
    CallWords{Call::Loopback, "bring up the loopback interface of the sandbox", "ioctl(SIOCSIFFLAGS)", ""},
    CallWords{Call::LimitNamespaces, "forbid further user namespaces", "writing /proc/sys/user/max_user_namespaces",
              "4.9"},
    CallWords{Call::Private, "keep the sandbox's mounts from spreading", "mount_setattr(2)", "5.12"},
    CallWords{Call::OpenSource, "open a path of the host", "openat2(2)", "5.6"},
    CallWords{Call::StatSource, "look at a path of the host", "statx(2)", "4.11"},
    CallWords{Call::SourceChanged, "show a path of the host", "", ""},
    CallWords{Call::CloneTree, "clone mounts of the host", "open_tree(2)", "5.2"},
    CallWords{Call::SetAttributes, "restrict a mount", "mount_setattr(2)", "5.12"},
    CallWords{Call::OpenPlace, "open a mount point", "openat2(2)", "5.6"},
    CallWords{Call::MakePlace, "make a mount point", "mkdirat(2) or mknodat(2)", ""},
    CallWords{Call::MakeLink, "make a link", "symlinkat(2)", ""},
    CallWords{Call::WriteData, "make a file", "openat(2) or write(2)", ""},
    CallWords{Call::Attach, "attach a mount", "move_mount(2)", "5.2"},
    CallWords{Call::OpenFileSystem, "make a file system", "fsopen(2)", "5.2"},
    CallWords{Call::ConfigureFileSystem, "make a file system", "fsconfig(2)", "5.2"},
    CallWords{Call::MountFileSystem, "make a file system", "fsmount(2)", "5.2"},
    CallWords{Call::Pivot, "enter the new root", "pivot_root(2)", ""},
    CallWords{Call::DetachOldRoot, "leave the old root", "umount2(2)", ""},
    CallWords{Call::EnterDirectory, "enter the working directory", "openat2(2)", "5.6"},
    CallWords{Call::NewSession, "start a session", "setsid(2)", ""},
    CallWords{Call::NoNewPrivileges, "give up new privileges", "prctl(PR_SET_NO_NEW_PRIVS)", "3.5"},
    CallWords{Call::Capabilities, "drop capabilities", "capset(2)", ""},
    CallWords{Call::Descriptors, "close descriptors", "close_range(2)", "5.11"},
    CallWords{Call::Execute, "run fence's program inside", "execveat(2)", "3.19"},
};
constexpr CallWords kUnknownCall{Call::None, "make the sandbox", "", ""};

const CallWords& words_of(Call call) {
  for (const CallWords& row : kCalls) {
    if (row.call == call) return row;
  }
  return kUnknownCall;
}

constexpr std::string_view kNamespaceAdvice =
    "user namespaces are restricted here; look at sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone "
    "and kernel.apparmor_restrict_unprivileged_userns (inside a container: the container's seccomp profile)";
constexpr std::string_view kMountsAdvice =
    "the kernel is out of mounts or memory for this user; look at sysctl fs.mount-max";
constexpr std::string_view kMemoryAdvice = "the machine, or the control group's memory.max, is out of memory";
constexpr std::string_view kOpenAdvice = "raise the limit on descriptors (ulimit -n)";
constexpr std::string_view kProcAdvice =
    "parts of this machine's /proc are covered, as in a container, so the kernel refuses a fresh one; for docker: "
    "--security-opt systempaths=unconfined, for podman: --security-opt unmask=ALL";
constexpr std::string_view kChangedAdvice =
    "start again; if it happens again, a process is changing files in that place";

/// What to do about an errno; the first row that fits wins. Call::None: whatever the call.
struct Hint {
  Call call;
  int errno_value;
  std::string_view advice;
};
constexpr Hint kHints[] = {
    {Call::LimitNamespaces, ENOENT, "is /proc mounted here, and no other directory in its place?"},
    {Call::LimitNamespaces, EROFS, "start fence where /proc/sys is not mounted read-only, or set nesting = true"},
    {Call::OpenSource, ENOENT, "it vanished after fence looked at it; run the command again"},
    {Call::OpenSource, ELOOP, kChangedAdvice},
    {Call::OpenPlace, ENOENT, kChangedAdvice},
    {Call::OpenPlace, ELOOP, kChangedAdvice},
    {Call::MountFileSystem, EPERM, kProcAdvice},
    {Call::ConfigureFileSystem, EPERM, kProcAdvice},
    {Call::EnterDirectory, ENOENT, "the working directory is not visible inside; `fence plan` shows what is"},
    {Call::Execute, EACCES, "does sysctl vm.memfd_noexec allow a program in memory?"},
    {Call::Pivot, EINVAL, "is the root of this machine its initial ramfs? pivot_root(2) cannot leave that"},
    {Call::Private, EPERM, kNamespaceAdvice},
    {Call::Loopback, EPERM, kNamespaceAdvice},
    {Call::CgroupNamespace, ENOSPC, "look at sysctl user.max_cgroup_namespaces"},
    {Call::None, ENOSPC, kMountsAdvice},
    {Call::None, EMFILE, kOpenAdvice},
    {Call::None, ENFILE, "too many files are open on this machine; look at sysctl fs.file-max"},
    {Call::None, ENOMEM, kMemoryAdvice},
    {Call::None, EPERM,
     "a security module may forbid it (AppArmor, SELinux); `backend = \"bwrap\"` may be allowed more"},
};

std::string advice_for(Call call, int errno_value) {
  const CallWords& words = words_of(call);
  if (errno_value == ENOSYS && !words.kernel.empty()) {
    return std::string(words.name) + " came with Linux " + std::string(words.kernel) +
           " (inside a container: its seccomp profile may hide it); use `backend = \"bwrap\"`";
  }
  for (const Hint& hint : kHints) {
    if ((hint.call == call || hint.call == Call::None) && hint.errno_value == errno_value) {
      return std::string(hint.advice);
    }
  }
  return {};
}

// The words for a plan's op at its target.
std::string op_words(const MountAction& action, std::string_view target) {
  const std::string place = escape_bytes(target);
  return std::visit(Overloaded{
                        [&](const Bind& bind) {
                          const std::string source = escape_bytes(bind.source.text());
                          return "cannot show " + source + (source == place ? "" : " at " + place);
                        },
                        [&](const Tmpfs&) { return "cannot mount a tmpfs at " + place; },
                        [&](const Proc&) { return "cannot mount a procfs at " + place; },
                        [&](const Dev&) { return "cannot make the private " + place; },
                        [&](const LockReadOnly&) { return "cannot lock " + place; },
                        [&](const MaskFile&) { return "cannot hide " + place; },
                        [&](const MakeDir&) { return "cannot make the directory " + place + " of the sandbox"; },
                        [&](const WriteFile&) { return "cannot show a file of fence's own at " + place; },
                        [&](const Symlink&) { return "cannot make the link " + place + " of the sandbox"; },
                    },
                    action);
}

std::string refusal(Call call, int errno_value) {
  const std::string name(words_of(call).name);
  return (name.empty() ? name : name + ": ") + errno_text(errno_value);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "its first process was killed by signal " + std::to_string(WTERMSIG(status));
  return "its first process ended without a word, with exit status " + std::to_string(WEXITSTATUS(status));
}

Error host_error(std::string what, std::string why, int errno_value, std::string hint) {
  return {.kind = errno_value == ENOSYS ? ErrorKind::Unsupported : ErrorKind::Host,
          .what = std::move(what),
          .why = std::move(why),
          .errno_value = errno_value,
          .hint = std::move(hint)};
}

}  // namespace

Error clone_error(int errno_value, bool old_call) {
  std::string hint;
  switch (errno_value) {
    case EPERM:
      hint = kNamespaceAdvice;
      break;
    // Linux 4.9: a limit on one of the kinds, or 32 levels of nesting (namespaces(7)).
    case ENOSPC:
      hint = "a limit on namespaces is reached; look at sysctl user.max_user_namespaces and the other user.max_*";
      break;
    case EAGAIN:
      hint = "the limit on processes is reached (ulimit -u, pids.max)";
      break;
    case EINVAL:
      hint = "this kernel is built without one of the namespaces (user, mount, pid, ipc, uts, network, cgroup)";
      break;
    case ENOMEM:
      hint = kMemoryAdvice;
      break;
    case EMFILE:
      hint = kOpenAdvice;
      break;
    default:
      break;
  }
  return host_error("cannot make namespaces",
                    std::string(old_call ? "clone(2): " : "clone3(2): ") + errno_text(errno_value), errno_value,
                    std::move(hint));
}

Error ids_error(std::string_view file, int errno_value) {
  return host_error("cannot give the sandbox its user and group ids",
                    "writing " + std::string(file) + ": " + errno_text(errno_value), errno_value,
                    errno_value == EPERM ? std::string(kNamespaceAdvice) : std::string());
}

Error native_failure(std::string_view said, int status, const SandboxPlan& plan, const ChildProgram& program) {
  CallFailure failure;
  if (said.size() != sizeof failure) return host_error("cannot make the sandbox", how_it_ended(status), 0, {});
  std::memcpy(&failure, said.data(), sizeof failure);
  const std::uint32_t op = failure.step < program.steps.size() ? program.steps[failure.step].op : kNoOp;
  const bool planned = op < plan.mounts.ops().size();
  Error error = host_error("cannot " + std::string(words_of(failure.call).doing), refusal(failure.call, failure.error),
                           failure.error, advice_for(failure.call, failure.error));
  if (failure.step < program.steps.size() && !planned) error.what = "cannot make the root of the sandbox";
  if (planned) {
    const MountOp& mount = plan.mounts.ops()[op];
    error.what = op_words(mount.action, mount.target.text());
    error.origin = mount.why.winner;
  }
  if (failure.call == Call::SourceChanged) {
    error.why = "something replaced it while the sandbox was being made (another file is there)";
    error.hint = kChangedAdvice;
  }
  return error;
}

}  // namespace fence::launch
