#include "fence/cli/init.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "fence/cli/files.h"
#include "fence/util/fd.h"
#include "fence/util/text.h"

namespace fence {
namespace {

Error cannot_write(const HostPath& path, int errno_value) {
  return {.kind = ErrorKind::Host,
          .what = "cannot write " + escape_bytes(path.text()),
          .why = errno_text(errno_value),
          .errno_value = errno_value};
}

Error exists_already(const HostPath& file) {
  return {.kind = ErrorKind::Host,
          .what = "cannot write " + escape_bytes(file.text()),
          .why = "it is there already",
          .hint = "edit it, or move it away first; `fence settings keys` lists what it can have"};
}

Error foreign_directory(const HostPath& file, const HostPath& directory, uid_t owner) {
  return {.kind = ErrorKind::Host,
          .what = "cannot write " + escape_bytes(file.text()),
          .why = escape_bytes(directory.text()) + " belongs to another user (uid " + std::to_string(owner) + ")",
          .hint = "run `fence init` as that user; under sudo, without sudo or with `sudo -H`"};
}

/// The directories from the first one to look at down to that of the file: from the home directory, or from the root
/// for a file elsewhere.
std::vector<HostPath> way_to(const HostPath& file, const std::optional<HostPath>& home) {
  std::vector<HostPath> way{file.parent()};
  const HostPath first = home && home->contains(file) && *home != file ? *home : HostPath::root();
  while (way.back() != first) way.push_back(way.back().parent());
  return {way.rbegin(), way.rend()};
}

/// Who owns what is at `path`, and what a link there leads to, if it is neither the caller nor root.
std::optional<uid_t> foreign_owner(const HostPath& path, uid_t uid) {
  struct stat own {
  }, real{};
  if (::lstat(path.text().c_str(), &own) != 0) return std::nullopt;
  if (own.st_uid != uid && own.st_uid != 0) return own.st_uid;
  if (::stat(path.text().c_str(), &real) != 0) return std::nullopt;
  if (real.st_uid != uid && real.st_uid != 0) return real.st_uid;
  return std::nullopt;
}

/// Directories that were made here; taken away again unless keep() is called.
class MadeDirectories {
 public:
  MadeDirectories() = default;
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;
  ~MadeDirectories() {
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) ::rmdir(path->text().c_str());
  }
  /// 0, or what the kernel refused with.
  int make(const HostPath& path) {
    if (::mkdir(path.text().c_str(), S_IRWXU) == 0) {
      made_.push_back(path);
      return 0;
    }
    return errno == EEXIST ? 0 : errno;
  }
  void keep() { made_.clear(); }

 private:
  std::vector<HostPath> made_;
};

/// Gives the file its name, if nothing has it: 0, or what the kernel refused with. renameat2(2) is not on every file
/// system, link(2) on most of the others.
int name_exclusively(const std::string& temporary, const std::string& name) {
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(temporary.c_str(), name.c_str()) != 0) return errno;
  ::unlink(temporary.c_str());
  return 0;
}

int fill(int fd, std::string_view text) {
  const int problem = write_all(fd, text);
  return problem == 0 && ::fsync(fd) != 0 ? errno : problem;
}

/// 0, or what the kernel refused with.
int write_and_rename(const HostPath& file, std::string_view text) {
  std::string temporary = file.parent().child(".settings.toml.XXXXXX").text();
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!fd) return errno;
  int problem = fill(fd.get(), text);
  if (problem == 0) problem = name_exclusively(temporary, file.text());
  if (problem != 0) ::unlink(temporary.c_str());
  return problem;
}

/// 0, or what the kernel refused with. A file that has no name until it is whole is not left behind when fence is
/// killed; not every file system has such files (open(2), O_TMPFILE).
int write_and_link(const HostPath& file, std::string_view text) {
  const UniqueFd fd(::open(file.parent().text().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd && (errno == EOPNOTSUPP || errno == EISDIR)) return write_and_rename(file, text);
  if (!fd) return errno;
  if (const int problem = fill(fd.get(), text); problem != 0) return problem;
  const std::string by_number = "/proc/self/fd/" + std::to_string(fd.get());
  if (::linkat(AT_FDCWD, by_number.c_str(), AT_FDCWD, file.text().c_str(), AT_SYMLINK_FOLLOW) == 0) return 0;
  return errno;
}

Result<Ok> write_new(const HostPath& file, std::string_view text) {
  const int problem = write_and_link(file, text);
  if (problem == 0) return Ok{};
  return problem == EEXIST ? exists_already(file) : cannot_write(file, problem);
}

}  // namespace

Result<Ok> create_settings(const HostPath& file, const std::optional<HostPath>& home, uid_t uid,
                           std::string_view text) {
  const std::vector<HostPath> way = way_to(file, home);
  for (const HostPath& directory : way) {
    if (const auto owner = foreign_owner(directory, uid)) return foreign_directory(file, directory, *owner);
  }
  struct stat status {};
  if (::lstat(file.text().c_str(), &status) == 0) return exists_already(file);
  // The home directory itself is not fence's to make.
  MadeDirectories made;
  for (std::size_t i = 1; i < way.size(); ++i) {
    if (const int problem = made.make(way[i]); problem != 0) return cannot_write(file, problem);
  }
  FENCE_TRY(const Ok written, write_new(file, text));
  made.keep();
  return written;
}

}  // namespace fence
