#include "fence/plan/handed.h"

#include <gmock/gmock.h>

#include "world.h"

namespace fence {
namespace {

using test::bind_of;
using test::op;
using test::plan_of;
using test::read_only;
using test::tmpfs;
using test::writable;

std::string opened(const MountPlan& mounts, std::string_view handed, bool directory = false) {
  const auto place = opened_past_its_mount(mounts, *HostPath::parse(handed), directory);
  return place ? place->text() : "nothing";
}

/// A project with a protected directory, in which one file is granted again.
MountPlan project() {
  return plan_of({
      read_only("/"),
      writable("/home/ann/app"),
      writable("/home/ann/app/.git"),
      read_only("/home/ann/app/.git/hooks"),
      writable("/home/ann/app/.git/hooks/mine"),
      tmpfs("/home/ann/app/private"),
  });
}

TEST(OpenedPastItsMount, AFileThatIsProtectedOrBelowWhatIs) {
  EXPECT_EQ(opened(project(), "/home/ann/app/.git/hooks/pre-commit"), "/home/ann/app/.git/hooks");
  EXPECT_EQ(opened(project(), "/home/ann/app/private/x"), "/home/ann/app/private");
}

TEST(OpenedPastItsMount, WhatTheCommandMayWriteByNameIsFine) {
  EXPECT_EQ(opened(project(), "/home/ann/app/main.c"), "nothing");
  EXPECT_EQ(opened(project(), "/home/ann/app/.git/index"), "nothing");
  EXPECT_EQ(opened(project(), "/home/ann/app/.git/hooks/mine"), "nothing");
}

TEST(OpenedPastItsMount, WhatLiesInNoWritableTreeIsHeldByLandlock) {
  EXPECT_EQ(opened(project(), "/etc/passwd"), "nothing");
  EXPECT_EQ(opened(project(), "/home/ann/.bashrc"), "nothing");
  EXPECT_EQ(opened(project(), "/home/ann/app.hooks"), "nothing");
}

TEST(OpenedPastItsMount, ADirectoryThatHasItSomewhereBelow) {
  for (const char* directory : {"/", "/home/ann", "/home/ann/app", "/home/ann/app/.git"}) {
    EXPECT_EQ(opened(project(), directory, true), "/home/ann/app/.git/hooks") << directory;
    EXPECT_EQ(opened(project(), directory, false), "nothing") << directory;
  }
  EXPECT_EQ(opened(project(), "/home/ann/app/.git/hooks", true), "/home/ann/app/.git/hooks");
  EXPECT_EQ(opened(project(), "/home/ann/app/src", true), "nothing");
  EXPECT_EQ(opened(project(), "/usr", true), "nothing");
}

TEST(OpenedPastItsMount, ATreeThatIsShownElsewhereIsMeantByItsNameOnTheHost) {
  const MountPlan moved = plan_of({read_only("/"), op("/mnt", bind_of("/srv/data", BindMode::ReadWrite)),
                                   op("/mnt/keys", bind_of("/srv/data/keys", BindMode::ReadOnly))});
  EXPECT_EQ(opened(moved, "/srv/data/keys/a"), "/srv/data/keys");
  EXPECT_EQ(opened(moved, "/mnt/keys/a"), "nothing");
}

}  // namespace
}  // namespace fence
