// Whether the inherited XDG_RUNTIME_DIR can be kept inside the sandbox, by the XDG base directory specification: a
// directory of the user's own, mode 0700, on a local file system that takes sockets and links.
#include "fence/plan/decide.h"
#include "fence/plan/view.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// sockaddr_un has 108 bytes for a path (unix(7)); what is left must hold names like "/gnupg/S.gpg-agent.browser".
constexpr std::size_t kMaxValueBytes = 60;

struct Verdict {
  std::string refusal;  ///< why the directory cannot be kept; empty where it can
  std::string note;
};
Verdict refuse(std::string why) { return {std::move(why), {}}; }

/// What a file system's kind has against it as the place of a runtime directory; "" for nothing.
std::string_view unfit(FsKind kind) {
  switch (kind) {
    case FsKind::Ordinary:
    case FsKind::Tmpfs:
      return "";
    case FsKind::DevPts:
    case FsKind::ProcFs:
    case FsKind::SysFs:
    case FsKind::CgroupFs:
      return "on a special file system of the kernel";
    case FsKind::Network:
      return "not on a local file system";
  }
  return "";
}

/// A bind that somebody asked for at exactly that path, not one that the planner needed for something else.
bool is_granted(const MountOp* op) {
  if (op == nullptr || !std::holds_alternative<Bind>(op->action)) return false;
  switch (op->why.because) {
    case Because::OnlyRule:
    case Because::DeeperPath:
    case Because::HigherLayer:
    case Because::StricterAccess:
      return true;
    case Because::Composed:
    case Because::ComposedEntry:
    case Because::Hidden:
    case Because::Protected:
    case Because::Pinned:
    case Because::Parent:
    case Because::PrivateProc:
    case Because::PrivateDev:
    case Because::RuntimeDir:
    case Because::LinkOnTheWay:
    case Because::Needed:
    case Because::Mended:
      return false;
  }
  return false;
}

/// The first listening socket of the host that would be connectable below the directory; "" where there is none.
std::string open_socket(const SandboxPath& path, const SeenHost& dir, const MountPlan& mounts, FactLens& lens) {
  for (const HostPath& socket : lens.host().listening_sockets) {
    if (!dir.host.contains(socket)) continue;
    const SandboxPath inside = path.below(dir.host.relative(socket));
    if (std::holds_alternative<SeenHost>(look(inside.text(), mounts, lens).seen)) return inside.text();
  }
  return {};
}

Verdict judge_host(const SandboxPath& path, const SeenHost& dir, const MountPlan& mounts, FactLens& lens) {
  const Present& fact = dir.fact;
  const std::uint32_t uid = lens.host().caller.uid;
  if (fact.kind != PathKind::Directory) return refuse("not a directory");
  if (dir.mode == BindMode::ReadOnly) return refuse("read-only in the sandbox");
  if (fact.mount.read_only) return refuse("on a file system that is mounted read-only");
  if (const auto why = unfit(fact.fs); !why.empty()) return refuse(std::string(why));
  if (fact.uid != uid) return refuse("owned by uid " + std::to_string(fact.uid) + ", not " + std::to_string(uid));
  if (fact.mode != 0700) return refuse("mode is " + octal_mode(fact.mode) + ", not 0700");
  if (!is_granted(mounts.find(path))) {
    const std::string socket = open_socket(path, dir, mounts, lens);
    if (!socket.empty()) return refuse("a service of the host could be reached through " + socket);
  }
  return {{}, fact.mount.noexec ? "noexec: just(1) cannot run recipes there" : ""};
}

Verdict judge_own(const SeenOwn& dir) {
  if (!dir.mount_point) return refuse("not a mount of its own in the sandbox");
  if (!dir.writable) return refuse("read-only in the sandbox");
  if (dir.mode != 0700) return refuse("mode is " + octal_mode(dir.mode) + ", not 0700");
  return {};
}

Verdict judge(const std::string* value, const MountPlan& mounts, FactLens& lens) {
  if (value == nullptr) return refuse("not set");
  if (value->empty()) return refuse("empty, which counts as not set");
  if (value->front() != '/') return refuse("not an absolute path: " + *value);
  if (value->size() > kMaxValueBytes) {
    return refuse("longer than " + std::to_string(kMaxValueBytes) + " bytes, too long for sockets below it");
  }
  const SeenAt at = look(*value, mounts, lens);
  return std::visit(Overloaded{
                        [&](const SeenHost& dir) { return judge_host(at.path, dir, mounts, lens); },
                        [](const SeenOwn& dir) { return judge_own(dir); },
                        [](const SeenSpecial&) { return refuse("a part of the private /proc or /dev"); },
                        [](const SeenFile&) { return refuse("not a directory"); },
                        [](const SeenNothing& none) { return refuse("not in the sandbox's view: " + none.because); },
                    },
                    at.seen);
}

Error cannot_inherit(const Policy& policy, const std::string* value, const std::string& why) {
  Error error{ErrorKind::Host, "cannot keep XDG_RUNTIME_DIR" + (value == nullptr ? "" : "=" + escape_bytes(*value))};
  error.why = escape_bytes(why);
  error.origin = policy.runtime_dir.origin;
  error.hint =
      "set runtimeDir.mode to \"auto\" for a private directory, or grant the real one by its exact path in "
      "filesystem.allowWrite";
  return error;
}

}  // namespace

Result<RuntimeDirPlan, Errors> decide_runtime_dir(const Policy& policy, const MountPlan& mounts, FactLens& lens) {
  const std::string* value = find_variable(lens.host().environment, "XDG_RUNTIME_DIR");
  const Origin& origin = policy.runtime_dir.origin;
  switch (policy.runtime_dir.value) {
    case RuntimeDirMode::Unset:
      return RuntimeDirPlan{NoRuntimeDir{}, "", "runtimeDir.mode = \"unset\"", origin, ""};
    case RuntimeDirMode::Private:
      return RuntimeDirPlan{PrivateRuntimeDir{}, "", "runtimeDir.mode = \"private\"", origin, ""};
    case RuntimeDirMode::Auto:
    case RuntimeDirMode::Inherit:
      break;
  }
  Verdict verdict = judge(value, mounts, lens);
  if (verdict.refusal.empty()) {
    return RuntimeDirPlan{KeepInherited{}, *value, "writable in the sandbox, your own, mode 0700", origin,
                          std::move(verdict.note)};
  }
  if (policy.runtime_dir.value == RuntimeDirMode::Inherit) {
    return Errors{cannot_inherit(policy, value, verdict.refusal)};
  }
  return RuntimeDirPlan{PrivateRuntimeDir{}, "", "the inherited one cannot be kept: " + verdict.refusal, origin, ""};
}

}  // namespace fence
