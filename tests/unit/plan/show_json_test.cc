#include <nlohmann/json.hpp>

#include "fence/plan/show.h"
#include "small_plan.h"

namespace fence {
namespace {

using test::created;
using test::host;
using test::kUser;
using test::op;
using test::plan_of;
using test::small_plan;

TEST(PlanJson, ShowsTheWholePlan) {
  EXPECT_EQ(plan_json(small_plan()), R"({
  "schema": "fence-plan/1",
  "hash": "",
  "command": [
    "bash"
  ],
  "directory": "/home/ann/app",
  "profiles": [
    "workspace"
  ],
  "executor": "bwrap: the only executor of this build",
  "namespaces": true,
  "keep_descriptors": [],
  "mounts": [
    {
      "action": "read-only",
      "target": "/",
      "source": "/",
      "kind": "directory",
      "device": 8,
      "inode": 2,
      "mount_point": "exists",
      "because": "only-rule",
      "why": "",
      "origin": {
        "layer": "profile",
        "source": "profile workspace"
      },
      "overruled": []
    },
    {
      "action": "dev",
      "target": "/dev",
      "mount_point": "exists",
      "because": "private-dev",
      "why": "",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      },
      "overruled": []
    },
    {
      "action": "writable",
      "target": "/home/ann/app",
      "source": "/home/ann/app",
      "kind": "directory",
      "device": 0,
      "inode": 0,
      "mount_point": "exists",
      "because": "deeper-path",
      "why": "the workspace",
      "origin": {
        "layer": "profile",
        "source": "profile workspace"
      },
      "overruled": [
        {
          "layer": "profile",
          "source": "profile workspace"
        }
      ]
    },
    {
      "action": "tmpfs",
      "target": "/run",
      "mode": "0755",
      "size": 67108864,
      "mount_point": "exists",
      "because": "deeper-path",
      "why": "",
      "origin": {
        "layer": "profile",
        "source": "profile workspace"
      },
      "overruled": []
    },
    {
      "action": "file",
      "target": "/run/resolv.conf",
      "mode": "0444",
      "bytes": 10,
      "mount_point": "created",
      "because": "mended",
      "why": "",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      },
      "overruled": []
    },
    {
      "action": "directory",
      "target": "/run/user",
      "mode": "0755",
      "mount_point": "created",
      "because": "parent",
      "why": "",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      },
      "overruled": []
    }
  ],
  "seals": [
    "/run"
  ],
  "hidden": [],
  "absent_protected": "report",
  "absent": [],
  "patterns": [],
  "abilities": [],
  "session": {
    "kind": "tiocsti-filter",
    "terminal": "shared",
    "terminal_reason": "the bwrap executor can only share the caller's terminal",
    "terminal_origin": {
      "layer": "built-in",
      "source": "fence"
    },
    "deferred": false,
    "restore_foreground": true,
    "reason": "default: descriptors 0, 1 and 2 are terminals",
    "origin": {
      "layer": "built-in",
      "source": "fence"
    },
    "overruled": []
  },
  "runtime_dir": {
    "decision": "private",
    "value": "/run/user/1000",
    "reason": "the inherited one cannot be kept: not set",
    "note": "",
    "origin": {
      "layer": "built-in",
      "source": "fence"
    }
  },
  "identity": {
    "uid": 1000,
    "gid": 1000,
    "map": {
      "kind": "own"
    },
    "nested_user_namespaces": false,
    "nesting_origin": {
      "layer": "built-in",
      "source": "fence"
    }
  },
  "network": {
    "mode": "none",
    "origin": {
      "layer": "profile",
      "source": "profile workspace"
    }
  },
  "windows_interop": {
    "allowed": false,
    "origin": {
      "layer": "built-in",
      "source": "fence"
    }
  },
  "system_calls": {
    "groups": [
      {
        "name": "mounts",
        "refused": true,
        "reason": "profile default",
        "origin": {
          "layer": "built-in",
          "source": "fence"
        }
      }
    ],
    "calls": [
      {
        "name": "bpf",
        "refused": false,
        "reason": "seccomp.allow",
        "origin": {
          "layer": "user",
          "source": "~/.config/fence/settings.toml",
          "line": 12,
          "column": 3
        }
      }
    ]
  },
  "landlock": {
    "mode": "auto",
    "origin": {
      "layer": "built-in",
      "source": "fence"
    },
    "abi": 5,
    "handled": [
      "write_file",
      "refer"
    ],
    "handled_for_input": [
      "truncate"
    ],
    "scoped": [
      "signal"
    ],
    "handled_net": [],
    "rules": [
      {
        "path": "/dev",
        "rights": [
          "write_file",
          "refer",
          "truncate"
        ],
        "why": "dev"
      }
    ],
    "handed_readable": [],
    "handed_writable": [
      "write_file"
    ],
    "without": [
      "something of ABI 6"
    ]
  },
  "cgroup_namespace": true,
  "limits": [],
  "cgroup": null,
  "environment": [
    {
      "name": "EDITOR",
      "fate": "passed",
      "reason": "",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      }
    },
    {
      "name": "PWD",
      "fate": "set",
      "reason": "where the command starts",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      }
    },
    {
      "name": "SSH_AUTH_SOCK",
      "fate": "dropped",
      "reason": "leads to the SSH agent: /tmp/ssh is hidden",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      }
    },
    {
      "name": "TERM",
      "fate": "passed",
      "reason": "",
      "origin": {
        "layer": "built-in",
        "source": "fence"
      }
    }
  ],
  "remarks": []
}
)");
}

