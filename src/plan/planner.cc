// make_plan: the order in which the decisions are taken. Every part is a function of its own; this file only connects
// them.
#include <algorithm>
#include <set>

#include "fence/plan/abilities.h"
#include "fence/plan/cgroup.h"
#include "fence/plan/dangers.h"
#include "fence/plan/decide.h"
#include "fence/plan/enforce.h"
#include "fence/plan/filter.h"
#include "fence/plan/git_directory.h"
#include "fence/plan/grants.h"
#include "fence/plan/mend.h"
#include "fence/plan/view.h"
#include "fence/plan/windows.h"
#include "fence/util/text.h"

namespace fence {
namespace {

Error error_at(ErrorKind kind, std::string what, std::string why, const Origin& origin, std::string hint) {
  Error error{kind, std::move(what), std::move(why)};
  error.origin = origin;
  error.hint = std::move(hint);
  return error;
}

class Planner {
 public:
  Planner(const Policy& policy, const Request& request, FactLens& lens)
      : policy_(policy), request_(request), lens_(lens) {}

  Result<SandboxPlan, Errors> plan() && {
    lens_.set_limits({policy_.walk_entries.value, policy_.walk_seconds.value}, policy_.look_milliseconds.value);
    ask_early();
    check_kernel();
    // Where there are no namespaces at all, one refusal says it.
    const ExecutorChoice executor = errors_.empty() ? take_executor() : ExecutorChoice{};
    check_identity();
    check_descriptors();
    auto abilities = decide_abilities(policy_, lens_);
    if (!abilities) take(abilities.error());
    check_landlock();
    auto limits = decide_limits(policy_, caller());
    if (!limits) take(limits.error());
    CgroupDecision whole = limits ? take_cgroup(*std::move(limits), executor.executor) : CgroupDecision{};
    auto session = decide_session(policy_, lens_.host().terminal, executor.executor);
    if (!session) take(session.error());
    auto filter = decide_filter(policy_);
    if (!filter) take(filter.error());
    if (filter && alone()) take(refuse_settings_without_namespaces(policy_, *filter));
    const auto directory = start_directory();
    if (!directory) return std::move(errors_);

    Workspace workspace = find_workspace(*directory, lens_);
    drop_hidden_workspace(workspace, policy_, lens_);
    WishList wishes = collect_wishes(policy_, workspace, lens_);
    add_git_directories(policy_, workspace, lens_, wishes);
    add_kernel_file_systems(lens_, wishes);
    // Without namespaces the filter refuses sockets instead, since hiding one would not help.
    if (!alone()) add_listening_sockets(policy_, lens_, wishes);
    decide_windows(policy_, lens_, wishes);
    apply_enforced(wishes);
    take(closed_places(wishes, lens_));
    take(std::move(wishes.errors));
    auto tree = AccessTree::build(wishes.wishes);
    if (!tree) take(tree.error());
    Specs specs;
    if (tree && alone()) specs = take_grants(wishes, *tree, abilities);
    if (!errors_.empty()) return std::move(errors_);

    std::vector<HiddenPath> hidden;
    if (!alone()) {
      specs = make_specs(*tree, lens_, remarks_);
      hidden = hidden_paths(specs, *tree, lens_);
      add_private_parts(specs, wishes, lens_, {.own_proc = abilities->own_proc, .root = caller().uid == 0});
      if (caller().uid != 0) add_mended_files(specs, *tree, lens_);
    }
    std::vector<Remark> unneeded;
    auto mounts = make_mounts(specs, lens_, unneeded);
    if (!mounts) return std::move(mounts).error();
    auto runtime_dir = decide_runtime_dir(policy_, *mounts, lens_);
    if (!runtime_dir) return std::move(runtime_dir).error();
    if (std::holds_alternative<PrivateRuntimeDir>(runtime_dir->decision)) {
      put_runtime_dir(specs, *mounts, *directory, *runtime_dir);
      unneeded.clear();
      mounts = make_mounts(specs, lens_, unneeded);
      if (!mounts) return std::move(mounts).error();
    }
    check_start(*directory, *tree, *mounts, workspace);
    if (!errors_.empty()) return std::move(errors_);

    const SandboxPath start = same_inside(*directory);
    EnvironmentPlan environment = decide_environment(policy_, *runtime_dir, *session, *mounts, start, lens_);
    SandboxPlan plan{*std::move(mounts), *std::move(session), *std::move(runtime_dir),     std::move(environment),
                     identity(),         policy_.network,     abilities->cgroup_namespace, start};
    plan.command = request_.command;
    std::set<int> kept;
    for (const auto& fd : request_.keep_descriptors) kept.insert(fd.value);
    plan.keep_descriptors.assign(kept.begin(), kept.end());
    plan.absent_protected = policy_.absent_protected.value;
    plan.absent = reachable_absent(std::move(wishes.absent), *tree);
    tell_of_links(plan.absent);
    plan.hidden = std::move(hidden);
    plan.patterns = std::move(wishes.patterns);
    plan.abilities = std::move(abilities->rows);
    std::ranges::move(whole.rows, std::back_inserter(plan.abilities));
    plan.landlock = decide_landlock(policy_, plan.mounts, executor.executor, lens_);
    plan.limits = std::move(whole.limits);
    plan.cgroup = std::move(whole.cgroup);
    plan.executor = executor.executor;
    plan.backend_reason = executor.reason;
    plan.windows_interop = policy_.windows_interop;
    plan.filter = *std::move(filter);
    plan.verify_mounts = !policy_.unverified_mounts.value;
    plan.guard_mounts = !policy_.unguarded_mounts.value;
    plan.remarks = std::move(remarks_);
    std::ranges::move(plan_dangers(plan, policy_, lens_.host()), std::back_inserter(plan.remarks));
    std::ranges::move(wishes.remarks, std::back_inserter(plan.remarks));
    std::ranges::move(unneeded, std::back_inserter(plan.remarks));
    return plan;
  }

