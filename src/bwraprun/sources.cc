#include "sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "fence/util/mount_calls.h"
#include "fence/util/result.h"
#include "new_mount.h"

namespace fence::bwraprun {
namespace {

using namespace bwrapline;  // NOLINT(google-build-using-namespace): the actions

SourceKind kind_of(const struct stat& status) noexcept {
  return S_ISDIR(status.st_mode) ? SourceKind::Directory : SourceKind::Other;
}

SourceKind kind_of(const char* path) noexcept {
  struct stat status {};
  return stat(path, &status) == 0 ? kind_of(status) : SourceKind::Missing;
}

// The name of what `fd` is open on; null: errno says why.
const char* name_of(World& world, int fd) noexcept {
  char* const name = world.next_text;
  if (!path_of(fd, name, PATH_MAX)) return nullptr;
  world.next_text += std::strlen(name) + 1;
  return name;
}

// Most paths have neither links nor "..", and then are their own names.
SourceKind find_plain(const char* path) noexcept {
  if (std::strstr(path, "..") != nullptr) return SourceKind::Missing;
  const UniqueFd fd = open_place(AT_FDCWD, path, 0, 0);
  struct stat status {};
  const bool plain = fd && fstat(fd.get(), &status) == 0 && !S_ISLNK(status.st_mode);
  return plain ? kind_of(status) : SourceKind::Missing;
}

Failure find(const BindPath& action, World& world, Source& source) noexcept {
  const char*& name = source.names[0];
  name = action.source.c_str();
  source.kind = find_plain(name);
  if (source.kind != SourceKind::Missing) return {};
  const UniqueFd fd(open(name, O_PATH | O_CLOEXEC));
  if (!fd) return action.optional && errno == ENOENT ? Failure{} : failure(Failed::Source);
  const char* const found = name_of(world, fd.get());
  if (found == nullptr) return failure(Failed::Source);
  // What a link of procfs leads to may have no path, like a namespace.
  if (found[0] == '/') name = found;
  source.kind = kind_of(name);
  return source.kind == SourceKind::Missing ? failure(Failed::Source) : Failure{};
}

Failure find(const BindOpen& action, World&, Source& source) noexcept {
  char path[PATH_MAX];
  if (!path_of(action.fd, path, sizeof path)) return failure(Failed::Source);
  source.kind = kind_of(path);
  return source.kind == SourceKind::Missing ? failure(Failed::Source) : Failure{};
}

Failure find(const Overlay& action, World& world, Source& source) noexcept {
  std::uint32_t index = 0;
  const auto missing = [&](const std::string& path) {
    const UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
    const char* const name = fd ? name_of(world, fd.get()) : nullptr;
    if (name != nullptr) source.names[index++] = name;
    return name == nullptr;
  };
  for (const std::string& layer : action.lower) {
    if (missing(layer)) return {Failed::Source, errno, kNoOp, index};
  }
  const auto* const upper = std::get_if<UpperDirectory>(&action.upper);
  if (upper != nullptr && (missing(upper->upper) || missing(upper->work))) {
    return {Failed::Source, errno, kNoOp, index};
  }
  return {};
}

template <class OtherAction>
Failure find(const OtherAction&, World&, Source&) noexcept {
  return {};
}

}  // namespace

Failure find_sources(World& world) noexcept {
  std::uint32_t index = 0;
  for (const Op& op : world.of.ops) {
    Source& source = world.sources[index];
    Failure bad = std::visit([&](const auto& action) noexcept { return find(action, world, source); }, op.action);
    bad.op = index++;
    if (bad.failed()) return bad;
  }
  return {};
}

bool path_of(int fd, char* path, std::size_t size) noexcept {
  char link[sizeof "/proc/self/fd/" + 20] = "/proc/self/fd/";
  const Digits number(static_cast<std::uint64_t>(fd), 10);
  std::strcat(link, number.text());
  const ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return true;
}

}  // namespace fence::bwraprun
