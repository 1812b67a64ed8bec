#pragma once
// Which profiles apply, in which order, and what they say.
#include <set>
#include <string>
#include <vector>

#include "files.h"

namespace fence {

/// One profile's text as values.
struct ProfileTable {
  std::string name;
  std::string source;            ///< for messages: "profile workspace", or the file of an own profile
  HostPath base;                 ///< what relative paths in it are relative to
  std::optional<HostPath> file;  ///< of an own profile
  ValueTable table;
};

/// Collects profiles, each after those that it names itself.
class ProfileLoader {
 public:
  ProfileLoader(const TextReader& read, const Places& places, Errors& errors)
      : read_(read), places_(places), errors_(errors) {}

  /// Adds a profile and all below it that are not there yet.
  void add(const std::string& name, const Origin& asked_by);

  /// Lowest first.
  [[nodiscard]] const std::vector<ProfileTable>& profiles() const noexcept { return profiles_; }

 private:
  std::optional<ProfileTable> load(const std::string& name, const Origin& asked_by);
  Result<std::optional<ProfileTable>, Errors> load_own(const std::string& name, const Origin& asked_by);
  void refuse_cycle(const std::string& name, const Origin& asked_by);
  void refuse_unknown(const std::string& name, const Origin& asked_by);
  void fail(Error error, const Origin& asked_by);

  const TextReader& read_;
  const Places& places_;
  Errors& errors_;
  std::vector<ProfileTable> profiles_;
  std::vector<std::string> chain_;  ///< the profiles that are being added, outermost first
  std::set<std::string> seen_;      ///< added, or refused once
};

}  // namespace fence