 private:
  const CallerFacts& caller() const { return lens_.host().caller; }

  // Only who asks for it gets a sandbox without namespaces.
  bool alone() const { return policy_.backend.value == Backend::Landlock; }

  Specs take_grants(const WishList& wishes, const AccessTree& tree, Result<AbilityDecisions, Errors>& abilities) {
    auto grants = make_grants(policy_, wishes, tree, lens_);
    if (!grants) {
      take(grants.error());
      return {};
    }
    if (abilities) std::ranges::move(grants->done_without, std::back_inserter(abilities->rows));
    return std::move(grants->specs);
  }

  // Each round of questions plans anew, and the first does not get far. What the later parts look at in every plan is
  // asked for here, so that it takes no round of its own.
  void ask_early() {
    if (const std::string* search = find_variable(lens_.host().environment, "PATH")) {
      for (const std::string& entry : split(*search, ':')) {
        if (const auto directory = HostPath::parse(entry)) resolve(lens_, *directory);
      }
    }
    if (caller().uid != 0) ask_for_mended_files(lens_);
  }

  void take(Errors errors) { std::ranges::move(errors, std::back_inserter(errors_)); }

  ExecutorChoice take_executor() {
    auto choice = decide_executor(policy_.backend, lens_);
    if (choice) return *std::move(choice);
    take(choice.error());
    return {};
  }

  CgroupDecision take_cgroup(std::vector<LimitPlan> limits, Executor executor) {
    auto decision = decide_cgroup(policy_, std::move(limits), executor, lens_);
    if (decision) return *std::move(decision);
    take(decision.error());
    return {};
  }

  // uid 0 needs /proc locked, and a locked /proc stops every nested sandbox (the kernel's mount_too_revealing rule).
  void check_identity() {
    if (alone() || caller().uid != 0 || !policy_.nesting.value) return;
    errors_.push_back(error_at(ErrorKind::Unsupported, "cannot allow nested sandboxes as root",
                               "root's /proc has to be locked, and no new /proc can be mounted under a locked one",
                               policy_.nesting.origin, "start fence as an ordinary user"));
  }

  // A process that Landlock restricts in files makes no mounts (landlock(7)).
  void check_landlock() {
    if (alone() || policy_.landlock.value != LandlockMode::Full || !policy_.nesting.value) return;
    errors_.push_back(error_at(ErrorKind::Conflict, "cannot have landlock.mode = \"full\" with nested sandboxes",
                               "what Landlock restricts in files can mount nothing", policy_.landlock.origin,
                               "set landlock.mode = \"auto\", or do without nesting"));
    errors_.back().context.push_back("nesting is allowed by " + escape_bytes(to_string(policy_.nesting.origin)));
  }

