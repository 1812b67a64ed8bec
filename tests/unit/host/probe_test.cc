#include "fence/host/probe.h"

#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "fence/facts/resolve.h"
#include "scratch.h"

namespace fence {
namespace {

FactQueries paths(std::set<HostPath> asked) { return {.paths = std::move(asked)}; }

HostFacts probed(const FactQueries& queries) {
  HostFacts facts;
  probe(queries, facts);
  return facts;
}

PathFact path_fact(const HostPath& path) { return probed(paths({path})).paths.at(path); }

Present present(const PathFact& fact) {
  const auto* there = std::get_if<Present>(&fact);
  EXPECT_NE(there, nullptr);
  return there == nullptr ? Present{} : *there;
}

TextFact text_of(const HostPath& path) { return probed({.texts = {path}}).texts.at(path); }

// ---- paths ----------------------------------------------------------------------------------------------------

TEST(ProbePaths, TellsEachKind) {
  const Scratch scratch;
  scratch.file("file");
  scratch.directory("directory");
  scratch.fifo("fifo");
  const UniqueFd socket = scratch.socket("socket", SOCK_STREAM);
  EXPECT_EQ(present(path_fact(scratch.at("file"))).kind, PathKind::Regular);
  EXPECT_EQ(present(path_fact(scratch.at("directory"))).kind, PathKind::Directory);
  EXPECT_EQ(present(path_fact(scratch.at("fifo"))).kind, PathKind::Fifo);
  EXPECT_EQ(present(path_fact(scratch.at("socket"))).kind, PathKind::Socket);
  EXPECT_EQ(path_fact(scratch.at("nothing")), PathFact(Absent{}));
}

TEST(ProbePaths, KnowsADevice) {
  const Present null = present(path_fact(*HostPath::parse("/dev/null")));
  EXPECT_EQ(null.kind, PathKind::CharDevice);
  EXPECT_EQ(null.rdev, makedev(1, 3));
}

TEST(ProbePaths, AgreesWithStat) {
  const Scratch scratch;
  scratch.file("file", "x", 04750);
  struct stat status {};
  ASSERT_EQ(::stat(scratch.at("file").text().c_str(), &status), 0);
  const Present file = present(path_fact(scratch.at("file")));
  EXPECT_EQ(file.id, (FileId{status.st_dev, status.st_ino}));
  EXPECT_EQ(file.uid, status.st_uid);
  EXPECT_EQ(file.gid, status.st_gid);
  EXPECT_EQ(file.mode, 04750U);
  EXPECT_EQ(file.rdev, 0U);
}

TEST(ProbePaths, KnowsTheFileSystem) {
  EXPECT_EQ(present(path_fact(*HostPath::parse("/proc/self/status"))).fs, FsKind::ProcFs);
  EXPECT_EQ(present(path_fact(*HostPath::parse("/dev/pts"))).fs, FsKind::DevPts);
}

TEST(ProbePaths, AgreesWithStatvfsOnMountFlags) {
  for (const char* path : {"/", "/dev/pts", "/proc", "/sys", "/dev/shm"}) {
    struct statvfs fs {};
    if (::statvfs(path, &fs) != 0) continue;
    const MountFlags flags = present(path_fact(*HostPath::parse(path))).mount;
    EXPECT_EQ(flags.read_only, (fs.f_flag & ST_RDONLY) != 0) << path;
    EXPECT_EQ(flags.nosuid, (fs.f_flag & ST_NOSUID) != 0) << path;
    EXPECT_EQ(flags.nodev, (fs.f_flag & ST_NODEV) != 0) << path;
    EXPECT_EQ(flags.noexec, (fs.f_flag & ST_NOEXEC) != 0) << path;
  }
}

TEST(ProbePaths, RecordsEveryPrefix) {
  const Scratch scratch;
  scratch.directory("a");
  const HostFacts facts = probed(paths({scratch.at("a/no/b/c")}));
  for (HostPath path = scratch.at("a"); !path.is_root(); path = path.parent()) {
    ASSERT_TRUE(facts.paths.contains(path)) << path.text();
    EXPECT_EQ(present(facts.paths.at(path)).kind, PathKind::Directory);
  }
  EXPECT_TRUE(facts.paths.contains(HostPath::root()));
  for (const char* path : {"a/no", "a/no/b", "a/no/b/c"})
    EXPECT_EQ(facts.paths.at(scratch.at(path)), PathFact(Absent{}));
}

TEST(ProbePaths, TakesWhatIsBelowAFileForAbsent) {
  const Scratch scratch;
  scratch.file("file");
  EXPECT_EQ(path_fact(scratch.at("file/x")), PathFact(Absent{}));
}

TEST(ProbePaths, FollowsAChainOfLinks) {
  const Scratch scratch;
  scratch.directory("a");
  scratch.directory("a/b");
  scratch.file("a/file");
  scratch.link("one", "a/two");
  scratch.link("a/two", scratch.at("a/b").text() + "/../three");
  scratch.link("a/three", ".//./file");
  HostFacts facts = probed(paths({scratch.at("one")}));
  EXPECT_EQ(facts.paths.at(scratch.at("one")), PathFact(Link{"a/two"}));
  EXPECT_EQ(facts.paths.at(scratch.at("a/three")), PathFact(Link{".//./file"}));
  EXPECT_EQ(present(facts.paths.at(scratch.at("a/file"))).kind, PathKind::Regular);
  EXPECT_TRUE(facts.paths.contains(scratch.at("a/b"))) << "passed on the way";
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, scratch.at("one"));
  EXPECT_TRUE(lens.wanted().empty());
  ASSERT_TRUE(std::holds_alternative<Found>(resolution));
  EXPECT_EQ(std::get<Found>(resolution).real, scratch.at("a/file"));
}

TEST(ProbePaths, RecordsAPathThroughALinkUnderBothNames) {
  const Scratch scratch;
  scratch.directory("a");
  scratch.file("a/file");
  scratch.link("l", "a");
  const HostFacts facts = probed(paths({scratch.at("l/file")}));
  EXPECT_EQ(present(facts.paths.at(scratch.at("l/file"))), present(facts.paths.at(scratch.at("a/file"))));
}

TEST(ProbePaths, RecordsWhereADanglingLinkPoints) {
  const Scratch scratch;
  scratch.link("l", "no/where");
  const HostFacts facts = probed(paths({scratch.at("l")}));
  EXPECT_EQ(facts.paths.at(scratch.at("l")), PathFact(Link{"no/where"}));
  EXPECT_EQ(facts.paths.at(scratch.at("no")), PathFact(Absent{}));
}

TEST(ProbePaths, EndsInALoop) {
  const Scratch scratch;
  scratch.link("a", "b/x");
  scratch.link("b", "a");
  scratch.link("self", "self");
  HostFacts facts = probed(paths({scratch.at("a/y"), scratch.at("self")}));
  EXPECT_EQ(facts.paths.at(scratch.at("a")), PathFact(Link{"b/x"}));
  EXPECT_EQ(facts.paths.at(scratch.at("b")), PathFact(Link{"a"}));
  EXPECT_EQ(facts.paths.at(scratch.at("a/y")), PathFact(Unreadable{ELOOP}));
  FactLens lens(facts);
  EXPECT_TRUE(std::holds_alternative<Loop>(resolve(lens, scratch.at("a"))));
  EXPECT_TRUE(std::holds_alternative<Loop>(resolve(lens, scratch.at("self"))));
  EXPECT_TRUE(lens.wanted().empty());
}

/// Where something is mounted anywhere in the middle of a lookup, the kernel begins again and counts the links it has
/// followed once more (linux/namei.c: total_link_count outlives -ECHILD), so that 40 can be too many for one moment.
bool kernel_reaches(const HostPath& path) {
  struct stat status {};
  for (int i = 0; i < 100; ++i) {
    if (::stat(path.text().c_str(), &status) == 0) return true;
  }
  return false;
}

TEST(ProbePaths, FollowsAsManyLinksAsTheKernel) {
  const Scratch scratch;
  scratch.file("0");
  for (int i = 1; i <= 41; ++i) scratch.link(std::to_string(i), std::to_string(i - 1));
  for (const int links : {40, 41}) {
    const HostPath path = scratch.at(std::to_string(links));
    HostFacts facts = probed(paths({path}));
    FactLens lens(facts);
    const Resolution resolution = resolve(lens, path);
    EXPECT_TRUE(lens.wanted().empty());
    EXPECT_EQ(std::holds_alternative<Found>(resolution), kernel_reaches(path)) << links;
  }
}

TEST(ProbePaths, KeepsAnyByteOfANameOrTarget) {
  const Scratch scratch;
  const std::string odd = "a\nb \xff\x1b\"\\";
  scratch.file(odd);
  scratch.link("l", odd);
  const HostFacts facts = probed(paths({scratch.at("l")}));
  EXPECT_EQ(facts.paths.at(scratch.at("l")), PathFact(Link{odd}));
  EXPECT_EQ(present(facts.paths.at(scratch.at(odd))).kind, PathKind::Regular);
}

TEST(ProbePaths, TellsARefusalFromAbsence) {
  const Scratch scratch;
  scratch.directory("closed", 0700);
  scratch.file("closed/file");
  const auto look = [&] { return probed(paths({scratch.at("closed/file/x"), scratch.at("closed/no")})); };
  const HostFacts facts = as_ordinary_user(look);
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to own a directory that another user looks at";
  EXPECT_EQ(present(facts.paths.at(scratch.at("closed"))).mode, 0700U);
  EXPECT_EQ(facts.paths.at(scratch.at("closed/file")), PathFact(Unreadable{EACCES}));
  EXPECT_EQ(facts.paths.at(scratch.at("closed/file/x")), PathFact(Unreadable{EACCES}));
  EXPECT_EQ(facts.paths.at(scratch.at("closed/no")), PathFact(Unreadable{EACCES}));
  EXPECT_EQ(look().paths.at(scratch.at("closed/no")), PathFact(Absent{})) << "to its owner";
}

TEST(ProbePaths, NeedsSearchPermissionOnly) {
  const Scratch scratch;
  scratch.directory("search", 0711);
  scratch.file("search/secret", "", 0);
  const HostFacts facts = as_ordinary_user([&] { return probed(paths({scratch.at("search/secret")})); });
  EXPECT_EQ(present(facts.paths.at(scratch.at("search/secret"))).mode, 0U);
}

/// A directory at `depth` levels of 200-byte names below the scratch directory.
HostPath make_deep(const Scratch& scratch, int depth) {
  const std::string name(200, 'd');
  HostPath path = scratch.at("");
  UniqueFd directory(::open(path.text().c_str(), O_PATH | O_CLOEXEC));
  for (; depth > 0; --depth) {
    EXPECT_EQ(::mkdirat(directory.get(), name.c_str(), 0755), 0);
    directory = UniqueFd(::openat(directory.get(), name.c_str(), O_PATH | O_CLOEXEC));
    path = path.child(name);
  }
  return path;
}

TEST(ProbePaths, TakesAPathOfFourThousandBytes) {
  const Scratch scratch;
  const HostPath deep = make_deep(scratch, 19).child(std::string(120, 'f'));
  ASSERT_GT(deep.text().size(), 3950U);
  ASSERT_EQ(::mkdir(deep.text().c_str(), 0755), 0);
  EXPECT_EQ(present(path_fact(deep)).kind, PathKind::Directory);
}

TEST(ProbePaths, RefusesWhatALinkMakesTooLong) {
  const Scratch scratch;
  const HostPath deepest = make_deep(scratch, 21);
  HostPath deep = deepest;
  while (path_too_long(deep.text())) deep = deep.parent();
  scratch.link("l", deep.text());
  const HostPath asked = scratch.at("l").below(deep.relative(deepest));
  HostFacts facts = probed(paths({asked}));
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, asked);
  EXPECT_TRUE(lens.wanted().empty());
  ASSERT_TRUE(std::holds_alternative<Refused>(resolution));
  EXPECT_EQ(std::get<Refused>(resolution).errno_value, ENAMETOOLONG);
  const Result<HostFacts> read = parse_facts(dump_facts(facts));
  EXPECT_TRUE(read) << to_string(read.error());
}

