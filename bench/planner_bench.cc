// The planner and the settings alone: no system call, facts as recorded.
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "fence/config/config.h"
#include "fence/plan/plan.h"
#include "support/fake_host.h"

namespace {

using namespace fence;           // NOLINT(google-build-using-namespace)
using namespace fence::testing;  // NOLINT(google-build-using-namespace)

constexpr int kUser = 3;  ///< the rank of a user's own settings

/// A policy, and all that a planner asks for it.
struct Known {
  Policy policy;
  HostFacts facts;
  Request request{{"true"}, {}, {}};
};

Known answered(const FakeHost& host, Policy policy) {
  Known known{std::move(policy), FakeHost(host).facts()};
  known.facts.paths.clear();
  known.facts.texts.clear();
  for (int round = 0; round < 100; ++round) {
    const Planned planned = try_plan(known.policy, known.request, known.facts);
    if (!planned.wanted.empty()) {
      host.answer(planned.wanted, known.facts);
    } else if (planned.plan) {
      return known;
    } else {
      throw std::runtime_error(all_texts(planned.plan.error()));
    }
  }
  throw std::runtime_error("the planner asks for ever");
}

/// Directories of 50 projects with as many files and rules of each kind: shown, hidden, writable, protected.
Known with_rules(int rules) {
  FakeHost fake;
  PolicyBuilder policy;
  policy.allow_read("/");
  for (int i = 0; i < rules; ++i) {
    const std::string project = "/home/ann/src/project-" + std::to_string(i / 50);
    const std::string path = project + "/entry-" + std::to_string(i);
    if (i == 0) fake.dir("/home/ann/src");
    if (i % 50 == 0) fake.dir(project);
    fake.dir(path);
    switch (i % 4) {
      case 0:
        policy.allow_read(path, kUser);
        break;
      case 1:
        policy.deny_read(path, kUser);
        break;
      case 2:
        policy.allow_write(path, kUser);
        break;
      default:
        policy.deny_write(path, kUser);
        break;
    }
  }
  return answered(fake, policy);
}

LoadedConfig default_settings() {
  ConfigRequest request{.environment = {{"HOME", "/home/ann"}},
                        .home_by_nss = "/home/ann",
                        .working_directory = *HostPath::parse("/home/ann/src/p")};
  auto config = load_config(request, [](const HostPath&) -> TextFact { return Absent{}; });
  if (!config) throw std::runtime_error(all_texts(config.error()));
  return *std::move(config);
}

void plan_rules(benchmark::State& state) {
  const Known known = with_rules(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(try_plan(known.policy, known.request, known.facts));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(plan_rules)->RangeMultiplier(10)->Range(100, 100'000)->Unit(benchmark::kMillisecond);

void plan_default_profile(benchmark::State& state) {
  FakeHost fake;
  fake.dir("/home/ann/src").dir("/home/ann/src/p").stand_in("/home/ann/src/p");
  const Known known = answered(fake, merge(default_settings().layers));
  for (auto _ : state) benchmark::DoNotOptimize(try_plan(known.policy, known.request, known.facts));
}
BENCHMARK(plan_default_profile)->Unit(benchmark::kMillisecond);

void read_default_settings(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(merge(default_settings().layers));
}
BENCHMARK(read_default_settings)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
