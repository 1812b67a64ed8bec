// The keys below `limits`: what they take, and who may set them to what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fence/policy/settings_table.h"
#include "units.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Origin kLimitPlace{LayerKind::User, "s.toml", 3, 5};

Result<SettingsLayer, Errors> layer_with(std::string key, decltype(Value::data) data) {
  ValueTable limits{{std::move(key), kLimitPlace, {std::move(data), kLimitPlace}}};
  const ValueTable table{{"limits", kLimitPlace, {std::move(limits), kLimitPlace}}};
  return read_layer(LayerKind::User, "s.toml", table, {});
}

std::optional<std::uint64_t> limit_read(const std::string& key, decltype(Value::data) data) {
  const auto layer = layer_with(key, std::move(data));
  if (!layer || layer->limits.size() != 1) return std::nullopt;
  EXPECT_EQ(limit_row(layer->limits.begin()->first).name, key);
  EXPECT_EQ(layer->limits.begin()->second.origin, kLimitPlace);
  return layer->limits.begin()->second.value;
}

std::string limit_refusal(const std::string& key, decltype(Value::data) data) {
  const auto layer = layer_with(key, std::move(data));
  return layer || layer.error().size() != 1 ? "taken" : layer.error()[0].what;
}

std::int64_t whole(std::int64_t of) { return of; }
std::string written(const char* of) { return of; }

TEST(ReadLimit, TakesANumberInTheUnitOfTheKey) {
  for (const char* key : {"nofile", "nproc", "as", "fsize", "cpu", "wallTime", "pids", "memory"}) {
    EXPECT_EQ(limit_read(key, whole(7)), 7U) << key;
    EXPECT_EQ(limit_read(key, written("none")), kNoLimit) << key;
  }
}

TEST(ReadLimit, TakesSizesAndTimesWithAUnit) {
  EXPECT_EQ(limit_read("as", written("512M")), 512U << 20U);
  EXPECT_EQ(limit_read("fsize", written("3")), 3U);
  EXPECT_EQ(limit_read("fsize", written("9223372036854775807")), 9223372036854775807U);
  EXPECT_EQ(limit_read("cpu", written("90s")), 90U);
  EXPECT_EQ(limit_read("wallTime", written("10m")), 600U);
  EXPECT_EQ(limit_read("wallTime", written("2h")), 7200U);
}