TEST(ProbePaths, RefusesANameThatIsTooLongInALink) {
  const Scratch scratch;
  scratch.link("l", std::string(256, 'n'));
  HostFacts facts = probed(paths({scratch.at("l")}));
  FactLens lens(facts);
  EXPECT_TRUE(std::holds_alternative<Refused>(resolve(lens, scratch.at("l"))));
  EXPECT_TRUE(lens.wanted().empty());
}

TEST(ProbePaths, LooksOnceOnly) {
  const Scratch scratch;
  scratch.file("file");
  HostFacts facts = probed(paths({scratch.at("file")}));
  const HostFacts before = facts;
  std::filesystem::remove(scratch.at("file").text());
  probe(paths({scratch.at("file")}), facts);
  EXPECT_EQ(facts, before);
}

TEST(ProbePaths, FollowsALinkThatTheFactsHaveAlready) {
  const Scratch scratch;
  scratch.file("file");
  HostFacts facts;
  facts.paths.emplace(scratch.at("l"), Link{"file"});
  probe(paths({scratch.at("l")}), facts);
  EXPECT_TRUE(facts.paths.contains(scratch.at("file")));
}

// ---- listings -------------------------------------------------------------------------------------------------

ListingFact listing_of(const HostPath& path) { return probed({.listings = {path}}).listings.at(path); }

