#include "fence/util/path.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cerrno>

namespace fence {
namespace {

using namespace std::string_view_literals;

std::string canonical(std::string_view text) {
  Result<std::string> result = canonical_path(text);
  return result ? *std::move(result) : "error: " + result.error().why;
}

TEST(CanonicalPath, DropsWhatSaysNothing) {
  EXPECT_EQ(canonical("/a/b"), "/a/b");
  EXPECT_EQ(canonical("//a///b//"), "/a/b");
  EXPECT_EQ(canonical("/./a/./b/."), "/a/b");
  EXPECT_EQ(canonical("/"), "/");
  EXPECT_EQ(canonical("//."), "/");
}

TEST(CanonicalPath, KeepsNamesThatOnlyLookLikeDots) { EXPECT_EQ(canonical("/.../..a/.b"), "/.../..a/.b"); }

TEST(CanonicalPath, KeepsAnyByteOfAName) { EXPECT_EQ(canonical("/a\nb/\xff\x1b c\\"), "/a\nb/\xff\x1b c\\"); }

TEST(CanonicalPath, RefusesWhatIsNotAbsoluteOrClear) {
  for (const std::string_view text : {""sv, "a/b"sv, "./a"sv, "/a/../b"sv, "/.."sv, "/a\0b"sv}) {
    EXPECT_FALSE(canonical_path(text)) << text;
  }
}

TEST(CanonicalPath, RefusesANameLongerThanAnyFileSystemHas) {
  EXPECT_TRUE(canonical_path("/" + std::string(255, 'n')));
  const Result<std::string> result = canonical_path("/" + std::string(256, 'n'));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().errno_value, ENAMETOOLONG);
}

TEST(CanonicalPath, RefusesAPathThatNoSystemCallTakes) {
  std::string path;
  while (path.size() < 4095) path += "/" + std::string(std::min<std::size_t>(200, 4095 - path.size() - 1), 'n');
  ASSERT_EQ(path.size(), 4095U);
  EXPECT_TRUE(canonical_path(path));
  EXPECT_TRUE(canonical_path(path + "///"));
  const Result<std::string> result = canonical_path(path + "n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().errno_value, ENAMETOOLONG);
  EXPECT_LT(result.error().what.size(), 400U);
}

TEST(CanonicalPath, ShowsABadPathWithoutItsControlBytes) {
  const Result<std::string> result = canonical_path("a\x1b[2J\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "cannot use the path \"a\\x1b[2J\\x0a\"");
}

TEST(PathTooLong, IsWhatNoSystemCallTakes) {
  const std::string longest_name = "/" + std::string(255, 'n');
  std::string path;
  while (path.size() + longest_name.size() <= 4095) path += longest_name;
  path += "/" + std::string(4095 - path.size() - 1, 'n');
  EXPECT_FALSE(path_too_long("/"));
  EXPECT_FALSE(path_too_long(path));
  EXPECT_TRUE(path_too_long(path + "n"));
  EXPECT_FALSE(path_too_long("/a" + longest_name));
  EXPECT_TRUE(path_too_long("/a" + longest_name + "n/b"));
}

TEST(ComparePaths, KeepsASubtreeTogether) {
  std::vector<std::string_view> paths = {"/b-1", "/b/c", "/b", "/", "/a\x01", "/a", "/b/c/d", "/a/z", "/\xff"};
  std::sort(paths.begin(), paths.end(), [](auto a, auto b) { return compare_paths(a, b) < 0; });
  EXPECT_EQ(paths,
            (std::vector<std::string_view>{"/", "/a", "/a/z", "/a\x01", "/b", "/b/c", "/b/c/d", "/b-1", "/\xff"}));
}

TEST(PathContains, ComparesWholeComponents) {
  EXPECT_TRUE(path_contains("/a", "/a"));
  EXPECT_TRUE(path_contains("/a", "/a/b"));
  EXPECT_TRUE(path_contains("/", "/a"));
  EXPECT_TRUE(path_contains("/", "/"));
  EXPECT_FALSE(path_contains("/a", "/ab"));
  EXPECT_FALSE(path_contains("/a", "/"));
  EXPECT_FALSE(path_contains("/a/b", "/a"));
}

TEST(AbsPath, TakesItselfApart) {
  const HostPath path = *HostPath::parse("/usr//lib/x");
  EXPECT_EQ(path.text(), "/usr/lib/x");
  EXPECT_EQ(path.name(), "x");
  EXPECT_EQ(path.parent().text(), "/usr/lib");
  EXPECT_EQ(path.components(), (std::vector<std::string>{"usr", "lib", "x"}));
  EXPECT_EQ(path.child("y").text(), "/usr/lib/x/y");
  EXPECT_EQ(path.below("").text(), "/usr/lib/x");
  EXPECT_EQ(path.parent().relative(path), "x");
  EXPECT_EQ(path.relative(path), "");
}

TEST(AbsPath, KnowsTheRoot) {
  const HostPath root = HostPath::root();
  EXPECT_TRUE(root.is_root());
  EXPECT_EQ(root.parent(), root);
  EXPECT_EQ(root.name(), "");
  EXPECT_TRUE(root.components().empty());
  EXPECT_EQ(root.child("a").text(), "/a");
  EXPECT_EQ(root.child("a").parent(), root);
  EXPECT_EQ(root.relative(*HostPath::parse("/a/b")), "a/b");
}

rc::Gen<std::vector<std::string>> some_names() {
  const auto name =
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::element('a', '.', '-', '\n', '\xff', '0')));
  return rc::gen::container<std::vector<std::string>>(
      rc::gen::suchThat(name, [](const std::string& n) { return n != "." && n != ".." && n.size() <= kMaxNameBytes; }));
}

HostPath path_of(const std::vector<std::string>& names) {
  HostPath path = HostPath::root();
  for (const std::string& name : names) path = path.child(name);
  return path;
}

RC_GTEST_PROP(AbsPathProperty, OrderIsThatOfTheComponents, ()) {
  const auto a = *some_names();
  const auto b = *some_names();
  const auto unsigned_less = [](const std::string& x, const std::string& y) {
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), [](char c, char d) {
      return static_cast<unsigned char>(c) < static_cast<unsigned char>(d);
    });
  };
  const bool less = std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), unsigned_less);
  RC_ASSERT((path_of(a) < path_of(b)) == less);
}

RC_GTEST_PROP(AbsPathProperty, ComponentsRebuildThePath, ()) {
  const auto names = *some_names();
  const HostPath path = path_of(names);
  RC_ASSERT(path.components() == names);
  RC_ASSERT(path.text().size() > kMaxPathBytes || canonical(path.text()) == path.text());
}

RC_GTEST_PROP(AbsPathProperty, RelativeLeadsBelowAgain, ()) {
  const HostPath outer = path_of(*some_names());
  const auto inner_names = *some_names();
  HostPath inner = outer;
  for (const std::string& name : inner_names) inner = inner.child(name);
  RC_ASSERT(outer.contains(inner));
  RC_ASSERT(inner_names.empty() || !inner.contains(outer));
  RC_ASSERT(outer.below(outer.relative(inner)) == inner);
}

}  // namespace
}  // namespace fence
