#pragma once
// A host made of values, for tests of the planner: files are declared, and queries are answered as the prober would.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fence/plan/plan.h"
#include "fence/util/glob.h"
#include "support/paths.h"

namespace fence::testing {

class FakeHost {
 public:
  /// A host with the usual top-level directories, a caller "ann" of uid 1000 with home /home/ann, no terminal.
  FakeHost() {
    facts_.caller = {1000,
                     1000,
                     {1000},
                     "ann",
                     "/home/ann",
                     "ann:x:1000:1000::/home/ann:/bin/sh",
                     true,
                     {{0, 0, 4294967295U}},
                     {{0, 0, 4294967295U}}};
    facts_.environment = {{"HOME", "/home/ann"}, {"PATH", "/usr/bin"}};
    facts_.abilities[Ability::Landlock] = AbilityGiven{.version = {7, 0}};
    facts_.kernel.release = "6.1.0";
    facts_.kernel.machine = "x86_64";
    facts_.kernel.cgroup_namespace = true;
    for (const char* path : {"/", "/dev", "/dev/pts", "/dev/shm", "/etc", "/home", "/proc", "/run", "/srv", "/tmp",
                             "/usr", "/usr/bin", "/var", "/var/tmp"}) {
      dir(path, 0, 0755);
    }
    dir("/tmp", 0, 01777);
    dir("/var/tmp", 0, 01777);
    dir("/home/ann", 1000, 0755);
    stand_in("/home/ann");
  }

