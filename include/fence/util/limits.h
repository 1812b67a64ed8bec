#pragma once
// What a command may use at most, by name: settings ask for these, the plan shows them, the launch sets them.
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fence {

/// The order is that of limit_table().
enum class Limit : std::uint8_t {
  OpenFiles,     ///< RLIMIT_NOFILE: one more than the highest descriptor number; of each process
  Processes,     ///< RLIMIT_NPROC: processes and threads of the sandbox, its init and its guard among them
  AddressSpace,  ///< RLIMIT_AS: bytes of virtual memory of each process
  FileSize,      ///< RLIMIT_FSIZE: bytes up to which a process may write a file
  CpuTime,       ///< RLIMIT_CPU: seconds of processor time of each process
  CoreSize,      ///< RLIMIT_CORE: bytes of a core file; no setting
  WallTime,      ///< seconds from the start of the command, suspended time included
  Pids,          ///< pids.max: processes and threads of the whole sandbox, fence's own inside not counted
  Memory,        ///< memory.max: bytes of the whole sandbox, swap not used
  Cpus,          ///< cpu.max: thousandths of a processor, for the whole sandbox
};

enum class LimitUnit : std::uint8_t { Count, Bytes, Seconds, Processors };

struct LimitRow {
  Limit limit;
  std::string_view name;  ///< as the settings spell it, below "limits."
  LimitUnit unit;
  /// Of setrlimit(2); nothing: a control group or fence itself keeps it.
  std::optional<int> resource;
  std::string_view meaning;       ///< a phrase: what is counted, and what happens past it
  std::string_view controller{};  ///< that keeps it for a control group (cgroups(7), version 2); "": none does
};
/// One row for each Limit, in its order.
std::span<const LimitRow> limit_table() noexcept;
const LimitRow& limit_row(Limit limit) noexcept;
std::optional<Limit> find_limit(std::string_view name) noexcept;

/// Stands for no limit at all; above every other value. (RLIM_INFINITY of the kernel's 64-bit calls.)
inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// "100", "512 MiB", "10 min", "1.5".
std::string limit_text(Limit limit, std::uint64_t value);

inline constexpr std::uint64_t kThousandths = 1000;
/// 1500 as "1.5".
std::string thousandths_text(std::uint64_t thousandths);

}  // namespace fence
