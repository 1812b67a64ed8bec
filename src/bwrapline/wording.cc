#include <array>
#include <cerrno>
#include <cstring>

#include "fence/bwrapline/failure.h"

namespace fence::bwrapline {
namespace {

// In a text, one letter stands for a part:
//   %p DEST        %n DEST below /newroot, where bwrap has it      %s SRC     %o SRC below /oldroot
//   %d what `detail` names     %m an octal mode     %h the host name     %x what is there already
//   %e ": " and the errno's words      %E the same as mount(2) means it
struct Wording {
  Failed what;
  const char* text;
};

constexpr std::array kWordings{
    Wording{Failed::Nothing, ""},
    Wording{Failed::Source, "Can't find source path %s%e"},
    Wording{Failed::Parents, "Can't mkdir parents for %p%e"},
    Wording{Failed::MakeDirectory, "Can't mkdir %p%e"},
    Wording{Failed::MakePlace, "Can't create file at %p%e"},
    Wording{Failed::MakeFile, "Can't create file %p%e"},
    Wording{Failed::WriteFile, "Can't write data to file %p%e"},
    Wording{Failed::TemporaryFile, "Can't create tmpfile for %p%e"},
    Wording{Failed::MakeLink, "Can't make symlink at %p%e"},
    Wording{Failed::LinkDiffers, "Can't make symlink at %p: existing destination is %x"},
    Wording{Failed::LinkInTheWay, "Can't make symlink at %p: destination exists and is not a symlink"},
    Wording{Failed::ChangeMode, "Can't chmod %m %p%e"},
    Wording{Failed::Bind, "Can't bind mount %o on %n: Unable to mount source on destination%E"},
    Wording{Failed::BindFlags, "Can't bind mount %o on %n: Unable to remount destination \"%n\" with correct flags%E"},
    Wording{Failed::BindRace, "Race condition binding dirfd"},
    Wording{Failed::StatDescriptor, "Can't stat fd %s%e"},
    Wording{Failed::Remount, "Can't remount readonly on %n: Unable to remount destination \"%n\" with correct flags%E"},
    Wording{Failed::RemountPlace, "Can't remount readonly on %n: realpath(destination)%e"},
    Wording{Failed::NoMountPoint, "Can't remount readonly on %n: Unable to find \"%n\" in mount table"},
    Wording{Failed::Proc, "Can't mount proc on %n%E"},
    Wording{Failed::ProcCover, "Can't bind mount %n/%d on %n/%d: Unable to mount source on destination%E"},
    Wording{Failed::DevTmpfs, "Can't mount tmpfs on %n%E"},
    Wording{Failed::DevNode, "Can't create file %p/%d%e"},
    Wording{Failed::DevBind, "Can't bind mount /oldroot/dev/%d on %n/%d: Unable to mount source on destination%E"},
    Wording{Failed::DevLink, "Can't create symlink %p/%d%e"},
    Wording{Failed::DevShm, "Can't create %p/shm%e"},
    Wording{Failed::DevPts, "Can't mount devpts on %n/pts%E"},
    Wording{Failed::DevConsole, "creating %p/console%e"},
    Wording{Failed::DevConsoleBind,
            "Can't bind mount /oldroot/dev/console on %n/console: Unable to mount source on destination%E"},
    Wording{Failed::Tmpfs, "Can't mount tmpfs on %n%E"},
    Wording{Failed::Mqueue, "Can't mount mqueue on %n%E"},
    Wording{Failed::Overlay, "Can't make overlay mount on %n%E"},
    Wording{Failed::SetHostname, "Can't set hostname to %h%e"},
    Wording{Failed::Namespaces, "Creating new namespace failed%e"},
    Wording{Failed::JoinUser, "Joining specified user namespace failed%e"},
    Wording{Failed::JoinUserLater, "Setting userns2 failed%e"},
    Wording{Failed::JoinPid, "Setting pidns failed%e"},
    Wording{Failed::UidMap, "setting up uid map%e"},
    Wording{Failed::SetGroups, "error writing to setgroups%e"},
    Wording{Failed::GidMap, "setting up gid map%e"},
    Wording{Failed::SwitchUid, "unable to switch to uid %d%e"},
    Wording{Failed::SwitchGid, "unable to switch to gid %d%e"},
    Wording{Failed::Loopback, "loopback: Failed to bring lo up%e"},
    Wording{Failed::Slave, "Failed to make / slave%e"},
    Wording{Failed::BaseTmpfs, "Failed to mount tmpfs%e"},
    Wording{Failed::Pivot, "pivot_root%e"},
    Wording{Failed::DetachOldRoot, "unmount old root%e"},
    Wording{Failed::LimitNamespaces, "sysctl user.max_user_namespaces%e"},
    Wording{Failed::SecondNamespace, "unshare user ns%e"},
    Wording{Failed::NamespacesLeft, "creation of new user namespaces was not disabled as requested"},
    Wording{Failed::Capabilities, "capset failed%e"},
    Wording{Failed::Bounding, "Dropping a capability from bounds%e"},
    Wording{Failed::Ambient, "Adding ambient capability%e"},
    Wording{Failed::ParentDeath, "prctl(PR_SET_PDEATHSIG) failed%e"},
    Wording{Failed::SeccompRead, "Can't read seccomp data%e"},
    Wording{Failed::SeccompSize, "Invalid seccomp data, must be multiple of 8"},
    Wording{Failed::SeccompLoad,
            "Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported %d. (Hint: this "
            "requires a kernel configured with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER.)"},
    Wording{Failed::Descriptors, "Can't make descriptors%e"},
    Wording{Failed::Directory, "Can't chdir to %d%e"},
    Wording{Failed::Session, "setsid%e"},
    Wording{Failed::ForkInit, "Can't fork for pid 1%e"},
    Wording{Failed::LockOpen, "Unable to open lock file %d%e"},
    Wording{Failed::Lock, "Unable to lock file %d%e"},
    Wording{Failed::Execute, "execvp %d%e"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWordings.size(); ++i) {
    if (static_cast<std::size_t>(kWordings[i].what) != i) return false;
  }
  return kWordings.size() == static_cast<std::size_t>(Failed::Execute) + 1;
}
static_assert(in_order());

std::string words(int error) {
  const char* const known = strerrordesc_np(error);
  return known != nullptr ? known : "Unknown error " + std::to_string(error);
}

// ELOOP and ENOSPC mean something else in mount(2) than their words say.
std::string mount_words(int error) {
  if (error == ELOOP) return "Overlay directories may not overlap";
  if (error == ENOSPC) {
    return "Limit exceeded (ENOSPC). (Hint: Check that /proc/sys/fs/mount-max is sufficient, typically 100000)";
  }
  return words(error);
}

// Callers look for the first words of these.
std::string namespaces_text(int error) {
  if (error == EPERM) {
    return "No permissions to create new namespace, likely because the kernel does not allow non-privileged user "
           "namespaces";
  }
  if (error == EINVAL) {
    return "Creating new namespace failed, likely because the kernel does not support user namespaces";
  }
  if (error == ENOSPC) {
    return "Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)";
  }
  return "Creating new namespace failed: " + words(error);
}

std::string below(std::string_view root, std::string_view path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return std::string(root) + "/" + std::string(path);
}

std::string octal(std::uint32_t mode) {
  std::string digits;
  for (; mode != 0; mode >>= 3U) digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7U)));
  return "0" + digits;
}

