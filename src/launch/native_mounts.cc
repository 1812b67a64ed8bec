// Everything stands on descriptors. The old root stays "/" until pivot_root: the new one is mounted over it, where no
// absolute path leads, and reached by its descriptor alone.
#include "native_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include "fence/util/mount_calls.h"

namespace fence::launch {
namespace {

struct FsOption {
  const char* key;
  const char* value;  ///< null: a flag; empty: left out
};

/// Digits of `number`, NUL-terminated.
struct Digits {
  explicit Digits(std::uint32_t number) noexcept {
    char* at = text + sizeof text - 1;
    *at = '\0';
    do {
      *--at = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    begin = at;
  }
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;
  char text[11];
  const char* begin;
};

class Mounter {
 public:
  explicit Mounter(const ChildProgram& program) noexcept : program_(program) {}

  CallFailure run() noexcept {
    mount_attr no_propagation{};
    no_propagation.propagation = MS_PRIVATE;
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &no_propagation, sizeof no_propagation) != 0) {
      return failure(Call::Private);
    }
    if (program_.has_data) {
      if (const CallFailure bad = make_store(); bad.failed()) return bad;
    }
    for (const Step& step : program_.steps) {
      if (CallFailure bad = carry_out(step); bad.failed()) {
        bad.step = static_cast<std::uint32_t>(&step - program_.steps.data());
        return bad;
      }
    }
    return enter();
  }

 private:
  static CallFailure failure(Call call) noexcept { return {call, errno}; }

