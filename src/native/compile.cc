#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <array>
#include <limits>
#include <unordered_map>

#include "fence/native/native.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::uint32_t kConfined = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
/// The group of terminals in every distribution (systemd/docs/UIDS-GIDS.md; Debian's base-passwd).
constexpr std::uint32_t kTtyGroup = 5;

/// A device node of the host that the private /dev shows (Documentation/admin-guide/devices.txt).
struct Node {
  std::string_view name;
  unsigned major, minor;
};
constexpr Node kNull{"null", 1, 3};
constexpr std::array kNodes = {
    kNull, Node{"zero", 1, 5}, Node{"full", 1, 7}, Node{"random", 1, 8}, Node{"urandom", 1, 9}, Node{"tty", 5, 0}};

struct DevLink {
  std::string_view name, target;
};
constexpr std::array kDevLinks = {DevLink{"stdin", "/proc/self/fd/0"},  DevLink{"stdout", "/proc/self/fd/1"},
                                  DevLink{"stderr", "/proc/self/fd/2"}, DevLink{"fd", "/proc/self/fd"},
                                  DevLink{"core", "/proc/kcore"},       DevLink{"ptmx", "pts/ptmx"}};

bool maps_tty_group(const IdentityPlan& identity) {
  const auto* all = std::get_if<MapAllIds>(&identity.map);
  if (all == nullptr) return identity.gid == kTtyGroup;
  for (const IdExtent& extent : all->gids) {
    if (kTtyGroup >= extent.inside && kTtyGroup - extent.inside < extent.count) return true;
  }
  return false;
}

// ttyname(3) works inside where the terminal is /dev/console: that of standard output, as bwrap does it, or of another
// stream where that is none.
int console_stream(const TerminalFacts& terminal) {
  for (const int stream : {1, 0, 2}) {
    if (terminal.streams[stream].open && terminal.streams[stream].terminal) return stream;
  }
  return -1;
}

class Compiler {
 public:
  explicit Compiler(const HostFacts& facts) {
    program_.pool.push_back('\0');
    program_.console_stream = console_stream(facts.terminal);
  }

  ChildProgram compile(const SandboxPlan& plan) && {
    program_.tty_group = maps_tty_group(plan.identity);
    const bool own_terminal = plan.session.terminal() == TerminalKind::Private;
    program_.new_session = plan.session.kind() == SessionKind::NewSession || own_terminal;
    // The terminal of the sandbox's own devpts has a name there.
    if (own_terminal) program_.console_stream = -1;
    program_.new_network = plan.network.value == NetworkMode::None;
    program_.new_cgroup = plan.cgroup_namespace;
    program_.nested_user_namespaces = plan.identity.nested_user_namespaces;
    program_.as_root = plan.identity.uid == 0;
    program_.directory = string(plan.directory.text());
    add_mounts(plan.mounts);
    return std::move(program_);
  }

 private:
  void add_mounts(const MountPlan& mounts) {
    if (mounts.find(SandboxPath::root()) == nullptr) {
      add_tmpfs(Tmpfs{0755, {}}, at(SandboxPath::root(), MountPoint::Exists));
    }
    for (const MountOp& op : mounts.ops()) {
      op_ = static_cast<std::uint32_t>(&op - mounts.ops().data());
      add(op);
    }
    for (const SandboxPath& seal : mounts.seals()) {
      const MountOp* sealed = mounts.find(seal);
      op_ = sealed == nullptr ? kNoOp : static_cast<std::uint32_t>(sealed - mounts.ops().data());
      Step step = at(seal, MountPoint::Exists);
      step.kind = StepKind::Seal;
      step.attributes = MOUNT_ATTR_RDONLY;
      push(step);
    }
  }

  void add(const MountOp& op) {
    std::visit(Overloaded{
                   [&](const Bind& bind) { add_bind(bind, made(op, bind.kind == PathKind::Directory)); },
                   [&](const Tmpfs& tmpfs) { add_tmpfs(tmpfs, made(op, true)); },
                   [&](const Proc&) { add_proc(made(op, true)); },
                   [&](const Dev&) { add_dev(op.target, made(op, true)); },
                   [&](const LockReadOnly&) { add_lock(at(op.target, op.at)); },
                   // The mount is nodev, so opening the node gives EACCES, to uid 0 as well.
                   [&](const MaskFile&) { add_node(kNull, kConfined | MOUNT_ATTR_RDONLY, made(op, false)); },
                   [&](const MakeDir& directory) { add_directory(directory.mode, at(op.target, op.at)); },
                   [&](const WriteFile& file) { add_data(file, made(op, false)); },
                   [&](const Symlink& link) { add_link(link.points_to, at(op.target, op.at)); },
               },
               op.action);
  }

