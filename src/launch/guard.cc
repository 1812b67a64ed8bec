#include "guard.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "descriptors.h"
#include "fence/util/text.h"
#include "processes.h"

namespace fence::launch {
namespace {

/// How long to wait for the kernel to give back the inotify instances of sandboxes that have ended (close_late).
constexpr std::int64_t kInstancePatienceMs = 2000;
constexpr useconds_t kInstancePollUs = 5000;

/// For one look; also on a machine that is busy.
constexpr std::int64_t kPatienceMs = 5000;

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

Error unguarded(std::string why) {
  return {.kind = ErrorKind::Host,
          .what = "ended the sandbox: it could no longer be kept as planned",
          .why = std::move(why),
          .hint = "start again; danger.unguardedMounts = true does without that process"};
}

// A lease for reading is given only while nobody has the file open for writing (fcntl(2)). It is asked for by
// descriptor: what was replaced once more by now may have been copied, with what was written into it.
bool open_for_writing(const UniqueFd& path) {
  const std::string link = "/proc/self/fd/" + std::to_string(path.get());
  const UniqueFd file(path ? open(link.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1);
  if (!file) return true;
  // Who opens it just now breaks the lease, and the signal for that is one that does nothing by default.
  fcntl(file.get(), F_SETSIG, SIGURG);
  if (fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return true;
  fcntl(file.get(), F_SETLEASE, F_UNLCK);
  return false;
}

int inotify_instance() {
  const std::int64_t end = now_ms() + kInstancePatienceMs;
  for (;;) {
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 || errno != EMFILE || now_ms() >= end) return fd;
    usleep(kInstancePollUs);
  }
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

std::string_view NameHistory::objection(Mark mark) const {
  if (gone_) return "it was removed, moved away or made anew outside";
  if (mark.renames > put_back_) return "it was replaced twice before it could be protected again";
  return {};
}

std::string_view NameHistory::objection_to_put_back() const {
  if (writes_ > harmless_writes_)
    return "it was replaced outside, and somebody, maybe the command, has written it since";
  return {};
}

Result<Guard> Guard::start(pid_t stage, int mountinfo, std::vector<GuardOrder> orders) {
  FENCE_TRY(Watcher watcher, Watcher::start(stage, mountinfo, orders));
  Guard guard(std::move(watcher));
  for (GuardOrder& order : orders) guard.guarded_.push_back({.order = std::move(order)});
  FENCE_TRY([[maybe_unused]] const Ok watched, guard.watch_names());
  return guard;
}

Result<Ok> Guard::confirm() { return watcher_.confirm(); }

// A mount point that is moved away is told by its directory only: without it a protection could be lost unseen.
Result<Ok> Guard::watch_names() {
  names_.set(UniqueFd(inotify_instance()));
  if (names_.get() < 0) return cannot_watch(guarded_.front().order.directory, errno);
  for (std::size_t i = 0; i < guarded_.size(); ++i) {
    const GuardOrder& order = guarded_[i].order;
    const int directory = inotify_add_watch(names_.get(), order.directory.c_str(), kEvents);
    if (directory < 0) return cannot_watch(order.directory, errno);
    by_name_[std::pair(directory, order.name)].push_back(i);
  }
  return Ok{};
}

std::optional<std::int64_t> Guard::deadline_ms() const {
  if (!asked_ms_) return std::nullopt;
  return *asked_ms_ + kPatienceMs;
}

void Guard::read_names() {
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t got = read(names_.get(), buffer, sizeof buffer);
    if (got <= 0) return;
    for (const char* at = buffer; at < buffer + got;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const std::string_view name(at + sizeof event, event.len == 0 ? 0 : std::strlen(at + sizeof event));
      take_event(event.wd, event.mask, name);
      at += sizeof event + event.len;
    }
  }
}

void Guard::take_event(int directory, std::uint32_t mask, std::string_view name) {
  if ((mask & IN_Q_OVERFLOW) != 0) overflow_ = true;
  const auto found = by_name_.find(std::pair(directory, std::string(name)));
  if (found == by_name_.end()) return;
  for (const std::size_t index : found->second) {
    NameHistory& history = guarded_[index].history;
    if ((mask & IN_CLOSE_WRITE) != 0) history.written();
    if ((mask & IN_MOVED_TO) != 0) history.moved_in();
    if ((mask & kGone) != 0) history.gone();
  }
}

std::optional<Error> Guard::look() {
  read_names();
  while (const auto message = watcher_.next()) {
    if (auto end = take(*message)) return end;
  }
  if (watcher_.gone()) return unguarded("the process that guards its mounts was killed");
  if (asked_ms_ && now_ms() >= *deadline_ms()) return unguarded("the process that guards its mounts does not answer");
  for (const Guarded& guarded : guarded_) {
    if (const auto why = guarded.history.objection({}); !why.empty()) return ending(guarded.order, std::string(why));
  }
  if (overflow_) {
    if (auto end = judge_overflow()) return end;
  }
  ask_if_owed();
  return std::nullopt;
}

std::optional<Error> Guard::take(const Watcher::Message& message) {
  const WatchReport& report = message.report;
  switch (report.kind) {
    case WatchReport::Kind::Ready:
    case WatchReport::Kind::Failed:
      break;
    case WatchReport::Kind::PutBack:
      return judge_put_back(guarded_[report.which], message.file);
    case WatchReport::Kind::Lost: {
      const std::string why =
          report.error == 0 ? "what is there now cannot be mounted on itself" : errno_text(report.error);
      return ending(guarded_[report.which].order, "it was replaced, removed or moved away outside (" + why + ")",
                    report.error);
    }
    case WatchReport::Kind::Looked:
      return judge_look();
  }
  return std::nullopt;
}

std::optional<Error> Guard::judge_put_back(Guarded& guarded, const UniqueFd& file) {
  guarded.history.put_back();
  if (guarded.order.remedy == Remedy::Protect && open_for_writing(file)) {
    return ending(guarded.order, "it was replaced outside, and somebody, maybe the command, has it open for writing");
  }
  // Only now: whoever closed the file before the lease was given has left his event by then.
  read_names();
  if (const auto why = guarded.history.objection_to_put_back(); !why.empty()) {
    return ending(guarded.order, std::string(why));
  }
  return std::nullopt;
}

std::optional<Error> Guard::judge_look() {
  asked_ms_.reset();
  for (Guarded& guarded : guarded_) {
    if (const auto why = guarded.history.objection(guarded.asked_at); !why.empty()) {
      return ending(guarded.order, std::string(why));
    }
    guarded.history.looked(guarded.asked_at);
  }
  return std::nullopt;
}

// A rename that was not told of may be the command's.
std::optional<Error> Guard::judge_overflow() const {
  for (const Guarded& guarded : guarded_) {
    if (!guarded.history.was_put_back() && !guarded.history.owes_a_look()) continue;
    return ending(guarded.order,
                  "it was replaced outside, and more happened in its directory than the kernel can tell of");
  }
  return std::nullopt;
}

// All that was noted before the question was sent is older than what the watcher then looks at.
void Guard::ask_if_owed() {
  if (asked_ms_) return;
  bool owed = false;
  for (Guarded& guarded : guarded_) {
    guarded.asked_at = guarded.history.mark();
    owed = owed || guarded.history.owes_a_look();
  }
  if (!owed) return;
  watcher_.ask();
  asked_ms_ = now_ms();
}

}  // namespace fence::launch
