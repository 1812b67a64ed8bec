// Where the writable root is, and which git directories belong to it.
#include "fence/plan/workspace.h"

#include <gmock/gmock.h>

#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Workspace workspace_at(const FakeHost& fake, std::string_view directory) {
  HostFacts facts = const_cast<FakeHost&>(fake).facts();
  facts.texts.clear();
  for (;;) {
    FactLens lens(facts);
    Workspace workspace = find_workspace(host(directory), lens);
    if (lens.wanted().empty()) return workspace;
    fake.answer(lens.wanted(), facts);
  }
}

FakeHost repository() {
  FakeHost fake;
  fake.dir("/srv/p").dir("/srv/p/.git").file("/srv/p/.git/HEAD").dir("/srv/p/src");
  fake.dir("/srv/p/.git/objects").dir("/srv/p/.git/refs");
  return fake;
}

// A worktree /srv/w of the repository /srv/p, as `git worktree add` makes it.
FakeHost linked_worktree() {
  FakeHost fake = repository();
  fake.dir("/srv/w").file("/srv/w/.git", "gitdir: /srv/p/.git/worktrees/w\n");
  fake.dir("/srv/p/.git/worktrees").dir("/srv/p/.git/worktrees/w");
  fake.file("/srv/p/.git/worktrees/w/gitdir", "/srv/w/.git\n").file("/srv/p/.git/worktrees/w/commondir", "../..\n");
  return fake;
}

TEST(Workspace, IsTheWorkingDirectoryWhereThereIsNoGit) {
  FakeHost fake;
  fake.dir("/srv/p");
  EXPECT_EQ(workspace_at(fake, "/srv/p").root, host("/srv/p"));
}

TEST(Workspace, IsTheGitTopLevelAroundTheWorkingDirectory) {
  EXPECT_EQ(workspace_at(repository(), "/srv/p/src").root, host("/srv/p"));
}

TEST(Workspace, ADirectoryNamedGitWithoutAHeadIsNoRepository) {
  FakeHost fake;
  fake.dir("/srv/p").dir("/srv/p/.git").dir("/srv/p/src");
  EXPECT_EQ(workspace_at(fake, "/srv/p/src").root, host("/srv/p/src"));
}

TEST(Workspace, AGitOfAnotherOwnerDoesNotCount) {
  FakeHost fake = repository();
  fake.dir("/srv/p", 4242);
  EXPECT_EQ(workspace_at(fake, "/srv/p/src").root, host("/srv/p/src"));
}

TEST(Workspace, AHomeUnderGitDoesNotBecomeWritableAsAWhole) {
  FakeHost fake;
  fake.dir("/home/ann/.git").file("/home/ann/.git/HEAD").dir("/home/ann/p");
  EXPECT_EQ(workspace_at(fake, "/home/ann/p").root, host("/home/ann/p"));
}

TEST(Workspace, HomeRootAndSystemDirectoriesAreNone) {
  FakeHost fake;
  for (const char* directory : {"/", "/home", "/home/ann", "/usr", "/usr/bin", "/etc", "/tmp", "/run"}) {
    const Workspace workspace = workspace_at(fake, directory);
    EXPECT_FALSE(workspace.root) << directory;
    EXPECT_THAT(workspace.notice, HasSubstr("is read-only here")) << directory;
  }
}

TEST(Workspace, ALinkedWorktreeMayWriteTheRepositoryThatNamesItBack) {
  const Workspace workspace = workspace_at(linked_worktree(), "/srv/w");
  EXPECT_EQ(workspace.root, host("/srv/w"));
  ASSERT_EQ(workspace.git.size(), 2U);
  EXPECT_EQ(workspace.git[0].path, host("/srv/p/.git"));
  EXPECT_EQ(workspace.git[1].path, host("/srv/p/.git/worktrees/w"));
  for (const char* path : {"/srv/w/.git", "/srv/p/.git/config", "/srv/p/.git/hooks", "/srv/p/.git/commondir",
                           "/srv/p/.git/worktrees", "/srv/p/.git/worktrees/w/gitdir"}) {
    EXPECT_THAT(workspace.protect, Contains(host(path)));
  }
}

TEST(Workspace, AGitFileThatIsNotNamedBackGrantsNothing) {
  FakeHost fake = linked_worktree();
  fake.file("/srv/p/.git/worktrees/w/gitdir", "/srv/elsewhere/.git\n");
  const Workspace workspace = workspace_at(fake, "/srv/w");
  EXPECT_EQ(workspace.root, host("/srv/w"));
  EXPECT_THAT(workspace.git, IsEmpty());
  EXPECT_THAT(workspace.notice, HasSubstr("is not surely the git directory of this place"));
}

TEST(Workspace, ACommonDirectoryElsewhereGrantsNothing) {
  FakeHost fake = linked_worktree();
  fake.dir("/home/ann/secret").file("/srv/p/.git/worktrees/w/commondir", "/home/ann/secret\n");
  EXPECT_THAT(workspace_at(fake, "/srv/w").git, IsEmpty());
}

