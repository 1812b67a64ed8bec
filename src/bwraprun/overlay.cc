#include "overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "new_mount.h"

namespace fence::bwraprun {
namespace {

// mount(2) reads one page of options, and fsconfig(2) 256 bytes of each.
constexpr std::size_t kOptions = 4096;

/// A text of bounded length; once it is full it stays so.
class Text {
 public:
  Text& add(const char* text) noexcept {
    for (; *text != '\0'; ++text) put(*text);
    return *this;
  }
  // overlayfs separates by these.
  Text& add_escaped(const char* text) noexcept {
    for (; *text != '\0'; ++text) {
      if (*text == '\\' || *text == ',' || *text == ':') put('\\');
      put(*text);
    }
    return *this;
  }
  Text& add(std::uint64_t number) noexcept { return add(Digits(number, 10).text()); }
  [[nodiscard]] bool full() const noexcept { return full_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_; }

 private:
  void put(char c) noexcept {
    full_ = full_ || length_ + 1 >= sizeof text_;
    if (!full_) text_[length_++] = c;
  }
  char text_[kOptions] = "";
  std::size_t length_ = 0;
  bool full_ = false;
};

class Store {
 public:
  Store(int fd, std::uint32_t number) noexcept : fd_(fd), number_(number) {}
  void add_path(Text& to, const char* what) const noexcept {
    to.add("/proc/self/fd/").add(static_cast<std::uint64_t>(fd_)).add("/");
    add_name(to, what);
  }
  bool make(const char* what) const noexcept {
    Text name;
    add_name(name, what);
    return mkdirat(fd_, name.c_str(), 0755) == 0;
  }
  UniqueFd open_mount(const char* what) const noexcept {
    Text name;
    add_name(name, what);
    return UniqueFd(openat(fd_, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

 private:
  void add_name(Text& to, const char* what) const noexcept { to.add(what).add(number_); }
  int fd_;
  std::uint32_t number_;
};

// `names`: of the upper and the work directory, where they are the host's.
using Names = std::span<const char* const>;

bool add_upper(Text&, const bwrapline::NoUpper&, Names, const Store&) noexcept { return true; }

bool add_upper(Text& options, const bwrapline::UpperTmpfs&, Names, const Store& store) noexcept {
  if (!store.make("upper") || !store.make("work")) return false;
  options.add("upperdir=");
  store.add_path(options, "upper");
  options.add(",workdir=");
  store.add_path(options, "work");
  options.add(",");
  return true;
}

bool add_upper(Text& options, const bwrapline::UpperDirectory&, Names names, const Store&) noexcept {
  options.add("upperdir=").add_escaped(names[0]).add(",workdir=").add_escaped(names[1]).add(",");
  return true;
}

}  // namespace

UniqueFd make_overlay(const bwrapline::Overlay& overlay, std::span<const char* const> names, int store_fd,
                      std::uint32_t number) noexcept {
  const Names lower = names.first(overlay.lower.size());
  const Store store(store_fd, number);
  Text options;
  const auto add = [&](const auto& upper) noexcept {
    return add_upper(options, upper, names.subspan(lower.size()), store);
  };
  if (!std::visit(add, overlay.upper)) return {};
  options.add("lowerdir=");
  for (auto layer = lower.rbegin(); layer != lower.rend(); ++layer) {
    if (layer != lower.rbegin()) options.add(":");
    options.add_escaped(*layer);
  }
  options.add(",userxattr");
  Text place;
  store.add_path(place, "overlay");
  if (options.full()) {
    errno = E2BIG;
    return {};
  }
  if (!store.make("overlay") || mount("overlay", place.c_str(), "overlay", 0, options.c_str()) != 0) return {};
  return store.open_mount("overlay");
}

}  // namespace fence::bwraprun