  void check_descriptors() {
    for (const auto& fd : request_.keep_descriptors) {
      if (lens_.host().open_descriptors.contains(fd.value)) continue;
      errors_.push_back(error_at(ErrorKind::Usage, "cannot keep descriptor " + std::to_string(fd.value),
                                 "it is not open", fd.origin,
                                 "open it in the shell, for example `fence --keep-fd 3 ... 3<file`"));
    }
  }

  std::optional<HostPath> start_directory() {
    if (request_.directory) return asked_directory(*request_.directory);
    if (const auto* here = std::get_if<HostPath>(&lens_.host().working_directory)) return *here;
    const int number = std::get<Unreadable>(lens_.host().working_directory).errno_value;
    Error error{ErrorKind::Host, "cannot start here", "the working directory cannot be named: " + errno_text(number),
                number};
    error.hint = "it was deleted or is out of reach: go to another directory, or use -C DIR";
    errors_.push_back(std::move(error));
    return std::nullopt;
  }

  std::optional<HostPath> asked_directory(const Sourced<HostPath>& asked) {
    const Resolution resolution = resolve(lens_, asked.value);
    const auto* found = std::get_if<Found>(&resolution);
    if (found != nullptr && found->fact.kind == PathKind::Directory) return found->real;
    errors_.push_back(error_at(ErrorKind::Host, "cannot start in " + escape_bytes(asked.value.text()),
                               found != nullptr ? "it is not a directory" : "there is no such directory", asked.origin,
                               "name a directory that exists"));
    return std::nullopt;
  }

  // WSL1 translates system calls and has no namespaces; its kernel is called "4.4.0-N-Microsoft", that of WSL2
  // "...-microsoft-standard-WSL2".
  void check_kernel() {
    if (!lens_.host().kernel.release.ends_with("-Microsoft")) return;
    Error error{ErrorKind::Unsupported, "cannot make a sandbox on WSL 1",
                "it has no namespaces (its kernel is " + escape_bytes(lens_.host().kernel.release) + ")"};
    error.hint = "convert the distribution from Windows: wsl --set-version NAME 2 (`wsl --list --verbose` shows NAME)";
    errors_.push_back(std::move(error));
  }

  void put_runtime_dir(Specs& specs, const MountPlan& mounts, const HostPath& directory, RuntimeDirPlan& runtime_dir) {
    const std::string* inherited = find_variable(lens_.host().environment, "XDG_RUNTIME_DIR");
    const std::string text = inherited != nullptr ? *inherited : std::string();
    const SandboxPath place = runtime_dir_place(mounts, text, directory, lens_);
    const auto same = SandboxPath::parse(text);
    // The spelling is kept where it means the same: tools compare the variable with what they stored.
    runtime_dir.value = same && *same == place ? text : place.text();
    specs[place] = {TmpfsSpec{0700, kRuntimeDirBytes, false, false},
                    {runtime_dir.origin, Because::RuntimeDir, runtime_dir.reason, {}},
                    false};
  }

  // The command starts in the directory that the user stands in, or not at all.
  void check_start(const HostPath& directory, const AccessTree& tree, const MountPlan& mounts,
                   const Workspace& workspace) {
    const SandboxPath start = same_inside(directory);
    const std::string name = escape_bytes(directory.text());
    const SeenAt seen = look(directory.text(), mounts, lens_);
    if (const auto* nothing = std::get_if<SeenNothing>(&seen.seen)) {
      Error error{ErrorKind::Conflict, "cannot start in " + name,
                  "the sandbox does not show it (" + escape_bytes(nothing->because) + ")"};
      error.hint = "start elsewhere with -C DIR, or show it with --allow-read " + shell_quote(directory.text());
      if (request_.directory) error.origin = request_.directory->origin;
      errors_.push_back(std::move(error));
      return;
    }
    if (tree.at(start).hidden() || tree.at(start).scratch()) {
      remarks_.push_back({RemarkKind::Notice,
                          "the working directory " + name +
                              " is a private one here: what is in it outside is not shown, and what "
                              "the command writes there is gone when it ends",
                          std::nullopt});
    } else if (!tree.at(start).writable_host()) {
      if (workspace_rule(policy_) != nullptr && !workspace.notice.empty()) {
        remarks_.push_back({RemarkKind::Notice, workspace.notice, workspace_rule(policy_)->origin});
      }
    } else {
      check_writable_for_root(directory, name);
      if (!workspace.notice.empty() && workspace.root)
        remarks_.push_back({RemarkKind::Notice, workspace.notice, std::nullopt});
    }
  }

