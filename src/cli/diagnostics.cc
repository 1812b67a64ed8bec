#include "fence/cli/diagnostics.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <nlohmann/json.hpp>

namespace fence {
namespace {

std::string_view kind_name(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::Usage:
      return "usage";
    case ErrorKind::Config:
      return "config";
    case ErrorKind::Conflict:
      return "conflict";
    case ErrorKind::Host:
      return "host";
    case ErrorKind::Unsupported:
      return "unsupported";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

nlohmann::ordered_json origin_json(const Origin& origin) {
  nlohmann::ordered_json out{{"layer", layer_name(origin.layer)}, {"source", origin.source}};
  if (origin.line != 0) out["line"] = origin.line;
  if (origin.column != 0) out["column"] = origin.column;
  return out;
}

nlohmann::ordered_json error_json(const Error& error) {
  nlohmann::ordered_json out{{"message", error.what}, {"kind", kind_name(error.kind)}};
  if (!error.why.empty()) out["why"] = error.why;
  if (error.errno_value != 0) out["errno"] = error.errno_value;
  if (error.origin) out["origin"] = origin_json(*error.origin);
  if (!error.context.empty()) out["context"] = error.context;
  if (!error.hint.empty()) out["hint"] = error.hint;
  return out;
}

/// The members of an object without its opening brace: the pattern below writes that, the time and the level.
std::string members(const nlohmann::ordered_json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(1);
}

constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v)";

}  // namespace

Diagnostics::Diagnostics(LogFormat format, bool verbose)
    : format_(format),
      logger_(std::make_shared<spdlog::logger>("fence", std::make_shared<spdlog::sinks::stderr_sink_st>())) {
  logger_->set_pattern(format == LogFormat::Json ? kJsonPattern : "%v");
  logger_->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
}

void Diagnostics::error(const Error& error) const {
  logger_->error(format_ == LogFormat::Json ? members(error_json(error)) : to_string(error));
}

void Diagnostics::say(Level level, std::string_view text) const {
  const std::string_view marker = level == Level::Hint ? "hint: " : "";
  const auto severity = level == Level::Detail  ? spdlog::level::debug
                        : level == Level::Error ? spdlog::level::err
                                                : spdlog::level::info;
  if (!logger_->should_log(severity)) return;
  if (format_ == LogFormat::Json) {
    logger_->log(severity, members({{level == Level::Hint ? "hint" : "message", text}}));
  } else {
    logger_->log(severity, "fence: " + std::string(marker) + std::string(text));
  }
}

void Diagnostics::notice(std::string_view text) const { say(Level::Notice, text); }
void Diagnostics::hint(std::string_view text) const { say(Level::Hint, text); }
void Diagnostics::detail(std::string_view text) const { say(Level::Detail, text); }

int Diagnostics::refuse(const Errors& errors, Subcommand subcommand) const {
  for (const Error& each : errors) error(each);
  if (subcommand == Subcommand::Run) say(Level::Error, "nothing was run");
  return kNotRunStatus;
}

}  // namespace fence