  FakeHost& dir(std::string_view path, std::uint32_t uid = 1000, std::uint32_t mode = 0755) {
    return put(path, Present{PathKind::Directory, FsKind::Ordinary, next_id(), uid, uid, mode, 0, {}});
  }
  FakeHost& file(std::string_view path, std::string content = {}, std::uint32_t uid = 1000, std::uint32_t mode = 0644) {
    facts_.texts[host(path)] = std::move(content);
    return put(path, Present{PathKind::Regular, FsKind::Ordinary, next_id(), uid, uid, mode, 0, {}});
  }
  FakeHost& special(std::string_view path, PathKind kind, FsKind fs = FsKind::Ordinary, std::uint32_t uid = 1000) {
    return put(path, Present{kind, fs, next_id(), uid, uid, 0666, 0, {}});
  }
  FakeHost& link(std::string_view path, std::string target) { return put(path, Link{std::move(target)}); }
  FakeHost& unreadable(std::string_view path, int errno_value = EACCES) { return put(path, Unreadable{errno_value}); }
  FakeHost& stand_in(std::string_view directory) {
    facts_.working_directory = host(directory);
    return *this;
  }
  FakeHost& variable(std::string name, std::string value) {
    facts_.environment.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  FakeHost& as_root() {
    facts_.caller = {
        0, 0, {0}, "root", "/root", "root:x:0:0::/root:/bin/sh", true, {{0, 0, 4294967295U}}, {{0, 0, 4294967295U}}};
    facts_.environment[0].second = "/root";
    return dir("/root", 0, 0700);
  }
  HostFacts& facts() { return facts_; }

  /// Adds what `queries` ask for to `facts`.
  void answer(const FactQueries& queries, HostFacts& facts) const {
    for (const HostPath& path : queries.paths) {
      for (HostPath up = path;; up = up.parent()) {
        facts.paths[up] = fact(up);
        if (up.is_root()) break;
      }
    }
    for (const HostPath& path : queries.listings) {
      facts.listings[path] = names(path);
      if (const auto* found = std::get_if<std::vector<std::string>>(&facts.listings[path])) {
        for (const std::string& name : *found) facts.paths[path.child(name)] = fact(path.child(name));
      }
    }
    for (const HostPath& path : queries.texts) {
      const auto found = facts_.texts.find(path);
      facts.texts[path] = found != facts_.texts.end() ? found->second : TextFact(Absent{});
    }
    for (const GlobQuery& query : queries.globs) {
      const auto found = facts_.globs.find(query);
      facts.globs[query] = found != facts_.globs.end() ? found->second : GlobFact(walk(query));
    }
    if (queries.bwrap) {
      facts.bwrap_known = true;
      facts.bwrap = facts_.bwrap;
    }
    for (const Ability ability : queries.abilities) {
      const auto found = facts_.abilities.find(ability);
      facts.abilities[ability] = found != facts_.abilities.end() ? found->second : AbilityFact(AbilityGiven{});
    }
  }

  /// Facts by rounds, then the plan. Nothing is known before it is asked for.
  Result<SandboxPlan, Errors> plan(const Policy& policy, Request request = {}) const {
    if (request.command.empty()) request.command = {"true"};
    HostFacts facts = questioned();
    return plan_from(policy, request, facts);
  }

  /// What is known before anything is asked.
  HostFacts questioned() const {
    HostFacts facts = facts_;
    facts.paths.clear();
    facts.texts.clear();
    facts.globs.clear();
    facts.abilities.clear();
    facts.bwrap_known = false;
    facts.bwrap.reset();
    return facts;
  }

  /// The plan, with all that was asked for in `facts`.
  Result<SandboxPlan, Errors> plan_from(const Policy& policy, const Request& request, HostFacts& facts) const {
    for (int round = 0; round < 200; ++round) {
      const FactQueries wanted = required_facts(policy, request, facts);
      if (wanted.empty()) return make_plan(policy, request, facts);
      answer(wanted, facts);
    }
    return Errors{Error{ErrorKind::Internal, "the rounds do not end"}};
  }

 private:
  FakeHost& put(std::string_view path, PathFact fact) {
    facts_.paths[host(path)] = std::move(fact);
    return *this;
  }
  FileId next_id() { return {1, ++inode_}; }

  PathFact fact(const HostPath& path) const {
    for (HostPath up = path; !up.is_root(); up = up.parent()) {
      const auto parent = facts_.paths.find(up.parent());
      if (parent != facts_.paths.end() && std::holds_alternative<Unreadable>(parent->second)) return Unreadable{EACCES};
    }
    const auto found = facts_.paths.find(path);
    return found != facts_.paths.end() ? found->second : PathFact(Absent{});
  }

  std::set<HostPath> known_paths() const {
    std::set<HostPath> paths;
    for (const auto& [path, fact] : facts_.paths) paths.insert(path);
    return paths;
  }

  // As the prober's walk, but for links and for directories that cannot be listed.
  Globbed walk(const GlobQuery& query) const {
    Globbed globbed;
    for (const HostPath& path : known_paths()) {
      const bool below = query.base.contains(path) && path != query.base;
      const bool covered = !globbed.matches.empty() && globbed.matches.back().contains(path);
      if (below && !covered && pattern_matches(query.pattern, query.base.relative(path)))
        globbed.matches.push_back(path);
    }
    return globbed;
  }

  ListingFact names(const HostPath& directory) const {
    const auto found = facts_.paths.find(directory);
    const auto* present = found != facts_.paths.end() ? std::get_if<Present>(&found->second) : nullptr;
    if (present == nullptr || (present->uid != facts_.caller.uid && (present->mode & 4U) == 0))
      return Unreadable{EACCES};
    std::vector<std::string> result;
    for (const HostPath& path : known_paths()) {
      if (!path.is_root() && path.parent() == directory) result.emplace_back(path.name());
    }
    return result;
  }

  HostFacts facts_;
  std::uint64_t inode_ = 1;
};

/// Builds a policy rule by rule. The layer of a rule is its rank: 0 built-in, 1 profile, 3 user, 6 command line.
class PolicyBuilder {
 public:
  PolicyBuilder& rule(PathList list, RulePath path, int rank = 1, bool optional = false) {
    policy_.paths.push_back({PathRule{.list = list, .path = std::move(path), .optional = optional},
                             origin(std::string(list_name(list)), rank), rank});
    return *this;
  }
  PolicyBuilder& pattern(PathList list, RulePath path, std::string pattern, int rank = 1, bool optional = false) {
    rule(list, std::move(path), rank, optional);
    policy_.paths.back().value.pattern = std::move(pattern);
    return *this;
  }
  /// The rule that was added last is enforced.
  PolicyBuilder& enforced() {
    policy_.paths.back().enforced = true;
    return *this;
  }
  PolicyBuilder& allow_read(std::string_view path, int rank = 1) { return rule(PathList::AllowRead, host(path), rank); }
  PolicyBuilder& allow_write(std::string_view path, int rank = 1) {
    return rule(PathList::AllowWrite, host(path), rank);
  }
  PolicyBuilder& deny_read(std::string_view path, int rank = 1, bool optional = false) {
    return rule(PathList::DenyRead, host(path), rank, optional);
  }
  PolicyBuilder& deny_write(std::string_view path, int rank = 1) { return rule(PathList::DenyWrite, host(path), rank); }
  PolicyBuilder& protect(std::string relative, int rank = 1) {
    return rule(PathList::Protect, InEveryWritableTree{std::move(relative)}, rank);
  }
  PolicyBuilder& workspace(int rank = 1) { return rule(PathList::AllowWrite, InWorkspace{}, rank, true); }
  PolicyBuilder& scratch(std::string_view path, int rank = 1, bool optional = false) {
    policy_.scratch.push_back({ScratchRule{.path = host(path), .optional = optional}, origin("tmpfs", rank), rank});
    return *this;
  }
  PolicyBuilder& bind(std::string_view source, std::string_view target, BindMode mode = BindMode::ReadOnly,
                      int rank = 1) {
    policy_.binds.push_back({BindRule{host(source), inside(target), mode, false}, origin("bind", rank), rank});
    return *this;
  }
  Policy& policy() { return policy_; }
  operator const Policy&() const { return policy_; }  // NOLINT(google-explicit-constructor)