TEST(ProbeListings, SortsNamesAndClassifiesEach) {
  const Scratch scratch;
  scratch.directory("d");
  scratch.file("d/b\xff");
  scratch.file("d/a\nb");
  scratch.fifo("d/b");
  scratch.link("d/link", "../else");
  scratch.directory("else");
  const HostFacts facts = probed({.listings = {scratch.at("d")}});
  EXPECT_EQ(facts.listings.at(scratch.at("d")), ListingFact(std::vector<std::string>{"a\nb", "b", "b\xff", "link"}));
  EXPECT_EQ(present(facts.paths.at(scratch.at("d/b"))).kind, PathKind::Fifo);
  EXPECT_EQ(present(facts.paths.at(scratch.at("d/a\nb"))).kind, PathKind::Regular);
  EXPECT_EQ(facts.paths.at(scratch.at("d/link")), PathFact(Link{"../else"}));
  EXPECT_TRUE(facts.paths.contains(scratch.at("else"))) << "links are followed";
}

TEST(ProbeListings, FollowsALinkToADirectory) {
  const Scratch scratch;
  scratch.directory("d");
  scratch.file("d/file");
  scratch.link("l", "d");
  const HostFacts facts = probed({.listings = {scratch.at("l")}});
  EXPECT_EQ(facts.listings.at(scratch.at("l")), ListingFact(std::vector<std::string>{"file"}));
  EXPECT_TRUE(facts.paths.contains(scratch.at("l/file")));
}

