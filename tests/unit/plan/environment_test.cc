#include "fence/plan/decide.h"
#include "world.h"

namespace fence {
namespace {

using test::created;
using test::host;
using test::inside;
using test::op;
using test::plan_of;
using test::read_only;
using test::tmpfs;
using test::World;

const Origin kProfile{LayerKind::Profile, "profile workspace", 0, 0};
const Origin kUser{LayerKind::User, "settings.toml", 9, 0};
const Origin kOption{LayerKind::CommandLine, "--env", 0, 0};

class EnvironmentTest : public ::testing::Test {
 protected:
  EnvironmentTest() {
    world.dir("/home/ann/app", 0755, 1000);
    world.dir("/run/user/1000", 0700, 1000);
    world.dir("/tmp", 01777);
    world.dir("/usr/bin");
    policy.network = {NetworkMode::None, kProfile};
    runtime_dir.decision = PrivateRuntimeDir{};
    runtime_dir.value = "/run/user/1000";
    runtime_dir.reason = "the inherited one cannot be kept: not set";
  }

  void pass(std::string pattern, int rank, const Origin& origin) {
    policy.environment_pass.push_back({{std::move(pattern), ""}, origin, rank});
  }
  void deny(std::string pattern, int rank, const Origin& origin, std::string why = "") {
    policy.environment_deny.push_back({{std::move(pattern), std::move(why)}, origin, rank});
  }
  void set(const std::string& name, std::string value, int rank, const Origin& origin) {
    policy.environment_set[name] = {std::move(value), origin, rank};
  }

  EnvironmentPlan decide() {
    FactLens lens(world.facts);
    return decide_environment(policy, runtime_dir, *SessionPlan::make(session), mounts, directory, lens);
  }
  std::optional<VariablePlan> plan_of_variable(const std::string& name) {
    for (const VariablePlan& variable : decide().variables) {
      if (variable.name == name) return variable;
    }
    return std::nullopt;
  }
  /// "passed", "dropped: why", "= value", "absent".
  std::string fate(const std::string& name) {
    const auto variable = plan_of_variable(name);
    if (!variable) return "absent";
    return std::visit(Overloaded{
                          [](const Passed&) { return std::string("passed"); },
                          [](const Replaced& r) { return "= " + r.value; },
                          [&](const Dropped&) { return "dropped: " + variable->reason; },
                      },
                      variable->fate);
  }
  /// The fate of a variable that only this line of the test knows.
  std::string fate_of(const std::string& name, const std::string& value) {
    world.facts.environment = {{name, value}};
    return fate(name);
  }