// An overlay has several: its layers, the upper directory, the work directory.
std::string source_of(const Overlay& overlay, std::uint32_t index) {
  if (index < overlay.lower.size()) return overlay.lower[index];
  const auto* const upper = std::get_if<UpperDirectory>(&overlay.upper);
  if (upper == nullptr) return "";
  return index == overlay.lower.size() ? upper->upper : upper->work;
}
std::string source_of(const BindPath& bind, std::uint32_t) { return bind.source; }
std::string source_of(const BindOpen& bind, std::uint32_t) { return "/proc/self/fd/" + std::to_string(bind.fd); }
template <class NoSource>
std::string source_of(const NoSource&, std::uint32_t) {
  return "";
}

std::string detail_of(const Failure& failure, const Invocation& of) {
  const std::uint32_t index = failure.detail;
  if (failure.what == Failed::ProcCover) return kProcCovers[index];
  if (failure.what == Failed::DevNode || failure.what == Failed::DevBind) return kDevNodes[index];
  if (failure.what == Failed::DevLink) return kDevLinks[index].name;
  if (failure.what == Failed::SwitchUid) return std::to_string(of.uid.value_or(0));
  if (failure.what == Failed::SwitchGid) return std::to_string(of.gid.value_or(0));
  if (failure.what == Failed::Directory) return of.directory.value_or("");
  if (failure.what == Failed::LockOpen || failure.what == Failed::Lock) return of.lock_files[index];
  if (failure.what == Failed::Execute) return of.command[0];
  const char* const name = strerrorname_np(failure.error);
  return name != nullptr ? name : words(failure.error);
}

std::string part(char letter, const Failure& failure, const Invocation& of, const std::string& existing) {
  static const Op none{"", RemountReadOnly{}};
  const Op& op = failure.op < of.ops.size() ? of.ops[failure.op] : none;
  const auto source = [&] {
    return std::visit([&](const auto& action) { return source_of(action, failure.detail); }, op.action);
  };
  const auto* const chmod = std::get_if<Chmod>(&op.action);
  const auto* const hostname = std::get_if<Hostname>(&op.action);
  switch (letter) {
    case 'p':
      return op.place;
    case 'n':
      return below("/newroot", op.place);
    case 's':
      return source();
    case 'o':
      return below("/oldroot", source());
    case 'd':
      return detail_of(failure, of);
    case 'm':
      return octal(chmod == nullptr ? 0 : chmod->mode);
    case 'h':
      return hostname == nullptr ? "" : hostname->name;
    case 'x':
      return existing;
    case 'e':
      return ": " + words(failure.error);
    default:
      return ": " + mount_words(failure.error);
  }
}

}  // namespace

std::string failure_text(const Failure& failure, const Invocation& of, const std::string& existing) {
  if (failure.what == Failed::Namespaces) return namespaces_text(failure.error);
  if (failure.what == Failed::JoinUser && failure.error == EINVAL) {
    return "Joining the specified user namespace failed, it might not be a descendant of the current user namespace.";
  }
  std::string text;
  for (const char* at = kWordings[static_cast<std::size_t>(failure.what)].text; *at != '\0'; ++at) {
    if (*at == '%') {
      text += part(*++at, failure, of, existing);
    } else {
      text += *at;
    }
  }
  return text;
}

}  // namespace fence::bwrapline
