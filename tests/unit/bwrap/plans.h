#pragma once
// Small plans made by hand, and the facts they need.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fence/bwrap/bwrap.h"
#include "support/paths.h"

namespace fence::testing {

inline const Origin kUserFile{LayerKind::User, "settings.toml", 14, 3};

inline MountOp op(std::string_view target, MountAction action, MountPoint at = MountPoint::Exists) {
  return {inside(target), at, std::move(action), {.winner = kUserFile}};
}

inline Bind shown(std::string_view source, BindMode mode, PathKind kind = PathKind::Directory) {
  return {host(source), kind, {}, mode};
}

/// bwrap 0.8.0's options, as far as fence uses them.
inline const std::set<std::string> kOptions = {
    "--unshare-user",
    "--disable-userns",
    "--userns",
    "--sync-fd",
    "--cap-drop",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-uts",
    "--unshare-net",
    "--seccomp",
    "--setenv",
    "--unsetenv",
    "--unshare-cgroup",
    "--die-with-parent",
    "--new-session",
    "--perms",
    "--size",
    "--tmpfs",
    "--proc",
    "--dev",
    "--dir",
    "--ro-bind",
    "--bind",
    "--symlink",
    "--dev-bind",
    "--ro-bind-try",
    "--bind-try",
    "--dev-bind-try",
    "--chdir",
    "--ro-bind-data",
    "--remount-ro",
};

inline HostFacts facts() {
  HostFacts facts;
  facts.bwrap = BwrapFacts{"/usr/bin/bwrap", kOptions, false};
  return facts;
}

inline SandboxPlan plan(std::vector<MountOp> ops = {}, std::vector<SandboxPath> seals = {},
                        SessionKind session = SessionKind::TiocstiFilter) {
  auto mounts = check_plan(std::move(ops), std::move(seals));
  if (!mounts) throw std::logic_error(to_string(mounts.error()));
  auto made = SessionPlan::make({.kind = session, .terminal = TerminalKind::Shared, .reason = "asked for"});
  if (!made) throw std::logic_error(to_string(made.error()));
  SandboxPlan plan{.mounts = *std::move(mounts), .session = *std::move(made)};
  plan.identity = {.uid = 1000, .gid = 1000, .map = MapOwnIds{}};
  plan.command = {"true"};
  return plan;
}

/// The words, with "<N>" for the descriptor of payload N.
inline std::vector<std::string> words(const BwrapInvocation& invocation) {
  std::vector<std::string> out;
  for (const auto& word : invocation.options)
    out.push_back(std::visit(Overloaded{
                                 [](const std::string& text) { return text; },
                                 [](const PayloadWord& payload) { return "<" + std::to_string(payload.index) + ">"; },
                             },
                             word));
  return out;
}

}  // namespace fence::testing
