// What an attacker inside would try on the terminal it was given. One attempt a process, since a filter may kill it:
//
//     terminal_probe tiocsti|tiocsti-high|tiocsti-int80|tioclinux|tiocsti-x32 [TEXT]
//
// prints "MODE ok" or "MODE ERRNO-NAME".
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

constexpr unsigned long kTiocsti = 0x5412;
constexpr unsigned long kTioclinux = 0x541c;

// The kernel looks at the low 32 bits of the request only.
long native(unsigned long request, const char* argument) {
  const long result = syscall(SYS_ioctl, 0, request, argument);
  return result < 0 ? -errno : result;
}

#if defined(__x86_64__)
long by_i386(unsigned long request, const char* argument) {
  long result = 54;  // ioctl in the i386 table
  asm volatile("int $0x80" : "+a"(result) : "b"(0L), "c"(request), "d"(argument) : "memory", "r8", "r9", "r10", "r11");
  return result;
}

long by_x32(unsigned long request, const char* argument) {
  constexpr long kX32Bit = 0x40000000;
  const long result = syscall(kX32Bit | 514, 0, request, argument);
  return result < 0 ? -errno : result;
}
#endif

// int 0x80 takes 32-bit addresses.
char* low_memory() {
#if defined(MAP_32BIT)
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#else
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#endif
  return page == MAP_FAILED ? nullptr : static_cast<char*>(page);
}

long attempt(std::string_view mode, const char* byte) {
  if (mode == "tiocsti") return native(kTiocsti, byte);
  if (mode == "tiocsti-high") return native(kTiocsti | 0xdead00000000UL, byte);
  if (mode == "tioclinux") return native(kTioclinux, byte);
#if defined(__x86_64__)
  if (mode == "tiocsti-int80") return by_i386(kTiocsti, byte);
  if (mode == "tiocsti-x32") return by_x32(kTiocsti, byte);
#endif
  return -ENOSYS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  char* byte = low_memory();
  if (byte == nullptr) return 2;
  const char* text = argc > 2 ? argv[2] : "\x03";
  for (; *text != '\0'; ++text) {
    *byte = *text;
    const long result = attempt(argv[1], byte);
    if (result < 0) {
      std::printf("%s %s\n", argv[1], strerrorname_np(static_cast<int>(-result)));
      return 1;
    }
  }
  std::printf("%s ok\n", argv[1]);
  return 0;
}