TEST(ProbeListings, SaysWhyThereIsNone) {
  const Scratch scratch;
  scratch.file("file");
  scratch.link("loop", "loop");
  EXPECT_EQ(listing_of(scratch.at("no")), ListingFact(Unreadable{ENOENT}));
  EXPECT_EQ(listing_of(scratch.at("file")), ListingFact(Unreadable{ENOTDIR}));
  EXPECT_EQ(listing_of(scratch.at("file/x")), ListingFact(Unreadable{ENOTDIR}));
  EXPECT_EQ(listing_of(scratch.at("loop")), ListingFact(Unreadable{ELOOP}));
}

TEST(ProbeListings, SaysThatItMayNotRead) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to own a directory that another user lists";
  const Scratch scratch;
  scratch.directory("d", 0711);
  const HostFacts facts = as_ordinary_user([&] { return probed({.listings = {scratch.at("d")}}); });
  EXPECT_EQ(facts.listings.at(scratch.at("d")), ListingFact(Unreadable{EACCES}));
  EXPECT_EQ(listing_of(scratch.at("d")), ListingFact(std::vector<std::string>{})) << "by its owner";
}

// ---- texts ----------------------------------------------------------------------------------------------------

TEST(ProbeTexts, ReadsEveryByte) {
  const Scratch scratch;
  const std::string text("a\0\xff\n", 4);
  scratch.file("file", text);
  scratch.link("l", "file");
  EXPECT_EQ(text_of(scratch.at("file")), TextFact(text));
  EXPECT_EQ(text_of(scratch.at("l")), TextFact(text));
}

TEST(ProbeTexts, ReadsFilesOfProcThatHaveNoSize) {
  const TextFact text = text_of(*HostPath::parse("/proc/self/status"));
  ASSERT_TRUE(std::holds_alternative<std::string>(text));
  EXPECT_NE(std::get<std::string>(text).find("Pid:"), std::string::npos);
}

TEST(ProbeTexts, SaysWhyThereIsNone) {
  const Scratch scratch;
  scratch.file("file");
  scratch.directory("d");
  scratch.link("loop", "loop");
  scratch.link("dangling", "no");
  EXPECT_EQ(text_of(scratch.at("no")), TextFact(Absent{}));
  EXPECT_EQ(text_of(scratch.at("file/x")), TextFact(Absent{}));
  EXPECT_EQ(text_of(scratch.at("dangling")), TextFact(Absent{}));
  EXPECT_EQ(text_of(scratch.at("d")), TextFact(Unreadable{EISDIR}));
  EXPECT_EQ(text_of(scratch.at("loop")), TextFact(Unreadable{ELOOP}));
  EXPECT_EQ(text_of(*HostPath::parse("/dev/zero")), TextFact(Unreadable{EINVAL}));
}

TEST(ProbeTexts, NeverWaitsForAFifo) {
  const Scratch scratch;
  scratch.fifo("fifo");
  scratch.link("l", "fifo");
  // A probe that opened the fifo would wait here for a writer until the test runner's limit.
  EXPECT_EQ(text_of(scratch.at("l")), TextFact(Unreadable{EINVAL}));
}

TEST(ProbeTexts, StopsAtItsBound) {
  const Scratch scratch;
  scratch.file("most", std::string(kMaxTextBytes, 'x'));
  scratch.file("more", std::string(kMaxTextBytes + 1, 'x'));
  EXPECT_EQ(text_of(scratch.at("most")), TextFact(std::string(kMaxTextBytes, 'x')));
  EXPECT_EQ(text_of(scratch.at("more")), TextFact(Unreadable{EFBIG}));
}

TEST(ProbeTexts, SaysThatItMayNotRead) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to own a file that another user reads";
  const Scratch scratch;
  scratch.file("file", "x", 0600);
  const HostFacts facts = as_ordinary_user([&] { return probed({.texts = {scratch.at("file")}}); });
  EXPECT_EQ(facts.texts.at(scratch.at("file")), TextFact(Unreadable{EACCES}));
}

}  // namespace
}  // namespace fence
