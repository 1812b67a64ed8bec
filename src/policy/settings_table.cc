#include "fence/policy/settings_table.h"

#include <limits>

#include "limit_rows.h"
#include "readers.h"
#include "shown.h"

namespace fence {
namespace {

constexpr std::uint64_t kAnyNumber = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMaxLookMilliseconds = 60'000;

constexpr SettingRow kTable[] = {
    {.key = "profile",
     .type = "a profile's name or a list of them",
     .default_value = R"(["workspace"])",
     .meaning = "Profiles in force, a later one above an earlier one; the highest layer that names any decides.",
     .danger = "[] applies no protection beyond fence's own.",
     .read = [](const Reading& in) { in.layer.profile = in.value.origin; },
     .show = shown_profiles},
    {.key = "backend",
     .type = R"("auto", "native", "bwrap" or "landlock")",
     .default_value = R"("auto")",
     .meaning =
         "What makes the sandbox: fence itself (native), an installed bubblewrap, or the first that can. \"landlock\" "
         "makes no namespaces, for places where none can be made, and refuses what it cannot hold: use it with "
         "the profile `landlock`.",
     .danger = "\"landlock\" holds less: see the threat model.",
     .read = [](const Reading& in) { read_choice<Backend>(in, in.layer.backend, kBackends); },
     .show =
         [](const InForce& now) {
           return shown_single<Backend>(now, &SettingsLayer::backend, &Policy::backend, kBackends);
         }},
    {.key = "forceNewSession",
     .type = "true or false",
     .default_value = "",
     .example = R"(true)",
     .meaning = "true: the command always gets a session of its own, without a controlling terminal (no job control); "
                "false: never; unset: only where no filter keeps the caller's terminal safe.",
     .read = [](const Reading& in) { read_flag(in, in.layer.force_new_session); },
     .show = shown_session},
    {.key = "terminal.mode",
     .type = R"("auto", "private" or "shared")",
     .default_value = R"("auto")",
     .meaning =
         "Whether the command gets a terminal of its own or the caller's; \"auto\": its own where fence itself makes "
         "the sandbox (backend \"native\").",
     .danger = R"("shared" lets the command read keys typed later, and leave the caller's terminal changed.)",
     .read = [](const Reading& in) { read_choice<TerminalMode>(in, in.layer.terminal, kTerminalModes); },
     .show =
         [](const InForce& now) {
           return shown_single<TerminalMode>(now, &SettingsLayer::terminal, &Policy::terminal, kTerminalModes);
         }},
    {.key = "terminal.attach",
     .type = R"("auto" or "deferred")",
     .default_value = R"("auto")",
     .meaning = "When the keyboard goes to a private terminal. \"auto\": from the start, where the command's input and "
                "output are the terminal; \"deferred\": when it first reads or sets modes, so that keys typed ahead "
                "that it never reads stay for the shell, and Ctrl-C reaches a script around fence directly. Without "
                "effect where the session is a new one.",
     .read = [](const Reading& in) { read_choice<TerminalAttach>(in, in.layer.terminal_attach, kTerminalAttach); },
     .show =
         [](const InForce& now) {
           return shown_single<TerminalAttach>(now, &SettingsLayer::terminal_attach, &Policy::terminal_attach,
                                               kTerminalAttach);
         }},
    {.key = "filesystem.allowRead",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"(["~/reference", {path = "/opt/data", optional = true, why = "test data"}])",
     .merge = MergeRule::Append,
     .meaning =
         "Shown read-only. An entry is a path, or a pattern of '*', '?', '[...]' and '**', or {path, why, "
         "optional, literal}; a deeper path beats a shallower one, and on one path the stricter entry of a layer "
         "wins.",
     .danger = "Everything below the path can be read, but for what a deeper entry hides.",
     .read = [](const Reading& in) { read_paths(in, PathList::AllowRead); },
     .show = [](const InForce& now) { return shown_paths(now, PathList::AllowRead); }},
    {.key = "filesystem.denyRead",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"(["~/private", "~/src/**/.env"])",
     .merge = MergeRule::Append,
     .meaning = "Hidden; an optional entry hides a path also when it appears later.",
     .read = [](const Reading& in) { read_paths(in, PathList::DenyRead); },
     .show = [](const InForce& now) { return shown_paths(now, PathList::DenyRead); }},
    {.key = "filesystem.allowWrite",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"(["~/src/other-project"])",
     .merge = MergeRule::Append,
     .meaning = "Shown and really writable: what is written stays on the host.",
     .danger = "The command can change and delete everything below the path that nothing protects.",
     .read = [](const Reading& in) { read_paths(in, PathList::AllowWrite); },
     .show = [](const InForce& now) { return shown_paths(now, PathList::AllowWrite); }},
    {.key = "filesystem.denyWrite",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"(["$FENCE_WORKSPACE/.github"])",
     .merge = MergeRule::Append,
     .meaning = "Read-only, as far as it is shown.",
     .read = [](const Reading& in) { read_paths(in, PathList::DenyWrite); },
     .show = [](const InForce& now) { return shown_paths(now, PathList::DenyWrite); }},
    {.key = "filesystem.protect",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"(["Makefile", "**/*.lock"])",
     .merge = MergeRule::Append,
     .meaning = "Read-only inside writable directories, unless allowWrite names the very path; a relative entry means "
                "that path or pattern below every writable directory.",
     .read = [](const Reading& in) { read_paths(in, PathList::Protect); },
     .show = [](const InForce& now) { return shown_paths(now, PathList::Protect); }},
    {.key = "filesystem.tmpfs",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"([{path = "~/.cache/tool", size = "64M", mode = "0700", optional = true}])",
     .merge = MergeRule::Append,
     .meaning = "Private, empty and writable; gone at the end. An entry is a path or {path, size, mode, why, optional, "
                "literal} with size in bytes (65536, \"64M\") and mode in octal (\"1777\").",
     .read = read_scratch,
     .show = shown_scratch},
    {.key = "filesystem.bind",
     .type = "a list of tables",
     .default_value = "[]",
     .example = R"([{source = "~/bin", target = "/usr/local/bin", mode = "ro", optional = true}])",
     .merge = MergeRule::Append,
     .meaning = "{source, target, mode, optional, literal}: shows `source` of the host as `target`, with mode \"ro\" "
                "(the default), \"rw\" or \"dev\".",
     .danger = R"("rw" makes the source really writable; "dev" lets device nodes in it be used.)",
     .read = read_binds,
     .show = shown_binds},
    {.key = "filesystem.absentProtected",
     .type = R"("report" or "quarantine")",
     .default_value = R"("report")",
     .meaning = "What happens to a protected path that did not exist and that the command has made: said when it ends, "
                "or also moved aside.",
     .read = [](const Reading& in) { read_choice<AbsentProtected>(in, in.layer.absent_protected, kAbsentProtected); },
     .show =
         [](const InForce& now) {
           return shown_single<AbsentProtected>(now, &SettingsLayer::absent_protected, &Policy::absent_protected,
                                                kAbsentProtected);
         }},
    {.key = "devices.mode",
     .type = R"("minimal" or "host")",
     .default_value = R"("minimal")",
     .meaning = "A private /dev with the harmless nodes, or the host's.",
     .danger = R"("host" opens every device that the caller may open: disks, cameras, GPUs, input.)",
     .read = [](const Reading& in) { read_choice<DevicesMode>(in, in.layer.devices, kDevicesModes); },
     .show =
         [](const InForce& now) {
           return shown_single<DevicesMode>(now, &SettingsLayer::devices, &Policy::devices, kDevicesModes);
         }},
    {.key = "devices.allow",
     .type = "a list of paths",
     .default_value = "[]",
     .example = R"(["/dev/kvm", "/dev/video*"])",
     .merge = MergeRule::Append,
     .meaning = "Device nodes to add to the private /dev; a pattern is one here as well.",
     .danger = "The command can talk to the driver behind the node.",
     .read = read_device_nodes,
     .show = shown_devices},
    {.key = "runtimeDir.mode",
     .type = R"("auto", "private", "inherit" or "unset")",
     .default_value = R"("auto")",
     .meaning = "What XDG_RUNTIME_DIR is: the inherited directory where it is really granted, else a private one "
                "(auto); always private; the inherited one or an error (inherit); not set.",
     .danger = R"("inherit" needs a grant of the directory, which holds the sockets of the session.)",
     .read = [](const Reading& in) { read_choice<RuntimeDirMode>(in, in.layer.runtime_dir, kRuntimeDirModes); },
     .show =
         [](const InForce& now) {
           return shown_single<RuntimeDirMode>(now, &SettingsLayer::runtime_dir, &Policy::runtime_dir,
                                               kRuntimeDirModes);
         }},
    {.key = "network.mode",
     .type = R"("none" or "host")",
     .default_value = R"("none")",
     .meaning = "A network of its own with nothing but loopback, or the host's.",
     .danger = R"("host" reaches the network, services on localhost and abstract sockets of the host.)",
     .read = [](const Reading& in) { read_choice<NetworkMode>(in, in.layer.network, kNetworkModes); },
     .show =
         [](const InForce& now) {
           return shown_single<NetworkMode>(now, &SettingsLayer::network, &Policy::network, kNetworkModes);
         }},
    {.key = "environment.mode",
     .type = R"("inherit" or "clear")",
     .default_value = R"("inherit")",
     .meaning = "Whether variables that no pattern names are passed on.",
     .danger = R"("inherit" passes secrets that no pattern of environment.deny knows.)",
     .read = [](const Reading& in) { read_choice<EnvironmentMode>(in, in.layer.environment, kEnvironmentModes); },
     .show =
         [](const InForce& now) {
           return shown_single<EnvironmentMode>(now, &SettingsLayer::environment, &Policy::environment,
                                                kEnvironmentModes);
         }},
    {.key = "environment.pass",
     .type = "a list of patterns",
     .default_value = "[]",
     .example = R"(["EDITOR", {name = "CI_*", why = "the build needs them"}])",
     .merge = MergeRule::Append,
     .meaning = "Variables that are passed on. An entry is a pattern of '*' and '?' or {name, why}.",
     .danger = "A pattern above a profile's environment.deny brings back what that drops.",
     .read = [](const Reading& in) { read_patterns(in, in.layer.environment_pass); },
     .show = [](const InForce& now) { return shown_patterns(now.policy.environment_pass); }},
    {.key = "environment.deny",
     .type = "a list of patterns",
     .default_value = "[]",
     .example = R"([{name = "*_LICENSE", why = "license keys"}])",
     .merge = MergeRule::Append,
     .meaning = "Variables that are dropped. An entry is a pattern of '*' and '?' or {name, why}.",
     .read = [](const Reading& in) { read_patterns(in, in.layer.environment_deny); },
     .show = [](const InForce& now) { return shown_patterns(now.policy.environment_deny); }},
    {.key = "environment.set",
     .type = "a table of strings",
     .default_value = "{}",
     .example = R"({PAGER = "cat"})",
     .merge = MergeRule::Append,
     .meaning = "Variables that get this value, whatever was inherited; of one variable the highest layer wins.",
     .read = read_variables,
     .show = shown_variables},
    {.key = "seccomp.profile",
     .type = R"("default", "strict" or "minimal")",
     .default_value = R"("default")",
     .meaning =
         "Which groups of system calls are refused (docs/system-calls.md lists them): \"strict\" refuses those of "
         "debuggers too, \"minimal\" only what keeps the terminal and the machine around this one safe.",
     .danger = R"("minimal" opens parts of the kernel in which many escapes were found.)",
     .read = [](const Reading& in) { read_choice<SeccompProfile>(in, in.layer.seccomp, kSeccompProfiles); },
     .show =
         [](const InForce& now) {
           return shown_single<SeccompProfile>(now, &SettingsLayer::seccomp, &Policy::seccomp, kSeccompProfiles);
         }},
    {.key = "seccomp.allow",
     .type = "a list of groups and system calls",
     .default_value = "[]",
     .example = R"(["setgid_files", {name = "perf_event_open", why = "profiling"}])",
     .merge = MergeRule::Append,
     .meaning = "Groups or single system calls that are let through after all. An entry is a name or {name, why}; the "
                "highest layer that names a call or its group decides, and in one layer seccomp.deny does.",
     .danger = "What the group keeps closed is open.",
     .read = [](const Reading& in) { read_calls(in, in.layer.seccomp_allow); },
     .show = [](const InForce& now) { return shown_calls(now.policy.seccomp_allow); }},
    {.key = "seccomp.deny",
     .type = "a list of groups and system calls",
     .default_value = "[]",
     .example = R"(["debug", "memfd_create"])",
     .merge = MergeRule::Append,
     .meaning =
         "Groups or single system calls that are refused besides: a group with its own errors, a call with EPERM.",
     .read = [](const Reading& in) { read_calls(in, in.layer.seccomp_deny); },
     .show = [](const InForce& now) { return shown_calls(now.policy.seccomp_deny); }},
    {.key = "landlock.mode",
     .type = R"("off", "auto" or "full")",
     .default_value = R"("auto")",
     .meaning = "What the kernel's Landlock holds besides the mounts. \"auto\": signals to processes outside and their "
                "abstract sockets, and, without nesting, writing to what the plan does not make writable; \"full\": "
                "reading, executing, making and removing as well. What this kernel's Landlock cannot do is left out, "
                "and the plan says so; a kernel without Landlock is refused where the key is set, unless allowDegraded "
                "names landlock.",
     .danger =
         R"("off" leaves a file that is the command's input open for writing, and processes outside for signals.)",
     .read = [](const Reading& in) { read_choice<LandlockMode>(in, in.layer.landlock, kLandlockModes); },
     .show =
         [](const InForce& now) {
           return shown_single<LandlockMode>(now, &SettingsLayer::landlock, &Policy::landlock, kLandlockModes);
         }},
    {.key = "limits.nofile",
     .type = kCountLimit,
     .default_value = "",
     .example = R"(1024)",
     .meaning = "RLIMIT_NOFILE: how many descriptors each process inside can have open. None of these limits can be "
                "above the caller's own hard one; \"none\" takes back what a lower layer asks for.",
     .read = read_limit<Limit::OpenFiles>,
     .show = shown_limit<Limit::OpenFiles>},
    {.key = "limits.nproc",
     .type = kCountLimit,
     .default_value = "",
     .example = R"(200)",
     .meaning = "RLIMIT_NPROC: how many processes and threads there can be inside, fence's own among them (all of the "
                "caller's count before Linux 5.14). The kernel does not hold root to it.",
     .read = read_limit<Limit::Processes>,
     .show = shown_limit<Limit::Processes>},
    {.key = "limits.as",
     .type = kBytesLimit,
     .default_value = "",
     .example = R"("4G")",
     .meaning =
         "RLIMIT_AS: virtual memory of each process inside. Programs that reserve much of it, as node and Go do, "
         "need more than they use.",
     .read = read_limit<Limit::AddressSpace>,
     .show = shown_limit<Limit::AddressSpace>},
    {.key = "limits.fsize",
     .type = kBytesLimit,
     .default_value = "",
     .example = R"("512M")",
     .meaning = "RLIMIT_FSIZE: up to which size each process inside can write a file; SIGXFSZ past it.",
     .read = read_limit<Limit::FileSize>,
     .show = shown_limit<Limit::FileSize>},
    {.key = "limits.cpu",
     .type = kTimeLimit,
     .default_value = "",
     .example = R"("10m")",
     .meaning =
         "RLIMIT_CPU: processor time of each process inside, which is killed past it. A process that it starts begins "
         "anew.",
     .read = read_limit<Limit::CpuTime>,
     .show = shown_limit<Limit::CpuTime>},
    {.key = "limits.wallTime",
     .type = kTimeLimit,
     .default_value = "",
     .example = R"("30m")",
     .meaning =
         "How long the command can run, stopped and suspended time included. Then everything inside gets SIGTERM, "
         "5 seconds later SIGKILL, and fence exits with status 124.",
     .read = read_limit<Limit::WallTime>,
     .show = shown_limit<Limit::WallTime>},
    {.key = "limits.pids",
     .type = kCountLimit,
     .default_value = "",
     .example = R"(200)",
     .meaning =
         "pids.max: how many processes and threads there can be inside at a time, root's as well; fence's own come on "
         "top. This one, memory and cpus hold for all that runs inside together, by a control group of version 2, "
         "which takes a delegated one around the caller (`systemd-run --user --scope -p Delegate=yes fence ...`); "
         "nothing is run without one, unless allowDegraded names delegation.",
     .read = read_limit<Limit::Pids>,
     .show = shown_limit<Limit::Pids>},
    {.key = "limits.memory",
     .type = kBytesLimit,
     .default_value = "",
     .example = R"("2G")",
     .meaning =
         "memory.max: how much memory all that runs inside can use together, what lies in a private /tmp included, and "
         "none of it in swap. Past it everything inside is killed, and fence exits with status 137.",
     .read = read_limit<Limit::Memory>,
     .show = shown_limit<Limit::Memory>},
    {.key = "limits.cpus",
     .type = kProcessorsLimit,
     .default_value = "",
     .example = R"(1.5)",
     .meaning = "cpu.max: how many processors all that runs inside can keep busy together.",
     .read = read_limit<Limit::Cpus>,
     .show = shown_limit<Limit::Cpus>},
    {.key = "nesting",
     .type = "true or false",
     .default_value = "false",
     .meaning = "Whether user namespaces can be made inside, as browsers, bubblewrap and fence itself do.",
     .danger = "true opens the part of the kernel that needs a user namespace, where many escapes were found.",
     .read = [](const Reading& in) { read_flag(in, in.layer.nesting); },
     .show =
         [](const InForce& now) {
           return shown_single<bool>(now, &SettingsLayer::nesting, &Policy::nesting, kNesting);
         }},
    {.key = "require",
     .type = "a list of abilities",
     .default_value = "[]",
     .example = R"(["userns", "landlock>=3", "kernel>=6.1"])",
     .merge = MergeRule::Append,
     .meaning = "Abilities of the host without which nothing is run: NAME, or NAME>=VERSION for landlock and kernel.",
     .read = read_requirements,
     .show = shown_requirements},
    {.key = "allowDegraded",
     .type = "a list of abilities",
     .default_value = "[]",
     .example = R"(["cgroup"])",
     .merge = MergeRule::Append,
     .meaning = "Abilities that a host may lack: the command is then run with less, which is said.",
     .danger = "What is degraded is a wall of the sandbox that is missing.",
     .read = read_degraded,
     .show = shown_degraded},
    {.key = "danger.unverifiedMounts",
     .type = "true or false",
     .default_value = "false",
     .meaning = "Whether the command is started without a look at each mount of the finished sandbox.",
     .danger = "true trusts what made the sandbox: a mount that is not what the plan says goes unnoticed.",
     .read = [](const Reading& in) { read_flag(in, in.layer.unverified_mounts); },
     .show =
         [](const InForce& now) {
           return shown_single<bool>(now, &SettingsLayer::unverified_mounts, &Policy::unverified_mounts, kDanger);
         }},
    {.key = "danger.unguardedMounts",
     .type = "true or false",
     .default_value = "false",
     .meaning = "Whether the command goes on where a mount that protects or hides a file is lost, because the file is "
                "replaced or removed outside.",
     .danger = "true leaves .git/config and the like writable for the command after `git config` outside.",
     .read = [](const Reading& in) { read_flag(in, in.layer.unguarded_mounts); },
     .show =
         [](const InForce& now) {
           return shown_single<bool>(now, &SettingsLayer::unguarded_mounts, &Policy::unguarded_mounts, kDanger);
         }},
    {.key = "wsl.interop",
     .type = "true or false",
     .default_value = "false",
     .meaning = "Whether the command can start Windows programs where fence runs on WSL: the sockets of /run/WSL, "
                "AF_VSOCK, the drives of Windows and the variables that go with them.",
     .danger = "true ends the isolation: a Windows program does anything that the user may do.",
     .read = [](const Reading& in) { read_flag(in, in.layer.windows_interop); },
     .show =
         [](const InForce& now) {
           return shown_single<bool>(now, &SettingsLayer::windows_interop, &Policy::windows_interop, kDanger);
         }},
    {.key = "globs.maxEntries",
     .type = "a whole number above 0",
     .default_value = "2000000",
     .meaning = "How many names are looked at for what the patterns of paths match; nothing is run past it.",
     .read = [](const Reading& in) { read_number(in, in.layer.walk_entries, kAnyNumber); },
     .show =
         [](const InForce& now) {
           return shown_single<std::uint64_t>(now, &SettingsLayer::walk_entries, &Policy::walk_entries);
         }},
    {.key = "globs.maxSeconds",
     .type = "a whole number above 0",
     .default_value = "30",
     .meaning = "How many seconds that may take; nothing is run past it.",
     .read = [](const Reading& in) { read_number(in, in.layer.walk_seconds, kAnyNumber); },
     .show =
         [](const InForce& now) {
           return shown_single<std::uint64_t>(now, &SettingsLayer::walk_seconds, &Policy::walk_seconds);
         }},
    {.key = "lookTimeout",
     .type = "a whole number from 1 to 60000",
     .default_value = "800",
     .meaning = "Milliseconds after which a look at a path is abandoned, as at one on a network file system that does "
                "not answer.",
     .read = [](const Reading& in) { read_number(in, in.layer.look_milliseconds, kMaxLookMilliseconds); },
     .show =
         [](const InForce& now) {
           return shown_single<std::uint64_t>(now, &SettingsLayer::look_milliseconds, &Policy::look_milliseconds);
         }},
    {.key = "trust.projects",
     .type = "a list of directories",
     .default_value = "[]",
     .example = R"(["~/src/my-project"])",
     .merge = MergeRule::Append,
     .meaning =
         "Directories whose own .fence.toml may set anything; every other project's can only restrict. Stands in "
         "the user's and the system's file only.",
     .danger = "Whoever can change that project decides what its sandbox hides.",
     .read = read_trusted_projects,
     .show = shown_trusted},
};

}  // namespace

std::span<const SettingRow> settings_table() noexcept { return kTable; }

}  // namespace fence
