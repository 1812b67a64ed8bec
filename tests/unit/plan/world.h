#pragma once
// A host and a mount plan built in memory.
#include <gtest/gtest.h>

#include <utility>

#include "fence/plan/plan.h"
#include "support/paths.h"

namespace fence::test {

using testing::host;
using testing::inside;

/// The facts of a small host. Directories above what is added appear by themselves, 0755 and root's.
class World {
 public:
  World() {
    facts.caller.uid = 1000;
    facts.caller.gid = 1000;
    put("/", Present{.kind = PathKind::Directory, .mode = 0755});
  }

  Present& dir(std::string_view path, std::uint32_t mode = 0755, std::uint32_t uid = 0) {
    return put(path, Present{.kind = PathKind::Directory, .uid = uid, .gid = uid, .mode = mode});
  }
  Present& file(std::string_view path, PathKind kind = PathKind::Regular, std::uint32_t uid = 1000) {
    return put(path, Present{.kind = kind, .uid = uid, .gid = uid, .mode = 0644});
  }
  void link(std::string_view path, std::string target) {
    parents(path);
    facts.paths.insert_or_assign(host(path), Link{std::move(target)});
  }
  void unreadable(std::string_view path, int errno_value) {
    parents(path);
    facts.paths.insert_or_assign(host(path), Unreadable{errno_value});
  }
  void variable(std::string name, std::string value) {
    facts.environment.emplace_back(std::move(name), std::move(value));
  }

  HostFacts facts;

 private:
  void parents(std::string_view path) {
    const HostPath parent = host(path).parent();
    if (!facts.paths.contains(parent)) dir(parent.text());
  }
  Present& put(std::string_view path, Present fact) {
    if (path != "/") parents(path);
    fact.id = FileId{1, next_inode_++};
    auto [at, added] = facts.paths.insert_or_assign(host(path), fact);
    return std::get<Present>(at->second);
  }

  std::uint64_t next_inode_ = 2;
};

inline Bind bind_of(std::string_view source, BindMode mode, PathKind kind = PathKind::Directory) {
  return Bind{host(source), kind, {}, mode};
}
inline MountOp op(std::string_view target, MountAction action, MountPoint at = MountPoint::Exists,
                  Because because = Because::OnlyRule) {
  return MountOp{inside(target), at, std::move(action), Decision{{}, because, {}, {}}};
}
inline MountOp read_only(std::string_view path) { return op(path, bind_of(path, BindMode::ReadOnly)); }
inline MountOp writable(std::string_view path) { return op(path, bind_of(path, BindMode::ReadWrite)); }
inline MountOp tmpfs(std::string_view path, std::uint32_t mode = 0755) { return op(path, Tmpfs{mode, {}}); }
/// On a tmpfs of ours instead of on something of the host.
inline MountOp created(MountOp made) {
  made.at = MountPoint::Create;
  return made;
}
inline MountOp make_dir(std::string_view path, std::uint32_t mode = 0755) { return created(op(path, MakeDir{mode})); }

inline MountPlan plan_of(std::vector<MountOp> ops, std::vector<std::string_view> seals = {}) {
  std::vector<SandboxPath> sealed;
  for (const std::string_view path : seals) sealed.push_back(inside(path));
  auto plan = check_plan(std::move(ops), std::move(sealed));
  if (!plan) throw std::logic_error(to_string(plan.error()));
  return *std::move(plan);
}

}  // namespace fence::test