TEST(ReadLimit, TakesProcessorsWithAFraction) {
  EXPECT_EQ(limit_read("cpus", whole(2)), 2000U);
  EXPECT_EQ(limit_read("cpus", 1.5), 1500U);
  EXPECT_EQ(limit_read("cpus", 0.01), 10U);
  EXPECT_EQ(limit_read("cpus", 1.005), 1005U);
  EXPECT_EQ(limit_read("cpus", whole(100'000)), 100'000'000U);
  EXPECT_EQ(limit_read("cpus", written("none")), kNoLimit);
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  for (const double wrong :
       {0.0, 0.009, 0.0105, -1.5, 100'001.0, 1e300, kInfinite, -kInfinite, kInfinite - kInfinite}) {
    EXPECT_NE(limit_refusal("cpus", wrong), "taken") << wrong;
  }
  EXPECT_EQ(limit_read("cpus", written("1.5")), 1500U);
  EXPECT_EQ(limit_read("cpus", written("0.010")), 10U);
  for (const char* wrong :
       {"", ".", "1.", ".5", "1.2345", "0.009", "-1", "+1", "1e3", "1.-5", "100000.001", "99999999999999999999"}) {
    EXPECT_NE(limit_refusal("cpus", written(wrong)), "taken") << wrong;
  }
  EXPECT_EQ(
      limit_refusal("cpus", 0.5001),
      R"(limits.cpus must be a number from 0.01 to 100000 with at most three decimals, as in 2 or 1.5, or "none", )"
      "not a number with a fraction");
  EXPECT_NE(limit_refusal("pids", 1.5), "taken");
  EXPECT_NE(limit_refusal("memory", 1.5), "taken");
}

TEST(ReadLimit, RefusesEverythingElse) {
  EXPECT_EQ(limit_refusal("nofile", whole(0)), R"(limits.nofile must be a whole number above 0, or "none", not 0)");
  EXPECT_EQ(limit_refusal("nproc", written("12")),
            R"(limits.nproc must be a whole number above 0, or "none", not "12")");
  EXPECT_EQ(limit_refusal("as", written("0M")),
            R"(limits.as must be a number of bytes above 0, as in 65536 or "64M" (K, M, G), or "none", not "0M")");
  for (const char* wrong : {"", "M", "1.5M", "-1", "1m", "99999999999G", "9223372036854775808"}) {
    EXPECT_NE(limit_refusal("fsize", written(wrong)), "taken") << wrong;
  }
  EXPECT_EQ(limit_refusal("wallTime", written("5M")),
            R"(limits.wallTime must be a number of seconds above 0, as in 90 or "10m" (s, m, h), or "none", not "5M")");
  EXPECT_NE(limit_refusal("wallTime", whole(-5)), "taken");
  EXPECT_NE(limit_refusal("cpu", true), "taken");
  // Always 0, and no setting.
  EXPECT_EQ(limit_refusal("core", whole(5)), R"(unknown setting "limits.core")");
}

TEST(Units, AreChecked) {
  EXPECT_EQ(bytes_of("17179869184G"), std::nullopt);
  EXPECT_EQ(bytes_of("17179869183G"), 17179869183U << 30U);
  EXPECT_EQ(seconds_of("h"), std::nullopt);
  EXPECT_EQ(seconds_of("5124095576030431h"), 5124095576030431U * 3600);
  EXPECT_EQ(seconds_of("5124095576030432h"), std::nullopt);
}

SettingsLayer limiting(std::uint64_t value, LayerKind kind, Authority authority = Authority::Free) {
  SettingsLayer layer{.kind = kind, .name = "dir/x", .authority = authority};
  layer.limits[Limit::OpenFiles] = {value, {kind, "x", 1, 0}};
  return layer;
}

std::uint64_t limit_now(const std::vector<SettingsLayer>& layers) {
  const Policy policy = merge(layers);
  const auto found = policy.limits.find(Limit::OpenFiles);
  return found == policy.limits.end() ? 0 : found->second.value;
}

std::vector<std::string> limit_faults(const std::vector<SettingsLayer>& layers) {
  std::vector<std::string> out;
  for (const Error& error : check_authority(layers)) out.push_back(error.what + ": " + error.why);
  return out;
}

TEST(MergeLimits, TheHigherLayerReplaces) {
  const auto user = limiting(100, LayerKind::User), line = limiting(200, LayerKind::CommandLine);
  EXPECT_EQ(limit_now({user, line}), 200U);
  EXPECT_EQ(limit_now({user, limiting(kNoLimit, LayerKind::CommandLine)}), kNoLimit);
  EXPECT_THAT(limit_faults({user, line}), IsEmpty());
  EXPECT_EQ(limit_now({user, {}}), 100U);
}

TEST(MergeLimits, AProjectOnlyLowers) {
  const auto project = [](std::uint64_t value) { return limiting(value, LayerKind::Project, Authority::TightenOnly); };
  const auto user = limiting(100, LayerKind::User);
  EXPECT_EQ(limit_now({user, project(50)}), 50U);
  EXPECT_EQ(limit_now({project(50)}), 50U);
  EXPECT_THAT(limit_faults({user, project(50)}), IsEmpty());
  EXPECT_EQ(limit_now({user, project(200)}), 100U);
  EXPECT_THAT(limit_faults({user, project(200)}),
              ElementsAre("cannot take limits.nofile = 200: a project that nobody trusts "
                          "can only restrict"));
  EXPECT_THAT(limit_faults({user, project(kNoLimit)}),
              ElementsAre("cannot take limits.nofile = \"none\": a project that "
                          "nobody trusts can only restrict"));
  // Trusted, it may.
  EXPECT_EQ(limit_now({user, limiting(200, LayerKind::Project)}), 200U);
}

TEST(MergeLimits, NobodyRaisesWhatIsEnforced) {
  const auto enforced = limiting(100, LayerKind::System, Authority::Enforced);
  EXPECT_EQ(limit_now({limiting(50, LayerKind::CommandLine), enforced}), 50U);
  EXPECT_EQ(limit_now({limiting(200, LayerKind::CommandLine), enforced}), 100U);
  EXPECT_THAT(limit_faults({limiting(50, LayerKind::CommandLine), enforced}), IsEmpty());
  EXPECT_THAT(limit_faults({limiting(200, LayerKind::CommandLine), enforced}),
              ElementsAre("cannot take limits.nofile = 200: limits.nofile = 100 is enforced"));
  EXPECT_THAT(limit_faults({limiting(kNoLimit, LayerKind::System, Authority::Enforced)}),
              ElementsAre("cannot take limits.nofile = \"none\": [enforce] can only restrict"));
}

TEST(ShownLimits, AsAFileWouldHaveThem) {
  const auto shown = [](const std::vector<SettingsLayer>& layers) {
    const Policy policy = merge(layers);
    for (const SettingRow& row : settings_table()) {
      if (row.key == "limits.nofile") return row.show({policy, layers, {}});
    }
    return std::vector<ShownValue>{};
  };
  EXPECT_THAT(shown({}), IsEmpty());
  EXPECT_EQ(shown({limiting(100, LayerKind::User)})[0].toml, "100");
  EXPECT_EQ(shown({limiting(kNoLimit, LayerKind::User)})[0].toml, "\"none\"");
  EXPECT_FALSE(shown({limiting(100, LayerKind::User)})[0].enforced);
  EXPECT_TRUE(
      shown({limiting(100, LayerKind::User), limiting(100, LayerKind::System, Authority::Enforced)})[0].enforced);
}

}  // namespace
}  // namespace fence
