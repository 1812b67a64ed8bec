#pragma once
// What every executor hands to the stage: its program, its payload, its descriptors.
#include <vector>

#include "descriptors.h"
#include "orders.h"

namespace fence::launch {

/// The descriptors that a child inherits. All others of fence close on exec.
class Inheritance {
 public:
  int give(UniqueFd fd) {
    fds_.push_back(std::move(fd));
    return fds_.back().get();
  }
  Result<int> give_copy(int fd);
  [[nodiscard]] std::vector<int> numbers() const;

 private:
  std::vector<UniqueFd> fds_;
};

/// The stage, ready to be executed with the payload's number as its only argument.
struct StageFiles {
  int program = -1;
  int payload = -1;
  UniqueFd control;  ///< fence's end
};

/// `orders` lacks only the descriptors that are made here. `open_streams` says which of 0 to 2 the command gets.
Result<StageFiles> make_stage_files(StageOrders orders, const bool (&open_streams)[3], Inheritance& inheritance);

/// The one of standard output, input and error that is a terminal, in this order; -1: none.
int find_terminal(const bool (&open_streams)[3]);

}  // namespace fence::launch
