#include "fence/plan/windows.h"

#include <algorithm>
#include <array>

#include "fence/util/text.h"

namespace fence {
namespace {

/// Every process may connect to what is in it (mode 0777); each session of WSL adds a socket, also later.
HostPath interop_sockets() { return HostPath::root().child("run").child("WSL"); }

struct WindowsVariable {
  std::string_view name, what;
};
constexpr std::array kVariables = {
    WindowsVariable{"WSLENV", "says which variables Windows programs get"},
    WindowsVariable{"WSL_DISTRO_NAME", "tells tools to use Windows programs"},
    WindowsVariable{"WSL_INTEROP", "names the socket that starts Windows programs"},
};

Wish hiding(const HostPath& path, std::string why) {
  Wish wish{same_inside(path), HideContent{}, false};
  wish.optional = true;
  wish.rank = -1;  // below every layer
  wish.why = std::move(why);
  return wish;
}

void show_sockets(const Policy& policy, FactLens& lens, WishList& wishes) {
  const HostPath path = interop_sockets();
  const auto* found = std::get_if<Present>(&lens.path(path));
  if (found == nullptr || found->kind != PathKind::Directory) return;
  Wish wish{same_inside(path), HostContent{path}, false};
  wish.rank = -1;
  wish.origin = policy.windows_interop.origin;
  wish.why = "wsl.interop: sockets that start Windows programs";
  wishes.wishes.push_back(std::move(wish));
}

const HostPath* drive_of(const HostFacts& facts, const HostPath& path) {
  const auto drive =
      std::ranges::find_if(facts.kernel.windows_drives, [&](const HostPath& top) { return top.contains(path); });
  return drive == facts.kernel.windows_drives.end() ? nullptr : &*drive;
}

}  // namespace

void decide_windows(const Policy& policy, FactLens& lens, WishList& wishes) {
  if (policy.windows_interop.value) return show_sockets(policy, lens, wishes);
  for (const HostPath& drive : lens.host().kernel.windows_drives) {
    wishes.wishes.push_back(hiding(drive, "a drive of Windows: files of the user, and programs that run outside"));
  }
  const bool there = std::holds_alternative<Present>(lens.path(interop_sockets()));
  if (there || on_wsl(lens.host()))
    wishes.wishes.push_back(hiding(interop_sockets(), "sockets that start Windows programs"));
}

bool starts_windows_programs(const HostPath& socket) noexcept { return interop_sockets().contains(socket); }

std::string_view windows_variable(std::string_view name) noexcept {
  const auto* row = std::ranges::find(kVariables, name, &WindowsVariable::name);
  return row == kVariables.end() ? std::string_view() : row->what;
}

std::vector<Remark> windows_dangers(const SandboxPlan& plan, const HostFacts& facts) {
  std::vector<Remark> dangers;
  if (plan.windows_interop.value) {
    dangers.push_back({RemarkKind::Danger,
                       "Windows programs can be started: on WSL nothing confines what "
                       "runs on the Windows side",
                       plan.windows_interop.origin});
  }
  for (const MountOp& op : plan.mounts.ops()) {
    const auto* bind = std::get_if<Bind>(&op.action);
    const HostPath* drive =
        bind != nullptr && bind->mode == BindMode::ReadWrite ? drive_of(facts, bind->source) : nullptr;
    if (drive == nullptr) continue;
    dangers.push_back({RemarkKind::Danger,
                       escape_bytes(bind->source.text()) + " is writable and lies on a drive of Windows (" +
                           escape_bytes(drive->text()) +
                           "): names there ignore case, so that .GIT/config reaches what .git/config protects; keep "
                           "projects on a file system of Linux",
                       op.why.winner});
  }
  return dangers;
}

}  // namespace fence
