#include "mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fence/util/mount_calls.h"
#include "fence/util/result.h"
#include "new_mount.h"
#include "overlay.h"
#include "places.h"
#include "sources.h"

namespace fence::bwraprun {
namespace {

using namespace bwrapline;  // NOLINT(google-build-using-namespace): the actions

constexpr unsigned kPlain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

std::uint64_t attributes(Access access) noexcept {
  switch (access) {
    case Access::ReadOnly:
      return kPlain | MOUNT_ATTR_RDONLY;
    case Access::ReadWrite:
      return kPlain;
    case Access::Devices:
      return MOUNT_ATTR_NOSUID;
  }
  return kPlain | MOUNT_ATTR_RDONLY;
}

// What the host mounts later appears in a bind that can be written, with its own flags. In one that is read-only it
// would be writable, so there it does not appear.
std::uint64_t propagation(Access access) noexcept { return access == Access::ReadOnly ? MS_PRIVATE : 0; }

class Mounter {
 public:
  explicit Mounter(World& world) noexcept : world_(world), places_(root_) {}

  Failure run() noexcept {
    if (const Failure bad = begin(); bad.failed()) return bad;
    for (op_ = 0; op_ < world_.of.ops.size(); ++op_) {
      const Op& op = world_.of.ops[op_];
      Failure bad = std::visit([this, &op](const auto& action) noexcept { return carry_out(op, action); }, op.action);
      if (!bad.failed()) continue;
      bad.op = static_cast<std::uint32_t>(op_);
      return bad;
    }
    return enter();
  }

 private:
  Failure begin() noexcept {
    mount_attr slave{};
    slave.propagation = MS_SLAVE;
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave, sizeof slave) != 0) return failure(Failed::Slave);
    if (const Failure bad = find_sources(world_); bad.failed()) return bad;
    // Not shown by itself; what is shown of it are clones.
    store_ = new_mount("tmpfs", {{"mode", "0755"}}, kPlain);
    if (!store_ || !hide(store_.get())) return failure(Failed::BaseTmpfs);
    root_ = new_mount("tmpfs", {{"mode", "0755"}}, kPlain);
    if (!root_ || !hide(root_.get())) return failure(Failed::BaseTmpfs);
    base_.reset(fcntl(root_.get(), F_DUPFD_CLOEXEC, 3));
    return base_ ? Failure{} : failure(Failed::BaseTmpfs);
  }

  // Mounted over "/", where no path leads. An unbindable mount is left out of clones of "/" (mount_namespaces(7)).
  static bool hide(int mount) noexcept {
    return change_mount(mount, 0, 0, MS_UNBINDABLE) && attach_mount(mount, AT_FDCWD, "/");
  }

  // ---- mounting ----------------------------------------------------------------------------------------------------

  Failure attach(int mount, const Places::Target& target, Failed what) noexcept {
    if (!attach_mount(mount, target.fd.get(), target.name)) return failure(what);
    if (!target.is_root) return {};
    root_.reset(fcntl(mount, F_DUPFD_CLOEXEC, 3));
    return root_ ? Failure{} : failure(what);
  }

  Failure mount_on(const Op& op, UniqueFd mount, int failed_with, Failed what) noexcept {
    const Places::Target target = places_.directory(op.place.c_str(), op.parents_mode, 0755);
    if (!target.fd) return target.bad;
    if (!mount) return {what, failed_with};
    return attach(mount.get(), target, what);
  }

  Failure mount_new(const Op& op, const char* type, std::initializer_list<FsOption> options, unsigned flags,
                    Failed what) noexcept {
    UniqueFd mount = new_mount(type, options, flags);
    const int error = errno;
    return mount_on(op, std::move(mount), error, what);
  }

  Failure bind(const Op& op, const char* source, Access access) noexcept {
    const bool directory = world_.sources[op_].kind == SourceKind::Directory;
    const Places::Target target = directory ? places_.directory(op.place.c_str(), op.parents_mode, 0755)
                                            : places_.file(op.place.c_str(), op.parents_mode);
    if (!target.fd) return target.bad;
    const UniqueFd tree = clone_mount(AT_FDCWD, source, AT_RECURSIVE);
    if (!tree) return failure(Failed::Bind);
    if (!change_mount(tree.get(), AT_RECURSIVE, attributes(access), propagation(access))) {
      return failure(Failed::BindFlags);
    }
    return attach(tree.get(), target, Failed::Bind);
  }

