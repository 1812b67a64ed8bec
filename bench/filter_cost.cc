// What the default filter of system calls costs the command: the same loops without a filter, with the two groups of
// the profile "minimal", and with the default one, in turn. That there is a filter costs something; how much it says
// should not. Ends with 1 where the default one is past the bound beside the other.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <vector>

#include "fence/seccomp/seccomp.h"

namespace {

using fence::BpfInstruction;
using fence::FilterLevel;

constexpr int kRounds = 15;
constexpr double kBound = 1.10;

std::vector<BpfInstruction> filter_up_to(FilterLevel level) {
  fence::FilterRules rules{{}, false};
  for (const fence::FilterGroup& group : fence::filter_groups()) {
    if (group.level > level) continue;
    rules.refuse_unknown = rules.refuse_unknown || group.unknown_calls;
    for (const fence::FilterRow& row : group.rows) {
      if (row.number >= 0) rules.refusals.push_back({row.number, row.tests, row.error});
    }
  }
  return fence::compile_filter(rules);
}

struct Loop {
  const char* name;
  int times;
  void (*once)();
};
// The kernel remembers what passes whatever its arguments (Linux 5.11); of the others the program runs.
const Loop kLoops[] = {
    {"getppid", 500'000, [] { syscall(SYS_getppid); }},
    {"openat and close", 100'000, [] { close(open("/dev/null", O_RDONLY | O_CLOEXEC)); }},
    {"ioctl", 300'000, [] { ioctl(-1, FIONREAD, nullptr); }},
    {"socket and close", 50'000, [] { close(socket(AF_UNIX, SOCK_STREAM, 0)); }},
};

void load(const std::vector<BpfInstruction>& program) {
  auto bytes = fence::filter_bytes(program);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), reinterpret_cast<sock_filter*>(bytes.data())};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) {
    _exit(1);
  }
}

/// Nanoseconds of one turn, in a process of its own.
double measure(const Loop& loop, const std::optional<std::vector<BpfInstruction>>& program) {
  int result[2];
  double nanoseconds = 0;
  if (pipe(result) != 0) return 0;
  const pid_t child = fork();
  if (child == 0) {
    if (program) load(*program);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < loop.times; ++i) loop.once();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    nanoseconds = taken.count() / loop.times;
    _exit(write(result[1], &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds ? 0 : 1);
  }
  if (read(result[0], &nanoseconds, sizeof nanoseconds) != sizeof nanoseconds) nanoseconds = 0;
  waitpid(child, nullptr, 0);
  close(result[0]);
  close(result[1]);
  return nanoseconds;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main() {
  const auto minimal = filter_up_to(FilterLevel::Minimal), standard = filter_up_to(FilterLevel::Default);
  std::printf("instructions: minimal %zu, default %zu\n%-20s %12s %12s %12s   default to none, to minimal\n",
              minimal.size(), standard.size(), "one turn", "no filter", "minimal", "default");
  bool past = false;
  for (const Loop& loop : kLoops) {
    std::vector<double> without, few, all, to_none, to_few;
    for (int round = 0; round < kRounds; ++round) {
      without.push_back(measure(loop, std::nullopt));
      few.push_back(measure(loop, minimal));
      all.push_back(measure(loop, standard));
      to_none.push_back(all.back() / without.back());
      to_few.push_back(all.back() / few.back());
    }
    const double ratio = median(to_few);
    past = past || ratio > kBound;
    std::printf("%-20s %9.0f ns %9.0f ns %9.0f ns   %.2f, %.2f (bound %.2f)\n", loop.name, median(without), median(few),
                median(all), median(to_none), ratio, kBound);
  }
  return past ? 1 : 0;
}
