#include "frames.h"

#include <sys/socket.h>

#include <cerrno>

namespace fence {
namespace {

using Size = std::uint64_t;
constexpr std::size_t kChunkBytes = 64U << 10;

Size size_of(std::string_view frame) noexcept {
  Size size = 0;
  frame.copy(reinterpret_cast<char*>(&size), sizeof size);
  return size;
}

}  // namespace

bool send_frame(int socket, std::string_view bytes) {
  const Size size = bytes.size();
  std::string frame(reinterpret_cast<const char*>(&size), sizeof size);
  frame += bytes;
  for (std::string_view rest = frame; !rest.empty();) {
    const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool FrameReader::complete() const noexcept {
  return arrived_.size() >= sizeof(Size) && arrived_.size() - sizeof(Size) >= size_of(arrived_);
}

FrameReader::FrameReader(int socket) : socket_(socket), chunk_(kChunkBytes) {}

FrameReader::State FrameReader::read(bool wait) {
  while (!complete()) {
    const ssize_t size = ::recv(socket_, chunk_.data(), chunk_.size(), wait ? 0 : MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return State::Waiting;
    if (size <= 0) return State::Gone;
    arrived_.append(chunk_.data(), static_cast<std::size_t>(size));
  }
  return State::Complete;
}

std::string FrameReader::take() {
  const std::size_t end = sizeof(Size) + size_of(arrived_);
  std::string bytes = arrived_.substr(sizeof(Size), end - sizeof(Size));
  arrived_.erase(0, end);
  return bytes;
}

}  // namespace fence
