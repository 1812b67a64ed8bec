#include "guard.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "descriptors.h"
#include "fence/util/text.h"
#include "processes.h"

namespace fence::launch {
namespace {

/// Longer than from a write to the notice of the loss before it, also on a machine that is busy.
constexpr std::int64_t kSuspicionMs = 1000;
/// Looks one after another, while somebody outside goes on replacing a file.
constexpr int kRounds = 64;

constexpr std::uint32_t kGone = IN_CREATE | IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t kEvents = kGone | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR;

std::string host_path(const GuardOrder& order) {
  return order.directory == "/" ? "/" + order.name : order.directory + "/" + order.name;
}

Error ending(const GuardOrder& order, std::string why, int errno_value = 0) {
  const std::string path = escape_bytes(host_path(order));
  return {.kind = ErrorKind::Host,
          .what = "ended the sandbox: " + path + " was no longer " +
                  (order.remedy == Remedy::Mask ? "hidden from" : "protected from") + " the command",
          .why = std::move(why),
          .errno_value = errno_value,
          .hint = "look at it before you use it; danger.unguardedMounts = true lets commands go on in such a case"};
}

// A lease for reading is given only while nobody has the file open for writing (fcntl(2)).
bool open_for_writing(const Loss& loss, const GuardOrder& order) {
  const UniqueFd file(open(host_path(order).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return errno != ENOENT;
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return true;
  // Replaced again: nobody will read this one.
  if (status.st_dev != loss.device || status.st_ino != loss.inode) return false;
  // Who opens it just now breaks the lease, and the signal for that is one that does nothing by default.
  fcntl(file.get(), F_SETSIG, SIGURG);
  if (fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return true;
  fcntl(file.get(), F_SETLEASE, F_UNLCK);
  return false;
}

// inotify(7) has limits for each user, over all of his programs.
Error cannot_watch(const std::string& directory, int errno_value) {
  Error error = system_error("cannot watch " + escape_bytes(directory) + " for what is replaced there", errno_value);
  switch (errno_value) {
    case EMFILE:
      error.hint = "sysctl fs.inotify.max_user_instances with a higher number, or ulimit -n";
      break;
    case ENOSPC:
      error.hint = "sysctl fs.inotify.max_user_watches with a higher number";
      break;
    case EACCES:
      error.hint = "chmod u+r " + shell_quote(directory);
      break;
    default:
      error.hint = "danger.unguardedMounts = true does without";
  }
  return error;
}

}  // namespace

std::string_view NameHistory::objection(std::uint32_t renames) const {
  if (gone_) return "it was removed, moved away or made anew outside";
  if (renames > put_back_) return "it was replaced twice before it could be protected again";
  return {};
}

std::string_view NameHistory::objection_to_put_back(std::int64_t now_ms) const {
  if (written_ms_ && now_ms - *written_ms_ < kSuspicionMs) {
    return "it was replaced outside, and somebody, maybe the command, has written it since";
  }
  return {};
}

Result<Guard> Guard::start(pid_t stage, UniqueFd mountinfo, std::vector<GuardOrder> orders) {
  FENCE_TRY(Namespaces namespaces, open_namespaces(stage));
  Guard guard(std::move(mountinfo), std::move(namespaces));
  guard.orders_ = std::move(orders);
  for (const GuardOrder& order : guard.orders_) guard.guarded_.push_back({.order = order});
  FENCE_TRY([[maybe_unused]] const Ok watched, guard.watch());
  return guard;
}

// A mount point that is moved away is told by its directory only: without it a protection could be lost unseen.
Result<Ok> Guard::watch() {
  names_.reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!names_) return cannot_watch(orders_.front().directory, errno);
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const int directory = inotify_add_watch(names_.get(), orders_[i].directory.c_str(), kEvents);
    if (directory < 0) return cannot_watch(orders_[i].directory, errno);
    by_name_.emplace(std::pair(directory, orders_[i].name), i);
  }
  return Ok{};
}

void Guard::stop_putting_back() {
  for (GuardOrder& order : orders_) order.remedy = Remedy::End;
}

// True where a guarded name has come or gone.
bool Guard::read_names() {
  bool concerns_us = false;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t got = names_ ? read(names_.get(), buffer, sizeof buffer) : -1;
    if (got <= 0) return concerns_us;
    for (const char* at = buffer; at < buffer + got;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const std::string_view name(at + sizeof event, event.len == 0 ? 0 : std::strlen(at + sizeof event));
      concerns_us |= take_event(event.wd, event.mask, name);
      at += sizeof event + event.len;
    }
  }
}

bool Guard::take_event(int directory, std::uint32_t mask, std::string_view name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    stop_putting_back();
    return true;
  }
  const auto found = by_name_.find(std::pair(directory, std::string(name)));
  if (found == by_name_.end()) return false;
  NameHistory& history = guarded_[found->second].history;
  if ((mask & IN_CLOSE_WRITE) != 0) history.written(now_ms());
  if ((mask & IN_MOVED_TO) != 0) history.moved_in();
  if ((mask & kGone) != 0) history.gone();
  return (mask & (kGone | IN_MOVED_TO)) != 0;
}

std::optional<Error> Guard::look(bool mounts_changed) {
  if (!read_names() && !mounts_changed) return std::nullopt;
  bool again = true;
  for (int left = kRounds; again; --left) {
    again = false;
    if (left == 0) return ending(orders_.front(), "files are replaced outside faster than they can be protected");
    if (auto end = look_once(again)) return end;
  }
  return std::nullopt;
}

std::optional<Error> Guard::look_once(bool& again) {
  for (Guarded& guarded : guarded_) guarded.seen_renames = guarded.history.renames();
  const auto losses = put_back_lost(namespaces_, orders_);
  if (!losses) return ending(guarded_.front().order, "fence could not look at the sandbox's mounts");
  for (const Loss& loss : *losses) {
    if (loss.put_back) guarded_[loss.order].history.put_back();
  }
  read_names();
  if (auto end = judge(*losses)) return end;
  for (const Guarded& guarded : guarded_) {
    if (const std::string_view why = guarded.history.objection(guarded.seen_renames); !why.empty()) {
      return ending(guarded.order, std::string(why));
    }
    again = again || guarded.history.owes_a_look();
  }
  return std::nullopt;
}

std::optional<Error> Guard::judge(const std::vector<Loss>& losses) const {
  for (const Loss& loss : losses) {
    const Guarded& guarded = guarded_[loss.order];
    if (!loss.put_back) {
      const std::string reason =
          loss.error == 0 ? "what is there now cannot be mounted on itself" : errno_text(loss.error);
      return ending(guarded.order, "it was replaced, removed or moved away outside (" + reason + ")", loss.error);
    }
    const std::string_view why = guarded.history.objection_to_put_back(now_ms());
    if (!why.empty()) return ending(guarded.order, std::string(why));
    if (guarded.order.remedy == Remedy::Protect && open_for_writing(loss, guarded.order)) {
      return ending(guarded.order, "it was replaced outside, and somebody, maybe the command, has it open for writing");
    }
  }
  return std::nullopt;
}

}  // namespace fence::launch
