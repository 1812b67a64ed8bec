// The walk through facts against the kernel's own walk, on random trees of links.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cerrno>

#include "fence/facts/resolve.h"
#include "fence/host/probe.h"
#include "scratch.h"

namespace fence {
namespace {

/// Where the kernel arrives, as text; or "errno N".
std::string kernel_walk(const HostPath& path) {
  const UniqueFd fd(::open(path.text().c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return "errno " + std::to_string(errno);
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd.get())).string();
}

std::string facts_walk(const HostPath& path) {
  HostFacts facts;
  probe({.paths = {path}}, facts);
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, path);
  if (!lens.wanted().empty()) return "one round was not enough";
  return std::visit(Overloaded{[](const Found& found) { return found.real.text(); },
                               [](const Missing& missing) {
                                 return "errno " + std::to_string(missing.not_a_directory ? ENOTDIR : ENOENT);
                               },
                               [](const Refused& refused) { return "errno " + std::to_string(refused.errno_value); },
                               [](const Loop&) { return "errno " + std::to_string(ELOOP); }},
                    resolution);
}

std::string any_word(std::initializer_list<std::string> words) {
  return *rc::gen::elementOf(std::vector<std::string>(words));
}

/// A link's target out of the few names that there are, with all that the kernel takes between them.
std::string any_target(const Scratch& scratch) {
  std::string target = *rc::gen::arbitrary<bool>() ? scratch.at("").text() + "/" : "";
  const int names = *rc::gen::inRange(1, 5);
  for (int i = 0; i < names; ++i)
    target += any_word({"a", "b", "c", "d", "file", ".", "..", "no"}) + any_word({"/", "//", "/./"});
  return *rc::gen::arbitrary<bool>() ? target : target + any_word({"a", "b", "file"});
}

RC_GTEST_PROP(WalkProperty, AgreesWithTheKernel, ()) {
  const Scratch scratch;
  scratch.file("file");
  for (const std::string directory : {"", "d/", "d/d/"}) {
    scratch.directory(directory + "d");
    scratch.file(directory + "d/file");
    for (const std::string name : {"a", "b", "c"}) scratch.link(directory + name, any_target(scratch));
  }
  for (int asked = 0; asked < 8; ++asked) {
    std::string name = any_word({"a", "b", "c", "d"});
    const int more = *rc::gen::inRange(0, 3);
    for (int i = 0; i < more; ++i) name += "/" + any_word({"a", "b", "c", "d", "file", "no"});
    RC_ASSERT(facts_walk(scratch.at(name)) == kernel_walk(scratch.at(name)));
  }
}

}  // namespace
}  // namespace fence
