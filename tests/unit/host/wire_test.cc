#include "wire.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

namespace fence::wire {
namespace {

HostPath path(std::string_view text) { return *HostPath::parse(text); }

Present every_field() {
  return {.kind = PathKind::Fifo,
          .fs = FsKind::Network,
          .id = {0x1'0000'0001, 0xffff'ffff'ffff'ffff},
          .uid = 4'294'967'294,
          .gid = 7,
          .mode = 07777,
          .rdev = 0x8'0000'0003,
          .mount = {.read_only = true, .nosuid = false, .nodev = true, .noexec = false}};
}

TEST(Wire, KeepsEveryKindOfPathFact) {
  Answer answer;
  answer.paths = {{path("/b"), every_field()},
                  {path("/a\n\xff"), Link{std::string("x\0y", 3)}},
                  {path("/a"), Absent{}},
                  {path("/"), Unreadable{ETIMEDOUT}}};
  EXPECT_EQ(decode_answer(encode(answer)), answer);
}

TEST(Wire, KeepsTheOrderOfPaths) {
  Answer answer;
  answer.paths = {{path("/b"), Absent{}}, {path("/a"), Absent{}}};
  EXPECT_EQ(decode_answer(encode(answer)).paths.front().first, path("/b"));
}

TEST(Wire, KeepsListingsAndTexts) {
  Answer answer;
  answer.listings = {{path("/a"), std::vector<std::string>{"", "x", "y\n"}},
                     {path("/b"), std::vector<std::string>{}},
                     {path("/c"), Unreadable{EACCES}}};
  answer.texts = {{path("/a"), std::string(1U << 20, '\0')}, {path("/b"), Absent{}}, {path("/c"), Unreadable{EFBIG}}};
  EXPECT_EQ(decode_answer(encode(answer)), answer);
}

TEST(Wire, KeepsWhatPatternsMatched) {
  Answer answer;
  answer.globs[{path("/a"), "**/*.pem"}] = Globbed{{path("/a/x.pem"), path("/a/y")}, {path("/a/closed")}};
  answer.globs[{path("/"), "*"}] = WalkBound{WalkBound::Which::Seconds, 1ULL << 40U, path("/usr")};
  EXPECT_EQ(decode_answer(encode(answer)), answer);
}

TEST(Wire, TellsNoSettingsFromEmptyOnes) {
  Answer answer;
  EXPECT_EQ(decode_answer(encode(answer)).settings, std::nullopt);
  for (const TextFact& text : {TextFact(""), TextFact(Absent{}), TextFact(Unreadable{EPERM})}) {
    answer.settings = text;
    EXPECT_EQ(decode_answer(encode(answer)), answer);
  }
}

TEST(Wire, KeepsRequests) {
  const Request request{.paths = {path("/a"), path("/")},
                        .listings = {path("/b")},
                        .texts = {path("/c"), path("/d")},
                        .programs = {path("/z"), path("/y")},
                        .globs = {{path("/a"), "*"}, {path("/a"), "**/x"}},
                        .settings = path("/s"),
                        .walk_entries = 5,
                        .walk_milliseconds = 6};
  EXPECT_EQ(decode_request(encode(request)), request);
  EXPECT_EQ(decode_request(encode(Request{})), Request{});
}

TEST(Wire, RefusesWhatIsCutOrTooLong) {
  Answer answer;
  answer.paths = {{path("/a"), every_field()}};
  const std::string bytes = encode(answer);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(static_cast<void>(decode_answer(std::string_view(bytes).substr(0, size))), std::runtime_error) << size;
  }
  EXPECT_THROW(static_cast<void>(decode_answer(bytes + "x")), std::runtime_error);
}

TEST(Wire, RefusesAPathThatIsNone) {
  std::string bytes = encode(Request{.settings = path("/settings")});
  bytes.replace(bytes.find("/settings"), 1, "x");
  EXPECT_THROW(static_cast<void>(decode_request(bytes)), std::runtime_error);
}

TEST(Wire, RefusesAnAlternativeThatIsNone) {
  Answer answer;
  answer.paths = {{path("/a"), Absent{}}};
  std::string bytes = encode(answer);
  bytes[bytes.find("/a") + 2] = '\x09';
  EXPECT_THROW(static_cast<void>(decode_answer(bytes)), std::runtime_error);
}

}  // namespace
}  // namespace fence::wire
