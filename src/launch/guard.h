#pragma once
// Notices when a mount that protects or hides something is lost while the command runs, and puts it back or says that
// the sandbox must end.
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
#include "guard_remount.h"

namespace fence::launch {

/// The events on one guarded name, as far as they decide. Pure.
///
/// While it is a mount point nobody inside can rename to it, write it or remove it. So each loss is the work of
/// somebody outside, and if each loss comes with just one rename to the name, nothing inside has used the time
/// until the mount was put back to rename a file of its own there.
class NameHistory {
 public:
  void moved_in() { ++moved_in_; }
  void put_back() { ++put_back_; }
  void gone() { gone_ = true; }
  void written(std::int64_t now_ms) { written_ms_ = now_ms; }

  /// Renames that came so far.
  [[nodiscard]] std::uint32_t renames() const { return moved_in_; }
  /// More renames than losses: another loss is to be looked for.
  [[nodiscard]] bool owes_a_look() const { return moved_in_ > put_back_; }
  /// Why what stands there cannot be trusted; empty: it can. `renames`: those that came before the last look.
  [[nodiscard]] std::string_view objection(std::uint32_t renames) const;
  /// The same for a mount that was put back just now: who writes a file that was not protected closes it afterwards.
  [[nodiscard]] std::string_view objection_to_put_back(std::int64_t now_ms) const;

 private:
  std::uint32_t moved_in_ = 0;
  std::uint32_t put_back_ = 0;
  bool gone_ = false;
  std::optional<std::int64_t> written_ms_;
};

class Guard {
 public:
  /// `mountinfo` is that of `stage`, opened before the plan's mounts were verified. Errors: the namespaces cannot be
  /// opened; a directory cannot be watched.
  static Result<Guard> start(pid_t stage, UniqueFd mountinfo, std::vector<GuardOrder> orders);

  /// For POLLPRI: a mount of the sandbox has come or gone (proc_pid_mounts(5)).
  [[nodiscard]] int mounts() const { return mountinfo_.get(); }
  /// For POLLIN: something has happened to a name in a directory that holds a mount point.
  [[nodiscard]] int names() const { return names_.get(); }

  /// After either. The error: why the sandbox has to end.
  std::optional<Error> look(bool mounts_changed);

 private:
  struct Guarded {
    GuardOrder order;
    NameHistory history{};
    std::uint32_t seen_renames = 0;
  };
  Guard(UniqueFd mountinfo, Namespaces namespaces)
      : mountinfo_(std::move(mountinfo)), namespaces_(std::move(namespaces)) {}

  Result<Ok> watch();
  bool read_names();
  bool take_event(int directory, std::uint32_t mask, std::string_view name);
  void stop_putting_back();
  std::optional<Error> look_once(bool& again);
  std::optional<Error> judge(const std::vector<Loss>& losses) const;

  UniqueFd mountinfo_;
  Namespaces namespaces_;
  UniqueFd names_;
  std::vector<GuardOrder> orders_;
  std::vector<Guarded> guarded_;
  std::map<std::pair<int, std::string>, std::size_t, std::less<>> by_name_;
};

}  // namespace fence::launch
