#include "bwrap_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "fence/util/process_calls.h"
#include "processes.h"
#include "stage_files.h"
#include "userns.h"
#include "wording.h"

namespace fence::launch {
namespace {

constexpr std::string_view kFilterOption = "--seccomp";

/// The payload of kFilterOption; nothing where there is none.
std::optional<std::size_t> filter_payload(const BwrapInvocation& invocation) {
  const auto& words = invocation.options;
  const auto option = std::ranges::find_if(words, [](const BwrapWord& word) {
    const auto* text = std::get_if<std::string>(&word);
    return text != nullptr && *text == kFilterOption;
  });
  if (option == words.end() || option + 1 == words.end()) return std::nullopt;
  const auto* payload = std::get_if<PayloadWord>(&*(option + 1));
  return payload == nullptr ? std::nullopt : std::optional(payload->index);
}

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

struct StartFailure {
  int error;
  bool by_group;  ///< it could not go into its control group
};

struct ChildSetup {
  const char* program;
  char* const* arguments;
  int terminal_stream;  ///< -1: none
  int messages;
  int entrance;  ///< of the sandbox's control group; -1: none
  int failure;   ///< a pipe for one StartFailure
  std::vector<int> inherited;
};

[[noreturn]] void give_up(const ChildSetup& setup, bool by_group) {
  const StartFailure failure{errno, by_group};
  static_cast<void>(write(setup.failure, &failure, sizeof failure) == 0);
  _exit(127);
}

// bwrap shows the terminal of its standard output as /dev/console, which makes ttyname(3) work inside; besides it must
// hold no end of a pipe that the command may close.
[[noreturn]] void become_bwrap(const ChildSetup& setup, const SignalInbox& inbox) {
  // 0 stands for the writer (cgroups(7)).
  if (setup.entrance >= 0 && write(setup.entrance, "0", 1) != 1) give_up(setup, true);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(setup.terminal_stream < 0 ? null : setup.terminal_stream, STDOUT_FILENO);
  dup2(null, STDIN_FILENO);
  dup2(setup.messages, STDERR_FILENO);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int fd : setup.inherited) fcntl(fd, F_SETFD, 0);
  inbox.prepare_child();
  leave_session_keyring();
  char* const empty[] = {nullptr};
  execve(setup.program, setup.arguments, empty);
  give_up(setup, false);
}

Result<Ok> wait_for_exec(UniqueFd failure, const std::string& program) {
  StartFailure said{};
  if (read(failure.get(), &said, sizeof said) != static_cast<ssize_t>(sizeof said)) return Ok{};
  return system_error(said.by_group ? std::string(kCannotEnter) : "cannot run " + program, said.error);
}

}  // namespace

std::vector<std::string> final_options(const BwrapInvocation& invocation, const std::vector<int>& payload_descriptors,
                                       bool as_root) {
  std::vector<std::string> words;
  for (const BwrapWord& word : invocation.options) words.push_back(final_word(word, payload_descriptors));
  // The first one only: it stands before every path and value, and those may be spelled like an option.
  if (const auto option = std::ranges::find(words, "--die-with-parent"); option != words.end()) words.erase(option);
  // The stage's own calls pass no filter; the command's process loads it.
  if (const auto option = std::ranges::find(words, kFilterOption); option != words.end()) {
    words.erase(option, option + 2);
  }
  words.emplace_back("--as-pid-1");
  if (as_root) words.insert(words.end(), {"--cap-add", "CAP_SETPCAP", "--cap-add", "CAP_DAC_READ_SEARCH"});
  return words;
}

Result<SandboxProcess> start_bwrap(const BwrapInvocation& invocation, StageOrders orders, const bool (&open_streams)[3],
                                   const SignalInbox& inbox, const SandboxGroup* group) {
  Inheritance inheritance;
  std::vector<int> payload_descriptors;
  const std::optional<std::size_t> filter = filter_payload(invocation);
  for (std::size_t i = 0; i < invocation.payloads.size(); ++i) {
    if (i == filter) {
      payload_descriptors.push_back(-1);
      continue;
    }
    FENCE_TRY(UniqueFd fd, payload_descriptor(invocation.payloads[i]));
    payload_descriptors.push_back(inheritance.give(std::move(fd)));
  }
  FENCE_TRY(Pipe messages, make_pipe());
  FENCE_TRY(Pipe failure, make_pipe());
  const std::vector<int> kept = orders.kept;
  const bool as_root = orders.header.uid == 0;
  FENCE_TRY(StageFiles stage, make_stage_files(std::move(orders), open_streams, inheritance));
  FENCE_TRY(UniqueFd options, make_data_file(joined(final_options(invocation, payload_descriptors, as_root))));
  const std::string options_number = std::to_string(inheritance.give(std::move(options)));

  std::vector<std::string> words = {"bwrap",
                                    "--args",
                                    options_number,
                                    "--",
                                    "/proc/self/fd/" + std::to_string(stage.program),
                                    std::to_string(stage.payload)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ChildSetup setup{invocation.program.c_str(),
                   arguments.data(),
                   find_terminal(open_streams),
                   messages.write.get(),
                   group == nullptr ? -1 : group->entrance(),
                   failure.write.get(),
                   inheritance.numbers()};
  setup.inherited.insert(setup.inherited.end(), kept.begin(), kept.end());
  SandboxProcess bwrap;
  bwrap.pid = fork();
  if (bwrap.pid < 0) return system_error("cannot start a process", errno);
  if (bwrap.pid == 0) become_bwrap(setup, inbox);
  failure.write.reset();
  FENCE_TRY([[maybe_unused]] Ok started, wait_for_exec(std::move(failure.read), invocation.program));
  fcntl(messages.read.get(), F_SETFL, O_NONBLOCK);
  bwrap.control = std::move(stage.control);
  bwrap.messages = std::move(messages.read);
  bwrap.explain = bwrap_failure;
  bwrap.end_rest = kill_orphaned_inits;
  return bwrap;
}

}  // namespace fence::launch
