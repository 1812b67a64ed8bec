#include "fence/plan/pointers.h"

#include <array>
#include <vector>

#include "fence/plan/view.h"
#include "fence/util/text.h"

namespace fence {
namespace {

struct AtPath {
  std::string path;
};
/// An abstract socket or TCP: it lives in a network namespace, and not in the file system.
struct InNetwork {};
/// A form that says nothing about this machine, such as an executable to start.
struct Elsewhere {};
using Pointer = std::variant<AtPath, InNetwork, Elsewhere>;
using Pointers = std::vector<Pointer>;

Pointer path_or_abstract(std::string_view text) {
  if (text.starts_with('/')) return AtPath{std::string(text)};
  if (text.starts_with('@')) return InNetwork{};
  return Elsewhere{};
}

Pointers plain(std::string_view value, const PointerScope&) { return {path_or_abstract(value)}; }

/// GPG_AGENT_INFO: "PATH:PID:VERSION".
Pointers before_colon(std::string_view value, const PointerScope&) {
  return {path_or_abstract(value.substr(0, value.find(':')))};
}

/// "unix:///run/docker.sock", "unix:@kitty".
Pointers unix_uri(std::string_view value, const PointerScope&) {
  if (!value.starts_with("unix:")) return {Elsewhere{}};
  value.remove_prefix(5);
  if (value.starts_with("//")) value.remove_prefix(2);
  return {path_or_abstract(value)};
}

/// A socket's name below the runtime directory, or its path (wl_display_connect(3)).
Pointers in_runtime_dir(std::string_view value, const PointerScope& scope) {
  if (value.starts_with('/')) return {AtPath{std::string(value)}};
  return {AtPath{scope.runtime_dir + "/" + std::string(value)}};
}

/// D-Bus server addresses: "unix:path=/run/user/1000/bus,guid=..;unix:abstract=/tmp/x".
Pointers dbus(std::string_view value, const PointerScope& scope) {
  Pointers out;
  for (const std::string& address : split(value, ';')) {
    if (!address.starts_with("unix:")) {
      if (!address.empty()) out.emplace_back(Elsewhere{});
      continue;
    }
    for (const std::string& pair : split(std::string_view(address).substr(5), ',')) {
      if (pair.starts_with("path=")) out.emplace_back(AtPath{pair.substr(5)});
      if (pair.starts_with("abstract=")) out.emplace_back(InNetwork{});
      if (pair == "runtime=yes") out.emplace_back(AtPath{scope.runtime_dir + "/bus"});
    }
  }
  return out;
}

/// ICE network ids: "local/host:@/tmp/.ICE-unix/7,unix/host:/tmp/.ICE-unix/7".
Pointers session_manager(std::string_view value, const PointerScope&) {
  Pointers out;
  for (const std::string& id : split(value, ',')) {
    const auto colon = id.find(':');
    if (colon != std::string::npos) out.push_back(path_or_abstract(std::string_view(id).substr(colon + 1)));
  }
  return out;
}

/// X(7): ":0", "unix:0.1", "host:10.0". The local transport tries the abstract socket, then the path.
Pointers x_display(std::string_view value, const PointerScope&) {
  const auto colon = value.rfind(':');
  if (colon == std::string_view::npos) return {Elsewhere{}};
  const std::string_view host = value.substr(0, colon);
  if (!host.empty() && host != "unix" && !host.ends_with("/unix")) return {InNetwork{}};
  const std::string_view number = value.substr(colon + 1, value.find('.', colon) - colon - 1);
  return {InNetwork{}, AtPath{"/tmp/.X11-unix/X" + std::string(number)}};
}

/// pulse-client.conf(5): words such as "{machine-id}unix:/run/user/1000/pulse/native", "tcp:host", "host".
Pointers pulse_server(std::string_view value, const PointerScope&) {
  Pointers out;
  for (const std::string& word : split(value, ' ')) {
    std::string_view server = word;
    if (server.starts_with('{'))
      server.remove_prefix(server.find('}') == std::string_view::npos ? 0 : server.find('}') + 1);
    if (server.starts_with("unix:")) server.remove_prefix(5);
    if (server.empty()) continue;
    if (server.starts_with('/')) {
      out.emplace_back(AtPath{std::string(server)});
    } else {
      out.emplace_back(InNetwork{});
    }
  }
  return out;
}

struct PointerRow {
  std::string_view pattern;
  Pointers (*read)(std::string_view value, const PointerScope& scope);
  std::string_view leads_to;
};
constexpr std::array kPointers = {
    PointerRow{"ALACRITTY_SOCKET", plain, "the terminal emulator"},
    PointerRow{"DBUS_SESSION_BUS_ADDRESS", dbus, "the session bus"},
    PointerRow{"DBUS_SYSTEM_BUS_ADDRESS", dbus, "the system bus"},
    PointerRow{"DISPLAY", x_display, "the X server"},
    PointerRow{"DOCKER_HOST", unix_uri, "the container engine"},
    PointerRow{"FNM_MULTISHELL_PATH", plain, "the shell's Node.js version"},
    PointerRow{"GNOME_KEYRING_CONTROL", plain, "the keyring"},
    PointerRow{"GPG_AGENT_INFO", before_colon, "the GnuPG agent"},
    PointerRow{"I3SOCK", plain, "the window manager"},
    PointerRow{"ICEAUTHORITY", plain, "the session manager's cookies"},
    PointerRow{"KITTY_LISTEN_ON", unix_uri, "the terminal emulator"},
    PointerRow{"NOTIFY_SOCKET", plain, "the service manager"},
    PointerRow{"NVIM", plain, "the editor around this terminal"},
    PointerRow{"NVIM_LISTEN_ADDRESS", plain, "the editor around this terminal"},
    PointerRow{"PIPEWIRE_REMOTE", in_runtime_dir, "the media server"},
    PointerRow{"PIPEWIRE_RUNTIME_DIR", plain, "the media server"},
    PointerRow{"PULSE_SERVER", pulse_server, "the sound server"},
    PointerRow{"SESSION_MANAGER", session_manager, "the session manager"},
    PointerRow{"SSH_AUTH_SOCK", plain, "the SSH agent"},
    PointerRow{"SWAYSOCK", plain, "the window manager"},
    PointerRow{"VSCODE_GIT_IPC_HANDLE", plain, "the editor around this terminal"},
    PointerRow{"VSCODE_IPC_HOOK*", plain, "the editor around this terminal"},
    PointerRow{"WAYLAND_DISPLAY", in_runtime_dir, "the Wayland compositor"},
    PointerRow{"WEZTERM_UNIX_SOCKET", plain, "the terminal emulator"},
    PointerRow{"WSL_INTEROP", plain, "Windows"},
    PointerRow{"XAUTHORITY", plain, "the X server's cookies"},
};

/// Why one place is out of reach; nothing where it can be reached.
std::optional<std::string> unreachable(const Pointer& pointer, const PointerScope& scope, FactLens& lens) {
  using Why = std::optional<std::string>;
  return std::visit(Overloaded{
                        [&](const AtPath& at) -> Why {
                          return std::visit(Overloaded{
                                                [](const SeenHost&) -> Why { return std::nullopt; },
                                                [](const SeenOwn&) -> Why { return std::nullopt; },
                                                [](const SeenSpecial&) -> Why { return std::nullopt; },
                                                [&](const SeenFile&) -> Why { return at.path + " is hidden"; },
                                                [](const SeenNothing& none) -> Why { return none.because; },
                                            },
                                            look(at.path, scope.mounts, lens).seen);
                        },
                        [&](const InNetwork&) -> Why {
                          if (scope.network == NetworkMode::Host) return std::nullopt;
                          return "the host's network is out of reach";
                        },
                        [](const Elsewhere&) -> Why { return std::nullopt; },
                    },
                    pointer);
}

}  // namespace

std::optional<std::string> dead_pointer(std::string_view name, std::string_view value, const PointerScope& scope,
                                        FactLens& lens) {
  for (const PointerRow& row : kPointers) {
    if (!wildcard_match(row.pattern, name)) continue;
    std::optional<std::string> why;
    for (const Pointer& pointer : row.read(value, scope)) {
      why = unreachable(pointer, scope, lens);
      if (!why) return std::nullopt;
    }
    if (why) return "leads to " + std::string(row.leads_to) + ": " + *why;
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace fence
