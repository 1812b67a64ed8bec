#include "fence/plan/show.h"

#include <nlohmann/json.hpp>

#include "small_plan.h"

namespace fence {
namespace {

using test::created;
using test::decided;
using test::host;
using test::inside;
using test::kProfile;
using test::kUser;
using test::op;
using test::plan_of;
using test::small_plan;

/// The lines from one heading to the next.
std::string section(const std::string& text, const std::string& heading) {
  const auto start = text.find("\n" + heading);
  if (start == std::string::npos) return "";
  const auto end = text.find("\n\n", start + 1);
  return text.substr(start + 1, end == std::string::npos ? end : end - start);
}

TEST(PlanText, ShowsTheWholePlan) {
  EXPECT_EQ(plan_text(small_plan()), R"(Plan for: bash
  starts in  /home/ann/app
  profile    workspace
  executor   bwrap: the only executor of this build

Files: all that the command sees
  what       where             from                    asked for by       why
  read-only  /                 same path               profile workspace  the only wish
  dev        /dev              new                     fence              the private /dev
  writable   /home/ann/app     same path               profile workspace  the deeper path: the workspace
  tmpfs      /run              new, mode 0755, 64 MiB  profile workspace  the deeper path
  file       /run/resolv.conf  new, 10 bytes           fence              so that everyday tools do not break
  directory  /run/user         new, mode 0755          fence              on the way to a deeper path
  then made read-only:  /run

Session and terminal
  session       tiocsti-filter: job control works; TIOCSTI and TIOCLINUX are refused
  why           default: descriptors 0, 1 and 2 are terminals
  asked for by  fence
  terminal      shared: the command uses this terminal itself
  why           the bwrap executor can only share the caller's terminal
  asked for by  fence
  at the end    fence becomes the terminal's foreground job again

Runtime directory (XDG_RUNTIME_DIR)
  directory     private: /run/user/1000
  why           the inherited one cannot be kept: not set
  asked for by  fence

Identity
  user     uid 1000, gid 1000; all other owners show as nobody
  rights   no capability, no set-user-id programs
  nesting  user namespaces inside: denied (fence)

Network and namespaces
  network     none: loopback only (profile workspace)
  namespaces  own user, mount, pid, ipc, uts, cgroup, network
  vm sockets  AF_VSOCK: refused (fence)

System calls; those of foreign ABIs kill the process
  refused  mounts  profile default (fence)                             mounts, by the old calls and by the new ones
  open     bpf     seccomp.allow (~/.config/fence/settings.toml:12:3)  this call alone

Landlock: what the kernel refuses besides
  mode      auto: what costs nothing; ABI 5 (fence)
  signals   to processes inside only
  not here  something of ABI 6
  files, but for what follows:  write_file, refer
  where a file is handed over that is not open for writing, also  truncate
    below  /dev           all         dev
    below  0, 1, 2, kept  write_file  descriptors opened for writing

Environment: names only, no values
  set      PWD            fence  where the command starts
  dropped  SSH_AUTH_SOCK  fence  leads to the SSH agent: /tmp/ssh is hidden
  passed   EDITOR, TERM
)");
}

TEST(PlanText, ShowsTheCommandAsAShellWouldTakeIt) {
  SandboxPlan plan = small_plan();
  plan.command = {"sh", "-c", "echo $HOME"};
  plan.profiles = {"workspace", "build"};
  plan.keep_descriptors = {5, 7};
  const std::string text = plan_text(plan);
  EXPECT_EQ(text.substr(0, text.find("\n\n")),
            "Plan for: sh -c 'echo $HOME'\n"
            "  starts in   /home/ann/app\n"
            "  profiles    workspace and build\n"
            "  executor    bwrap: the only executor of this build\n"
            "  keeps open  descriptor 5 and 7");
}

TEST(PlanText, NamesTheSourceAndWhomTheWinnerBeat) {
  SandboxPlan plan = small_plan();
  const Origin option{LayerKind::CommandLine, "--allow-write", 0, 0};
  plan.mounts = plan_of({decided(op("/srv", test::bind_of("/data", BindMode::ReadWrite), MountPoint::Create),
                                 Because::HigherLayer, option, "", {kUser, kProfile, kUser, option})});
  EXPECT_EQ(section(plan_text(plan), "Files"), R"(Files: all that the command sees
  what      where  from   asked for by   why
  writable  /srv   /data  --allow-write  the higher layer (over ~/.config/fence/settings.toml:12:3 and profile workspace)
)");
}

TEST(PlanText, CountsTheRestOfManyLosers) {
  SandboxPlan plan = small_plan();
  std::vector<Origin> losers;
  for (std::uint32_t line = 1; line <= 5; ++line) losers.push_back({LayerKind::User, "s.toml", line, 0});
  plan.mounts = plan_of({decided(op("/", Tmpfs{}), Because::HigherLayer, kProfile, "", losers)});
  EXPECT_NE(plan_text(plan).find("(over s.toml:1, s.toml:2, s.toml:3 and 2 more)"), std::string::npos);
}

TEST(PlanText, HasWordsForEveryKindOfMount) {
  SandboxPlan plan = small_plan();
  plan.mounts = plan_of({
      created(op("/d", Tmpfs{01777, 4096})),
      created(op("/d/dir", MakeDir{0700})),
      created(op("/d/file", WriteFile{"12345", 0444})),
      created(op("/d/link", Symlink{"../x\n"})),
      created(op("/dev", Dev{})),
      op("/dev/null2", test::bind_of("/dev/null2", BindMode::Device, PathKind::CharDevice)),
      created(op("/host", test::bind_of("/host", BindMode::ReadOnly))),
      op("/host/secret", MaskFile{}),
      created(op("/proc", Proc{})),
      op("/proc/sys", LockReadOnly{}),
  });
  EXPECT_EQ(section(plan_text(plan), "Files"), R"(Files: all that the command sees
  what       where         from                   asked for by  why
  tmpfs      /d            new, mode 1777, 4 KiB  fence         the only wish
  directory  /d/dir        new, mode 0700         fence         the only wish
  file       /d/file       new, 5 bytes           fence         the only wish
  link       /d/link       -> ../x\x0a            fence         the only wish
  dev        /dev          new                    fence         the only wish
  device     /dev/null2    same path              fence         the only wish
  read-only  /host         same path              fence         the only wish
  mask       /host/secret  cannot be opened       fence         the only wish
  proc       /proc         new                    fence         the only wish
  lock       /proc/sys     read-only from here    fence         the only wish
)");
}

TEST(PlanText, OneLongNameMovesNoOtherRow) {
  SandboxPlan plan = small_plan();
  const std::string longest = "/" + std::string(80, 'n');
  plan.mounts = plan_of({created(op("/a", Tmpfs{})), created(op(longest, Tmpfs{}))});
  EXPECT_EQ(section(plan_text(plan), "Files"),
            "Files: all that the command sees\n"
            "  what   where  from            asked for by  why\n"
            "  tmpfs  /a     new, mode 0755  fence         the only wish\n"
            "  tmpfs  " +
                longest + "  new, mode 0755  fence         the only wish\n");
}

TEST(PlanText, AlignsByCharactersAndNotByBytes) {
  SandboxPlan plan = small_plan();
  plan.mounts = plan_of({created(op("/größe", Tmpfs{})), created(op("/groesse", Tmpfs{}))});
  EXPECT_EQ(section(plan_text(plan), "Files"), R"(Files: all that the command sees
  what   where     from            asked for by  why
  tmpfs  /groesse  new, mode 0755  fence         the only wish
  tmpfs  /größe    new, mode 0755  fence         the only wish
)");
}

TEST(PlanText, NoControlByteOfAnyNameReachesIt) {
  const std::string evil = "\x1b[2J\n\x9b";
  const Origin origin{LayerKind::User, evil, 1, 0};
  SessionPlan::Parts session;
  session.reason = evil;
  session.origin = origin;
  session.overruled = {kUser};
  SandboxPlan plan = small_plan();
  plan.session = *SessionPlan::make(session);
  plan.mounts = plan_of({decided(created(op("/" + evil, test::bind_of("/x" + evil, BindMode::ReadOnly))),
                                 Because::OnlyRule, origin, evil, {kUser})});
  plan.runtime_dir = {KeepInherited{}, evil, evil, origin, evil};
  plan.environment = {{{evil, Passed{}, "", origin}, {evil + "2", Dropped{}, evil, origin}}};
  plan.identity.nesting_origin = origin;
  plan.network.origin = origin;
  plan.directory = inside("/" + evil);
  plan.command = {evil};
  plan.profiles = {evil};
  plan.backend_reason = evil;
  plan.absent = {{host("/" + evil), origin}};
  plan.remarks = {{RemarkKind::Note, evil, origin}};
  for (const std::string& text : {plan_text(plan), plan_json(plan)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x9b'), std::string::npos);
    EXPECT_NE(text.find("x1b[2J"), std::string::npos);
  }
  EXPECT_TRUE(nlohmann::json::accept(plan_json(plan)));
}

TEST(PlanText, ValuesOfVariablesAreInNeitherForm) {
  SandboxPlan plan = small_plan();
  plan.environment = {{{"TOKEN", Replaced{"hunter2"}, "environment.set", kUser}}};
  EXPECT_EQ(plan_text(plan).find("hunter2"), std::string::npos);
  EXPECT_EQ(plan_json(plan).find("hunter2"), std::string::npos);
  EXPECT_NE(plan_text(plan).find("TOKEN"), std::string::npos);
}

TEST(PlanText, WrapsTheNamesThatArePassed) {
  SandboxPlan plan = small_plan();
  plan.environment = {};
  for (char c = 'A'; c <= 'Z'; ++c)
    plan.environment.variables.push_back({"NAME_" + std::string(1, c), Passed{}, "", {}});
  EXPECT_EQ(section(plan_text(plan), "Environment"), R"(Environment: names only, no values
  passed   NAME_A, NAME_B, NAME_C, NAME_D, NAME_E, NAME_F, NAME_G, NAME_H, NAME_I, NAME_J, NAME_K,
           NAME_L, NAME_M, NAME_N, NAME_O, NAME_P, NAME_Q, NAME_R, NAME_S, NAME_T, NAME_U, NAME_V,
           NAME_W, NAME_X, NAME_Y, NAME_Z
)");
}

TEST(PlanText, SaysWhatANewSessionMeans) {
  SessionPlan::Parts session;
  session.kind = SessionKind::NewSession;
  session.reason = "--force-new-session";
  session.origin = {LayerKind::CommandLine, "--force-new-session", 0, 0};
  session.overruled = {kUser};
  session.terminal = TerminalKind::Private;
  session.relayed = {true, true, true};
  session.terminal_reason = "--terminal private";
  session.terminal_origin = {LayerKind::CommandLine, "--terminal", 0, 0};
  SandboxPlan plan = small_plan();
  plan.session = *SessionPlan::make(session);
  EXPECT_EQ(section(plan_text(plan), "Session"), R"(Session and terminal
  session       new-session: no controlling terminal, no job control; TIOCSTI and TIOCLINUX are refused
  why           --force-new-session (over ~/.config/fence/settings.toml:12:3)
  asked for by  --force-new-session
  terminal      private: a pseudo-terminal of the sandbox's own; fence relays
  why           --terminal private
  asked for by  --terminal
)");
}

TEST(PlanText, ShowsAKeptRuntimeDirectoryWithItsNote) {
  SandboxPlan plan = small_plan();
  plan.runtime_dir = {KeepInherited{},
                      "/run/user/1000/",
                      "writable in the sandbox, your own, mode 0700",
                      {},
                      "noexec: just(1) cannot run recipes there"};
  EXPECT_EQ(section(plan_text(plan), "Runtime"), R"(Runtime directory (XDG_RUNTIME_DIR)
  directory     kept: /run/user/1000/
  why           writable in the sandbox, your own, mode 0700
  asked for by  fence
  note          noexec: just(1) cannot run recipes there
)");
  plan.runtime_dir = {NoRuntimeDir{}, "", "runtimeDir.mode = \"unset\"", {}, ""};
  EXPECT_NE(plan_text(plan).find("  directory     unset\n"), std::string::npos);
}

TEST(PlanText, ShowsRootsIdentityAndTheHostsNetwork) {
  SandboxPlan plan = small_plan();
  plan.identity = {0, 0, MapAllIds{{{0, 0, 65536}}, {{0, 0, 65536}}}, true, kUser};
  plan.network = {NetworkMode::Host, kUser};
  plan.cgroup_namespace = false;
  EXPECT_EQ(section(plan_text(plan), "Identity"), R"(Identity
  user     uid 0, gid 0; all owners show as they are
  rights   no capability, no set-user-id programs
  nesting  user namespaces inside: allowed (~/.config/fence/settings.toml:12:3)
)");
  EXPECT_EQ(section(plan_text(plan), "Network"), R"(Network and namespaces
  network     the host's, unrestricted (~/.config/fence/settings.toml:12:3)
  namespaces  own user, mount, pid, ipc, uts
  vm sockets  AF_VSOCK: refused (fence)
)");
}

TEST(PlanText, DangersComeFirst) {
  SandboxPlan plan = small_plan();
  plan.remarks = {{RemarkKind::Unneeded, "/usr is read-only anyway", kUser},
                  {RemarkKind::Notice, "read-only: $HOME is no workspace", std::nullopt},
                  {RemarkKind::Danger, "the network is open", kUser},
                  {RemarkKind::Note, "a note", std::nullopt}};
  EXPECT_EQ(section(plan_text(plan), "Remarks"), R"(Remarks
  DANGER    the network is open (~/.config/fence/settings.toml:12:3)
  unneeded  /usr is read-only anyway (~/.config/fence/settings.toml:12:3)
  notice    read-only: $HOME is no workspace
  note      a note
)");
}

TEST(PlanText, ListsProtectedPathsThatAreNotThereYet) {
  SandboxPlan plan = small_plan();
  plan.absent = {{host("/home/ann/app/.config/git"), kProfile}, {host("/home/ann/app/.envrc"), kUser}};
  EXPECT_EQ(section(plan_text(plan), "Protected"),
            R"(Protected, but not there yet: reported at the end if the command makes them
  names         .config/git, .envrc
  below         /home/ann/app
  asked for by  profile workspace and ~/.config/fence/settings.toml
)");
  plan.absent_protected = AbsentProtected::Quarantine;
  plan.absent = {{host("/.envrc"), kProfile}};
  EXPECT_EQ(section(plan_text(plan), "Protected"),
            R"(Protected, but not there yet: moved aside at the end if the command makes them
  names         .envrc
  below         /
  asked for by  profile workspace
)");
}

}  // namespace
}  // namespace fence
