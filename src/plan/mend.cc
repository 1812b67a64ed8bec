#include "fence/plan/mend.h"

#include <algorithm>
#include <array>

#include "fence/plan/view.h"
#include "fence/util/text.h"

namespace fence {
namespace {

const Origin kFence{};

SandboxPath inside(std::string_view text) { return *SandboxPath::parse(text); }
HostPath host(std::string_view text) { return *HostPath::parse(text); }

struct ProcLock {
  std::string_view path;
  std::string_view why;
};

// What uid 0 may write in /proc by file permissions alone, without any capability. Always, not only where access(W_OK)
// says so: /proc/sys has mode 0555, and the files below are writable all the same (CVE-2025-31133 used core_pattern).
constexpr std::array kProcLocks = {
    ProcLock{"/proc/sys", "kernel settings: core_pattern, modprobe and binfmt_misc run programs outside"},
    ProcLock{"/proc/sysrq-trigger", "it can stop the machine"},
    ProcLock{"/proc/irq", "interrupt routing of the machine"},
    ProcLock{"/proc/bus", "device registers"},
    ProcLock{"/proc/fs", "settings of file systems"},
    ProcLock{"/proc/acpi", "power management"},
    ProcLock{"/proc/scsi", "device commands"},
    ProcLock{"/proc/mtrr", "memory type registers"},
};

bool shown_as_itself(const AccessTree& tree, const Specs& specs, const SandboxPath& path) {
  const Access access = tree.at(path);
  const auto source = access.host(path);
  return source && *source == same_outside(path) && !access.writable_host() && !specs.contains(path);
}

void add_passwd_line(Specs& specs, const AccessTree& tree, FactLens& lens) {
  const CallerFacts& caller = lens.host().caller;
  const SandboxPath passwd = inside("/etc/passwd");
  if (caller.in_etc_passwd || caller.passwd_line.empty() || !shown_as_itself(tree, specs, passwd)) return;
  const auto* text = std::get_if<std::string>(&lens.text(same_outside(passwd)));
  if (text == nullptr) return;
  std::string content = *text;
  if (!content.empty() && content.back() != '\n') content += '\n';
  content += caller.passwd_line + '\n';
  specs[passwd] = {WriteFile{std::move(content), 0444},
                   {kFence, Because::Mended, "your user is known to NSS only, whose services are not reachable", {}},
                   false};
}

HostPath ssh_configuration() { return host("/etc/ssh/ssh_config.d"); }

void add_ssh_configuration(Specs& specs, const AccessTree& tree, FactLens& lens) {
  const HostPath directory = ssh_configuration();
  const auto* present = std::get_if<Present>(&lens.path(directory));
  if (present == nullptr || present->kind != PathKind::Directory) return;
  const auto* names = std::get_if<std::vector<std::string>>(&lens.listing(directory));
  if (names == nullptr) return;
  for (const std::string& name : *names) {
    const Resolution resolution = resolve(lens, directory.child(name));
    const auto* found = std::get_if<Found>(&resolution);
    if (!name.ends_with(".conf") || found == nullptr || found->fact.kind != PathKind::Regular || found->fact.uid != 0)
      continue;
    const SandboxPath at = same_inside(found->real);
    const auto* text = std::get_if<std::string>(&lens.text(found->real));
    if (text == nullptr || !shown_as_itself(tree, specs, at)) continue;
    specs[at] = {WriteFile{*text, 0444},
                 {kFence,
                  Because::Mended,
                  "ssh refuses a file whose owner is neither root nor you, and root is not mapped here",
                  {}},
                 false};
  }
}

bool is_home_or_holds(const SandboxPath& path, const HostPath& directory, const HostFacts& facts) {
  const std::string* home = find_variable(facts.environment, "HOME");
  const auto home_path = HostPath::parse(home != nullptr ? *home : facts.caller.home);
  return (home_path && path.contains(same_inside(*home_path))) || path.contains(same_inside(directory));
}

// A directory that somebody made for this purpose: covering /etc because a variable says so would break everything.
bool is_like_a_runtime_dir(const HostPath& path, FactLens& lens) {
  const auto* fact = std::get_if<Present>(&lens.path(path));
  return fact != nullptr && fact->kind == PathKind::Directory && fact->uid == lens.host().caller.uid &&
         fact->mode == 0700;
}

// A tmpfs can go there without covering anything but what it replaces.
bool can_mount_over(const SandboxPath& path, const MountPlan& mounts, const HostPath& directory, FactLens& lens) {
  if (is_home_or_holds(path, directory, lens.host())) return false;
  if (std::ranges::any_of(mounts.ops(), [&](const MountOp& op) { return path.contains(op.target); })) return false;
  const SeenAt here = look(path.text(), mounts, lens);
  if (const auto* seen = std::get_if<SeenHost>(&here.seen))
    return here.path == path && seen->fact.kind == PathKind::Directory;
  if (!std::holds_alternative<SeenNothing>(here.seen)) return false;
  for (SandboxPath up = path.parent();; up = up.parent()) {
    const SeenAt above = look(up.text(), mounts, lens);
    if (std::holds_alternative<SeenNothing>(above.seen) && !up.is_root()) continue;
    const auto* own = std::get_if<SeenOwn>(&above.seen);
    return own != nullptr && own->writable && above.path == up;
  }
}

void add_proc_locks(Specs& specs, const WishList& wishes, FactLens& lens, bool root) {
  if (root) {
    for (const ProcLock& lock : kProcLocks) {
      if (!std::holds_alternative<Present>(lens.path(host(lock.path)))) continue;
      specs[inside(lock.path)] = {LockReadOnly{}, {kFence, Because::PrivateProc, std::string(lock.why), {}}, false};
    }
  }
  for (const LockWish& lock : wishes.locks) {
    specs[lock.at] = {LockReadOnly{}, {lock.origin, Because::OnlyRule, lock.why, {}}, false};
  }
}

}  // namespace

void add_private_parts(Specs& specs, const WishList& wishes, FactLens& lens, const PrivateParts& parts) {
  const SandboxPath proc = inside("/proc");
  if (parts.own_proc) {
    specs[proc] = {Proc{}, {kFence, Because::PrivateProc, "processes of the sandbox only", {}}, false};
    add_proc_locks(specs, wishes, lens, parts.root);
  } else {
    // All of it is read-only, so that no part has to be locked.
    specs[proc] = {HostSpec{same_outside(proc), BindMode::ReadOnly, true, false},
                   {kFence, Because::PrivateProc, "degraded: the host's, since no fresh one can be mounted", {}},
                   false};
  }
  specs[inside("/dev")] = {
      Dev{}, {kFence, Because::PrivateDev, "the standard nodes and pseudo-terminals of its own", {}}, false};
  specs[inside("/dev/shm")] = {TmpfsSpec{01777, {}, false, false},
                               {kFence, Because::PrivateDev, "shared memory of the sandbox only", {}},
                               false};
  for (const LinkWish& link : wishes.links) {
    specs.try_emplace(link.at, SpecEntry{LinkSpec{link.target}, {link.origin, Because::LinkOnTheWay, {}, {}}, false});
  }
}

void ask_for_mended_files(FactLens& lens) {
  lens.path(ssh_configuration());
  lens.listing(ssh_configuration());
}

void add_mended_files(Specs& specs, const AccessTree& tree, FactLens& lens) {
  add_passwd_line(specs, tree, lens);
  add_ssh_configuration(specs, tree, lens);
}

SandboxPath runtime_dir_place(const MountPlan& mounts, const std::string& inherited, const HostPath& directory,
                              FactLens& lens) {
  const std::string uid = std::to_string(lens.host().caller.uid);
  const SandboxPath standard = inside("/run/user/" + uid);
  const SandboxPath users = inside("/run/user");
  // sun_path holds 108 bytes (unix(7)); with a longer directory usual socket names no longer fit.
  constexpr std::size_t kLongest = 60;
  if (const auto path = SandboxPath::parse(inherited); path && inherited.size() <= kLongest) {
    // Another user's directory below /run/user is not ours to stand in for.
    const bool ours = *path == standard || (!users.contains(*path) && is_like_a_runtime_dir(same_outside(*path), lens));
    if (ours && can_mount_over(*path, mounts, directory, lens)) return *path;
  }
  for (const SandboxPath& place : {standard, inside("/tmp/fence-runtime-" + uid)}) {
    if (can_mount_over(place, mounts, directory, lens)) return place;
  }
  return inside("/dev/shm/fence-runtime-" + uid);
}

}  // namespace fence
