// What can be held of a policy where nothing can be mounted.
#include "fence/plan/grants.h"

#include <algorithm>
#include <array>
#include <map>

#include "fence/plan/abilities.h"
#include "fence/plan/path_class.h"
#include "fence/seccomp/seccomp.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kUseProfile = "the profile `landlock` asks for nothing of the kind";

std::string backend_text(const Policy& policy) {
  return "backend = \"landlock\" is asked for by " + escape_bytes(to_string(policy.backend.origin));
}

Error entry(const Policy& policy, std::string what, std::string why, const Origin& origin, std::string hint) {
  Error error{ErrorKind::Unsupported, std::move(what), std::move(why)};
  error.origin = origin;
  error.context.push_back(backend_text(policy));
  error.hint = std::move(hint);
  return error;
}

// ---- settings ------------------------------------------------------------------------------------------------------

/// A setting, and what it takes that is not there without namespaces.
struct SettingRow {
  bool (*asks)(const Policy& policy);
  const Origin& (*origin)(const Policy& policy);
  std::string_view what;
  std::string_view why;
  std::string_view hint;
};
constexpr std::array kSettings = {
    SettingRow{[](const Policy& policy) { return policy.nesting.value; },
               [](const Policy& policy) -> const Origin& { return policy.nesting.origin; },
               "cannot allow nested sandboxes", "what Landlock restricts in files can mount nothing",
               "do without nesting, or use backend = \"native\""},
    SettingRow{[](const Policy& policy) { return policy.landlock.value == LandlockMode::Off; },
               [](const Policy& policy) -> const Origin& { return policy.landlock.origin; },
               "cannot do without Landlock", "nothing else would hold the command",
               "remove landlock.mode = \"off\", or use backend = \"native\""},
    SettingRow{[](const Policy& policy) {
                 return policy.runtime_dir.value == RuntimeDirMode::Auto ||
                        policy.runtime_dir.value == RuntimeDirMode::Private;
               },
               [](const Policy& policy) -> const Origin& { return policy.runtime_dir.origin; },
               "cannot make a private runtime directory", "it takes a mount",
               "set runtimeDir.mode = \"unset\"; the profile `landlock` does"},
    SettingRow{[](const Policy& policy) { return policy.windows_interop.value; },
               [](const Policy& policy) -> const Origin& { return policy.windows_interop.origin; },
               "cannot let the command start Windows programs", "it has no sockets",
               "remove wsl.interop, or use backend = \"native\""},
};

/// A group that has to be refused, whatever else is.
struct ReliedGroup {
  std::string_view name;
  bool (*needed)(const Policy& policy);
  std::string_view why;
};
constexpr std::array kRelied = {
    ReliedGroup{
        "io_uring", [](const Policy&) { return true; },
        "io_uring makes sockets that no filter sees, and nothing else keeps the command from those of the host"},
    ReliedGroup{"network", [](const Policy& policy) { return policy.network.value == NetworkMode::None; },
                "the filter alone keeps the command from the host's network: network.mode = \"host\" opens it"},
};

void refuse_open_calls(const Policy& policy, const FilterPlan& filter, const ReliedGroup& relied, Errors& errors) {
  const std::string hint = "remove it from seccomp.allow, or use backend = \"native\"";
  const auto group = std::ranges::find(filter.groups, relied.name, &FilterGroupPlan::name);
  if (group != filter.groups.end() && !group->refused) {
    errors.push_back(entry(policy, "cannot open the system calls of group " + std::string(relied.name),
                           std::string(relied.why), group->origin, hint));
  }
  for (const FilterRow& row : find_filter_group(relied.name)->rows) {
    const auto call = std::ranges::find(filter.calls, row.syscall, &FilterCallPlan::name);
    if (call == filter.calls.end() || call->refused) continue;
    errors.push_back(
        entry(policy, "cannot open the system call " + call->name, std::string(relied.why), call->origin, hint));
  }
}

// ---- places --------------------------------------------------------------------------------------------------------

/// What Landlock grants at a place and below; each more than the one before.
enum class Level : std::uint8_t { Nothing, Read, Write, Device };

Level level_of(const Access& access, const SandboxPath& path) {
  const auto host = access.host(path);
  if (!host || same_inside(*host) != path) return Level::Nothing;
  if (std::get<HostContent>(*access.content->content).device) return Level::Device;
  return access.writable_host() ? Level::Write : Level::Read;
}

BindMode mode_of(Level level) {
  switch (level) {
    case Level::Nothing:
    case Level::Read:
      return BindMode::ReadOnly;
    case Level::Write:
      return BindMode::ReadWrite;
    case Level::Device:
      return BindMode::Device;
  }
  return BindMode::ReadOnly;
}

/// Places of one rule's source that are narrower than the same grant.
struct Narrower {
  std::string_view verb;  ///< "hide"
  SandboxPath below = SandboxPath::root();
  Origin origin{};
  std::vector<std::string> there{};
  std::size_t not_there = 0;
};

