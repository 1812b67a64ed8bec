#include "fence/util/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fence {
namespace {

TEST(ErrorText, HasAllItsParts) {
  const Error error{.kind = ErrorKind::Host,
                    .what = "cannot bind /srv/data read-write",
                    .why = "it is a fifo",
                    .errno_value = ENOENT,
                    .origin = Origin{LayerKind::User, "settings.toml", 14, 3},
                    .context = {"link: /srv/data -> /mnt/x", "in profile workspace"},
                    .hint = "name a directory"};
  EXPECT_EQ(to_string(error),
            "fence: cannot bind /srv/data read-write: it is a fifo\n"
            "  asked for by settings.toml:14:3\n"
            "  link: /srv/data -> /mnt/x\n"
            "  in profile workspace\n"
            "  hint: name a directory");
}

TEST(ErrorText, HasNoControlBytesInAnyPart) {
  const std::string bad = "\x1b]0;x\x07\n\xff\\x0a";
  const std::string spelled = "\\x1b]0;x\\x07\\x0a\\xff\\x0a";
  const Error error{
      .what = bad, .why = bad, .origin = Origin{LayerKind::User, bad, 1, 0}, .context = {bad, bad}, .hint = bad};
  EXPECT_EQ(to_string(error), "fence: " + spelled + ": " + spelled + "\n  asked for by " + spelled + ":1\n  " +
                                  spelled + "\n  " + spelled + "\n  hint: " + spelled);
}

TEST(ErrorText, TakesTheKernelsWordsWhereThereAreNoOthers) {
  EXPECT_EQ(to_string(Error{.what = "cannot bind /x", .errno_value = ENOENT}),
            "fence: cannot bind /x: no such file or directory");
}

TEST(ErrorText, HasNoColonWithoutAReason) { EXPECT_EQ(to_string(Error{.what = "no command"}), "fence: no command"); }

TEST(ErrnoText, IsLowerCaseAtTheStart) {
  EXPECT_EQ(errno_text(EACCES), "permission denied");
  EXPECT_EQ(errno_text(EIO), "input/output error");
}

TEST(ErrnoText, KeepsAcronyms) { EXPECT_EQ(errno_text(EDOTDOT), "RFS specific error"); }

TEST(ErrnoText, NamesAnUnknownNumber) { EXPECT_EQ(errno_text(99999), "errno 99999"); }

Result<int> half(int n) {
  if (n % 2 != 0) return Error{.what = "odd"};
  return n / 2;
}
Result<int> quarter(int n) {
  FENCE_TRY(const int once, half(n));
  FENCE_TRY(const int twice, half(once));
  return twice;
}

TEST(ResultTry, GivesTheValue) {
  const Result<int> result = quarter(12);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 3);
}

TEST(ResultTry, ReturnsTheError) {
  const Result<int> result = quarter(6);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "odd");
}

TEST(ResultContext, AddsToAnErrorOnly) {
  EXPECT_EQ(half(1).context("inner").context("outer").error().context, (std::vector<std::string>{"inner", "outer"}));
  EXPECT_EQ(*half(2).context("inner"), 1);
}

}  // namespace
}  // namespace fence
