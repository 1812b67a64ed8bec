// Runs as the command of a sandbox and prints what it sees. Static, so that it needs nothing but itself in there.
// Words come in pairs and ask for more ("sleep 2"; see act); "quiet" as the last one leaves out all else.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

std::string link_text(const std::string& path) {
  char text[4096];
  const ssize_t length = readlink(path.c_str(), text, sizeof text);
  return length < 0 ? "?" : std::string(text, static_cast<std::size_t>(length));
}

std::vector<std::string> names(const std::string& path) {
  std::vector<std::string> found;
  DIR* const directory = opendir(path.c_str());
  if (directory == nullptr) return found;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") found.push_back(name);
  }
  closedir(directory);
  std::sort(found.begin(), found.end());
  return found;
}

void show_lines(const char* title, const char* path, const std::vector<std::string>& prefixes) {
  std::FILE* const file = std::fopen(path, "r");
  if (file == nullptr) return;
  char line[8192];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    const bool wanted =
        prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
          return std::strncmp(line, prefix.c_str(), prefix.size()) == 0;
        });
    if (wanted) std::printf("%s %s", title, line);
  }
  std::fclose(file);
}

void show_tree(const std::string& path, int depth) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    std::printf("tree %s: %s\n", path.c_str(), std::strerror(errno));
    return;
  }
  std::printf("tree %s %o %u:%u", path.c_str(), status.st_mode, status.st_uid, status.st_gid);
  if (S_ISREG(status.st_mode)) std::printf(" size %lld", static_cast<long long>(status.st_size));
  if (S_ISLNK(status.st_mode)) std::printf(" -> %s", link_text(path).c_str());
  if (S_ISCHR(status.st_mode)) std::printf(" dev %u:%u", major(status.st_rdev), minor(status.st_rdev));
  std::printf(" access %d\n", access(path.c_str(), W_OK) == 0);
  if (!S_ISDIR(status.st_mode) || depth == 0) return;
  for (const std::string& name : names(path)) show_tree((path == "/" ? "" : path) + "/" + name, depth - 1);
}

void show_descriptors() {
  for (int fd = 0; fd < 256; ++fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) continue;
    const int flags = fcntl(fd, F_GETFL) & O_ACCMODE;
    std::printf("fd %d %o %d\n", fd, status.st_mode & static_cast<unsigned>(S_IFMT), flags);
  }
}

void show_signals() {
  for (const int number : {SIGCHLD, SIGPIPE, SIGTERM, SIGINT}) {
    struct sigaction action {};
    sigaction(number, nullptr, &action);
    std::printf("signal %d ignored %d\n", number, action.sa_handler == SIG_IGN);
  }
}

void show_process() {
  char directory[4096];
  std::printf("cwd %s\n", getcwd(directory, sizeof directory) == nullptr ? std::strerror(errno) : directory);
  std::printf("umask %o\n", umask(0));
  std::printf("ids %u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
  std::printf("leads session %d group %d\n", getsid(0) == getpid(), getpgrp() == getpid());
  int signal = 0;
  prctl(PR_GET_PDEATHSIG, &signal);
  std::printf("parent death %d\n", signal);
  utsname system{};
  uname(&system);
  std::printf("host %s\n", system.nodename);
}

int act(const std::string& what, const std::string& with) {
  if (what == "exit") std::exit(std::atoi(with.c_str()));
  if (what == "kill") raise(std::atoi(with.c_str()));
  if (what == "sleep") usleep(static_cast<useconds_t>(std::atof(with.c_str()) * 1e6));
  if (what == "fork" && fork() == 0) {
    usleep(static_cast<useconds_t>(std::atof(with.c_str()) * 1e6));
    std::_Exit(0);
  }
  if (what == "tree") show_tree(with, 3);
  if (what == "lines") show_lines("lines", with.c_str(), {});
  if (what == "write" || what == "read") {
    const int fd = open(with.c_str(), what == "write" ? O_WRONLY | O_CREAT : O_RDONLY, 0644);
    char text[256] = "";
    const ssize_t length = fd < 0 || what == "write" ? 0 : read(fd, text, sizeof text - 1);
    std::printf("%s %s: %s %.*s\n", what.c_str(), with.c_str(), fd < 0 ? std::strerror(errno) : "ok",
                static_cast<int>(length), text);
  }
  if (what == "wait") {
    for (int tries = 0; tries < 2000 && access(with.c_str(), F_OK) != 0; ++tries) usleep(10000);
  }
  if (what == "unshare") std::printf("unshare: %s\n", unshare(CLONE_NEWUSER) == 0 ? "ok" : std::strerror(errno));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "quiet") == 0) continue;
    act(argv[i], argv[i + 1]);
  }
  if (argc > 1 && std::strcmp(argv[argc - 1], "quiet") == 0) return 0;
  for (int i = 0; i < argc; ++i) std::printf("argv %s\n", argv[i]);
  for (char** variable = environ; *variable != nullptr; ++variable) std::printf("env %s\n", *variable);
  show_process();
  show_signals();
  show_descriptors();
  show_lines("status", "/proc/self/status",
             {"Cap", "NoNewPrivs", "Seccomp:", "Seccomp_filters:", "SigBlk", "SigIgn", "Groups", "Uid", "Gid"});
  show_lines("uid_map", "/proc/self/uid_map", {});
  show_lines("gid_map", "/proc/self/gid_map", {});
  show_lines("setgroups", "/proc/self/setgroups", {});
  show_lines("mount", "/proc/self/mountinfo", {});
  show_tree("/", 1);
  return 0;
}
