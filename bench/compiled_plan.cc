// Writes what the native executor makes of a plan, for the floor program. Usage: compiled-plan FILE FENCE_ARGUMENT...
#include <linux/sched.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "fence/cli/commands.h"
#include "fence/native/native.h"
#include "fence/plan/filter.h"

extern "C" {
#include "floor_program.h"
}

namespace {

using namespace fence;  // NOLINT(google-build-using-namespace): as main.cc

floor_kind kind_of(StepKind kind) {
  switch (kind) {
    case StepKind::Clone:
      return FLOOR_CLONE;
    case StepKind::Tmpfs:
      return FLOOR_TMPFS;
    case StepKind::Proc:
      return FLOOR_PROC;
    case StepKind::Devpts:
      return FLOOR_DEVPTS;
    case StepKind::Directory:
      return FLOOR_DIRECTORY;
    case StepKind::Link:
      return FLOOR_LINK;
    case StepKind::Lock:
      return FLOOR_LOCK;
    case StepKind::Seal:
      return FLOOR_SEAL;
    case StepKind::Console:
    case StepKind::Data:
      break;
  }
  throw std::runtime_error("the floor program shows no terminal and no content of fence's own: choose another plan");
}

floor_make make_of(Make make) {
  switch (make) {
    case Make::Nothing:
      return FLOOR_MAKE_NOTHING;
    case Make::Directory:
      return FLOOR_MAKE_DIRECTORY;
    case Make::File:
      return FLOOR_MAKE_FILE;
  }
  return FLOOR_MAKE_NOTHING;
}

class FloorWriter {
 public:
  FloorWriter(const SandboxPlan& plan, ChildProgram program)
      : plan_(plan), program_(std::move(program)), filter_(filter_bytes(command_filter(plan.filter))) {}

  void write(std::ostream& out) {
    std::vector<floor_step> steps;
    for (const Step& step : program_.steps) steps.push_back(floor_step_of(step));
    floor_header header{};
    header.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    if (program_.new_network) header.namespaces |= CLONE_NEWNET;
    if (program_.new_cgroup) header.namespaces |= CLONE_NEWCGROUP;
    MapAllIds ids{{{plan_.identity.uid, plan_.identity.uid, 1}}, {{plan_.identity.gid, plan_.identity.gid, 1}}};
    const auto* all = std::get_if<MapAllIds>(&plan_.identity.map);
    if (all != nullptr) ids = *all;
    header.deny_setgroups = all == nullptr ? 1 : 0;
    header.uid_map = program_.add(id_map_text(ids.uids));
    header.gid_map = program_.add(id_map_text(ids.gids));
    header.directory = program_.directory;
    header.new_session = program_.new_session ? 1 : 0;
    header.limit_user_namespaces = program_.nested_user_namespaces ? 0 : 1;
    header.handled = plan_.landlock.handled;
    header.scoped = plan_.landlock.scoped;
    std::vector<floor_rule> rules;
    for (const LandlockRule& rule : plan_.landlock.rules) {
      // What is handled for some inputs only is not handled here.
      const std::uint64_t rights = rule.rights & header.handled;
      if (rights != 0) rules.push_back({rights, program_.add(rule.path.text()), 0});
    }
    header.rules = static_cast<std::uint32_t>(rules.size());
    header.steps = static_cast<std::uint32_t>(steps.size());
    header.filter_bytes = static_cast<std::uint32_t>(filter_.size());
    header.pool_bytes = static_cast<std::uint32_t>(program_.pool.size());
    append(out, &header, sizeof header);
    append(out, steps.data(), steps.size() * sizeof(floor_step));
    append(out, rules.data(), rules.size() * sizeof(floor_rule));
    append(out, filter_.data(), filter_.size());
    append(out, program_.pool.data(), program_.pool.size());
  }

 private:
  static void append(std::ostream& out, const void* bytes, std::size_t size) {
    out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  }

  floor_step floor_step_of(const Step& step) {
    std::string target = program_.text(step.place);
    const std::string name = program_.text(step.name);
    if (!name.empty()) target += (target.ends_with('/') ? "" : "/") + name;
    floor_step out{};
    out.kind = kind_of(step.kind);
    out.make = make_of(step.make);
    out.target = program_.add(std::string_view(target).substr(1));
    out.source = step.source;
    out.mode = step.mode;
    out.permissions = step.permissions;
    out.attributes = step.attributes;
    return out;
  }

  const SandboxPlan& plan_;
  ChildProgram program_;
  std::vector<std::uint8_t> filter_;
};

Result<int, Errors> write_program(const char* name, const CommandLine& line, const Diagnostics& say) {
  HostProber prober;
  FENCE_TRY(HostFacts basics, first_facts(line, prober));
  FENCE_TRY(Wishes wishes, read_wishes(line, prober, basics, say));
  FENCE_TRY(Decided decided, decide(line, std::move(wishes), prober, std::move(basics), say));
  if (!decided.plan) return decided.plan.error();
  FENCE_TRY(ChildProgram program, compile(*decided.plan, decided.facts));
  std::ofstream out(name, std::ios::binary);
  FloorWriter(*decided.plan, std::move(program)).write(out);
  out.close();
  if (!out) return Errors{{.kind = ErrorKind::Host, .what = "cannot write the program"}};
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto [line, errors] = parse_command_line(std::vector<std::string>(argv + 2, argv + argc));
  const Diagnostics say(line.log_format, line.verbose);
  if (!errors.empty()) return say.refuse(errors, line.subcommand);
  try {
    const auto status = write_program(argv[1], line, say);
    return status ? *status : say.refuse(status.error(), line.subcommand);
  } catch (const std::exception& broken) {
    std::fprintf(stderr, "compiled-plan: %s\n", broken.what());
    return 1;
  }
}
