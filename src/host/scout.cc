#include "scout.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "fence/host/probe.h"
#include "scout_work.h"

namespace fence {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongestTick{50}, kShortestTick{5};
constexpr milliseconds kProgressTime{1000};
constexpr milliseconds kEndTime{200};

[[noreturn]] void fail(const char* call, int error) {
  throw ProbeFailure({.kind = ErrorKind::Host,
                      .what = "cannot look at this host",
                      .why = std::string(call) + ": " + errno_text(error),
                      .errno_value = error,
                      .hint = error == EAGAIN   ? "end other processes, or allow more of them: ulimit -u"
                              : error == EMFILE ? "close descriptors, or allow more of them: ulimit -n"
                                                : ""});
}

LookPage* shared_page() {
  void* memory = ::mmap(nullptr, sizeof(LookPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap", errno);
  return new (memory) LookPage;
}

/// Whether a look takes too long. Time in which the whole machine, or fence, stood still does not count: each tick adds
/// as much as it should have taken at most.
class LookTimer {
 public:
  LookTimer(const LookPage& page, milliseconds limit)
      : page_(page), limit_(limit), tick_(std::clamp(limit / 16, kShortestTick, kLongestTick)) {}

  [[nodiscard]] milliseconds tick() const noexcept { return tick_; }
  [[nodiscard]] std::uint64_t look() const noexcept { return look_; }

  bool is_over() {
    const Clock::time_point now = Clock::now();
    const auto passed = std::min<Clock::duration>(now - last_, 2 * tick_);
    last_ = now;
    const std::uint64_t look = page_.count.load(std::memory_order_acquire);
    if (look != look_ || !page_.looking.load(std::memory_order_acquire)) {
      look_ = look;
      spent_ = {};
    } else {
      spent_ += passed;
    }
    return spent_ >= limit_;
  }
  void start_again() noexcept { spent_ = {}; }

 private:
  const LookPage& page_;
  milliseconds limit_, tick_;
  Clock::time_point last_ = Clock::now();
  std::uint64_t look_ = 0;
  Clock::duration spent_{};
};

/// Tells of a walk each second.
class ProgressTimer {
 public:
  ProgressTimer(const LookPage& page, const WalkProgress& progress) : page_(page), progress_(progress) {}

  void look() {
    if (!progress_ || !page_.walking.load(std::memory_order_acquire)) return;
    const Clock::time_point now = Clock::now();
    if (!next_) next_ = now + kProgressTime;
    if (now < *next_) return;
    if (const auto at = looked_at(page_)) at_ = *at;
    *next_ += kProgressTime;
    progress_(page_.entries.load(std::memory_order_relaxed), at_);
  }

 private:
  const LookPage& page_;
  const WalkProgress& progress_;
  std::optional<Clock::time_point> next_;
  HostPath at_ = HostPath::root();
};

[[noreturn]] void be_scout(pid_t parent, int socket, LookPage& page, HostFacts& facts) {
  int status = 0;
  try {
    become_dependent(parent, socket);
    answer_requests(socket, page, facts);
  } catch (...) {
    // Fence sees that the answer does not come.
    status = 1;
  }
  ::_exit(status);
}

}  // namespace

void Scout::Unmap::operator()(LookPage* page) const noexcept { ::munmap(page, sizeof(LookPage)); }

Scout::Scout(HostFacts& facts) : page_(shared_page()) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    fail("socketpair", errno);
  }
  socket_.reset(ends[0]);
  const UniqueFd far_end(ends[1]);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork", errno);
  if (pid_ == 0) be_scout(parent, far_end.get(), *page_, facts);
  answers_.emplace(socket_.get());
}

Scout::~Scout() {
  socket_.reset();
  if (pid_ > 0 && !reap(pid_, kEndTime)) static_cast<void>(kill_and_reap(pid_));
}

ScoutOutcome Scout::ask(const wire::Request& request, milliseconds look_time, const WalkProgress& progress) {
  if (!send_frame(socket_.get(), encode(request))) return ScoutEnded{};
  LookTimer timer(*page_, look_time);
  ProgressTimer walk(*page_, progress);
  while (true) {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(timer.tick().count())) > 0) {
      switch (answers_->read(false)) {
        case FrameReader::State::Complete:
          return wire::decode_answer(answers_->take());
        case FrameReader::State::Gone:
          return ScoutEnded{};
        case FrameReader::State::Waiting:
          break;
      }
    }
    walk.look();
    if (!timer.is_over()) continue;
    // On a machine that is busy it may just not have had its turn.
    if (!is_blocked(pid_)) {
      timer.start_again();
    } else {
      return abandon(timer.look());
    }
  }
}

ScoutOutcome Scout::abandon(std::uint64_t look) {
  static_cast<void>(kill_and_reap(std::exchange(pid_, -1)));
  const std::optional<HostPath> at = looked_at(*page_);
  // The look came back in the last moment: nothing is known of another one.
  if (!at || page_->count.load(std::memory_order_acquire) != look) return ScoutEnded{};
  return Abandoned{*at};
}

}  // namespace fence
