// fuzz TARGET FILE-OR-DIRECTORY...: runs the target with the bytes of each file (of the corpus: tests/fuzz/corpus).
// Built with -Dfuzzing=true it is libFuzzer's program for the target instead: fuzz TARGET [libFuzzer's words].
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "targets.h"

namespace {

const fence::fuzz::Target* chosen = nullptr;

bool choose(std::string_view name) {
  const auto found = std::ranges::find(fence::fuzz::kTargets, name, &fence::fuzz::Target::name);
  chosen = found != std::end(fence::fuzz::kTargets) ? &*found : nullptr;
  if (chosen == nullptr) {
    std::fprintf(stderr, "fuzz: no target %.*s; there are:", static_cast<int>(name.size()), name.data());
    for (const auto& target : fence::fuzz::kTargets) {
      std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
    }
    std::fputc('\n', stderr);
  }
  return chosen != nullptr;
}

}  // namespace

#ifdef FENCE_FUZZING

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc < 2 || !choose((*argv)[1])) std::exit(2);
  // libFuzzer sees its own words only.
  std::rotate(*argv + 1, *argv + 2, *argv + *argc);
  --*argc;
  (*argv)[*argc] = nullptr;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}

#else

int main(int argc, char** argv) {
  if (argc < 3 || !choose(argv[1])) return 2;
  std::vector<std::filesystem::path> files;
  for (const std::string_view name : std::span(argv + 2, static_cast<std::size_t>(argc) - 2)) {
    const std::filesystem::path path(name);
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  }
  // A corpus that is not there would be green for ever.
  if (files.empty()) {
    std::fprintf(stderr, "fuzz: no file to run %s with\n", argv[1]);
    return 1;
  }
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    if (!in) {
      std::fprintf(stderr, "fuzz: cannot read %s\n", file.c_str());
      return 1;
    }
    // Of a target that ends the program this is the last line.
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    chosen->run(bytes);
  }
  return 0;
}

#endif
