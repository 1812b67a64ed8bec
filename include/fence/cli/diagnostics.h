#pragma once
// The only place that writes messages: standard error, as text or as one JSON object a line.
#include <memory>
#include <string_view>

#include "fence/cli/options.h"
#include "fence/util/result.h"

namespace spdlog {
class logger;
}

namespace fence {

/// The status of fence where it refused or failed, and the command was not run.
inline constexpr int kNotRunStatus = 125;

class Diagnostics {
 public:
  Diagnostics(LogFormat format, bool verbose);

  /// One error, in the grammar of util/result.h.
  void error(const Error& error) const;
  /// Something that the user should know: "fence: TEXT".
  void notice(std::string_view text) const;
  /// What to try after a command failed: "fence: hint: TEXT".
  void hint(std::string_view text) const;
  /// Something for -v only.
  void detail(std::string_view text) const;

  /// All errors, and for a run that nothing was run. Gives kNotRunStatus.
  int refuse(const Errors& errors, Subcommand subcommand) const;

 private:
  enum class Level : std::uint8_t { Detail, Notice, Hint, Error };
  void say(Level level, std::string_view text) const;

  LogFormat format_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace fence
