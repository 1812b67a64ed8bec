#include "fence/cli/read_settings.h"

#include <algorithm>
#include <cerrno>

#include "fence/cli/request.h"
#include "fence/facts/resolve.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::uint32_t kOthersWrite = 022;

/// True where only root can change the file: it binds everybody, so that the caller's own file will not do.
bool belongs_to_root(const HostPath& path, const HostFacts& facts) {
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, path);
  const auto* found = std::get_if<Found>(&resolution);
  if (found == nullptr) return false;
  if (!maps_root(facts.caller)) return found->fact.mount.read_only;
  return found->fact.uid == 0 && (found->fact.mode & kOthersWrite) == 0;
}

/// Where the text of a settings file comes from.
class SettingsReader {
 public:
  SettingsReader(const CommandLine& line, HostProber& prober, HostFacts& facts, const Diagnostics& say)
      : replay_(line.facts_file.has_value()), prober_(prober), facts_(facts), say_(say) {}

  TextFact read(const HostPath& path) {
    if (!replay_) return look(path);
    if (const auto known = facts_.texts.find(path); known != facts_.texts.end()) return known->second;
    errors_.push_back(facts_do_not_tell("the content of " + escape_bytes(path.text())));
    return Absent{};
  }
  [[nodiscard]] Errors take_errors() { return std::move(errors_); }
  /// Which mounts did not answer, one for each text that could not be had for that, in the order of reading.
  [[nodiscard]] const std::vector<std::string>& unanswered() const noexcept { return unanswered_; }

 private:
  TextFact look(const HostPath& path) {
    say_.detail("reading " + escape_bytes(path.text()));
    TextFact text = prober_.read_settings_text(path, facts_);
    if (path == system_settings_file() && std::holds_alternative<std::string>(text) && !belongs_to_root(path, facts_)) {
      text = Unreadable{EPERM};
      facts_.texts.insert_or_assign(path, text);
    }
    const auto* refused = std::get_if<Unreadable>(&text);
    if (refused != nullptr && refused->errno_value == ETIMEDOUT)
      unanswered_.push_back(refusal_text(facts_, path, ETIMEDOUT));
    return text;
  }

  bool replay_;
  HostProber& prober_;
  HostFacts& facts_;
  const Diagnostics& say_;
  Errors errors_;
  std::vector<std::string> unanswered_;
};

/// Only here is known which mount it was.
void name_mounts(Errors& errors, const std::vector<std::string>& mounts) {
  auto mount = mounts.begin();
  for (Error& error : errors) {
    if (error.errno_value == ETIMEDOUT && mount != mounts.end()) error.why = *mount++;
  }
}

}  // namespace

Error facts_do_not_tell(std::string_view question) {
  return {.kind = ErrorKind::Host,
          .what = "the facts do not tell " + std::string(question),
          .hint = "make the facts with the same command and settings: fence plan --format facts ..."};
}

ConfigReport read_settings(const CommandLine& line, HostProber& prober, HostFacts& facts, const Diagnostics& say) {
  if (!line.facts_file) prober.answer(config_queries(line, facts), facts);
  SettingsReader reader(line, prober, facts, say);
  ConfigReport report =
      examine_config(config_request(line, facts), [&](const HostPath& path) { return reader.read(path); });
  if (!report.config) name_mounts(report.config.error(), reader.unanswered());
  Errors errors = reader.take_errors();
  if (errors.empty()) return report;
  if (!report.config) std::ranges::move(report.config.error(), std::back_inserter(errors));
  report.config = std::move(errors);
  return report;
}

}  // namespace fence