 private:
  // Every rule has a line of its own, so that decisions can be told apart.
  Origin origin(const std::string& source, int rank) { return {static_cast<LayerKind>(rank), source, ++line_, 0}; }
  Policy policy_;
  std::uint32_t line_ = 0;
};

/// "bind rw /home/ann/p", "tmpfs 755 /x", "mkdir /x", ...: one line an op, for comparing whole plans.
inline std::string op_line(const MountOp& op) {
  const std::string at(op.target.text());
  return std::visit(
      Overloaded{
          [&](const Bind& b) {
            const char* mode = b.mode == BindMode::ReadOnly ? "ro" : b.mode == BindMode::ReadWrite ? "rw" : "dev";
            return std::string(mode) + " " + at + (b.source.text() == at ? "" : " from " + b.source.text());
          },
          [&](const Tmpfs&) { return "tmpfs " + at; },
          [&](const Proc&) { return "proc " + at; },
          [&](const Dev&) { return "dev " + at; },
          [&](const LockReadOnly&) { return "lock " + at; },
          [&](const MaskFile&) { return "mask " + at; },
          [&](const MakeDir&) { return "mkdir " + at; },
          [&](const WriteFile&) { return "file " + at; },
          [&](const Symlink& s) { return "link " + at + " -> " + s.points_to; },
      },
      op.action);
}

/// All ops but those that every plan has (/dev, /dev/shm, /proc and its locks, the runtime directory).
inline std::vector<std::string> own_ops(const SandboxPlan& plan) {
  std::vector<std::string> lines;
  for (const MountOp& op : plan.mounts.ops()) {
    const bool common = path_contains("/dev", op.target.text()) || path_contains("/proc", op.target.text()) ||
                        op.why.because == Because::RuntimeDir;
    if (!common) lines.push_back(op_line(op));
  }
  return lines;
}

inline std::vector<std::string> remark_texts(const SandboxPlan& plan, RemarkKind kind) {
  std::vector<std::string> texts;
  for (const Remark& remark : plan.remarks) {
    if (remark.kind == kind) texts.push_back(remark.text);
  }
  return texts;
}

inline std::string all_texts(const Errors& errors) {
  std::string text;
  for (const Error& error : errors) text += to_string(error) + "\n";
  return text;
}

}  // namespace fence::testing
