#include "fence/util/limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::array kLimits = {
    LimitRow{Limit::OpenFiles, "nofile", LimitUnit::Count, RLIMIT_NOFILE,
             "descriptors of each process; opening one more fails"},
    LimitRow{Limit::Processes, "nproc", LimitUnit::Count, RLIMIT_NPROC,
             "processes and threads inside, fence's own among them; making one more fails"},
    LimitRow{Limit::AddressSpace, "as", LimitUnit::Bytes, RLIMIT_AS,
             "virtual memory of each process; allocating more fails"},
    LimitRow{Limit::FileSize, "fsize", LimitUnit::Bytes, RLIMIT_FSIZE,
             "size of a file that a process writes; past it the process gets SIGXFSZ"},
    LimitRow{Limit::CpuTime, "cpu", LimitUnit::Seconds, RLIMIT_CPU,
             "processor time of each process; past it the process is killed"},
    LimitRow{Limit::CoreSize, "core", LimitUnit::Bytes, RLIMIT_CORE,
             "core files, which would hold what the command had in memory: too little for one, and with 1 byte, unlike "
             "0, the kernel starts no program for it"},
    LimitRow{Limit::WallTime, "wallTime", LimitUnit::Seconds, std::nullopt,
             "time since the start; past it everything inside gets SIGTERM, and SIGKILL 5 s later"},
    LimitRow{Limit::Pids, "pids", LimitUnit::Count, std::nullopt,
             "processes and threads of all that runs inside; making one more fails", "pids"},
    LimitRow{Limit::Memory, "memory", LimitUnit::Bytes, std::nullopt,
             "memory of all that runs inside, private directories in memory included; past it everything is killed",
             "memory"},
    LimitRow{Limit::Cpus, "cpus", LimitUnit::Processors, std::nullopt,
             "processors that all that runs inside keeps busy; past it everything waits", "cpu"},
};

std::string seconds_text(std::uint64_t seconds) {
  constexpr std::uint64_t kMinute = 60, kHour = 3600;
  if (seconds >= kHour && seconds % kHour == 0) return std::to_string(seconds / kHour) + " h";
  if (seconds >= kMinute && seconds % kMinute == 0) return std::to_string(seconds / kMinute) + " min";
  return std::to_string(seconds) + " s";
}

}  // namespace

std::span<const LimitRow> limit_table() noexcept { return kLimits; }

const LimitRow& limit_row(Limit limit) noexcept { return kLimits[static_cast<std::size_t>(limit)]; }

std::optional<Limit> find_limit(std::string_view name) noexcept {
  const auto* row = std::ranges::find(kLimits, name, &LimitRow::name);
  return row == kLimits.end() ? std::nullopt : std::optional(row->limit);
}

std::string limit_text(Limit limit, std::uint64_t value) {
  switch (limit_row(limit).unit) {
    case LimitUnit::Count:
      return std::to_string(value);
    case LimitUnit::Bytes:
      return size_text(value);
    case LimitUnit::Seconds:
      return seconds_text(value);
    case LimitUnit::Processors:
      return thousandths_text(value);
  }
  return "";
}

std::string thousandths_text(std::uint64_t thousandths) {
  std::string text = std::to_string(thousandths / kThousandths);
  const std::uint64_t rest = thousandths % kThousandths;
  if (rest == 0) return text;
  // A digit in front keeps the zeros of the fraction.
  text += "." + std::to_string(kThousandths + rest).substr(1);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

}  // namespace fence