  Failure carry_out(const Op& op, const BindPath& action) noexcept {
    if (world_.sources[op_].kind == SourceKind::Missing) return {};
    return bind(op, world_.sources[op_].names[0], action.access);
  }

  Failure carry_out(const Op& op, const BindOpen& action) noexcept {
    char path[PATH_MAX];
    if (!path_of(action.fd, path, sizeof path)) return failure(Failed::Source);
    struct stat wanted {
    }, found{};
    if (fstat(action.fd, &wanted) != 0) return failure(Failed::StatDescriptor);
    if (stat(path, &found) != 0) return failure(Failed::Source);
    if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino) return {Failed::BindRace, 0};
    return bind(op, path, action.access);
  }

  Failure carry_out(const Op& op, const RemountReadOnly&) noexcept {
    if (!places_.parents(op.place.c_str(), op.parents_mode)) return failure(Failed::Parents);
    const UniqueFd place = places_.open(op.place.c_str(), O_PATH);
    if (!place) return failure(Failed::RemountPlace);
    struct statx status {};
    if (statx(place.get(), "", AT_EMPTY_PATH, 0, &status) != 0) return failure(Failed::RemountPlace);
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return {Failed::NoMountPoint, 0};
    return change_mount(place.get(), 0, kPlain | MOUNT_ATTR_RDONLY, 0) ? Failure{} : failure(Failed::Remount);
  }

  Failure carry_out(const Op& op, const Overlay& action) noexcept {
    const Places::Target target = places_.directory(op.place.c_str(), op.parents_mode, 0755);
    if (!target.fd) return target.bad;
    // overlayfs makes clones of its own.
    if (!change_mount(store_.get(), 0, 0, MS_PRIVATE)) return failure(Failed::Overlay);
    const UniqueFd mount =
        make_overlay(action, world_.sources[op_].names, store_.get(), static_cast<std::uint32_t>(op_));
    if (!mount) return failure(Failed::Overlay);
    if (!change_mount(store_.get(), 0, 0, MS_UNBINDABLE)) return failure(Failed::Overlay);
    return attach(mount.get(), target, Failed::Overlay);
  }

  Failure carry_out(const Op& op, const Tmpfs& action) noexcept {
    const Digits mode(action.mode, 8), bytes(action.bytes.value_or(0), 10);
    return action.bytes ? mount_new(op, "tmpfs", {{"mode", mode.text()}, {"size", bytes.text()}}, kPlain, Failed::Tmpfs)
                        : mount_new(op, "tmpfs", {{"mode", mode.text()}}, kPlain, Failed::Tmpfs);
  }

  Failure carry_out(const Op& op, const Mqueue&) noexcept { return mount_new(op, "mqueue", {}, 0, Failed::Mqueue); }

  // ---- /proc and /dev ----------------------------------------------------------------------------------------------

  Failure carry_out(const Op& op, const Proc&) noexcept {
    const bool own = world_.of.namespaces.pid || world_.of.descriptors.pidns != -1;
    const Places::Target target = places_.directory(op.place.c_str(), op.parents_mode, 0755);
    if (!target.fd) return target.bad;
    const UniqueFd mount =
        own ? new_mount("proc", {}, kPlain | MOUNT_ATTR_NOEXEC) : clone_mount(AT_FDCWD, "/proc", AT_RECURSIVE);
    if (!mount) return failure(own ? Failed::Proc : Failed::Bind);
    if (!own && !change_mount(mount.get(), AT_RECURSIVE, kPlain, 0)) return failure(Failed::Bind);
    if (const Failure bad = attach(mount.get(), target, Failed::Proc); bad.failed()) return bad;
    std::uint32_t index = 0;
    for (const char* const name : kProcCovers) {
      if (!cover(mount.get(), name)) return {Failed::ProcCover, errno, kNoOp, index};
      ++index;
    }
    return {};
  }

  static bool cover(int proc, const char* name) noexcept {
    if (faccessat(proc, name, W_OK, 0) != 0) return errno == EACCES || errno == ENOENT || errno == EROFS;
    const UniqueFd tree = clone_mount(proc, name, AT_RECURSIVE);
    return tree && change_mount(tree.get(), AT_RECURSIVE, kPlain | MOUNT_ATTR_RDONLY, MS_PRIVATE) &&
           attach_mount(tree.get(), proc, name);
  }

  Failure carry_out(const Op& op, const Dev&) noexcept {
    const Places::Target target = places_.directory(op.place.c_str(), op.parents_mode, 0755);
    if (!target.fd) return target.bad;
    const UniqueFd dev = new_mount("tmpfs", {{"mode", "0755"}}, kPlain);
    if (!dev) return failure(Failed::DevTmpfs);
    if (const Failure bad = attach(dev.get(), target, Failed::DevTmpfs); bad.failed()) return bad;
    if (const Failure bad = fill_dev(dev.get()); bad.failed()) return bad;
    return world_.console.empty() ? Failure{} : show_console(dev.get());
  }

  static Failure fill_dev(int dev) noexcept {
    const UniqueFd host(open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (std::uint32_t i = 0; i < std::size(kDevNodes); ++i) {
      if (!make_file(dev, kDevNodes[i])) return {Failed::DevNode, errno, kNoOp, i};
      if (!show_device(host.get(), kDevNodes[i], dev, kDevNodes[i])) return {Failed::DevBind, errno, kNoOp, i};
    }
    for (std::uint32_t i = 0; i < std::size(kDevLinks); ++i) {
      if (symlinkat(kDevLinks[i].target, dev, kDevLinks[i].name) != 0) return {Failed::DevLink, errno, kNoOp, i};
    }
    if (mkdirat(dev, "shm", 0755) != 0) return failure(Failed::DevShm);
    if (mkdirat(dev, "pts", 0755) != 0) return failure(Failed::DevPts);
    const UniqueFd pts = new_mount("devpts", {{"newinstance", nullptr}, {"ptmxmode", "0666"}, {"mode", "620"}},
                                   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    return pts && attach_mount(pts.get(), dev, "pts") ? Failure{} : failure(Failed::DevPts);
  }

  Failure show_console(int dev) noexcept {
    if (!make_file(dev, "console")) return failure(Failed::DevConsole);
    return show_device(AT_FDCWD, world_.console.c_str(), dev, "console") ? Failure{} : failure(Failed::DevConsoleBind);
  }

  static bool make_file(int directory, const char* name) noexcept {
    return bool(UniqueFd(openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444)));
  }

  static bool show_device(int from, const char* source, int dev, const char* name) noexcept {
    const UniqueFd tree = clone_mount(from, source, AT_RECURSIVE);
    return tree && change_mount(tree.get(), AT_RECURSIVE, MOUNT_ATTR_NOSUID, 0) && attach_mount(tree.get(), dev, name);
  }

  // ---- files -------------------------------------------------------------------------------------------------------

  Failure carry_out(const Op& op, const Directory& action) noexcept {
    const Failure bad = places_.directory(op.place.c_str(), op.parents_mode, action.mode).bad;
    // A link that leads nowhere will do.
    return bad.what == Failed::MakeDirectory && bad.error == ENOENT ? Failure{} : bad;
  }

  Failure carry_out(const Op& op, const File& action) noexcept {
    if (!places_.parents(op.place.c_str(), op.parents_mode)) return failure(Failed::Parents);
    const UniqueFd file = places_.open(op.place.c_str(), O_WRONLY | O_CREAT | O_TRUNC, action.mode);
    if (!file) return failure(Failed::MakeFile);
    return use_up(action.fd, file.get()) ? Failure{} : failure(Failed::WriteFile);
  }

  Failure carry_out(const Op& op, const Data& action) noexcept {
    const Digits name(op_, 10);
    {
      const UniqueFd file(
          openat(store_.get(), name.text(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (!file) return failure(Failed::TemporaryFile);
      if (fchmod(file.get(), action.mode) != 0) return failure(Failed::TemporaryFile);
      if (!use_up(action.fd, file.get())) return failure(Failed::WriteFile);
    }
    const Places::Target target = places_.file(op.place.c_str(), op.parents_mode);
    if (!target.fd) return target.bad;
    if (!change_mount(store_.get(), 0, 0, MS_PRIVATE)) return failure(Failed::Bind);
    const UniqueFd tree = clone_mount(store_.get(), name.text(), 0);
    if (!tree || !change_mount(store_.get(), 0, 0, MS_UNBINDABLE)) return failure(Failed::Bind);
    if (action.read_only && !change_mount(tree.get(), 0, MOUNT_ATTR_RDONLY, 0)) return failure(Failed::BindFlags);
    if (const Failure bad = attach(tree.get(), target, Failed::Bind); bad.failed()) return bad;
    return unlinkat(store_.get(), name.text(), 0) == 0 ? Failure{} : failure(Failed::TemporaryFile);
  }

  // Whoever names the descriptor twice is told, and it does not become one of our own: nothing can be read from this
  // one.
  bool use_up(int from, int to) noexcept { return copy(from, to) && dup3(store_.get(), from, O_CLOEXEC) >= 0; }

  static bool copy(int from, int to) noexcept {
    char bytes[16384];
    for (;;) {
      ssize_t left = read(from, bytes, sizeof bytes);
      if (left < 0 && errno == EINTR) continue;
      if (left <= 0) return left == 0;
      for (const char* at = bytes; left > 0;) {
        const ssize_t wrote = write(to, at, static_cast<std::size_t>(left));
        if (wrote < 0 && errno != EINTR) return false;
        if (wrote < 0) continue;
        at += wrote;
        left -= wrote;
      }
    }
  }

  Failure carry_out(const Op& op, const Symlink& action) noexcept {
    const UniqueFd parent = places_.parents(op.place.c_str(), op.parents_mode);
    if (!parent) return failure(Failed::Parents);
    if (places_.name()[0] == '\0') return {Failed::LinkInTheWay, 0};
    if (symlinkat(action.target.c_str(), parent.get(), places_.name()) == 0) return {};
    if (errno != EEXIST) return failure(Failed::MakeLink);
    const ssize_t got = readlinkat(parent.get(), places_.name(), world_.existing.data(), world_.existing.size() - 1);
    if (got < 0) return errno == EINVAL ? Failure{Failed::LinkInTheWay, 0} : failure(Failed::MakeLink);
    world_.existing[static_cast<std::size_t>(got)] = '\0';
    const bool same = std::strcmp(action.target.c_str(), world_.existing.data()) == 0;
    return same ? Failure{} : Failure{Failed::LinkDiffers, 0};
  }

  Failure carry_out(const Op& op, const Chmod& action) noexcept {
    const UniqueFd place = places_.open(op.place.c_str(), O_PATH);
    if (!place) return failure(Failed::ChangeMode);
    // fchmod(2) takes no O_PATH descriptor, and fchmodat2(2) is of Linux 6.6.
    char path[sizeof "/proc/self/fd/" + 20] = "/proc/self/fd/";
    const Digits number(static_cast<std::uint64_t>(place.get()), 10);
    std::strcat(path, number.text());
    return chmod(path, action.mode) == 0 ? Failure{} : failure(Failed::ChangeMode);
  }

  Failure carry_out(const Op&, const Hostname& action) noexcept {
    return sethostname(action.name.data(), action.name.size()) == 0 ? Failure{} : failure(Failed::SetHostname);
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  // The old root ends up over the new one (pivot_root(2)), and over it what hid there: all of that goes, the topmost
  // first, until nothing is over the new root any more. What is over it can be reached by "..".
  Failure enter() noexcept {
    if (!change_mount(base_.get(), 0, 0, MS_PRIVATE)) return failure(Failed::Pivot);
    if (fchdir(root_.get()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return failure(Failed::Pivot);
    for (;;) {
      const UniqueFd top(open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!top) return failure(Failed::DetachOldRoot);
      if (places_.is_root(top.get())) break;
      if (umount2(".", MNT_DETACH) != 0) return failure(Failed::DetachOldRoot);
    }
    return chdir("/") == 0 ? Failure{} : failure(Failed::Pivot);
  }

  World& world_;
  UniqueFd root_;
  UniqueFd base_;   ///< the first root, which others may cover
  UniqueFd store_;  ///< our own files
  Places places_;
  std::size_t op_ = 0;
};

}  // namespace

Failure make_mounts(World& world) noexcept { return Mounter(world).run(); }

}  // namespace fence::bwraprun
