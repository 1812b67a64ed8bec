#include "fence/facts/resolve.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fence {
namespace {

HostPath at(std::string_view text) { return *HostPath::parse(text); }

/// A host made of a few facts; directories above are not added by themselves.
struct Host {
  HostFacts facts;

  Host() { directory("/"); }
  Host& directory(std::string_view path) { return present(path, PathKind::Directory); }
  Host& file(std::string_view path) { return present(path, PathKind::Regular); }
  Host& link(std::string_view path, std::string target) { return put(path, Link{std::move(target)}); }
  Host& put(std::string_view path, PathFact fact) {
    facts.paths.insert_or_assign(at(path), std::move(fact));
    return *this;
  }
  Host& present(std::string_view path, PathKind kind) {
    Present fact{.kind = kind};
    fact.id.inode = facts.paths.size() + 1;
    return put(path, fact);
  }
  [[nodiscard]] Resolution resolve(std::string_view path) const {
    FactLens lens(facts);
    Resolution resolution = fence::resolve(lens, at(path));
    EXPECT_TRUE(lens.wanted().empty()) << "an unknown path was read";
    return resolution;
  }
};

std::string real_of(const Resolution& resolution) {
  const auto* found = std::get_if<Found>(&resolution);
  return found == nullptr ? "not found: " + std::to_string(resolution.index()) : found->real.text();
}

TEST(Resolve, FindsAPathWithoutLinks) {
  const Host host = Host().directory("/a").file("/a/f");
  const Resolution resolution = host.resolve("/a/f");
  ASSERT_EQ(real_of(resolution), "/a/f");
  EXPECT_EQ(PathFact(std::get<Found>(resolution).fact), host.facts.paths.at(at("/a/f")));
  EXPECT_TRUE(std::get<Found>(resolution).links.empty());
  EXPECT_EQ(real_of(host.resolve("/")), "/");
}

TEST(Resolve, FollowsAbsoluteAndRelativeLinks) {
  const Host host = Host()
                        .directory("/a")
                        .directory("/b")
                        .file("/b/f")
                        .link("/a/absolute", "/b")
                        .link("/a/relative", "../b/f")
                        .link("/a/root", "/");
  EXPECT_EQ(real_of(host.resolve("/a/absolute/f")), "/b/f");
  EXPECT_EQ(real_of(host.resolve("/a/relative")), "/b/f");
  EXPECT_EQ(real_of(host.resolve("/a/root")), "/");
  EXPECT_EQ(real_of(host.resolve("/a/root/b/f")), "/b/f");
}

TEST(Resolve, NotesEachLinkInOrder) {
  const Host host = Host().directory("/a").link("/x", "y").link("/y", "a").link("/a/z", "/a");
  const Resolution resolution = host.resolve("/x/z");
  ASSERT_EQ(real_of(resolution), "/a");
  EXPECT_EQ(chain_text(std::get<Found>(resolution).links), "/x -> /y -> a, /a/z -> /a");
}

TEST(Resolve, GoesUpFromWhereALinkLed) {
  const Host host =
      Host().directory("/a").directory("/a/b").file("/a/f").file("/f").link("/l", "/a/b").link("/up", "l/../f");
  EXPECT_EQ(real_of(host.resolve("/up")), "/a/f") << "\"..\" is of /a/b, not of /l";
}

TEST(Resolve, StaysAtTheRootWhenItGoesUp) {
  EXPECT_EQ(real_of(Host().file("/f").link("/l", "../../../f").resolve("/l")), "/f");
}

TEST(Resolve, TakesDotsAndSlashesOfATargetAsTheKernelDoes) {
  const Host host = Host().directory("/a").file("/a/f").link("/l", "//.//a/./").link("/dot", ".");
  EXPECT_EQ(real_of(host.resolve("/l/f")), "/a/f");
  EXPECT_EQ(real_of(host.resolve("/l")), "/a");
  EXPECT_EQ(real_of(host.resolve("/dot/dot/a")), "/a");
}

TEST(Resolve, SaysWhatIsMissing) {
  const Host host = Host().directory("/a").put("/a/no", Absent{}).link("/l", "/a");
  const Resolution resolution = host.resolve("/l/no/x/y");
  const auto* missing = std::get_if<Missing>(&resolution);
  ASSERT_NE(missing, nullptr);
  EXPECT_EQ(missing->deepest, at("/a"));
  EXPECT_EQ(missing->missing, at("/a/no"));
  EXPECT_EQ(missing->rest, "x/y");
  EXPECT_FALSE(missing->not_a_directory);
  EXPECT_EQ(chain_text(missing->links), "/l -> /a");
}

TEST(Resolve, SaysWhereADanglingLinkEnds) {
  const Resolution resolution = Host().put("/gone", Absent{}).link("/l", "gone/").resolve("/l");
  const auto* missing = std::get_if<Missing>(&resolution);
  ASSERT_NE(missing, nullptr);
  EXPECT_EQ(missing->missing, at("/gone"));
  EXPECT_EQ(missing->rest, "");
}

TEST(Resolve, NeedsADirectoryBeforeASlash) {
  const Host host = Host().file("/f").link("/l", "f/").link("/dot", "f/.").link("/up", "f/../f");
  const Resolution below = host.resolve("/f/x/y");
  const auto* missing = std::get_if<Missing>(&below);
  ASSERT_NE(missing, nullptr);
  EXPECT_EQ(missing->deepest, at("/f"));
  EXPECT_EQ(missing->missing, at("/f/x"));
  EXPECT_EQ(missing->rest, "y");
  EXPECT_TRUE(missing->not_a_directory);
  for (const std::string_view path : {"/l", "/dot", "/up"}) {
    const Resolution resolution = host.resolve(path);
    const auto* no_directory = std::get_if<Missing>(&resolution);
    ASSERT_NE(no_directory, nullptr) << path;
    EXPECT_TRUE(no_directory->not_a_directory) << path;
    EXPECT_EQ(no_directory->missing, at("/f")) << path;
  }
}

TEST(Resolve, TellsARefusalFromAbsence) {
  const Resolution resolution = Host().directory("/a").put("/a/x", Unreadable{EACCES}).resolve("/a/x/y");
  const auto* refused = std::get_if<Refused>(&resolution);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->at, at("/a/x"));
  EXPECT_EQ(refused->errno_value, EACCES);
}

