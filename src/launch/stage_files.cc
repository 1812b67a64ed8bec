#include "stage_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "stage_image.h"

namespace fence::launch {

Result<int> Inheritance::give_copy(int fd) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) return system_error("cannot duplicate descriptor " + std::to_string(fd), errno);
  return give(std::move(copy));
}

std::vector<int> Inheritance::numbers() const {
  std::vector<int> out;
  for (const UniqueFd& fd : fds_) out.push_back(fd.get());
  return out;
}

Result<StageFiles> make_stage_files(StageOrders orders, const bool (&open_streams)[3], Inheritance& inheritance) {
  StageFiles files;
  FENCE_TRY(auto control, make_control_pair());
  orders.header.control = inheritance.give(std::move(control.second));
  orders.kept.push_back(orders.header.control);
  for (int stream = 0; stream < 3; ++stream) {
    if (orders.header.streams[stream] == stage::kPrivateTerminal) continue;
    orders.header.streams[stream] = -1;
    if (!open_streams[stream]) continue;
    FENCE_TRY(orders.header.streams[stream], inheritance.give_copy(stream));
  }
  FENCE_TRY(UniqueFd program, make_program_file(stage_image()));
  files.program = inheritance.give(std::move(program));
  FENCE_TRY(UniqueFd payload, make_data_file(payload_bytes(orders)));
  files.payload = inheritance.give(std::move(payload));
  files.control = std::move(control.first);
  return files;
}

int find_terminal(const bool (&open_streams)[3]) {
  for (const int stream : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
    if (open_streams[stream] && isatty(stream) == 1) return stream;
  }
  return -1;
}

}  // namespace fence::launch
