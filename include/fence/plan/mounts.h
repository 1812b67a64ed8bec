#pragma once
// From wishes to mounts: first what shall be at each path that matters (specs), then the ops that bring it about.
#include <map>
#include <variant>
#include <vector>

#include "fence/facts/resolve.h"
#include "fence/plan/access.h"
#include "fence/plan/plan.h"

namespace fence {

/// The host's `source`; dropped where it would change nothing, unless pinned.
struct HostSpec {
  HostPath source = HostPath::root();
  BindMode mode = BindMode::ReadOnly;
  bool pinned = false;    ///< a mount of its own even where it changes nothing
  bool optional = false;  ///< no error where `source` has gone
};
/// A tmpfs of ours.
struct TmpfsSpec {
  std::uint32_t mode = 0755;
  std::optional<std::uint64_t> size{};
  bool sealed = false;    ///< becomes read-only; a plain directory serves where it would lie on another sealed one
  bool optional = false;  ///< skipped where there is no mount point
};
/// Nothing shall be there. On a tmpfs of ours that takes no op.
struct AbsentSpec {};
/// What the host has there is covered.
struct MaskSpec {};
/// A link, where its directory is ours.
struct LinkSpec {
  std::string target;
};
using Spec = std::variant<HostSpec, TmpfsSpec, AbsentSpec, MaskSpec, LinkSpec, Proc, Dev, LockReadOnly, WriteFile>;
struct SpecEntry {
  Spec spec;
  Decision why;
  bool wished = false;  ///< a user's own wish: if it changes nothing, the plan says so
};
using Specs = std::map<SandboxPath, SpecEntry>;

/// What the tree wants at each path: binds, scratch directories, masks and pins, and directories put together anew
/// around hidden names (rule 9). `remarks` gets what cannot be had.
Specs make_specs(const AccessTree& tree, FactLens& lens, std::vector<Remark>& remarks);

/// What of the host these hide, by path; not what lies in a hidden directory. `specs` are those of make_specs().
std::vector<HiddenPath> hidden_paths(const Specs& specs, const AccessTree& tree, FactLens& lens);

/// The ops for the specs, and a checked plan of them. Errors: no mount point, with the place that asked.
Result<MountPlan, Errors> make_mounts(const Specs& specs, FactLens& lens, std::vector<Remark>& remarks);

}  // namespace fence
