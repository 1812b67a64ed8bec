#include "fence/cli/init.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fence {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uid_t kSomebodyElse = 61234;

/// A home directory of its own for each test.
class CreateSettings : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "fence-init-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    home_ = *HostPath::parse(std::filesystem::canonical(name).string());
  }
  void TearDown() override { std::filesystem::remove_all(home_.text()); }

  [[nodiscard]] HostPath file() const { return home_.child(".config").child("fence").child("settings.toml"); }
  /// "" where it was written, else the message.
  std::string create(const std::string& text = "text\n") const {
    const auto written = create_settings(file(), home_, ::geteuid(), text);
    return written ? "" : to_string(written.error());
  }
  static std::string content(const HostPath& path) {
    std::ifstream in(path.text());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static mode_t mode_of(const HostPath& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.text().c_str(), &status), 0) << path.text();
    return status.st_mode & 07777;
  }
  [[nodiscard]] std::vector<std::string> everything() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home_.text())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  HostPath home_;
};

TEST_F(CreateSettings, MakesWhatIsMissingForTheCallerAlone) {
  const mode_t before = ::umask(0);
  EXPECT_EQ(create(), "");
  ::umask(before);
  EXPECT_EQ(content(file()), "text\n");
  EXPECT_EQ(mode_of(file()), 0600U);
  EXPECT_EQ(mode_of(file().parent()), 0700U);
  EXPECT_EQ(mode_of(file().parent().parent()), 0700U);
  EXPECT_THAT(everything(), ::testing::UnorderedElementsAre(".config", "fence", "settings.toml"));
}

TEST_F(CreateSettings, LeavesDirectoriesThatAreThereAsTheyAre) {
  ASSERT_EQ(::mkdir(home_.child(".config").text().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(home_.child(".config").text().c_str(), 0755), 0);
  EXPECT_EQ(create(), "");
  EXPECT_EQ(mode_of(home_.child(".config")), 0755U);
}

TEST_F(CreateSettings, NeverTouchesAFileThatIsThere) {
  ASSERT_EQ(create("first\n"), "");
  EXPECT_EQ(create("second\n"), "fence: cannot write " + file().text() +
                                    ": it is there already\n"
                                    "  hint: edit it, or move it away first; `fence settings keys` lists what it can "
                                    "have");
  EXPECT_EQ(content(file()), "first\n");
}

TEST_F(CreateSettings, ALinkToNowhereIsThereToo) {
  std::filesystem::create_directories(file().parent().text());
  ASSERT_EQ(::symlink("elsewhere", file().text().c_str()), 0);
  EXPECT_THAT(create(), HasSubstr("it is there already"));
  EXPECT_FALSE(std::filesystem::exists(file().parent().child("elsewhere").text()));
}

TEST_F(CreateSettings, LeavesNothingBehindWhereItFails) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = create("more than ten bytes\n");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(message, "fence: cannot write " + file().text() + ": file too large");
  EXPECT_THAT(everything(), IsEmpty());
}

TEST_F(CreateSettings, DoesNotMakeAHomeDirectory) {
  home_ = home_.child("none");
  EXPECT_THAT(create(), HasSubstr("no such file or directory"));
  EXPECT_FALSE(std::filesystem::exists(home_.text()));
  home_ = home_.parent();
}

TEST_F(CreateSettings, AFileStandsInTheWay) {
  std::ofstream(home_.child(".config").text()) << "x";
  EXPECT_THAT(create(), HasSubstr("not a directory"));
}

TEST_F(CreateSettings, MakesADirectoryOutsideOfTheHomeToo) {
  const HostPath file = home_.child("a").child("b").child("settings.toml");
  EXPECT_TRUE(create_settings(file, *HostPath::parse("/somewhere/else"), ::geteuid(), "x"));
  EXPECT_EQ(content(file), "x");
}

TEST_F(CreateSettings, InAnotherUsersHomeIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a directory away";
  ASSERT_EQ(::chown(home_.text().c_str(), kSomebodyElse, kSomebodyElse), 0);
  EXPECT_EQ(create(), "fence: cannot write " + file().text() + ": " + home_.text() +
                          " belongs to another user (uid 61234)\n"
                          "  hint: run `fence init` as that user; under sudo, without sudo or with `sudo -H`");
  EXPECT_THAT(everything(), IsEmpty());
}

TEST_F(CreateSettings, ThroughAnotherUsersLinkOrDirectoryIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a directory away";
  ASSERT_EQ(::mkdir(home_.child("theirs").text().c_str(), 0700), 0);
  ASSERT_EQ(::chown(home_.child("theirs").text().c_str(), kSomebodyElse, kSomebodyElse), 0);
  ASSERT_EQ(::symlink("theirs", home_.child(".config").text().c_str()), 0);
  EXPECT_THAT(create(), HasSubstr("belongs to another user (uid 61234)"));
  ASSERT_EQ(::unlink(home_.child(".config").text().c_str()), 0);
  ASSERT_EQ(::symlink("/etc", home_.child(".config").text().c_str()), 0);
  ASSERT_EQ(::lchown(home_.child(".config").text().c_str(), kSomebodyElse, kSomebodyElse), 0);
  EXPECT_THAT(create(), HasSubstr("belongs to another user (uid 61234)"));
}

}  // namespace
}  // namespace fence