class GrantPass {
 public:
  GrantPass(const Policy& policy, const WishList& wishes, const AccessTree& tree, FactLens& lens)
      : policy_(policy), wishes_(wishes), tree_(tree), lens_(lens) {}

  Result<Grants, Errors> run() && {
    for (const auto& [path, node] : tree_.nodes()) visit(path, node);
    add_proc();
    add_nodes();
    for (const LinkWish& link : wishes_.links) {
      out_.specs.try_emplace(link.at,
                             SpecEntry{LinkSpec{link.target}, {link.origin, Because::LinkOnTheWay, {}, {}}, false});
    }
    for (const auto& [key, narrower] : narrower_) refuse_narrower(narrower);
    for (const Ability ability : {Ability::Proc, Ability::Cgroup, Ability::Metadata}) do_without(ability, {});
    if (!unprotected_.empty()) do_without(Ability::Protect, unprotected_);
    if (!errors_.empty()) return std::move(errors_);
    return std::move(out_);
  }

 private:
  struct Granted {
    SandboxPath path;
    Level level;
  };

  void visit(const SandboxPath& path, const AccessNode& node) {
    while (!above_.empty() && !above_.back().path.contains(path)) above_.pop_back();
    const Level granted = above_.empty() ? Level::Nothing : above_.back().level;
    if (node.content != nullptr && refuse_content(path, *node.content)) return;
    const Level wanted = level_of(node.here, path);
    if (wanted < granted) return note_narrower(path, node, wanted);
    if (wanted > granted) grant(path, node, wanted);
  }

  bool refuse_content(const SandboxPath& path, const Wish& wish) {
    const std::string at = escape_bytes(path.text());
    if (std::holds_alternative<ScratchContent>(*wish.content)) {
      errors_.push_back(
          entry(policy_, "cannot make a private directory at " + at, "it takes a mount", wish.origin,
                "hide it instead with --deny-read " + shell_quote(path.text()) + "; " + std::string(kUseProfile)));
      return true;
    }
    const auto* shown = std::get_if<HostContent>(&*wish.content);
    if (shown == nullptr || same_inside(shown->source) == path) return false;
    const std::string source = escape_bytes(shown->source.text());
    errors_.push_back(entry(policy_, "cannot show " + source + " at " + at, "it takes a mount", wish.origin,
                            "grant " + source + " under its own name"));
    return true;
  }

  void note_narrower(const SandboxPath& path, const AccessNode& node, Level wanted) {
    if (wanted == Level::Nothing) {
      if (node.content != nullptr) add_narrower("hide", path, *node.content);
      return;
    }
    if (node.write == nullptr) return;
    // What is enforced is nobody's to do without.
    if (node.write->protect && !node.write->enforced) {
      unprotected_.push_back(escape_bytes(path.text()));
    } else {
      add_narrower("keep from being written", path, *node.write);
    }
  }

  void add_narrower(std::string_view verb, const SandboxPath& path, const Wish& wish) {
    const SandboxPath& below = above_.back().path;
    const auto key = std::pair(std::pair(std::string(verb), below.text()), to_string(source_of(wish.origin)));
    Narrower& group = narrower_.try_emplace(key, Narrower{verb, below, source_of(wish.origin)}).first->second;
    if (std::holds_alternative<Absent>(lens_.path(same_outside(path)))) {
      ++group.not_there;
    } else {
      group.there.push_back(escape_bytes(path.text()) + (wish.why.empty() ? "" : ": " + escape_bytes(wish.why)));
    }
  }

  /// The file or option, without a line: a profile's list is one entry.
  static Origin source_of(Origin origin) {
    if (origin.layer != LayerKind::Profile) return origin;
    origin.line = origin.column = 0;
    return origin;
  }

  void refuse_narrower(const Narrower& narrower) {
    const std::string below = escape_bytes(narrower.below.text());
    const std::size_t all = narrower.there.size() + narrower.not_there;
    const std::string what = all == 1 && narrower.not_there == 0
                                 ? narrower.there.front().substr(0, narrower.there.front().find(": "))
                                 : std::to_string(all) + (all == 1 ? " path" : " paths");
    Error error = entry(policy_, "cannot " + std::string(narrower.verb) + " " + what + " below " + below,
                        "without mounts all below a granted directory is granted like it", narrower.origin,
                        "grant less than " + below + "; " + std::string(kUseProfile));
    if (const auto* op = grant_of(narrower.below)) {
      error.context.push_back(below + " is granted by " + escape_bytes(to_string(op->why.winner)));
    }
    for (const std::string& place : narrower.there) error.context.push_back(place);
    if (narrower.not_there != 0) {
      error.context.push_back("and " + std::to_string(narrower.not_there) + " that are not there yet");
    }
    errors_.push_back(std::move(error));
  }

  [[nodiscard]] const SpecEntry* grant_of(const SandboxPath& path) const {
    const auto found = out_.specs.find(path);
    return found == out_.specs.end() ? nullptr : &found->second;
  }

