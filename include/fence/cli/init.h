#pragma once
// The one file that fence writes by itself, and only when it is asked to.
#include <sys/types.h>

#include <optional>
#include <string_view>

#include "fence/util/path.h"

namespace fence {

/// Writes `text` into a new file with mode 0600, after making the directories that are missing with mode 0700. A file,
/// or whatever else stands in its place, is never touched; on failure, nothing is left that was not there before.
/// Refused where a directory on the way (from `home` on, where the file is below it) belongs to somebody other than
/// `uid` and root: under `sudo -E` the home directory is that of the user who called sudo, who could not change root's
/// file there.
Result<Ok> create_settings(const HostPath& file, const std::optional<HostPath>& home, uid_t uid, std::string_view text);

}  // namespace fence
