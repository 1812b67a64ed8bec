#pragma once
// Messages of a Unix socket with what comes along with them (unix(7)): a descriptor, and who sent them. Nothing here
// allocates or throws.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <type_traits>

#include "fence/util/fd.h"

namespace fence {

/// What came along with a message.
struct Companions {
  UniqueFd fd;                  ///< SCM_RIGHTS
  std::optional<pid_t> sender;  ///< SCM_CREDENTIALS: as the receiver's pid namespace knows it (SO_PASSCRED)
};

/// Sends `value` as one message, with a copy of `fd` unless that is -1. False, with errno set: sendmsg(2) refused, or
/// not all of it was sent.
template <class T>
bool send_with(int socket, const T& value, int fd) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  iovec bytes{const_cast<T*>(&value), sizeof value};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)]{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  }
  ssize_t sent = 0;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof value);
}

inline Companions companions_of(msghdr& message) noexcept {
  Companions found;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET) continue;
    if (head->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
      found.sender = sender.pid;
    } else if (head->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
      found.fd.reset(fd);
    }
  }
  return found;
}

/// One recvmsg(2) with these flags: its result, and errno. The descriptor that came along closes on exec.
template <class T>
ssize_t receive_with(int socket, int flags, T& value, Companions& along) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  iovec bytes{&value, sizeof value};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  if (got > 0) along = companions_of(message);
  return got;
}

}  // namespace fence
