#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "fence/host/probe.h"
#include "scratch.h"

namespace fence {
namespace {

TEST(ProbeBasics, KnowsTheCaller) {
  const CallerFacts caller = HostProber().basics().caller;
  EXPECT_EQ(caller.uid, ::geteuid());
  EXPECT_EQ(caller.gid, ::getegid());
  EXPECT_FALSE(caller.uid_map.empty());
  EXPECT_FALSE(caller.gid_map.empty());
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(caller.hard_limits.at(Limit::OpenFiles), files.rlim_max);
}

TEST(ProbeBasics, KnowsRootByNss) {
  if (::geteuid() != 0) GTEST_SKIP() << "looks at root's own entry";
  const CallerFacts caller = HostProber().basics().caller;
  EXPECT_EQ(caller.user, "root");
  EXPECT_EQ(caller.home, "/root");
  EXPECT_TRUE(caller.in_etc_passwd);
  EXPECT_TRUE(caller.passwd_line.starts_with("root:x:0:0:")) << caller.passwd_line;
}

TEST(ProbeBasics, SaysNothingOfAUserThatNssDoesNotKnow) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become a user without a name";
  constexpr uid_t kNameless = 987654321;
  const HostFacts facts = as_ordinary_user([] { return HostProber().basics(); }, kNameless);
  EXPECT_EQ(facts.caller.uid, kNameless);
  EXPECT_EQ(facts.caller.user, "");
  EXPECT_EQ(facts.caller.home, "");
  EXPECT_EQ(facts.caller.passwd_line, "");
  EXPECT_FALSE(facts.caller.in_etc_passwd);
}

TEST(ProbeBasics, KeepsTheEnvironmentInOrder) {
  static char first[] = "FENCE_A=1=2", nameless[] = "=x", bare[] = "bare", second[] = "FENCE_A=", odd[] = "F\n=\xff";
  char* entries[] = {first, nameless, bare, second, odd, nullptr};
  char** before = environ;
  environ = entries;
  const HostFacts facts = HostProber().basics();
  environ = before;
  EXPECT_EQ(facts.environment, (Environment{{"FENCE_A", "1=2"}, {"FENCE_A", ""}, {"F\n", "\xff"}}));
}

TEST(ProbeBasics, KnowsTheWorkingDirectory) {
  const Scratch scratch;
  scratch.directory("d");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.at("d").text());
  EXPECT_EQ(HostProber().basics().working_directory, WorkingDirectory(scratch.at("d")));
  std::filesystem::remove(scratch.at("d").text());
  EXPECT_EQ(HostProber().basics().working_directory, WorkingDirectory(Unreadable{ENOENT}));
  std::filesystem::current_path(before);
}

TEST(ProbeBasics, KnowsTheKernel) {
  utsname names{};
  ASSERT_EQ(::uname(&names), 0);
  const KernelFacts kernel = HostProber().basics().kernel;
  EXPECT_EQ(kernel.release, names.release);
  EXPECT_EQ(kernel.machine, names.machine);
  EXPECT_TRUE(kernel.cgroup_namespace);
  EXPECT_EQ(kernel.legacy_tiocsti.has_value(), ::access("/proc/sys/dev/tty/legacy_tiocsti", F_OK) == 0);
}

bool has_socket(const HostPath& path) {
  const std::vector<HostPath> sockets = HostProber().basics().listening_sockets;
  return std::binary_search(sockets.begin(), sockets.end(), path);
}

TEST(ProbeBasics, FindsBoundSockets) {
  const Scratch scratch;
  const UniqueFd listening = scratch.socket("with a blank", SOCK_STREAM);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  const UniqueFd datagram = scratch.socket("datagram", SOCK_DGRAM);
  { const UniqueFd closed = scratch.socket("closed", SOCK_DGRAM); }
  EXPECT_TRUE(has_socket(scratch.at("with a blank")));
  EXPECT_TRUE(has_socket(scratch.at("datagram")));
  EXPECT_FALSE(has_socket(scratch.at("closed"))) << "only its file is left";
}

TEST(ProbeBasics, ListsInheritableDescriptorsOnly) {
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));
  const UniqueFd own(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::set<int> descriptors = HostProber().basics().open_descriptors;
  EXPECT_TRUE(descriptors.contains(inherited.get()));
  EXPECT_FALSE(descriptors.contains(own.get()));
  EXPECT_TRUE(std::none_of(descriptors.begin(), descriptors.end(), [](int fd) { return fd <= 2; }));
  EXPECT_EQ(HostProber().basics().open_descriptors, descriptors) << "probing leaves none behind";
}

TEST(ProbeBasics, ListsIgnoredSignals) {
  EXPECT_FALSE(HostProber().basics().ignored_signals.contains(SIGUSR1));
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGUSR1, &ignore, &before), 0);
  EXPECT_TRUE(HostProber().basics().ignored_signals.contains(SIGUSR1));
  ASSERT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
}

/// What a session leader without a terminal sees that then gets `terminal` (or none) as its own, on stream 0.
HostFacts in_new_session(int terminal, bool controlling) {
  return as_ordinary_user([=] {
    ::setsid();
    if (controlling) ::ioctl(terminal, TIOCSCTTY, 0);
    if (terminal >= 0) ::dup2(terminal, STDIN_FILENO);
    ::dup2(terminal >= 0 ? terminal : ::open("/dev/null", O_RDWR), STDOUT_FILENO);
    ::close(STDERR_FILENO);
    return HostProber().basics();
  });
}

TEST(ProbeTerminal, SeesTheTerminalOfEachStream) {
  int master = -1, slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const UniqueFd owned_master(master), owned_slave(slave);
  struct stat status {};
  ASSERT_EQ(::fstat(slave, &status), 0);
  const TerminalFacts terminal = in_new_session(slave, true).terminal;
  EXPECT_EQ(terminal.streams[0], (StreamFacts{true, true, status.st_rdev}));
  EXPECT_EQ(terminal.streams[1], terminal.streams[0]);
  EXPECT_EQ(terminal.streams[2], (StreamFacts{false, false, 0}));
  EXPECT_TRUE(terminal.controlling);
  EXPECT_TRUE(terminal.foreground);
}

TEST(ProbeTerminal, DoesNotMakeOneItsOwn) {
  int master = -1, slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const UniqueFd owned_master(master), owned_slave(slave);
  const TerminalFacts terminal = in_new_session(slave, false).terminal;
  EXPECT_TRUE(terminal.streams[0].terminal);
  EXPECT_FALSE(terminal.controlling);
  EXPECT_FALSE(terminal.foreground);
}

TEST(ProbeTerminal, KnowsThatAFileIsNone) {
  const TerminalFacts terminal = in_new_session(-1, false).terminal;
  EXPECT_EQ(terminal.streams[1], (StreamFacts{true, false, 0}));
  EXPECT_FALSE(terminal.controlling);
}

}  // namespace
}  // namespace fence