std::vector<LinkStep> loop_of(const Resolution& resolution) {
  const auto* loop = std::get_if<Loop>(&resolution);
  return loop == nullptr ? std::vector<LinkStep>{} : loop->links;
}

TEST(Resolve, ShowsALoopOnce) {
  const Host host = Host().directory("/a").link("/self", "self").link("/x", "y").link("/y", "x").link("/a/in", "in/b");
  EXPECT_EQ(chain_text(loop_of(host.resolve("/self"))), "/self -> self");
  EXPECT_EQ(chain_text(loop_of(host.resolve("/x/z"))), "/x -> /y -> x");
  EXPECT_EQ(chain_text(loop_of(host.resolve("/a/in"))), "/a/in -> in/b");
}

TEST(Resolve, FollowsOneLinkTwiceWhereThatIsNoLoop) {
  const Host host = Host().directory("/a").link("/a/top", "..").link("/twice", "a/top/a/top/a");
  EXPECT_EQ(real_of(host.resolve("/twice")), "/a");
  EXPECT_EQ(real_of(host.resolve("/a/top/a/top/a")), "/a");
}

Host chain_of(int links) {
  Host host;
  host.file("/0");
  for (int i = 1; i <= links; ++i) host.link("/" + std::to_string(i), std::to_string(i - 1));
  return host;
}

TEST(Resolve, FollowsFortyLinksAndNoMore) {
  EXPECT_EQ(real_of(chain_of(40).resolve("/40")), "/0");
  EXPECT_EQ(loop_of(chain_of(41).resolve("/41")).size(), 41U);
}

TEST(Resolve, CountsLinksOfTheWholeWalk) {
  Host host = chain_of(20);
  host.directory("/d").link("/d/a", "/20");
  host.link("/s", "d");
  std::string path;
  for (int i = 0; i < 20; ++i) path += "/s/..";
  EXPECT_EQ(real_of(host.link("/deep", path + "/19").resolve("/deep")), "/0") << "1 + 20 + 19 links";
  EXPECT_FALSE(loop_of(host.link("/deeper", path + "/20").resolve("/deeper")).empty()) << "1 + 20 + 20 links";
}

TEST(Resolve, AsksForAnUnknownPathAtOnce) {
  const Host host = Host().directory("/a");
  FactLens lens(host.facts);
  EXPECT_TRUE(std::holds_alternative<Missing>(resolve(lens, at("/a/b/c"))));
  EXPECT_EQ(lens.wanted().paths, (std::set<HostPath>{at("/a/b/c")}));
}

TEST(Resolve, AsksForNothingThatIsKnown) {
  const Host host = Host().directory("/a").file("/a/b");
  FactLens lens(host.facts);
  EXPECT_EQ(real_of(resolve(lens, at("/a/b"))), "/a/b");
  EXPECT_TRUE(lens.wanted().empty());
}

TEST(Resolve, RefusesWhatIsTooLongWithoutAskingForIt) {
  const std::string name(255, 'n');
  Host host;
  HostPath deep = HostPath::root();
  for (int i = 0; i < 15; ++i) {
    deep = deep.child(name);
    host.directory(deep.text());
  }
  host.link("/l", deep.text()).link("/long-name", name + "n");
  for (const std::string& path : {"/l/" + name + "/" + name, std::string("/long-name")}) {
    const Resolution resolution = host.resolve(path);
    const auto* refused = std::get_if<Refused>(&resolution);
    ASSERT_NE(refused, nullptr) << path;
    EXPECT_EQ(refused->errno_value, ENAMETOOLONG);
  }
}

TEST(FactLens, NotesWhatIsUnknown) {
  HostFacts facts;
  facts.texts.emplace(at("/known"), TextFact("text"));
  FactLens lens(facts);
  EXPECT_EQ(lens.text(at("/known")), TextFact("text"));
  EXPECT_TRUE(lens.wanted().empty());
  EXPECT_EQ(lens.path(at("/p")), PathFact(Absent{}));
  EXPECT_EQ(lens.text(at("/t")), TextFact(Absent{}));
  EXPECT_TRUE(std::holds_alternative<Unreadable>(lens.listing(at("/l"))));
  EXPECT_EQ(lens.wanted().paths, std::set<HostPath>{at("/p")});
  EXPECT_EQ(lens.wanted().texts, std::set<HostPath>{at("/t")});
  EXPECT_EQ(lens.wanted().listings, std::set<HostPath>{at("/l")});
}

TEST(ChainText, EscapesNames) { EXPECT_EQ(chain_text({{at("/a\n"), "b\x1b"}}), "/a\\x0a -> b\\x1b"); }

}  // namespace
}  // namespace fence
