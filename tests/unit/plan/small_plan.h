#pragma once
// One plan that both of its forms are shown for.
#include "fence/plan/plan.h"
#include "world.h"

namespace fence::test {

inline const Origin kProfile{LayerKind::Profile, "profile workspace", 0, 0};
inline const Origin kUser{LayerKind::User, "~/.config/fence/settings.toml", 12, 3};

inline MountOp decided(MountOp op, Because because, const Origin& winner, std::string why = "",
                       std::vector<Origin> overruled = {}) {
  op.why = {winner, because, std::move(why), std::move(overruled)};
  return op;
}

/// A plan with something in every part but the remarks.
inline SandboxPlan small_plan() {
  SessionPlan::Parts session;
  session.terminal_reason = "the bwrap executor can only share the caller's terminal";
  session.restore_foreground = true;
  session.reason = "default: descriptors 0, 1 and 2 are terminals";
  Bind root = bind_of("/", BindMode::ReadOnly);
  root.expect = {8, 2};
  SandboxPlan plan{
      .mounts = plan_of(
          {
              decided(op("/", root), Because::OnlyRule, kProfile),
              decided(op("/dev", Dev{}), Because::PrivateDev, {}),
              decided(op("/home/ann/app", bind_of("/home/ann/app", BindMode::ReadWrite)), Because::DeeperPath, kProfile,
                      "the workspace", {kProfile}),
              decided(op("/run", Tmpfs{0755, 64U << 20}), Because::DeeperPath, kProfile),
              decided(created(op("/run/user", MakeDir{0755})), Because::Parent, {}),
              decided(created(op("/run/resolv.conf", WriteFile{"nameserver", 0444})), Because::Mended, {}),
          },
          {"/run"}),
      .session = *SessionPlan::make(session),
      .runtime_dir = {PrivateRuntimeDir{}, "/run/user/1000", "the inherited one cannot be kept: not set", {}, ""},
      .environment = {{
          {"EDITOR", Passed{}, "", {}},
          {"PWD", Replaced{"/home/ann/app"}, "where the command starts", {}},
          {"SSH_AUTH_SOCK", Dropped{}, "leads to the SSH agent: /tmp/ssh is hidden", {}},
          {"TERM", Passed{}, "", {}},
      }},
      .identity = {1000, 1000, MapOwnIds{}, false, {}},
      .network = {NetworkMode::None, kProfile},
      .cgroup_namespace = true,
      .directory = inside("/home/ann/app"),
      .command = {"bash"},
      .profiles = {"workspace"},
      .landlock = {.mode = {LandlockMode::Auto, {}},
                   .abi = 5,
                   .handled = landlock::kWriteFile | landlock::kRefer,
                   .handled_for_input = landlock::kTruncate,
                   .scoped = landlock::kScopeSignal,
                   .rules = {{inside("/dev"), landlock::kWriteFile | landlock::kTruncate | landlock::kRefer, "dev"}},
                   .handed_writable = landlock::kWriteFile,
                   .without = {"something of ABI 6"}},
      .backend_reason = "bwrap: the only executor of this build",
  };
  plan.filter = {{{"mounts", true, "profile default", {}}}, {{"bpf", false, "seccomp.allow", kUser}}};
  return plan;
}

}  // namespace fence::test