  void grant(const SandboxPath& path, const AccessNode& node, Level level) {
    const bool by_write = level == Level::Write && node.write != nullptr;
    const Wish& winner = by_write || node.content == nullptr ? *node.write : *node.content;
    out_.specs[path] = {HostSpec{same_outside(path), mode_of(level), false, winner.optional},
                        AccessTree::decision(node, winner), true};
    above_.push_back({path, level});
  }

  /// The grant at or above `path`; null where there is none.
  [[nodiscard]] const std::pair<const SandboxPath, SpecEntry>* granted_at(const SandboxPath& path) const {
    for (SandboxPath here = path;; here = here.parent()) {
      const auto found = out_.specs.find(here);
      if (found != out_.specs.end()) return &*found;
      if (here.is_root()) return nullptr;
    }
  }

  void refuse_private(const SandboxPath& path, const std::pair<const SandboxPath, SpecEntry>& grant,
                      std::string_view danger) {
    errors_.push_back(
        entry(policy_, "cannot have " + escape_bytes(grant.first.text()) + " granted with " + path.text() + " below it",
              std::string(danger), grant.second.why.winner,
              "grant less than " + escape_bytes(grant.first.text()) + "; " + std::string(kUseProfile)));
  }

  void add_proc() {
    const SandboxPath proc = SandboxPath::root().child("proc");
    if (!std::holds_alternative<Present>(lens_.path(same_outside(proc)))) return;
    if (const auto* grant = granted_at(proc)) {
      const auto* spec = std::get_if<HostSpec>(&grant->second.spec);
      if (spec == nullptr || spec->mode == BindMode::ReadOnly) return;
      return refuse_private(proc, *grant, "the host's kernel settings and processes would be writable");
    }
    out_.specs[proc] = {HostSpec{same_outside(proc), BindMode::ReadOnly, false, false},
                        {Origin{}, Because::Needed, "the host's, since there is no other without a pid namespace", {}},
                        false};
  }

  void add_nodes() {
    const SandboxPath dev = SandboxPath::root().child("dev");
    if (const auto* grant = granted_at(dev)) {
      return refuse_private(dev, *grant, "keys typed into your other terminals could be read");
    }
    for (const std::string_view name : kSharedNodes) {
      const SandboxPath path = dev.child(name);
      const auto* fact = std::get_if<Present>(&lens_.path(same_outside(path)));
      if (fact == nullptr || fact->kind != PathKind::CharDevice) continue;
      out_.specs[path] = {HostSpec{same_outside(path), BindMode::Device, false, false},
                          {Origin{}, Because::Needed, "of every /dev", {}},
                          false};
    }
  }

  /// What of the files are the caller's.
  [[nodiscard]] std::string degraded_text(const AbilityRow& row) const {
    const bool as_root = row.ability == Ability::Metadata && lens_.host().caller.uid == 0;
    return std::string(row.degraded) + (as_root ? "; as root these are the system's" : "");
  }

  void do_without(Ability ability, const std::vector<std::string>& places) {
    const bool required =
        std::ranges::any_of(policy_.require, [&](const auto& each) { return each.value.ability == ability; });
    // decide_abilities() has refused it.
    if (required) return;
    const AbilityRow& row = ability_row(ability);
    const auto allowed = std::ranges::find(policy_.allow_degraded, ability, &Sourced<Ability>::value);
    if (allowed != policy_.allow_degraded.end()) {
      out_.done_without.push_back(
          {std::string(row.name), "lacking: " + std::string(kNoNamespaces), degraded_text(row), allowed->origin});
      return;
    }
    Error error =
        entry(policy_, "cannot give the command a " + std::string(row.meaning), std::string(kNoNamespaces),
              policy_.backend.origin,
              "allowDegraded = [\"" + std::string(row.name) + "\"] goes on without; the profile `landlock` does");
    error.context = {"without: " + degraded_text(row)};
    for (const std::string& place : places) error.context.push_back(place);
    errors_.push_back(std::move(error));
  }

  const Policy& policy_;
  const WishList& wishes_;
  const AccessTree& tree_;
  FactLens& lens_;
  std::vector<Granted> above_;
  std::map<std::pair<std::pair<std::string, std::string>, std::string>, Narrower> narrower_;
  std::vector<std::string> unprotected_;
  Grants out_;
  Errors errors_;
};

}  // namespace

Errors refuse_settings_without_namespaces(const Policy& policy, const FilterPlan& filter) {
  Errors errors;
  for (const SettingRow& row : kSettings) {
    if (!row.asks(policy)) continue;
    errors.push_back(
        entry(policy, std::string(row.what), std::string(row.why), row.origin(policy), std::string(row.hint)));
  }
  for (const ReliedGroup& relied : kRelied) {
    if (relied.needed(policy)) refuse_open_calls(policy, filter, relied, errors);
  }
  return errors;
}

Result<Grants, Errors> make_grants(const Policy& policy, const WishList& wishes, const AccessTree& tree,
                                   FactLens& lens) {
  return GrantPass(policy, wishes, tree, lens).run();
}

}  // namespace fence
