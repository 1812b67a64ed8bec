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

Source kind_of(const char* path) noexcept {
  struct stat status {};
  if (stat(path, &status) != 0) return Source::Missing;
  return S_ISDIR(status.st_mode) ? Source::Directory : Source::Other;
}

Failure find(const BindPath& action, Source& kind) noexcept {
  kind = kind_of(action.source.c_str());
  if (kind != Source::Missing || (action.optional && errno == ENOENT)) return {};
  return failure(Failed::Source);
}

Failure find(const BindOpen& action, Source& kind) noexcept {
  char path[PATH_MAX];
  if (!path_of(action.fd, path, sizeof path)) return failure(Failed::Source);
  kind = kind_of(path);
  return kind == Source::Missing ? failure(Failed::Source) : Failure{};
}

Failure find(const Overlay& action, Source&) noexcept {
  std::uint32_t index = 0;
  const auto missing = [&index](const std::string& path) {
    const bool is_missing = kind_of(path.c_str()) == Source::Missing;
    if (!is_missing) ++index;
    return is_missing;
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
Failure find(const OtherAction&, Source&) noexcept {
  return {};
}

}  // namespace

Failure find_sources(World& world) noexcept {
  std::uint32_t index = 0;
  for (const Op& op : world.of.ops) {
    Source& kind = world.sources[index];
    Failure bad = std::visit([&kind](const auto& action) noexcept { return find(action, kind); }, op.action);
    bad.op = index++;
    if (bad.failed()) return bad;
  }
  return {};
}

UniqueFd clone_source(const char* path) noexcept {
  UniqueFd tree = clone_mount(AT_FDCWD, path, AT_RECURSIVE);
  if (tree || errno != EINVAL) return tree;
  // A link of procfs leads to a mount of the caller's namespace, of which no copy can be made here; its name leads to
  // the same place in ours.
  const UniqueFd there(open(path, O_PATH | O_CLOEXEC));
  char name[PATH_MAX];
  if (!there || !path_of(there.get(), name, sizeof name)) return {};
  return clone_mount(AT_FDCWD, name, AT_RECURSIVE);
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