  void add_bind(const Bind& bind, Step step) {
    step.kind = StepKind::Clone;
    step.source = string(bind.source.text());
    step.device = bind.expect.device;
    step.inode = bind.expect.inode;
    step.may_vanish = bind.may_vanish;
    switch (bind.mode) {
      case BindMode::ReadOnly:
        step.attributes = kConfined | MOUNT_ATTR_RDONLY;
        break;
      case BindMode::ReadWrite:
        step.attributes = kConfined;
        break;
      case BindMode::Device:
        step.attributes = MOUNT_ATTR_NOSUID;
        break;
    }
    push(step);
  }

  void add_node(const Node& node, std::uint32_t attributes, Step step) {
    step.kind = StepKind::Clone;
    step.expect = Expect::Device;
    step.source = string("/dev/" + std::string(node.name));
    step.device = makedev(node.major, node.minor);
    step.attributes = attributes;
    push(step);
  }

  void add_tmpfs(const Tmpfs& tmpfs, Step step) {
    step.kind = StepKind::Tmpfs;
    step.mode = string(octal_mode(tmpfs.mode));
    if (tmpfs.size) step.source = string(std::to_string(*tmpfs.size));
    step.attributes = kConfined;
    push(step);
  }

  void add_proc(Step step) {
    step.kind = StepKind::Proc;
    step.attributes = kConfined | MOUNT_ATTR_NOEXEC;
    push(step);
  }

  void add_dev(const SandboxPath& dev, Step step) {
    add_tmpfs(Tmpfs{0755, {}}, step);
    for (const Node& node : kNodes) add_node(node, MOUNT_ATTR_NOSUID, in(dev, node.name, Make::File));
    for (const DevLink& link : kDevLinks) add_link(link.target, in(dev, link.name, Make::Nothing));
    add_directory(0755, in(dev, "shm", Make::Nothing));
    Step pts = in(dev, "pts", Make::Directory);
    pts.kind = StepKind::Devpts;
    pts.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    push(pts);
    if (program_.console_stream < 0) return;
    Step console = in(dev, "console", Make::File);
    console.kind = StepKind::Console;
    console.attributes = MOUNT_ATTR_NOSUID;
    push(console);
  }

  void add_lock(Step step) {
    step.kind = StepKind::Lock;
    step.attributes = kConfined | MOUNT_ATTR_RDONLY;
    push(step);
  }

  void add_directory(std::uint32_t mode, Step step) {
    step.kind = StepKind::Directory;
    step.permissions = mode;
    push(step);
  }

  void add_data(const WriteFile& file, Step step) {
    step.kind = StepKind::Data;
    step.data = program_.add(file.content);
    step.length = static_cast<std::uint32_t>(file.content.size());
    step.permissions = file.mode;
    step.attributes = kConfined | MOUNT_ATTR_RDONLY;
    program_.has_data = true;
    push(step);
  }

  void add_link(std::string_view target, Step step) {
    step.kind = StepKind::Link;
    step.source = string(target);
    push(step);
  }

  // A step whose op has to have a mount point.
  Step made(const MountOp& op, bool directory) {
    Step step = at(op.target, op.at);
    if (op.at == MountPoint::Create) step.make = directory ? Make::Directory : Make::File;
    return step;
  }

  Step at(const SandboxPath& target, MountPoint point) {
    if (point == MountPoint::Create) return in(target.parent(), target.name(), Make::Nothing);
    Step step;
    step.op = op_;
    step.place = string(target.text());
    return step;
  }

  Step in(const SandboxPath& directory, std::string_view name, Make make) {
    Step step;
    step.op = op_;
    step.place = string(directory.text());
    step.name = string(name);
    step.make = make;
    return step;
  }

  // Equal strings have one offset: the child keeps a directory open as long as its offset stays the same.
  PoolString string(std::string_view text) {
    if (text.empty()) return 0;
    const auto [entry, added] = strings_.try_emplace(std::string(text), 0U);
    if (added) entry->second = program_.add(text);
    return entry->second;
  }

  void push(const Step& step) { program_.steps.push_back(step); }

  ChildProgram program_;
  std::unordered_map<std::string, PoolString> strings_;
  std::uint32_t op_ = kNoOp;
};

}  // namespace

PoolString ChildProgram::add(std::string_view text) {
  const auto at = static_cast<PoolString>(pool.size());
  pool.append(text);
  pool.push_back('\0');
  return at;
}

Result<ChildProgram, Errors> compile(const SandboxPlan& plan, const HostFacts& facts) {
  if (plan.executor == Executor::Landlock) {
    return Errors{{.kind = ErrorKind::Unsupported,
                   .what = "cannot mount this plan",
                   .why = "backend = \"landlock\" mounts nothing",
                   .hint = {}}};
  }
  ChildProgram program = Compiler(facts).compile(plan);
  if (program.pool.size() > std::numeric_limits<PoolString>::max() / 2) {
    return Errors{{.kind = ErrorKind::Unsupported,
                   .what = "cannot run this plan",
                   .why = "its paths and files take " + std::to_string(program.pool.size()) + " bytes",
                   .hint = "name directories instead of the many files in them"}};
  }
  return program;
}

}  // namespace fence
