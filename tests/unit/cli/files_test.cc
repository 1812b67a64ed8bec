#include "fence/cli/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fence/util/fd.h"

namespace fence {
namespace {

/// A directory of its own for each test.
class ReadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "fence-files-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] std::string at(const std::string& name) const { return root_ / name; }

  std::filesystem::path root_;
};

/// A pipe whose writer wrote `text` and has gone.
UniqueFd written_pipe(const std::string& text) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd writer(ends[1]);
  EXPECT_EQ(::write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return UniqueFd(ends[0]);
}

TEST_F(ReadInput, TakesAFile) {
  std::ofstream(at("f")) << "text";
  const auto text = read_input(at("f"));
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "text");
}

TEST_F(ReadInput, TakesAPipe) {
  const UniqueFd pipe = written_pipe("from a pipe");
  const auto text = read_input("/dev/fd/" + std::to_string(pipe.get()));
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "from a pipe");
}

TEST_F(ReadInput, TakesStandardInput) {
  const UniqueFd pipe = written_pipe("from standard input");
  const UniqueFd before(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  ASSERT_EQ(::dup2(pipe.get(), STDIN_FILENO), STDIN_FILENO);
  const auto text = read_input("-");
  if (before) {
    ASSERT_EQ(::dup2(before.get(), STDIN_FILENO), STDIN_FILENO);
  } else {
    ::close(STDIN_FILENO);
  }
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "from standard input");
}

TEST_F(ReadInput, RefusesWhatMayHaveNoEnd) {
  for (const std::string& name : {std::string("/dev/zero"), std::string("/dev/null"), root_.string()}) {
    const auto text = read_input(name);
    ASSERT_FALSE(text) << name;
    EXPECT_EQ(to_string(text.error()), "fence: cannot read " + name + ": it is neither a regular file nor a pipe");
  }
}

TEST_F(ReadInput, RefusesMoreThanItsBound) {
  constexpr off_t bound = kMaxInputBytes;
  std::ofstream(at("f")) << "";
  ASSERT_EQ(::truncate(at("f").c_str(), bound + 1), 0);
  const auto too_much = read_input(at("f"));
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().why, "it has more than 64 MiB");
  ASSERT_EQ(::truncate(at("f").c_str(), bound), 0);
  EXPECT_TRUE(read_input(at("f"))) << "the control: as much as may be";
}

TEST_F(ReadInput, SaysWhatIsNotThere) {
  const auto text = read_input(at("none"));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().why, "no such file or directory");
}

}  // namespace
}  // namespace fence
