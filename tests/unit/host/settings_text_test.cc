#include <cerrno>

#include "fence/host/probe.h"
#include "scratch.h"

namespace fence {
namespace {

/// What somebody with `uid` and `gid` gets of the file; the facts hold the same.
TextFact read_as(const HostPath& path, uid_t uid, gid_t gid) {
  HostFacts facts;
  facts.caller.uid = uid;
  facts.caller.gid = gid;
  facts.caller.uid_map = {{0, 0, 4294967295U}};
  TextFact text = HostProber().read_settings_text(path, facts);
  EXPECT_EQ(facts.texts.at(path), text);
  return text;
}

TextFact read_own(const HostPath& path) { return read_as(path, ::geteuid(), ::getegid()); }

TEST(SettingsText, IsReadWhereOnlyTheCallerCanWrite) {
  const Scratch scratch;
  scratch.file("settings.toml", "x = 1\n", 0644);
  scratch.link("l", "settings.toml");
  EXPECT_EQ(read_own(scratch.at("settings.toml")), TextFact("x = 1\n"));
  EXPECT_EQ(read_own(scratch.at("l")), TextFact("x = 1\n"));
}

TEST(SettingsText, IsRefusedWhereOthersCanWrite) {
  const Scratch scratch;
  scratch.file("settings.toml", "x = 1\n", 0646);
  EXPECT_EQ(read_own(scratch.at("settings.toml")), TextFact(Unreadable{EPERM}));
}

TEST(SettingsText, IsRefusedWhereAnotherGroupCanWrite) {
  const Scratch scratch;
  scratch.file("settings.toml", "x = 1\n", 0664);
  EXPECT_EQ(read_as(scratch.at("settings.toml"), ::geteuid(), ::getegid() + 1), TextFact(Unreadable{EPERM}));
  EXPECT_EQ(read_own(scratch.at("settings.toml")), TextFact("x = 1\n")) << "the caller's own group";
}

TEST(SettingsText, IsRefusedWhereAnotherUserOwnsIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a file away";
  const Scratch scratch;
  scratch.file("settings.toml", "x = 1\n", 0644);
  const std::string path = scratch.at("settings.toml").text();
  EXPECT_EQ(read_as(scratch.at("settings.toml"), 1234, 1234), TextFact("x = 1\n")) << "root's file";
  ASSERT_EQ(::chown(path.c_str(), kOrdinaryUser, kOrdinaryUser), 0);
  EXPECT_EQ(read_as(scratch.at("settings.toml"), 1234, 1234), TextFact(Unreadable{EPERM}));
  EXPECT_EQ(read_as(scratch.at("settings.toml"), kOrdinaryUser, kOrdinaryUser), TextFact("x = 1\n"));
}

// In another sandbox root's files show as nobody's, like those of any other user.
TEST(SettingsText, IsRefusedOnAWritableMountWhereRootIsNotMapped) {
  const Scratch scratch;
  scratch.file("settings.toml", "x = 1\n", 0644);
  HostFacts facts;
  facts.caller.uid = ::geteuid() + 1;
  facts.caller.uid_map = {{facts.caller.uid, facts.caller.uid, 1}};
  EXPECT_EQ(HostProber().read_settings_text(scratch.at("settings.toml"), facts), TextFact(Unreadable{EPERM}));
}

TEST(SettingsText, IsAbsentWhereThereIsNone) {
  const Scratch scratch;
  EXPECT_EQ(read_own(scratch.at("settings.toml")), TextFact(Absent{}));
}

TEST(SettingsText, ReplacesATextThatWasReadWithoutTheCheck) {
  const Scratch scratch;
  scratch.file("settings.toml", "x = 1\n", 0666);
  HostFacts facts;
  facts.caller.uid = ::geteuid();
  probe({.texts = {scratch.at("settings.toml")}}, facts);
  ASSERT_EQ(facts.texts.at(scratch.at("settings.toml")), TextFact("x = 1\n"));
  EXPECT_EQ(HostProber().read_settings_text(scratch.at("settings.toml"), facts), TextFact(Unreadable{EPERM}));
  EXPECT_EQ(facts.texts.at(scratch.at("settings.toml")), TextFact(Unreadable{EPERM}));
}

}  // namespace
}  // namespace fence
