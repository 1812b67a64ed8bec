#pragma once
// Judges each loss of a mount that protects or hides something while the command runs: it was put back in time, or the
// sandbox must end.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "guard_orders.h"
#include "guard_watcher.h"
#include "late_fd.h"

namespace fence::launch {

/// The events on one guarded name, as far as they decide. Pure.
///
/// While it is a mount point nobody inside can rename to it, write it or remove it. So each loss is the work of
/// somebody outside, and if each loss comes with just one rename to the name, nothing inside has used the time
/// until the mount was put back to rename a file of its own there.
class NameHistory {
 public:
  /// What was known when a look was asked for.
  struct Mark {
    std::uint32_t renames = 0, writes = 0;
  };

  void moved_in() { ++moved_in_; }
  void put_back() { ++put_back_; }
  void gone() { gone_ = true; }
  /// Somebody has closed the file after he could write it.
  void written() { ++writes_; }
  /// A look is over that was asked for at `mark`: a write before it was none while the mount was lost, or has been
  /// objected to.
  void looked(Mark mark) { harmless_writes_ = mark.writes; }

  [[nodiscard]] Mark mark() const { return {moved_in_, writes_}; }
  /// More renames than losses, or a write: another loss is to be looked for.
  [[nodiscard]] bool owes_a_look() const { return moved_in_ > put_back_ || writes_ > harmless_writes_; }
  [[nodiscard]] bool was_put_back() const { return put_back_ != 0; }
  /// Why what stands there cannot be trusted after a look that was asked for at `mark`; empty: it can.
  [[nodiscard]] std::string_view objection(Mark mark) const;
  /// The same for a mount that was put back since the last look, when nobody has the file open for writing any more.
  [[nodiscard]] std::string_view objection_to_put_back() const;

 private:
  std::uint32_t moved_in_ = 0;
  std::uint32_t put_back_ = 0;
  std::uint32_t writes_ = 0;
  std::uint32_t harmless_writes_ = 0;
  bool gone_ = false;
};

class Guard {
 public:
  /// To be called before the plan's mounts are verified, with the `mountinfo` of `stage` (only lent). Errors: there
  /// can be no watcher; a directory cannot be watched.
  static Result<Guard> start(pid_t stage, int mountinfo, std::vector<GuardOrder> orders);
  /// Returns when the watcher watches. Error: it does not.
  Result<Ok> confirm();

  /// For POLLIN: the watcher has put something back, or has ended.
  [[nodiscard]] int watcher() const { return watcher_.fd(); }
  /// For POLLIN: something has happened to a name in a directory that holds a mount point.
  [[nodiscard]] int names() const { return names_.get(); }
  /// When look() is due in any case (now_ms).
  [[nodiscard]] std::optional<std::int64_t> deadline_ms() const;

  /// After any of the three; never waits. The error: why the sandbox has to end.
  std::optional<Error> look();

 private:
  struct Guarded {
    GuardOrder order;
    NameHistory history{};
    NameHistory::Mark asked_at{};
  };
  explicit Guard(Watcher watcher) : watcher_(std::move(watcher)) {}

  Result<Ok> watch_names();
  void read_names();
  void take_event(int directory, std::uint32_t mask, std::string_view name);
  std::optional<Error> take(const Watcher::Message& message);
  std::optional<Error> judge_put_back(Guarded& guarded, const UniqueFd& file);
  std::optional<Error> judge_look();
  std::optional<Error> judge_overflow() const;
  void ask_if_owed();

  Watcher watcher_;
  LateFd names_;
  std::vector<Guarded> guarded_;
  std::map<std::pair<int, std::string>, std::vector<std::size_t>, std::less<>> by_name_;
  std::optional<std::int64_t> asked_ms_;
  bool overflow_ = false;
};

}  // namespace fence::launch