TEST(PlanJson, EachKindOfMountHasItsFields) {
  SandboxPlan plan = small_plan();
  plan.mounts = plan_of({
      created(op("/a", Tmpfs{01777, {}})),
      created(op("/a/dir", MakeDir{0700})),
      created(op("/a/link", Symlink{"x\n"})),
      created(op("/b", test::bind_of("/data", BindMode::Device, PathKind::BlockDevice))),
      created(op("/c", MaskFile{})),
      created(op("/proc", Proc{})),
      op("/proc/sys", LockReadOnly{}),
  });
  const auto mounts = nlohmann::json::parse(plan_json(plan))["mounts"];
  EXPECT_EQ(mounts[0]["mode"], "1777");
  EXPECT_FALSE(mounts[0].contains("size"));
  EXPECT_EQ(mounts[1]["mode"], "0700");
  EXPECT_EQ(mounts[2]["points_to"], "x\\x0a");
  EXPECT_EQ(mounts[3]["action"], "device");
  EXPECT_EQ(mounts[3]["source"], "/data");
  EXPECT_EQ(mounts[3]["kind"], "block-device");
  EXPECT_EQ(mounts[4]["action"], "mask");
  EXPECT_EQ(mounts[5]["action"], "proc");
  EXPECT_EQ(mounts[6]["action"], "lock");
}

TEST(PlanJson, TellsTheOtherChoicesApart) {
  SessionPlan::Parts session;
  session.kind = SessionKind::NewSession;
  session.terminal = TerminalKind::None;
  session.overruled = {kUser};
  SandboxPlan plan = small_plan();
  plan.session = *SessionPlan::make(session);
  plan.runtime_dir.decision = KeepInherited{};
  plan.identity.map = MapAllIds{{{0, 0, 65536}}, {{0, 0, 10}, {10, 10, 5}}};
  plan.network.value = NetworkMode::Host;
  plan.absent_protected = AbsentProtected::Quarantine;
  plan.absent = {{host("/x"), kUser}};
  plan.keep_descriptors = {3, 9};
  plan.remarks = {{RemarkKind::Danger, "d", kUser}, {RemarkKind::Notice, "n", std::nullopt}};
  const auto json = nlohmann::json::parse(plan_json(plan));
  EXPECT_EQ(json["session"]["kind"], "new-session");
  EXPECT_EQ(json["session"]["terminal"], "none");
  EXPECT_EQ(json["session"]["overruled"][0]["line"], 12);
  EXPECT_EQ(json["session"]["overruled"][0]["column"], 3);
  EXPECT_EQ(json["runtime_dir"]["decision"], "keep");
  EXPECT_EQ(json["identity"]["map"]["kind"], "all");
  EXPECT_EQ(json["identity"]["map"]["gids"][1]["inside"], 10);
  EXPECT_EQ(json["network"]["mode"], "host");
  EXPECT_EQ(json["absent_protected"], "quarantine");
  EXPECT_EQ(json["absent"][0]["path"], "/x");
  EXPECT_EQ(json["keep_descriptors"], (std::vector<int>{3, 9}));
  EXPECT_EQ(json["remarks"][0]["kind"], "danger");
  EXPECT_EQ(json["remarks"][0]["origin"]["layer"], "user");
  EXPECT_FALSE(json["remarks"][1].contains("origin"));
  plan.runtime_dir.decision = NoRuntimeDir{};
  EXPECT_EQ(nlohmann::json::parse(plan_json(plan))["runtime_dir"]["decision"], "unset");
}

}  // namespace
}  // namespace fence
