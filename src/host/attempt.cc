#include "attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "fence/util/text.h"
#include "parse.h"

namespace fence {
namespace {

constexpr std::size_t kMaxReportBytes = 512;

// "VERSION" or "ERRNO STEP".
std::string report_of(const AttemptResult& result) {
  return std::visit(Overloaded{[](std::uint32_t version) { return std::to_string(version); },
                               [](const AbilityLacking& lacking) {
                                 return std::to_string(lacking.errno_value) + " " + lacking.step;
                               }},
                    result);
}

AttemptResult read_report(std::string_view report) {
  const auto blank = report.find(' ');
  const auto number = parse_number(report.substr(0, blank));
  if (!number) return AbilityLacking{"running a process", 0};
  if (blank == std::string_view::npos) return static_cast<std::uint32_t>(*number);
  return AbilityLacking{std::string(report.substr(blank + 1)), static_cast<int>(*number)};
}

[[noreturn]] void try_and_report(pid_t parent, int output, const std::function<AttemptResult()>& work) {
  become_dependent(parent, output);
  try {
    const std::string report = report_of(work());
    // A report is smaller than what a pipe takes at once.
    static_cast<void>(!::write(output, report.data(), report.size()));
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

AbilityLacking refused(std::string step) {
  const int errno_value = errno;
  return {std::move(step), errno_value};
}

Attempt::Attempt(const std::function<AttemptResult()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    not_started_ = refused("pipe");
    return;
  }
  reader_.reset(ends[0]);
  const UniqueFd writer(ends[1]);
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) not_started_ = refused("fork");
  if (child_ == 0) try_and_report(parent, writer.get(), work);
}

Attempt::~Attempt() {
  if (child_ > 0) static_cast<void>(kill_and_reap(child_));
}

AttemptResult Attempt::result(std::chrono::milliseconds time) {
  if (not_started_) return *std::move(not_started_);
  pollfd ready{.fd = reader_.get(), .events = POLLIN, .revents = 0};
  int count = 0;
  while ((count = ::poll(&ready, 1, static_cast<int>(time.count()))) < 0 && errno == EINTR) {
  }
  std::array<char, kMaxReportBytes> report;
  const ssize_t size = count > 0 ? ::read(reader_.get(), report.data(), report.size()) : 0;
  static_cast<void>(kill_and_reap(std::exchange(child_, -1)));
  if (count <= 0) return AbilityLacking{"waiting for an answer of the kernel", ETIMEDOUT};
  return read_report(std::string_view(report.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
}

AttemptResult attempt(const std::function<AttemptResult()>& work, std::chrono::milliseconds time) {
  const KeepZombies keep;
  return Attempt(work).result(time);
}

}  // namespace fence
