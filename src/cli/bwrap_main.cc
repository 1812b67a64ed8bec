// bubblewrap's own command line: a program of its own, since callers start it again as /proc/self/exe with any argv[0].
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "fence/bwrapline/parse.h"
#include "fence/bwraprun/run.h"
#include "fence/util/result.h"

namespace {

using namespace fence::bwrapline;  // NOLINT(google-build-using-namespace): the program is about these words

int refuse(const Message& message) {
  std::fputs(to_line(message).c_str(), stderr);
  return 1;
}

int refuse(std::string text, bool level_prefix = false) {
  return refuse({Message::Severity::Fatal, std::move(text), level_prefix});
}

int carry_out(Invocation invocation, const std::string& program) {
  const Caller caller = fence::bwraprun::ask_caller();
  const bool level_prefix = invocation.level_prefix;
  auto settled = settle(std::move(invocation), caller);
  if (!settled) return refuse(settled.error());
  if (settled->command.empty()) {
    std::fputs(help(program).c_str(), stderr);
    return 1;
  }
  const auto ended = fence::bwraprun::run(*settled, caller);
  const int* const code = std::get_if<int>(&ended);
  return code != nullptr ? *code : refuse(std::get<std::string>(ended), level_prefix);
}

int say(const std::string& text, std::FILE* where, int code) {
  return std::fputs(text.c_str(), where) < 0 || std::fflush(where) != 0 ? 1 : code;
}

int bwrap_main(const std::string& program, const std::vector<std::string>& words) {
  const std::string version = "bubblewrap " + std::string(kVersion) + "\n";
  if (words == std::vector<std::string>{"--version"}) return say(version, stdout, 0);
  if (!fence::bwraprun::forbid_privileges()) {
    return refuse(std::string("prctl(PR_SET_NO_NEW_PRIVS) failed: ") + strerrordesc_np(errno));
  }
  if (fence::bwraprun::has_unexpected_capabilities()) {
    return refuse("Unexpected capabilities but not setuid, old file caps config?");
  }
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  Parsed parsed = parse(words, std::move(environment), fence::bwraprun::read_descriptor);
  for (const Message& warning : parsed.warnings) std::fputs(to_line(warning).c_str(), stderr);
  return std::visit(fence::Overloaded{
                        [&](Invocation& invocation) { return carry_out(std::move(invocation), program); },
                        [&](const HelpWanted&) { return say(help(program), stdout, 0); },
                        [&](const VersionWanted&) { return say(version, stdout, 0); },
                        [&](const NoCommand&) { return say(help(program), stderr, 1); },
                        [](const Message& refusal) { return refuse(refusal); },
                    },
                    parsed.outcome);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string program = argc > 0 ? argv[0] : "bwrap";
    return bwrap_main(program, std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::exception& broken) {
    return refuse(std::string("internal error: ") + broken.what());
  }
}