  CallFailure carry_out(const Step& step) noexcept {
    switch (step.kind) {
      case StepKind::Clone:
      case StepKind::Console:
        return clone(step);
      case StepKind::Tmpfs:
        return new_file_system("tmpfs", {{"mode", text(step.mode)}, {"size", text(step.source)}}, step);
      case StepKind::Proc:
        return new_file_system("proc", {}, step);
      // No user namespace needs uid 0 for it: the kernel gives ptmx to the mounter (tried on Linux 6.18 with one id
      // mapped, and with none), so one level is enough.
      case StepKind::Devpts:
        return new_file_system(
            "devpts",
            {{"newinstance", nullptr}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", program_.tty_group ? "5" : ""}},
            step);
      case StepKind::Directory:
        return make_directory(step);
      case StepKind::Link:
        return make_link(step);
      case StepKind::Data:
        return show_data(step);
      case StepKind::Lock:
        return lock(step);
      case StepKind::Seal:
        return seal(step);
    }
    return {Call::Attach, EINVAL};
  }

  CallFailure clone(const Step& step) noexcept {
    const UniqueFd source = open_place(AT_FDCWD, text(step.source), 0, 0);
    if (!source) return step.may_vanish && errno == ENOENT ? CallFailure{} : failure(Call::OpenSource);
    if (const CallFailure bad = compare(step, source.get()); bad.failed()) return bad;
    const UniqueFd tree = clone_mount(source.get(), "", AT_RECURSIVE);
    if (!tree) return failure(Call::CloneTree);
    return confine_and_place(step, tree.get());
  }

  static CallFailure compare(const Step& step, int source) noexcept {
    struct statx found {};
    if (statx(source, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &found) != 0) {
      return failure(Call::StatSource);
    }
    const bool same =
        step.expect == Expect::Device
            ? (found.stx_mode & S_IFMT) == S_IFCHR && makedev(found.stx_rdev_major, found.stx_rdev_minor) == step.device
            : found.stx_ino == step.inode && makedev(found.stx_dev_major, found.stx_dev_minor) == step.device;
    return same ? CallFailure{} : CallFailure{Call::SourceChanged, 0};
  }

  // The tree is nowhere yet, so nobody can reach it before it has its attributes.
  CallFailure confine_and_place(const Step& step, int tree) noexcept {
    if (!change_mount(tree, AT_RECURSIVE, step.attributes, MS_PRIVATE)) return failure(Call::SetAttributes);
    return place(step, tree);
  }

  CallFailure new_file_system(const char* type, std::initializer_list<FsOption> options, const Step& step) noexcept {
    UniqueFd mount;
    if (const CallFailure bad = mount_new(type, options, step.attributes, mount); bad.failed()) return bad;
    return place(step, mount.get());
  }

  static CallFailure mount_new(const char* type, std::initializer_list<FsOption> options, std::uint32_t attributes,
                               UniqueFd& mount) noexcept {
    const UniqueFd context(fsopen(type, FSOPEN_CLOEXEC));
    if (!context) return failure(Call::OpenFileSystem);
    if (!configure(context.get(), {"source", type})) return failure(Call::ConfigureFileSystem);
    for (const FsOption& option : options) {
      if (!configure(context.get(), option)) return failure(Call::ConfigureFileSystem);
    }
    if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
      return failure(Call::ConfigureFileSystem);
    }
    mount.reset(fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
    return mount ? CallFailure{} : failure(Call::MountFileSystem);
  }

  static bool configure(int context, const FsOption& option) noexcept {
    if (option.value == nullptr) return fsconfig(context, FSCONFIG_SET_FLAG, option.key, nullptr, 0) == 0;
    if (option.value[0] == '\0') return true;
    return fsconfig(context, FSCONFIG_SET_STRING, option.key, option.value, 0) == 0;
  }

  CallFailure place(const Step& step, int mount) noexcept {
    if (!root_) return place_root(mount);
    if (step.make == Make::Nothing) {
      const UniqueFd target = open_inside(step.place);
      if (!target) return failure(Call::OpenPlace);
      return attach(mount, target.get(), "");
    }
    const int directory = parent(step);
    if (directory < 0) return failure(Call::OpenPlace);
    const int made = step.make == Make::Directory ? mkdirat(directory, text(step.name), 0755)
                                                  : mknodat(directory, text(step.name), S_IFREG | 0444, 0);
    if (made != 0) return failure(Call::MakePlace);
    // A name that was made here just now is no link.
    return attach(mount, directory, text(step.name));
  }

  static CallFailure attach(int mount, int directory, const char* name) noexcept {
    return attach_mount(mount, directory, name) ? CallFailure{} : failure(Call::Attach);
  }

  // What is mounted over "/" would be part of every later clone of "/"; an unbindable mount and all below it is left
  // out of clones (mount_namespaces(7)).
  CallFailure place_root(int mount) noexcept {
    if (!change_mount(mount, 0, 0, MS_UNBINDABLE)) return failure(Call::SetAttributes);
    root_.reset(fcntl(mount, F_DUPFD_CLOEXEC, 3));
    if (!root_) return failure(Call::OpenPlace);
    return attach(mount, AT_FDCWD, "/");
  }

  UniqueFd open_inside(PoolString at) noexcept { return open_place(root_.get(), text(at), 0, RESOLVE_IN_ROOT); }

  // The directory that a step makes its name in: mostly that of the step before. Nothing is mounted over a directory
  // once a step has looked into it, for parents come first.
  int parent(const Step& step) noexcept {
    if (!parent_ || parent_at_ != step.place) {
      parent_ = open_inside(step.place);
      parent_at_ = step.place;
    }
    return parent_.get();
  }

  CallFailure make_directory(const Step& step) noexcept {
    const int directory = parent(step);
    if (directory < 0) return failure(Call::OpenPlace);
    return mkdirat(directory, text(step.name), step.permissions) == 0 ? CallFailure{} : failure(Call::MakePlace);
  }

  CallFailure make_link(const Step& step) noexcept {
    const int directory = parent(step);
    if (directory < 0) return failure(Call::OpenPlace);
    return symlinkat(text(step.source), directory, text(step.name)) == 0 ? CallFailure{} : failure(Call::MakeLink);
  }

  // Our own files lie on a tmpfs that goes with the old root; what is shown of it are clones.
  CallFailure make_store() noexcept {
    if (const CallFailure bad = mount_new("tmpfs", {{"mode", "0700"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, store_);
        bad.failed()) {
      return bad;
    }
    if (!change_mount(store_.get(), 0, 0, MS_UNBINDABLE)) return failure(Call::SetAttributes);
    return attach(store_.get(), AT_FDCWD, "/");
  }

  CallFailure show_data(const Step& step) noexcept {
    const Digits name(step.data);
    {
      const UniqueFd file(
          openat(store_.get(), name.begin, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, step.permissions));
      if (!file) return failure(Call::WriteData);
      const char* at = text(step.data);
      for (std::size_t left = step.length; left != 0;) {
        const ssize_t wrote = write(file.get(), at, left);
        if (wrote <= 0) return failure(Call::WriteData);
        at += wrote;
        left -= static_cast<std::size_t>(wrote);
      }
    }
    if (!change_mount(store_.get(), 0, 0, MS_PRIVATE)) return failure(Call::SetAttributes);
    const UniqueFd tree = clone_mount(store_.get(), name.begin, AT_RECURSIVE);
    if (!tree) return failure(Call::CloneTree);
    if (!change_mount(store_.get(), 0, 0, MS_UNBINDABLE)) return failure(Call::SetAttributes);
    return confine_and_place(step, tree.get());
  }

  CallFailure lock(const Step& step) noexcept {
    const UniqueFd target = open_inside(step.place);
    if (!target) return failure(Call::OpenPlace);
    const UniqueFd tree = clone_mount(target.get(), "", AT_RECURSIVE);
    if (!tree) return failure(Call::CloneTree);
    return confine_and_place(step, tree.get());
  }

  CallFailure seal(const Step& step) noexcept {
    const UniqueFd target = open_inside(step.place);
    if (!target) return failure(Call::OpenPlace);
    return change_mount(target.get(), 0, step.attributes, 0) ? CallFailure{} : failure(Call::SetAttributes);
  }

  // The old root ends up over the new one, where "." finds it once more, for the last time (pivot_root(2)).
  CallFailure enter() noexcept {
    parent_.reset();
    if (fchdir(root_.get()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return failure(Call::Pivot);
    // Our own files hid over the old root, so they are what "." finds first.
    if (store_ && umount2(".", MNT_DETACH) != 0) return failure(Call::DetachOldRoot);
    if (umount2(".", MNT_DETACH) != 0) return failure(Call::DetachOldRoot);
    if (!change_mount(root_.get(), 0, 0, MS_PRIVATE)) return failure(Call::Private);
    const UniqueFd directory = open_place(root_.get(), text(program_.directory), O_DIRECTORY, RESOLVE_IN_ROOT);
    if (!directory || fchdir(directory.get()) != 0) return failure(Call::EnterDirectory);
    return {};
  }

  [[nodiscard]] const char* text(PoolString at) const noexcept { return program_.text(at); }

  const ChildProgram& program_;
  UniqueFd root_;
  UniqueFd store_;
  UniqueFd parent_;
  PoolString parent_at_ = 0;
};

}  // namespace

CallFailure make_mounts(const ChildProgram& program) noexcept { return Mounter(program).run(); }

}  // namespace fence::launch
