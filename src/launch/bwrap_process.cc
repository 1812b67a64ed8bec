#include "bwrap_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "stage_image.h"
#include "userns.h"

namespace fence::launch {
namespace {

std::string final_word(const BwrapWord& word, const std::vector<int>& payload_descriptors) {
  return std::visit(Overloaded{
                        [](const std::string& text) { return text; },
                        [&](const PayloadWord& payload) { return std::to_string(payload_descriptors[payload.index]); },
                    },
                    word);
}

Result<UniqueFd> payload_descriptor(const Payload& payload) {
  return std::visit(Overloaded{
                        [](const DataPayload& data) { return make_data_file(data.bytes); },
                        [](const UserNamespacePayload& ids) { return make_user_namespace(ids); },
                    },
                    payload);
}

std::string joined(const std::vector<std::string>& words) {
  std::string bytes;
  for (const std::string& word : words) bytes.append(word.c_str(), word.size() + 1);
  return bytes;
}

// The descriptors that bwrap and the stage inherit. All others of fence close on exec.
class Inheritance {
 public:
  int give(UniqueFd fd) {
    fds_.push_back(std::move(fd));
    return fds_.back().get();
  }
  Result<int> give_copy(int fd) {
    UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy) return system_error("cannot duplicate descriptor " + std::to_string(fd), errno);
    return give(std::move(copy));
  }
  // For the child: async-signal-safe.
  void pass_on() const noexcept {
    for (const UniqueFd& fd : fds_) fcntl(fd.get(), F_SETFD, 0);
  }

 private:
  std::vector<UniqueFd> fds_;
};

struct ChildSetup {
  const char* program;
  char* const* arguments;
  int terminal_stream;  ///< -1: none
  int messages;
  int exec_error;
  std::span<const int> kept;
};

// bwrap shows the terminal of its standard output as /dev/console, which makes ttyname(3) work inside; besides it must
// hold no end of a pipe that the command may close.
[[noreturn]] void become_bwrap(const ChildSetup& setup, const Inheritance& inheritance, const SignalInbox& inbox) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(setup.terminal_stream < 0 ? null : setup.terminal_stream, STDOUT_FILENO);
  dup2(null, STDIN_FILENO);
  dup2(setup.messages, STDERR_FILENO);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  inheritance.pass_on();
  for (const int fd : setup.kept) fcntl(fd, F_SETFD, 0);
  inbox.prepare_bwrap();
  char* const empty[] = {nullptr};
  execve(setup.program, setup.arguments, empty);
  const int error = errno;
  static_cast<void>(write(setup.exec_error, &error, sizeof error) == 0);
  _exit(127);
}

int find_terminal(const bool (&open_streams)[3]) {
  for (const int stream : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
    if (open_streams[stream] && isatty(stream) == 1) return stream;
  }
  return -1;
}

Result<Ok> wait_for_exec(UniqueFd exec_error, const std::string& program) {
  int error = 0;
  if (read(exec_error.get(), &error, sizeof error) != static_cast<ssize_t>(sizeof error)) return Ok{};
  return system_error("cannot run " + program, error);
}

}  // namespace

std::vector<std::string> final_options(const BwrapInvocation& invocation, const std::vector<int>& payload_descriptors,
                                       bool as_root) {
  std::vector<std::string> words;
  for (const BwrapWord& word : invocation.options) words.push_back(final_word(word, payload_descriptors));
  // The first one only: it stands before every path and value, and those may be spelled like an option.
  if (const auto option = std::ranges::find(words, "--die-with-parent"); option != words.end()) words.erase(option);
  words.emplace_back("--as-pid-1");
  if (as_root) words.insert(words.end(), {"--cap-add", "CAP_SETPCAP", "--cap-add", "CAP_DAC_READ_SEARCH"});
  return words;
}

Result<BwrapProcess> start_bwrap(const BwrapInvocation& invocation, StageOrders orders, const bool (&open_streams)[3],
                                 const SignalInbox& inbox) {
  Inheritance inheritance;
  std::vector<int> payload_descriptors;
  for (const Payload& payload : invocation.payloads) {
    FENCE_TRY(UniqueFd fd, payload_descriptor(payload));
    payload_descriptors.push_back(inheritance.give(std::move(fd)));
  }
  FENCE_TRY(auto control, make_control_pair());
  FENCE_TRY(Pipe messages, make_pipe());
  FENCE_TRY(Pipe exec_error, make_pipe());
  orders.header.control = inheritance.give(std::move(control.second));
  for (int stream = 0; stream < 3; ++stream) {
    orders.header.streams[stream] = -1;
    if (!open_streams[stream]) continue;
    FENCE_TRY(orders.header.streams[stream], inheritance.give_copy(stream));
  }
  FENCE_TRY(UniqueFd program, make_program_file(stage_image()));
  const std::string stage_path = "/proc/self/fd/" + std::to_string(inheritance.give(std::move(program)));
  FENCE_TRY(UniqueFd payload, make_data_file(payload_bytes(orders)));
  const std::string payload_number = std::to_string(inheritance.give(std::move(payload)));
  FENCE_TRY(UniqueFd options,
            make_data_file(joined(final_options(invocation, payload_descriptors, orders.header.uid == 0))));
  const std::string options_number = std::to_string(inheritance.give(std::move(options)));

  std::vector<std::string> words = {"bwrap", "--args", options_number, "--", stage_path, payload_number};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const ChildSetup setup{invocation.program.c_str(), arguments.data(),       find_terminal(open_streams),
                         messages.write.get(),       exec_error.write.get(), orders.kept};
  BwrapProcess bwrap;
  bwrap.monitor = fork();
  if (bwrap.monitor < 0) return system_error("cannot start a process", errno);
  if (bwrap.monitor == 0) become_bwrap(setup, inheritance, inbox);
  exec_error.write.reset();
  FENCE_TRY([[maybe_unused]] Ok started, wait_for_exec(std::move(exec_error.read), invocation.program));
  fcntl(messages.read.get(), F_SETFL, O_NONBLOCK);
  bwrap.control = std::move(control.first);
  bwrap.messages = std::move(messages.read);
  return bwrap;
}

}  // namespace fence::launch
