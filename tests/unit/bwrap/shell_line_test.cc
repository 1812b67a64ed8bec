#include <gmock/gmock.h>

#include "plans.h"

namespace fence {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

BwrapInvocation invocation(std::size_t payloads) {
  BwrapInvocation made;
  made.program = "/usr/bin/bwrap";
  made.command = {"true"};
  for (std::size_t i = 0; i < payloads; ++i) {
    made.options.emplace_back("--ro-bind-data");
    made.options.emplace_back(PayloadWord{i});
    made.options.emplace_back("/f" + std::to_string(i));
    made.payloads.emplace_back(DataPayload{"text " + std::to_string(i)});
  }
  return made;
}

TEST(ShellLine, GivesTheCommandItsStandardInputBack) {
  EXPECT_EQ(shell_line(invocation(2)),
            "{ printf 'text 0' | { printf 'text 1' | { "
            "/usr/bin/bwrap --ro-bind-data 4 /f0 --ro-bind-data 5 /f1 -- true 0<&3 3<&-; } 5<&0; } 4<&0; } 3<&0");
}

TEST(ShellLine, SpellsPayloadsForPrintf) {
  auto made = invocation(1);
  made.payloads[0] = DataPayload{std::string("-a 100% 'b'\\\n\0\xff", 15)};
  EXPECT_THAT(shell_line(made), HasSubstr(R"(printf '\055a 100%% \047b\047\\\012\000\377' |)"));
}

TEST(ShellLine, QuotesWhatAShellWouldTakeApart) {
  auto made = invocation(1);
  made.command = {"echo", "a b", "$HOME", "it's", ""};
  EXPECT_THAT(shell_line(made), HasSubstr(R"( -- echo 'a b' '$HOME' 'it'\''s' '' 0<&3)"));
}

TEST(ShellLine, ShowsNoControlByteOfAName) {
  auto made = invocation(1);
  made.command = {"echo", "\x1b]0;title\x07", "a\nb", "\xff%\\", "end\n\n"};
  const std::string line = shell_line(made);
  EXPECT_THAT(line,
              HasSubstr(R"x( echo "$(printf '\033]0;title\007')" "$(printf 'a\012b')" "$(printf '\377%%\\')" )x"));
  EXPECT_THAT(line, HasSubstr("\"$(printf 'end')\"'\n\n'"));
}

TEST(ShellLine, KeepsBwrapItselfFromSeeingWhatTheCommandMustNotSee) {
  auto made = invocation(1);
  made.withheld_variables = {"AWS_SECRET", "BASH_FUNC_x%%"};
  EXPECT_THAT(shell_line(made), HasSubstr("{ env -u AWS_SECRET -u BASH_FUNC_x%% /usr/bin/bwrap "));
}

TEST(ShellLine, LeavesTheDescriptorsAloneThatTheCommandKeeps) {
  auto made = invocation(1);
  made.keep_descriptors = {3, 5};
  EXPECT_THAT(shell_line(made), HasSubstr("--ro-bind-data 6 /f0 -- true 0<&4 4<&-; } 6<&0; } 4<&0"));
}

TEST(ShellLine, CallsBashOnceAPosixShellHasNoDescriptorLeft) {
  EXPECT_THAT(shell_line(invocation(6)), StartsWith("{ "));
  EXPECT_THAT(shell_line(invocation(7)), StartsWith("bash -c '{ "));
  auto keeping = invocation(6);
  keeping.keep_descriptors = {3};
  EXPECT_THAT(shell_line(keeping), StartsWith("bash -c '{ "));
}

TEST(ShellLine, MakesTheUserNamespaceOfAllIds) {
  BwrapInvocation made;
  made.program = "bwrap";
  made.command = {"true"};
  made.options = {"--userns", PayloadWord{0}};
  made.payloads = {UserNamespacePayload{{{{0, 0, 4294967295}}, {{0, 0, 1000}, {2000, 2000, 1}}}, false}};
  EXPECT_EQ(shell_line(made),
            "{ ( p=$(unshare --user sh -c 'sleep 60 >/dev/null 2>&1 & echo $!') && "
            "{ printf '0 0 4294967295\\012' >/proc/$p/uid_map && "
            "printf '0 0 1000\\0122000 2000 1\\012' >/proc/$p/gid_map && "
            "nsenter --user=/proc/$p/ns/user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces'; "
            "s=$?; kill $p; test $s = 0 && bwrap --userns 4 -- true 0<&3 3<&-; } 4</proc/$p/ns/user ); } 3<&0");
  std::get<UserNamespacePayload>(made.payloads[0]).nested_user_namespaces = true;
  EXPECT_THAT(shell_line(made), Not(HasSubstr("max_user_namespaces")));
}

}  // namespace
}  // namespace fence