  // Root without capabilities is bound by permission bits like everybody else.
  void check_writable_for_root(const HostPath& directory, const std::string& name) {
    const auto* fact = std::get_if<Present>(&lens_.path(directory));
    if (caller().uid != 0 || fact == nullptr || permission(*fact, caller()).write) return;
    Error error{ErrorKind::Host, "cannot work in " + name + " as root",
                "it belongs to uid " + std::to_string(fact->uid) + ", and root has no special rights in the sandbox"};
    error.hint = "run fence as its owner: sudo -u '#" + std::to_string(fact->uid) +
                 "' fence ... (or start elsewhere with -C DIR)";
    errors_.push_back(std::move(error));
  }

  IdentityPlan identity() const {
    IdentityPlan identity{caller().uid, caller().gid, MapOwnIds{}, policy_.nesting.value, policy_.nesting.origin};
    if (alone()) {
      identity.map = KeepIds{};
      return identity;
    }
    if (caller().uid != 0) return identity;
    const auto onto_itself = [](std::vector<IdExtent> extents) {
      for (IdExtent& extent : extents) extent.outside = extent.inside;
      return extents;
    };
    identity.map = MapAllIds{onto_itself(caller().uid_map), onto_itself(caller().gid_map)};
    return identity;
  }

  // Only what the command could create is worth looking for afterwards; what is too long to be named cannot be looked
  // at.
  static std::vector<AbsentPath> reachable_absent(std::vector<AbsentPath> absent, const AccessTree& tree) {
    std::erase_if(absent, [&](const AbsentPath& a) {
      return path_too_long(a.path.text()) || !tree.above(same_inside(a.path)).writable_host();
    });
    std::ranges::stable_sort(absent, {}, &AbsentPath::path);
    // What lies below a name that is not there comes with it.
    std::vector<AbsentPath> outermost;
    for (AbsentPath& entry : absent) {
      if (outermost.empty() || !outermost.back().path.contains(entry.path)) outermost.push_back(std::move(entry));
    }
    return outermost;
  }

  void tell_of_links(const std::vector<AbsentPath>& absent) {
    for (const AbsentPath& entry : absent) {
      if (!entry.link_target) continue;
      danger(escape_bytes(entry.path.text()) +
                 " is a symbolic link: its target is protected, but the command can replace the link",
             entry.origin);
    }
  }

  void danger(std::string text, const std::optional<Origin>& origin) {
    remarks_.push_back({RemarkKind::Danger, std::move(text), origin});
  }

  const Policy& policy_;
  const Request& request_;
  FactLens& lens_;
  Errors errors_;
  std::vector<Remark> remarks_;
};

}  // namespace

Planned try_plan(const Policy& policy, const Request& request, const HostFacts& facts) {
  FactLens lens(facts);
  auto plan = Planner(policy, request, lens).plan();
  FactQueries wanted = lens.wanted();
  // A plan that is thrown away needs no hash.
  if (plan && wanted.empty()) mark_plan(*plan);
  return {std::move(wanted), std::move(plan)};
}

FactQueries required_facts(const Policy& policy, const Request& request, const HostFacts& facts) {
  // What the plan that is thrown away asked for is the answer.
  return try_plan(policy, request, facts).wanted;
}

Result<SandboxPlan, Errors> make_plan(const Policy& policy, const Request& request, const HostFacts& facts) {
  Planned planned = try_plan(policy, request, facts);
  if (planned.wanted.empty()) return std::move(planned.plan);
  return Errors{Error{ErrorKind::Internal, "the plan was made before all facts were known"}};
}

Environment child_environment(const EnvironmentPlan& plan, const Environment& inherited) {
  Environment result;
  for (const VariablePlan& variable : plan.variables) {
    std::visit(Overloaded{
                   [&](const Passed&) {
                     if (const std::string* value = find_variable(inherited, variable.name))
                       result.emplace_back(variable.name, *value);
                   },
                   [&](const Replaced& replaced) { result.emplace_back(variable.name, replaced.value); },
                   [](const Dropped&) {},
               },
               variable.fate);
  }
  return result;
}

}  // namespace fence