TEST(Workspace, ASubmoduleMayWriteItsGitDirectoryThatNamesItBack) {
  FakeHost fake = repository();
  fake.dir("/srv/p/sub").file("/srv/p/sub/.git", "gitdir: ../.git/modules/sub\n");
  fake.dir("/srv/p/.git/modules")
      .dir("/srv/p/.git/modules/sub")
      .file("/srv/p/.git/modules/sub/config", "[core]\n\tworktree = ../../../sub\n");
  const Workspace workspace = workspace_at(fake, "/srv/p/sub");
  EXPECT_EQ(workspace.root, host("/srv/p/sub"));
  ASSERT_EQ(workspace.git.size(), 1U);
  EXPECT_EQ(workspace.git[0].path, host("/srv/p/.git/modules/sub"));
  fake.file("/srv/p/.git/modules/sub/config", "[core]\n\tworktree = ../../../other\n");
  EXPECT_THAT(workspace_at(fake, "/srv/p/sub").git, IsEmpty());
}

TEST(Workspace, SubmodulesOfTheTopLevelAreProtectedAsGitmodulesNamesThem) {
  FakeHost fake = repository();
  fake.file("/srv/p/.gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = x\n");
  fake.dir("/srv/p/sub")
      .file("/srv/p/sub/.git", "gitdir: ../.git/modules/sub\n")
      .dir("/srv/p/.git/modules")
      .dir("/srv/p/.git/modules/sub")
      .file("/srv/p/.git/modules/sub/HEAD");
  const Workspace workspace = workspace_at(fake, "/srv/p");
  EXPECT_THAT(workspace.protect, Contains(host("/srv/p/.git/modules/sub/config")));
  EXPECT_THAT(workspace.protect, Contains(host("/srv/p/.git/modules/sub/hooks")));
  EXPECT_THAT(workspace.protect, Contains(host("/srv/p/sub/.git")));
}

TEST(Workspace, ASubmoduleThatGitmodulesNoLongerNamesIsProtectedAsItsOwnConfigurationNamesIt) {
  FakeHost fake = repository();
  fake.dir("/srv/p/lib").dir("/srv/p/lib/sub").file("/srv/p/lib/sub/.git", "gitdir: ../../.git/modules/sub\n");
  fake.dir("/srv/p/.git/modules").dir("/srv/p/.git/modules/sub").file("/srv/p/.git/modules/sub/HEAD");
  fake.file("/srv/p/.git/modules/sub/config", "[core]\n\tworktree = ../../../lib/sub\n");
  EXPECT_THAT(workspace_at(fake, "/srv/p").protect, Contains(host("/srv/p/lib/sub/.git")));
  fake.file("/srv/p/.git/modules/sub/config", "[core]\n\tworktree = /srv/q\n");
  for (const HostPath& path : workspace_at(fake, "/srv/p").protect) {
    EXPECT_FALSE(host("/srv/q").contains(path)) << path.text();
  }
}

TEST(Workspace, AGitmodulesPathThatLeavesTheTopLevelIsIgnored) {
  FakeHost fake = repository();
  fake.file("/srv/p/.gitmodules", "[submodule \"x\"]\n\tpath = ../q\n").dir("/srv/q").dir("/srv/q/.git");
  for (const HostPath& path : workspace_at(fake, "/srv/p").protect)
    EXPECT_FALSE(host("/srv/q").contains(path)) << path.text();
}

TEST(Workspace, AGitFileThatPointsAboveGrantsNothing) {
  FakeHost fake = repository();
  // What a command could leave behind for the next start: a "submodule" whose git directory is the project itself.
  fake.dir("/srv/p/sub").file("/srv/p/sub/.git", "gitdir: ..\n").file("/srv/p/config", "[core]\n\tworktree = sub\n");
  EXPECT_THAT(workspace_at(fake, "/srv/p/sub").git, IsEmpty());
}

TEST(Workspace, AProjectNamedWorktreesDoesNotOpenWhatIsAroundIt) {
  FakeHost fake;
  fake.dir("/srv/worktrees").dir("/srv/worktrees/x").dir("/srv/worktrees/pkg");
  fake.file("/srv/worktrees/x/gitdir", "../pkg/.git\n").file("/srv/worktrees/x/commondir", "../..\n");
  fake.file("/srv/worktrees/pkg/.git", "gitdir: ../x\n").dir("/srv", 1000);
  EXPECT_THAT(workspace_at(fake, "/srv/worktrees/pkg").git, IsEmpty());
}

TEST(Workspace, WhatTheConfigurationRunsIsProtected) {
  FakeHost fake = repository();
  fake.file("/srv/p/.git/config",
            "[core]\n\thooksPath = .husky\n[include]\n\tpath = ../.gitconfig.inc\n[core]\n\tfsmonitor = tools/fs\n");
  const Workspace workspace = workspace_at(fake, "/srv/p");
  for (const char* path : {"/srv/p/.husky", "/srv/p/.gitconfig.inc", "/srv/p/tools/fs"})
    EXPECT_THAT(workspace.protect, Contains(host(path)));
}

TEST(Workspace, OtherWorktreesOfAMainRepositoryKeepTheirPointers) {
  FakeHost fake = linked_worktree();
  const Workspace workspace = workspace_at(fake, "/srv/p");
  EXPECT_THAT(workspace.protect, Contains(host("/srv/p/.git/worktrees/w/commondir")));
}

}  // namespace
}  // namespace fence::testing
