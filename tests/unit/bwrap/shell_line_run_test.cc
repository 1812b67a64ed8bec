// The printed line, run by real shells: what it makes is a sandbox of the plan.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "fence/util/fd.h"
#include "fence/util/text.h"
#include "plans.h"

namespace fence {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::inside;
using testing::op;
using testing::shown;

enum class Caller { Ordinary, RootWithOwnIds, RootWithAllIds };

struct Situation {
  std::string shell;
  Caller caller;
};

std::string name_of(const Situation& situation) {
  const char* callers[] = {"Ordinary", "RootWithOwnIds", "RootWithAllIds"};
  return situation.shell + callers[static_cast<int>(situation.caller)];
}

void PrintTo(const Situation& situation, std::ostream* out) { *out << name_of(situation); }

constexpr unsigned kOrdinaryId = 54321;

/// In a child, before exec: the caller's ids, a clean set of descriptors, messages in English.
void become(Caller caller) {
  if (close_range(3, ~0U, 0) != 0) _exit(125);
  setenv("LC_ALL", "C", 1);
  if (caller != Caller::Ordinary || getuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setgid(kOrdinaryId) != 0 || setuid(kOrdinaryId) != 0) _exit(125);
}

struct Outcome {
  int status = -1;
  std::string output;  ///< standard output and standard error
};

std::string content(int fd) {
  std::string text;
  char part[4096];
  lseek(fd, 0, SEEK_SET);
  for (ssize_t got; (got = read(fd, part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(got));
  return text;
}

int exit_status(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Outcome run(Caller caller, const std::vector<std::string>& argv, const std::string& input) {
  const UniqueFd in(memfd_create("in", MFD_CLOEXEC)), out(memfd_create("out", MFD_CLOEXEC));
  if (write(in.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size())) return {};
  lseek(in.get(), 0, SEEK_SET);
  const pid_t child = fork();
  if (child == 0) {
    dup2(in.get(), STDIN_FILENO);
    dup2(out.get(), STDOUT_FILENO);
    dup2(out.get(), STDERR_FILENO);
    become(caller);
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
  }
  const int status = exit_status(child);
  return {status, content(out.get())};
}

/// The same on a terminal of its own, without input.
Outcome run_on_terminal(Caller caller, const std::string& shell, const std::string& line) {
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    become(caller);
    execlp(shell.c_str(), shell.c_str(), "-c", line.c_str(), nullptr);
    _exit(127);
  }
  std::string output;
  char part[4096];
  for (ssize_t got; (got = read(terminal, part, sizeof part)) > 0;) output.append(part, static_cast<std::size_t>(got));
  close(terminal);
  return {exit_status(child), output};
}

/// A directory on the host, with a name that no shell line may stumble over, that belongs to the caller.
class Workplace {
 public:
  explicit Workplace(Caller caller) {
    std::string top = fs::temp_directory_path() / "fence-line-XXXXXX";
    if (mkdtemp(top.data()) == nullptr) throw std::runtime_error("mkdtemp");
    top_ = top;
    path = top_ / "it's \"one\" $HOME\n\xff \x1b[31m\\ é%s`";
    fs::create_directories(path / "kept");
    fs::create_directories(path / "own");
    std::ofstream(path / "secret") << "the secret\n";
    std::ofstream(path / "kept" / "file") << "kept\n";
    std::error_code error;
    if (!fs::copy_file(TERMINAL_PROBE, path / "probe", error)) throw std::runtime_error("no " TERMINAL_PROBE);
    fs::permissions(top_, fs::perms::owner_all | fs::perms::others_exec);
    if (getuid() == 0 && caller == Caller::Ordinary)
      for (const auto& entry : {path, path / "kept", path / "own", path / "secret", path / "kept" / "file"})
        if (chown(entry.c_str(), kOrdinaryId, kOrdinaryId) != 0) throw std::runtime_error("chown");
  }
  ~Workplace() {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  fs::path path;

 private:
  fs::path top_;
};

SandboxPlan plan_for(Caller caller, const fs::path& place, std::vector<std::string> command) {
  const auto at = [&](const char* name) { return (place / name).string(); };
  std::vector<MountOp> ops = {
      op("/", shown("/", BindMode::ReadOnly)),
      op("/dev", Dev{}),
      op("/dev/shm", Tmpfs{01777, 1 << 20}),
      op("/proc", Proc{}),
      op("/proc/sys", LockReadOnly{}),
      op(place.string(), shown(place.string(), BindMode::ReadWrite)),
      op(at("secret"), MaskFile{}),
      op(at("kept"), shown(at("kept"), BindMode::ReadOnly)),
      op(at("own"), Tmpfs{0700, {}}),
      op(at("own/d"), MakeDir{0750}, MountPoint::Create),
      op(at("own/f"), WriteFile{"100% 'mine'\n\\", 0440}, MountPoint::Create),
      op(at("own/l"), Symlink{"f"}, MountPoint::Create),
  };
  SandboxPlan plan = testing::plan(std::move(ops), {inside(at("own"))});
  const bool ordinary_child = caller == Caller::Ordinary && getuid() == 0;
  plan.identity.uid = ordinary_child ? kOrdinaryId : getuid();
  plan.identity.gid = ordinary_child ? kOrdinaryId : getgid();
  if (caller == Caller::RootWithAllIds) plan.identity.map = MapAllIds{{{0, 0, 4294967295}}, {{0, 0, 4294967295}}};
  plan.environment.variables = {{"FENCE_TEST_OLD", Replaced{"new value"}, "", {}},
                                {"FENCE_TEST_SECRET", Dropped{}, "", {}}};
  plan.directory = inside(place.string());
  plan.command = std::move(command);
  // Without it the filter would refuse them before the limit does.
  plan.filter.groups = {{"namespaces", false, "", {}}};
  return plan;
}

class RunLine : public ::testing::TestWithParam<Situation> {
 protected:
  void SetUp() override {
    const auto& [shell, caller] = GetParam();
    if (caller != Caller::Ordinary && getuid() != 0) GTEST_SKIP() << "needs root";
    if (run(caller, {shell, "-c", "exit 0"}, "").status != 0) GTEST_SKIP() << "needs " << shell;
    const Outcome works = run(caller, {"bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"}, "");
    if (works.status != 0) GTEST_SKIP() << "needs a bwrap that may make user namespaces: " << works.output;
    setenv("FENCE_TEST_OLD", "old value", 1);
    setenv("FENCE_TEST_SECRET", "hunter2", 1);
  }

  BwrapInvocation translated(std::vector<std::string> command) {
    auto result = to_bwrap(plan_for(GetParam().caller, place_.path, std::move(command)), testing::facts());
    if (!result) throw std::logic_error(to_string(result.error().front()));
    return *std::move(result);
  }

  Outcome run_invocation(const BwrapInvocation& invocation, const std::string& input = "") {
    return run(GetParam().caller, {GetParam().shell, "-c", shell_line(invocation)}, input);
  }

  /// The output of a shell script inside.
  std::string script(const std::string& text) { return run_invocation(translated({"sh", "-c", text})).output; }

  Workplace place_{GetParam().caller};
};

TEST_P(RunLine, StandardInputAndExitStatusAreTheCommands) {
  const Outcome outcome = run_invocation(translated({"sh", "-c", "cat; exit 7"}), "line 1\nline 2");
  EXPECT_EQ(outcome.output, "line 1\nline 2");
  EXPECT_EQ(outcome.status, 7);
}

TEST_P(RunLine, NoDescriptorOfTheLineReachesTheCommand) {
  const auto list = translated({"ls", "/proc/self/fd"});
  EXPECT_EQ(run_invocation(list).output, "0\n1\n2\n3\n");  // 3 is ls's own
  // The control: one that the shell itself has open does reach it.
  const auto& [shell, caller] = GetParam();
  EXPECT_EQ(run(caller, {shell, "-c", "exec 9</dev/null; " + shell_line(list)}, "").output, "0\n1\n2\n3\n9\n");
}

TEST_P(RunLine, WordsSurvive) {
  const std::string odd = "a  b'c\"d\n\n\xff\x1b[0m\\é%d`id`$x";
  const Outcome outcome =
      run_invocation(translated({"sh", "-c", "printf '%s|' \"$@\"; pwd", "sh", odd, "", "-n", "end\n\n"}));
  EXPECT_EQ(outcome.output, odd + "||-n|end\n\n|" + place_.path.string() + "\n");
}

TEST_P(RunLine, MountsAreThoseOfThePlan) {
  EXPECT_EQ(script("touch kept/x 2>&1"), "touch: cannot touch 'kept/x': Read-only file system\n");
  EXPECT_EQ(script("touch own/x 2>&1"), "touch: cannot touch 'own/x': Read-only file system\n");
  EXPECT_EQ(script("cat kept/file own/f"), "kept\n100% 'mine'\n\\");
  EXPECT_EQ(script("touch made; cat secret 2>&1"), "cat: secret: Permission denied\n");
  EXPECT_TRUE(fs::exists(place_.path / "made"));
  EXPECT_EQ(
      script("stat -c '%a %F' own own/d own/f /dev/shm; readlink own/l; [ -O own/f ] && [ -O own/d ] && echo mine"),
      "700 directory\n750 directory\n440 regular file\n1777 directory\nf\nmine\n");
  EXPECT_THAT(script("echo x >/proc/sys/kernel/hostname"), HasSubstr("Read-only file system"));
  EXPECT_THAT(script("echo x >own/f"), HasSubstr("Read-only file system"));
}

TEST_P(RunLine, NoCapabilityIsLeft) {
  EXPECT_EQ(
      script("grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp:' /proc/self/status"),
      "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
      "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
  EXPECT_THAT(script("unshare --user true"), HasSubstr("No space left on device"));
}

TEST_P(RunLine, OtherOwnersShowWhereAllIdsAreMapped) {
  const auto owner = std::string(GetParam().caller == Caller::RootWithAllIds ? "54321" : "65534");
  if (getuid() != 0) GTEST_SKIP() << "needs root, to make a file of another user";
  const auto id = GetParam().caller == Caller::Ordinary ? 12345U : kOrdinaryId;
  ASSERT_EQ(chown((place_.path / "kept/file").c_str(), id, id), 0);
  EXPECT_EQ(script("stat -c %u kept/file"), owner + "\n");
}

TEST_P(RunLine, ADroppedVariableIsNowhere) {
  EXPECT_EQ(script("echo \"$FENCE_TEST_OLD|${FENCE_TEST_SECRET-unset}\""), "new value|unset\n");
  const std::string search = "tr '\\0' '\\n' </proc/1/environ | grep -c FENCE_TEST";
  EXPECT_EQ(script(search), "0\n");
  // The control: bwrap's init process shows what bwrap was started with.
  auto careless = translated({"sh", "-c", search});
  careless.withheld_variables.clear();
  EXPECT_EQ(run_invocation(careless).output, "2\n");
}

TEST_P(RunLine, MorePayloadsThanAPosixShellHasDescriptors) {
  auto invocation = translated({"sh", "-c", "cat - /dev/shm/*; exit 5"});
  for (int i = 0; i < 10; ++i) {
    invocation.options.emplace_back("--ro-bind-data");
    invocation.options.emplace_back(PayloadWord{invocation.payloads.size()});
    invocation.options.emplace_back("/dev/shm/" + std::to_string(i));
    invocation.payloads.emplace_back(DataPayload{std::to_string(i) + "\n"});
  }
  const Outcome outcome = run_invocation(invocation, "in\n");
  EXPECT_EQ(outcome.output, "in\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  EXPECT_EQ(outcome.status, 5);
}

TEST_P(RunLine, NothingIsTypedOnTheTerminal) {
  const std::string probe = (place_.path / "probe").string();
  const Outcome fenced = run_on_terminal(GetParam().caller, GetParam().shell, shell_line(translated({probe})));
  EXPECT_THAT(fenced.output, HasSubstr("TIOCSTI=1 high=1 TIOCLINUX=1"));  // EPERM
  // The control: outside, the terminal takes it, or the sysctl dev.tty.legacy_tiocsti refuses it with another errno.
  const Outcome outside = run_on_terminal(GetParam().caller, GetParam().shell, "exec " + shell_quote(probe));
  EXPECT_THAT(outside.output,
              AnyOf(HasSubstr("TIOCSTI=0 high=0 TIOCLINUX=25"), HasSubstr("TIOCSTI=5 high=5 TIOCLINUX=25")));
}

std::vector<Situation> situations() {
  std::vector<Situation> all;
  for (const char* shell : {"sh", "bash"})
    for (const Caller caller : {Caller::Ordinary, Caller::RootWithOwnIds, Caller::RootWithAllIds})
      all.push_back({shell, caller});
  return all;
}
std::string situation_name(const ::testing::TestParamInfo<Situation>& situation) { return name_of(situation.param); }
INSTANTIATE_TEST_SUITE_P(By, RunLine, ::testing::ValuesIn(situations()), situation_name);

}  // namespace
}  // namespace fence
