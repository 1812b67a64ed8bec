#pragma once
// The words of every setting that is one of a few values, and how strict each of them is.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fence/policy/policy.h"

namespace fence {

/// Nothing where the values of a setting have no order: none of them restricts more than another.
using Strictness = std::optional<int>;

/// One word of a setting that is a choice.
template <class T>
struct Choice {
  std::string_view word;
  T value;
  Strictness strict{};  ///< compared within one setting; a higher one shows, opens or allows less
};

inline constexpr std::array kBackends{
    Choice<Backend>{"auto", Backend::Auto}, Choice<Backend>{"native", Backend::Native},
    Choice<Backend>{"bwrap", Backend::Bwrap}, Choice<Backend>{"landlock", Backend::Landlock}};
/// Unset stands between the two: see kUnsetSession.
inline constexpr std::array kForceNewSession{Choice<bool>{"true", true, 2}, Choice<bool>{"false", false, 0}};
/// A session is made where no filter keeps the caller's terminal safe: less than always, more than never.
inline constexpr int kUnsetSession = 1;
/// A private terminal is the command's own; "auto" may choose either.
inline constexpr std::array kTerminalModes{Choice<TerminalMode>{"auto", TerminalMode::Auto, 1},
                                           Choice<TerminalMode>{"private", TerminalMode::Private, 2},
                                           Choice<TerminalMode>{"shared", TerminalMode::Shared, 0}};
/// Without an order: neither gives the command more.
inline constexpr std::array kTerminalAttach{Choice<TerminalAttach>{"auto", TerminalAttach::Auto},
                                            Choice<TerminalAttach>{"deferred", TerminalAttach::Deferred}};
/// Without an order: to move files aside is no restriction but an act, and nobody else's to ask for.
inline constexpr std::array kAbsentProtected{Choice<AbsentProtected>{"report", AbsentProtected::Report},
                                             Choice<AbsentProtected>{"quarantine", AbsentProtected::Quarantine}};
inline constexpr std::array kDevicesModes{Choice<DevicesMode>{"minimal", DevicesMode::Minimal, 1},
                                          Choice<DevicesMode>{"host", DevicesMode::Host, 0}};
/// Neither a private runtime directory nor none has a socket of the session in it.
inline constexpr std::array kRuntimeDirModes{Choice<RuntimeDirMode>{"auto", RuntimeDirMode::Auto, 1},
                                             Choice<RuntimeDirMode>{"private", RuntimeDirMode::Private, 2},
                                             Choice<RuntimeDirMode>{"inherit", RuntimeDirMode::Inherit, 0},
                                             Choice<RuntimeDirMode>{"unset", RuntimeDirMode::Unset, 2}};
inline constexpr std::array kNetworkModes{Choice<NetworkMode>{"none", NetworkMode::None, 1},
                                          Choice<NetworkMode>{"host", NetworkMode::Host, 0}};
inline constexpr std::array kEnvironmentModes{Choice<EnvironmentMode>{"inherit", EnvironmentMode::Inherit, 0},
                                              Choice<EnvironmentMode>{"clear", EnvironmentMode::Clear, 1}};
inline constexpr std::array kSeccompProfiles{Choice<SeccompProfile>{"default", SeccompProfile::Default, 1},
                                             Choice<SeccompProfile>{"strict", SeccompProfile::Strict, 2},
                                             Choice<SeccompProfile>{"minimal", SeccompProfile::Minimal, 0}};
inline constexpr std::array kLandlockModes{Choice<LandlockMode>{"off", LandlockMode::Off, 0},
                                           Choice<LandlockMode>{"auto", LandlockMode::Auto, 1},
                                           Choice<LandlockMode>{"full", LandlockMode::Full, 2}};
inline constexpr std::array kNesting{Choice<bool>{"true", true, 0}, Choice<bool>{"false", false, 1}};

/// The keys below `danger`, and wsl.interop: true takes a safeguard away.
inline constexpr std::array kDanger = kNesting;

/// A setting with one value.
template <class T>
struct SingleSetting {
  std::string_view key;
  std::optional<Sourced<T>> SettingsLayer::*said;
  Sourced<T> Policy::*in_force;
  std::span<const Choice<T>> choices{};  ///< empty: a number, without an order of strictness
};

/// Calls `each` for every setting with one value but forceNewSession and the limits, which may stay unset.
template <class Each>
void for_each_single(Each each) {
  each(SingleSetting<Backend>{"backend", &SettingsLayer::backend, &Policy::backend, kBackends});
  each(SingleSetting<TerminalMode>{"terminal.mode", &SettingsLayer::terminal, &Policy::terminal, kTerminalModes});
  each(SingleSetting<TerminalAttach>{"terminal.attach", &SettingsLayer::terminal_attach, &Policy::terminal_attach,
                                     kTerminalAttach});
  each(SingleSetting<AbsentProtected>{"filesystem.absentProtected", &SettingsLayer::absent_protected,
                                      &Policy::absent_protected, kAbsentProtected});
  each(SingleSetting<DevicesMode>{"devices.mode", &SettingsLayer::devices, &Policy::devices, kDevicesModes});
  each(SingleSetting<RuntimeDirMode>{"runtimeDir.mode", &SettingsLayer::runtime_dir, &Policy::runtime_dir,
                                     kRuntimeDirModes});
  each(SingleSetting<NetworkMode>{"network.mode", &SettingsLayer::network, &Policy::network, kNetworkModes});
  each(SingleSetting<EnvironmentMode>{"environment.mode", &SettingsLayer::environment, &Policy::environment,
                                      kEnvironmentModes});
  each(SingleSetting<SeccompProfile>{"seccomp.profile", &SettingsLayer::seccomp, &Policy::seccomp, kSeccompProfiles});
  each(SingleSetting<LandlockMode>{"landlock.mode", &SettingsLayer::landlock, &Policy::landlock, kLandlockModes});
  each(SingleSetting<bool>{"nesting", &SettingsLayer::nesting, &Policy::nesting, kNesting});
  each(SingleSetting<bool>{"danger.unverifiedMounts", &SettingsLayer::unverified_mounts, &Policy::unverified_mounts,
                           kDanger});
  each(SingleSetting<bool>{"danger.unguardedMounts", &SettingsLayer::unguarded_mounts, &Policy::unguarded_mounts,
                           kDanger});
  each(SingleSetting<bool>{"wsl.interop", &SettingsLayer::windows_interop, &Policy::windows_interop, kDanger});
  each(SingleSetting<std::uint64_t>{"globs.maxEntries", &SettingsLayer::walk_entries, &Policy::walk_entries});
  each(SingleSetting<std::uint64_t>{"globs.maxSeconds", &SettingsLayer::walk_seconds, &Policy::walk_seconds});
  each(SingleSetting<std::uint64_t>{"lookTimeout", &SettingsLayer::look_milliseconds, &Policy::look_milliseconds});
}

inline constexpr std::string_view kNoLimitWord = "none";
/// As a settings file has it.
inline std::string limit_spelled(Limit limit, std::uint64_t value) {
  if (value == kNoLimit) return "\"" + std::string(kNoLimitWord) + "\"";
  return limit_row(limit).unit == LimitUnit::Processors ? thousandths_text(value) : std::to_string(value);
}
/// kNoLimit where nobody has asked for one.
inline Sourced<std::uint64_t> limit_in_force(const Policy& policy, Limit limit) {
  const auto found = policy.limits.find(limit);
  return found == policy.limits.end() ? Sourced<std::uint64_t>{kNoLimit, {}} : found->second;
}

/// The row of a value; null where the setting is no choice.
template <class T>
const Choice<T>* find_choice(std::span<const Choice<T>> choices, const T& value) noexcept {
  for (const Choice<T>& choice : choices) {
    if (choice.value == value) return &choice;
  }
  return nullptr;
}

template <class T>
Strictness strictness(std::span<const Choice<T>> choices, const T& value) noexcept {
  const Choice<T>* choice = find_choice(choices, value);
  return choice == nullptr ? std::nullopt : choice->strict;
}

/// Of forceNewSession, where unset is a value too.
inline int session_strictness(const std::optional<bool>& value) noexcept {
  return value ? *strictness<bool>(kForceNewSession, *value) : kUnsetSession;
}

}  // namespace fence
