#pragma once
// A directory of a test's own, and other users to look at it.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "fence/facts/facts.h"
#include "fence/host/probe.h"
#include "fence/util/fd.h"

namespace fence {

inline constexpr uid_t kOrdinaryUser = 65534;  ///< nobody

/// Made with all that a test puts in it, searchable by everybody, removed at the end.
class Scratch {
 public:
  explicit Scratch(const std::string& parent = "/tmp") {
    std::string name = parent + "/fence-host-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp: " << errno;
    // The temporary directory itself may be reached through links.
    root_ = std::filesystem::canonical(name).string();
    EXPECT_EQ(::chmod(root_.c_str(), 0755), 0);
  }
  ~Scratch() { std::filesystem::remove_all(root_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] HostPath at(std::string_view relative) const {
    return *HostPath::parse(root_ + "/" + std::string(relative));
  }

  void directory(std::string_view name, mode_t mode = 0755) const {
    const std::string path = at(name).text();
    EXPECT_EQ(::mkdir(path.c_str(), 0700), 0) << path;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0) << path;
  }
  void file(std::string_view name, std::string_view text = "", mode_t mode = 0644) const {
    const std::string path = at(name).text();
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0) << path;
  }
  void link(std::string_view name, const std::string& target) const {
    EXPECT_EQ(::symlink(target.c_str(), at(name).text().c_str()), 0) << name;
  }
  void fifo(std::string_view name) const { EXPECT_EQ(::mkfifo(at(name).text().c_str(), 0644), 0) << name; }

  /// A bound path socket of that type, SOCK_STREAM, ...
  [[nodiscard]] UniqueFd socket(std::string_view name, int type) const {
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = at(name).text();
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    // connect(2) and bind(2) take every address by this type.
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(fd.get(), any, sizeof(address)), 0) << path;
    return fd;
  }

 private:
  std::string root_;
};

/// Adds the answers of a prober of its own.
inline void probe(const FactQueries& queries, HostFacts& facts) { HostProber().answer(queries, facts); }

/// What `work` returns in a child process that root has turned into an ordinary user.
inline HostFacts as_ordinary_user(const std::function<HostFacts()>& work, uid_t user = kOrdinaryUser) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool dropped = ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 &&
                                              ::setresuid(user, user, user) == 0);
    // As execve(2) leaves a user's own program: its files in /proc are his.
    if (!dropped || ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) ::_exit(1);
    const std::string dump = dump_facts(work(), true);
    for (std::size_t done = 0; done < dump.size();) {
      const ssize_t count = ::write(writer.get(), dump.data() + done, dump.size() - done);
      if (count <= 0) ::_exit(1);
      done += static_cast<std::size_t>(count);
    }
    ::_exit(0);
  }
  writer.reset();
  std::string dump;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = ::read(reader.get(), buffer.data(), buffer.size())) > 0;) {
    dump.append(buffer.data(), static_cast<std::size_t>(count));
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  Result<HostFacts> facts = parse_facts(dump);
  EXPECT_TRUE(facts) << to_string(facts.error());
  return facts ? *std::move(facts) : HostFacts{};
}

}  // namespace fence