  World world;
  Policy policy;
  RuntimeDirPlan runtime_dir;
  SessionPlan::Parts session;
  SandboxPath directory = inside("/home/ann/app");
  MountPlan mounts = plan_of({read_only("/"), tmpfs("/run"), test::make_dir("/run/user"),
                              created(tmpfs("/run/user/1000", 0700)), tmpfs("/tmp", 01777)});
};

TEST_F(EnvironmentTest, ListsEachVariableOnceInOrder) {
  world.variable("ZED", "1");
  world.variable("ALPHA", "first");
  world.variable("ALPHA", "second");
  std::vector<std::string> names;
  for (const VariablePlan& variable : decide().variables) names.push_back(variable.name);
  EXPECT_EQ(names, (std::vector<std::string>{"ALPHA", "PWD", "XDG_RUNTIME_DIR", "ZED"}));
}

TEST_F(EnvironmentTest, LeavesOutNamesThatCannotBeSet) {
  world.variable("", "x");
  set("A=B", "x", 2, kUser);
  EXPECT_EQ(decide().variables.size(), 2U);
}

TEST_F(EnvironmentTest, APlainVariableIsPassedWithoutAReason) {
  world.variable("EDITOR", "vim");
  EXPECT_EQ(plan_of_variable("EDITOR"), (VariablePlan{"EDITOR", Passed{}, "", {}}));
}

TEST_F(EnvironmentTest, ADeniedVariableIsDroppedForTheReasonGiven) {
  world.variable("AWS_SECRET_ACCESS_KEY", "x");
  deny("AWS_*", 1, kProfile, "a cloud credential");
  EXPECT_EQ(plan_of_variable("AWS_SECRET_ACCESS_KEY"),
            (VariablePlan{"AWS_SECRET_ACCESS_KEY", Dropped{}, "a cloud credential", kProfile}));
  policy.environment_deny[0].value.why = "";
  EXPECT_EQ(fate("AWS_SECRET_ACCESS_KEY"), "dropped: environment.deny: AWS_*");
  EXPECT_EQ(fate_of("aws_x", "x"), "passed");
}

TEST_F(EnvironmentTest, OnOneRankDenyBeatsPass) {
  world.variable("TOKEN", "x");
  deny("TOKEN", 2, kUser);
  pass("TOKEN", 2, kUser);
  EXPECT_EQ(fate("TOKEN"), "dropped: environment.deny: TOKEN");
}

TEST_F(EnvironmentTest, AHigherPassReadmits) {
  world.variable("TOKEN", "x");
  deny("*", 1, kProfile);
  pass("TOK*", 2, kUser);
  EXPECT_EQ(fate("TOKEN"), "passed");
  deny("TOKEN", 3, kOption);
  EXPECT_EQ(fate("TOKEN"), "dropped: environment.deny: TOKEN");
}

TEST_F(EnvironmentTest, SetReplacesAndAdds) {
  world.variable("EDITOR", "vim");
  set("EDITOR", "ed", 2, kUser);
  set("NEW", "1", 2, kUser);
  EXPECT_EQ(plan_of_variable("EDITOR"), (VariablePlan{"EDITOR", Replaced{"ed"}, "environment.set", kUser}));
  EXPECT_EQ(fate("NEW"), "= 1");
}

TEST_F(EnvironmentTest, SetBeatsWhatDoesNotRankHigher) {
  set("TOKEN", "mine", 2, kUser);
  deny("TOKEN", 2, kUser);
  world.variable("TOKEN", "inherited");
  EXPECT_EQ(fate("TOKEN"), "= mine");
  pass("TOKEN", 3, kOption);
  EXPECT_EQ(fate("TOKEN"), "passed");
  deny("T*", 4, kOption);
  EXPECT_EQ(fate("TOKEN"), "dropped: environment.deny: T*");
}

TEST_F(EnvironmentTest, APassOfWhatIsNotInheritedChangesNothing) {
  set("TOKEN", "mine", 1, kProfile);
  pass("TOKEN", 3, kOption);
  EXPECT_EQ(fate("TOKEN"), "= mine");
  EXPECT_EQ(fate("OTHER"), "absent");
}

TEST_F(EnvironmentTest, ClearKeepsTheBasicsAndWhatIsPassed) {
  policy.environment = {EnvironmentMode::Clear, kUser};
  for (const char* name : {"PATH", "HOME", "LC_TIME", "EDITOR", "GIT_PAGER"}) world.variable(name, "x");
  pass("GIT_*", 1, kProfile);
  EXPECT_EQ(fate("PATH"), "passed");
  EXPECT_EQ(fate("LC_TIME"), "passed");
  EXPECT_EQ(fate("GIT_PAGER"), "passed");
  EXPECT_EQ(fate("EDITOR"), "dropped: environment.mode = \"clear\"");
  EXPECT_EQ(plan_of_variable("HOME"), (VariablePlan{"HOME", Passed{}, "basic: finds the user's files", kUser}));
  policy.environment.value = EnvironmentMode::Inherit;
  EXPECT_EQ(fate("EDITOR"), "passed");
}

TEST_F(EnvironmentTest, TheRuntimeDirectoryFollowsItsPlan) {
  EXPECT_EQ(fate("XDG_RUNTIME_DIR"), "= /run/user/1000");
  world.variable("XDG_RUNTIME_DIR", "/run/user/1000");
  EXPECT_EQ(fate("XDG_RUNTIME_DIR"), "passed");
  runtime_dir = {NoRuntimeDir{}, "", "no place", kUser, ""};
  EXPECT_EQ(plan_of_variable("XDG_RUNTIME_DIR"), (VariablePlan{"XDG_RUNTIME_DIR", Dropped{}, "no place", kUser}));
  world.facts.environment.clear();
  EXPECT_EQ(fate("XDG_RUNTIME_DIR"), "absent");
}

TEST_F(EnvironmentTest, NobodyElseDecidesPwdAndTheRuntimeDirectory) {
  set("XDG_RUNTIME_DIR", "/x", 5, kOption);
  set("PWD", "/x", 5, kOption);
  deny("*", 6, kOption);
  EXPECT_EQ(fate("XDG_RUNTIME_DIR"), "= /run/user/1000");
  EXPECT_EQ(fate("PWD"), "= /home/ann/app");
}

TEST_F(EnvironmentTest, PwdIsWhereTheCommandStarts) {
  world.variable("PWD", "/home/ann");
  EXPECT_EQ(fate("PWD"), "= /home/ann/app");
  world.facts.environment = {{"PWD", "/home/ann/app"}};
  EXPECT_EQ(fate("PWD"), "passed");
}

TEST_F(EnvironmentTest, OldpwdIsDroppedWhereItIsHidden) {
  world.dir("/tmp/x", 0755, 1000);
  EXPECT_EQ(fate_of("OLDPWD", "/home/ann"), "passed");
  EXPECT_EQ(fate_of("OLDPWD", "/tmp/x"), "dropped: that directory is not in the sandbox");
}

TEST_F(EnvironmentTest, ScratchDirectoriesMustBeWritable) {
  EXPECT_EQ(fate_of("TMPDIR", "/tmp"), "passed");
  EXPECT_EQ(fate_of("TMPDIR", "/home/ann/app"), "dropped: that directory is not writable in the sandbox");
  EXPECT_EQ(fate_of("TEMP", "/tmp/mine"), "dropped: that directory is not writable in the sandbox");
  mounts = plan_of({read_only("/"), test::writable("/home/ann/app")});
  EXPECT_EQ(fate_of("TMP", "/home/ann/app"), "passed");
  EXPECT_EQ(fate_of("TMP", "/home/ann"), "dropped: that directory is not writable in the sandbox");
  mounts = plan_of({read_only("/"), tmpfs("/tmp", 01777)}, {"/tmp"});
  EXPECT_EQ(fate_of("TMPDIR", "/tmp"), "dropped: that directory is not writable in the sandbox");
}

TEST_F(EnvironmentTest, TheMultiplexersVariablesGo) {
  for (const char* name : {"TMUX", "TMUX_PANE", "STY"}) {
    EXPECT_EQ(fate_of(name, "x"), "dropped: the terminal multiplexer's server is out of reach") << name;
  }
}

TEST_F(EnvironmentTest, TheUsersOwnWordBeatsAMend) {
  world.variable("TMUX", "/tmp/tmux,1,0");
  pass("TMUX", 1, kProfile);
  EXPECT_EQ(fate("TMUX"), "dropped: the terminal multiplexer's server is out of reach");
  pass("TMU*", 2, kUser);
  EXPECT_EQ(fate("TMUX"), "dropped: the terminal multiplexer's server is out of reach");
  pass("TMUX", 2, kUser);
  pass("TMUX", 3, kUser);
  EXPECT_EQ(fate("TMUX"), "passed");
  policy.environment_pass.clear();
  set("TMUX", "x", 3, kUser);
  EXPECT_EQ(fate("TMUX"), "= x");
}

TEST_F(EnvironmentTest, GpgLearnsTheTerminalsNameInside) {
  EXPECT_EQ(fate("GPG_TTY"), "absent");
  EXPECT_EQ(fate_of("GPG_TTY", "/dev/pts/3"), "dropped: the terminal has no name in the sandbox");
  world.facts.terminal.streams[1].terminal = true;
  EXPECT_EQ(fate("GPG_TTY"), "= /dev/console");
  world.facts.environment.clear();
  EXPECT_EQ(fate("GPG_TTY"), "= /dev/console");
  session.kind = SessionKind::NewSession;
  EXPECT_EQ(fate("GPG_TTY"), "absent");
}

TEST_F(EnvironmentTest, GpgLearnsTheNameOfAPrivateTerminal) {
  session.terminal = TerminalKind::Private;
  session.relayed = {true, true, true};
  EXPECT_EQ(fate("GPG_TTY"), "= /dev/pts/0");
  policy.devices.value = DevicesMode::Host;
  EXPECT_EQ(fate("GPG_TTY"), "absent");
}

TEST_F(EnvironmentTest, GpgTtyCanBeDeniedAndSet) {
  world.facts.terminal.streams[1].terminal = true;
  deny("GPG_*", 2, kUser);
  EXPECT_EQ(fate("GPG_TTY"), "absent");
  set("GPG_TTY", "/dev/tty", 3, kOption);
  EXPECT_EQ(fate("GPG_TTY"), "= /dev/tty");
}

// ---- PATH ------------------------------------------------------------------------------------------------------

class SearchPath : public EnvironmentTest {
 protected:
  SearchPath() {
    world.dir("/home/ann/.fnm/v20/bin", 0755, 1000);
    world.link("/run/user/1000/fnm_multishells/1_2", "/home/ann/.fnm/v20");
  }
};

TEST_F(SearchPath, AHiddenEntryBecomesTheDirectoryThatItsLinksLeadTo) {
  world.variable("PATH", "/run/user/1000/fnm_multishells/1_2/bin:/usr/bin");
  EXPECT_EQ(
      plan_of_variable("PATH"),
      (VariablePlan{"PATH",
                    Replaced{"/home/ann/.fnm/v20/bin:/usr/bin"},
                    "/run/user/1000/fnm_multishells/1_2/bin is hidden and became its target /home/ann/.fnm/v20/bin",
                    {}}));
}

TEST_F(SearchPath, StaysAsItIsWhereTheEntryIsVisible) {
  mounts = plan_of({read_only("/")});
  EXPECT_EQ(fate_of("PATH", "/run/user/1000/fnm_multishells/1_2/bin:/usr/bin"), "passed");
}

TEST_F(SearchPath, StaysAsItIsWhereTheTargetIsHiddenToo) {
  mounts = plan_of({read_only("/"), tmpfs("/run"), tmpfs("/home")});
  EXPECT_EQ(fate_of("PATH", "/run/user/1000/fnm_multishells/1_2/bin:/usr/bin"), "passed");
}

TEST_F(SearchPath, AnotherDirectoryOfThatNameIsNotTheTarget) {
  world.dir("/other/ann/.fnm/v20/bin");
  mounts = plan_of({read_only("/"), tmpfs("/run"), op("/home", test::bind_of("/other", BindMode::ReadOnly))});
  EXPECT_EQ(fate_of("PATH", "/run/user/1000/fnm_multishells/1_2/bin"), "passed");
}

TEST_F(SearchPath, LeavesMissingRelativeAndEmptyEntriesAlone) {
  EXPECT_EQ(fate_of("PATH", ":/nowhere:bin:/usr/bin:"), "passed");
  EXPECT_EQ(fate_of("PATH", ":/nowhere:/run/user/1000/fnm_multishells/1_2/bin:bin::"),
            "= :/nowhere:/home/ann/.fnm/v20/bin:bin::");
}

// ---- variables that lead to sockets --------------------------------------------------------------------------

class DeadPointers : public EnvironmentTest {
 protected:
  DeadPointers() {
    for (const char* socket : {"/run/user/1000/bus", "/run/user/1000/wayland-0", "/tmp/ssh/agent", "/tmp/.X11-unix/X0",
                               "/srv/agent", "/srv/.ICE", "/srv/pulse"}) {
      world.file(socket, PathKind::Socket);
    }
  }
};

TEST_F(DeadPointers, AHiddenSocketsVariableIsDroppedAndAVisibleOnesIsNot) {
  EXPECT_EQ(fate_of("SSH_AUTH_SOCK", "/tmp/ssh/agent"), "dropped: leads to the SSH agent: /tmp/ssh is hidden");
  EXPECT_EQ(fate_of("SSH_AUTH_SOCK", "/srv/agent"), "passed");
  EXPECT_EQ(fate_of("SSH_AUTH_SOCK", ""), "passed");
  mounts = plan_of({read_only("/"), op("/srv/agent", MaskFile{})});
  EXPECT_EQ(fate_of("SSH_AUTH_SOCK", "/srv/agent"), "dropped: leads to the SSH agent: /srv/agent is hidden");
  EXPECT_EQ(fate_of("SSH_AUTH_SOCK", "/tmp/ssh/agent"), "passed");
}

TEST_F(DeadPointers, EveryPlainPathOfTheTable) {
  for (const char* name :
       {"XAUTHORITY", "ICEAUTHORITY", "VSCODE_IPC_HOOK_CLI", "VSCODE_IPC_HOOK", "VSCODE_GIT_IPC_HANDLE",
        "FNM_MULTISHELL_PATH", "NVIM", "NVIM_LISTEN_ADDRESS", "PIPEWIRE_RUNTIME_DIR", "SWAYSOCK", "I3SOCK",
        "NOTIFY_SOCKET", "ALACRITTY_SOCKET", "WEZTERM_UNIX_SOCKET", "GNOME_KEYRING_CONTROL"}) {
    EXPECT_EQ(fate_of(name, "/tmp/gone").substr(0, 18), "dropped: leads to ") << name;
    EXPECT_EQ(fate_of(name, "/srv/agent"), "passed") << name;
  }
}

TEST_F(DeadPointers, OtherVariablesMayHoldHiddenPaths) { EXPECT_EQ(fate_of("MY_FILE", "/tmp/gone"), "passed"); }

TEST_F(DeadPointers, AbstractSocketsNeedTheHostsNetwork) {
  EXPECT_EQ(fate_of("NOTIFY_SOCKET", "@/org/systemd"),
            "dropped: leads to the service manager: the host's network is out of reach");
  policy.network.value = NetworkMode::Host;
  EXPECT_EQ(fate_of("NOTIFY_SOCKET", "@/org/systemd"), "passed");
}

TEST_F(DeadPointers, DbusIsAListOfAddresses) {
  const std::string name = "DBUS_SESSION_BUS_ADDRESS";
  EXPECT_EQ(fate_of(name, "unix:path=/run/user/1000/bus,guid=12"),
            "dropped: leads to the session bus: /run/user/1000/bus is hidden");
  EXPECT_EQ(fate_of(name, "unix:path=/run/user/1000/bus;unix:path=/srv/agent"), "passed");
  EXPECT_EQ(fate_of(name, "unix:guid=1,path=/srv/agent"), "passed");
  EXPECT_EQ(fate_of(name, "unix:runtime=yes"), "dropped: leads to the session bus: /run/user/1000/bus is hidden");
  EXPECT_EQ(fate_of(name, "unix:abstract=/tmp/dbus-x,guid=1"),
            "dropped: leads to the session bus: the host's network is out of reach");
  EXPECT_EQ(fate_of(name, "autolaunch:"), "passed");
  EXPECT_EQ(fate_of(name, ""), "passed");
}

TEST_F(DeadPointers, NamesBelowTheRuntimeDirectory) {
  const std::string dropped = "dropped: leads to the Wayland compositor: /run/user/1000/wayland-0 is hidden";
  EXPECT_EQ(fate_of("WAYLAND_DISPLAY", "wayland-0"), dropped);
  EXPECT_EQ(fate_of("WAYLAND_DISPLAY", "/run/user/1000/wayland-0"), dropped);
  EXPECT_EQ(fate_of("WAYLAND_DISPLAY", "/srv/agent"), "passed");
  mounts = plan_of({read_only("/")});
  EXPECT_EQ(fate_of("WAYLAND_DISPLAY", "wayland-0"), "passed");
  EXPECT_EQ(fate_of("PIPEWIRE_REMOTE", "pipewire-0"),
            "dropped: leads to the media server: /run/user/1000/pipewire-0 does not exist");
}

TEST_F(DeadPointers, XDisplays) {
  EXPECT_EQ(fate_of("DISPLAY", ":0.0"), "dropped: leads to the X server: /tmp/.X11-unix is hidden");
  EXPECT_EQ(fate_of("DISPLAY", "localhost:10.0"), "dropped: leads to the X server: the host's network is out of reach");
  mounts = plan_of({read_only("/")});
  EXPECT_EQ(fate_of("DISPLAY", ":0.0"), "passed");
  EXPECT_EQ(fate_of("DISPLAY", "unix:0"), "passed");
  EXPECT_EQ(fate_of("DISPLAY", ":1"), "dropped: leads to the X server: /tmp/.X11-unix/X1 does not exist");
  policy.network.value = NetworkMode::Host;
  EXPECT_EQ(fate_of("DISPLAY", "localhost:10.0"), "passed");
  EXPECT_EQ(fate_of("DISPLAY", ":1"), "passed");
}

TEST_F(DeadPointers, PulseServers) {
  const std::string dropped = "dropped: leads to the sound server: /tmp/p is hidden";
  EXPECT_EQ(fate_of("PULSE_SERVER", "unix:/tmp/p"), dropped);
  EXPECT_EQ(fate_of("PULSE_SERVER", "{0123}unix:/tmp/p"), dropped);
  EXPECT_EQ(fate_of("PULSE_SERVER", "unix:/tmp/p /srv/pulse"), "passed");
  EXPECT_EQ(fate_of("PULSE_SERVER", "tcp:box:4713"),
            "dropped: leads to the sound server: the host's network is out of reach");
}

TEST_F(DeadPointers, SessionManagers) {
  EXPECT_EQ(fate_of("SESSION_MANAGER", "local/box:@/tmp/.ICE-unix/7,unix/box:/tmp/.ICE-unix/7"),
            "dropped: leads to the session manager: /tmp/.ICE-unix is hidden");
  EXPECT_EQ(fate_of("SESSION_MANAGER", "local/box:@/srv/.ICE,unix/box:/srv/.ICE"), "passed");
}

TEST_F(DeadPointers, OtherForms) {
  EXPECT_EQ(fate_of("GPG_AGENT_INFO", "/tmp/gpg/S:123:1"), "dropped: leads to the GnuPG agent: /tmp/gpg is hidden");
  EXPECT_EQ(fate_of("GPG_AGENT_INFO", "/srv/agent:123:1"), "passed");
  EXPECT_EQ(fate_of("DOCKER_HOST", "unix:///run/docker.sock"),
            "dropped: leads to the container engine: /run/docker.sock is hidden");
  EXPECT_EQ(fate_of("DOCKER_HOST", "ssh://box"), "passed");
  EXPECT_EQ(fate_of("KITTY_LISTEN_ON", "unix:@kitty"),
            "dropped: leads to the terminal emulator: the host's network is out of reach");
}

TEST_F(DeadPointers, WhatAProfileSetsIsCheckedToo) {
  set("SSH_AUTH_SOCK", "/tmp/ssh/agent", 1, kProfile);
  EXPECT_EQ(fate("SSH_AUTH_SOCK"), "dropped: leads to the SSH agent: /tmp/ssh is hidden");
  set("SSH_AUTH_SOCK", "/srv/agent", 1, kProfile);
  EXPECT_EQ(fate("SSH_AUTH_SOCK"), "= /srv/agent");
}

}  // namespace
}  // namespace fence
