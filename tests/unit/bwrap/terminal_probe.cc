// Tries on standard input what must not be possible on a shared terminal, and says what the kernel answered.
#include <asm/ioctls.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace {

int answer(std::uint64_t request) {
  char byte = 'x';
  return syscall(SYS_ioctl, STDIN_FILENO, request, &byte) == 0 ? 0 : errno;
}

}  // namespace

int main() {
  std::printf("TIOCSTI=%d high=%d TIOCLINUX=%d\n", answer(TIOCSTI), answer(TIOCSTI | 0xdead00000000),
              answer(TIOCLINUX));
  return 0;
}
