// The shipped profiles, as they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fence/config/config.h"
#include "fence/util/text.h"

namespace fence {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> messages(const Errors& errors) {
  std::vector<std::string> texts;
  for (const Error& error : errors) texts.push_back(to_string(error));
  return texts;
}

TextFact nothing_there(const HostPath&) { return Absent{}; }

ConfigRequest request(std::vector<std::string> profiles) {
  ValueArray names;
  for (std::string& name : profiles) names.push_back({std::move(name), {LayerKind::CommandLine, "--profile"}});
  ConfigRequest request{.environment = {{"HOME", "/home/u"}}, .home_by_nss = "/home/u"};
  put_value(request.command_line, "profile", {std::move(names), {LayerKind::CommandLine, "--profile"}});
  return request;
}

Policy policy_of(const ConfigRequest& asked) {
  const auto config = load_config(asked, nothing_there);
  if (config) return merge(config->layers);
  for (const std::string& text : messages(config.error())) ADD_FAILURE() << text;
  return {};
}

const Ranked<PathRule>* find_rule(const Policy& policy, PathList list, const RulePath& path) {
  const auto found = std::find_if(policy.paths.begin(), policy.paths.end(), [&](const Ranked<PathRule>& rule) {
    return rule.value.list == list && rule.value.path == path;
  });
  return found == policy.paths.end() ? nullptr : &*found;
}

RulePath host(std::string_view path) { return *HostPath::parse(path); }

bool drops(const Policy& policy, std::string_view variable) {
  return std::any_of(policy.environment_deny.begin(), policy.environment_deny.end(),
                     [&](const auto& deny) { return wildcard_match(deny.value.pattern, variable); });
}

TEST(ShippedProfiles, AreTheseAndEachCanBeUsed) {
  std::vector<std::string> names;
  for (const ShippedProfile& profile : shipped_profiles()) {
    names.emplace_back(profile.name);
    const auto config = load_config(request({std::string(profile.name)}), nothing_there);
    EXPECT_TRUE(config) << profile.name << ": " << ::testing::PrintToString(messages(config.error()));
  }
  EXPECT_THAT(names, ElementsAre("base", "credentials", "landlock", "readonly", "root", "strict", "system", "workspace",
                                 "wsl"));
}

TEST(ShippedProfiles, EveryHiddenPathIsOptionalAndSaysWhy) {
  for (const ShippedProfile& profile : shipped_profiles()) {
    for (const auto& rule : policy_of(request({std::string(profile.name)})).paths) {
      if (rule.value.list != PathList::DenyRead) continue;
      EXPECT_FALSE(rule.value.why.empty()) << to_string(rule.origin);
      EXPECT_TRUE(rule.value.optional) << to_string(rule.origin);
    }
  }
}

TEST(ShippedProfiles, EveryProtectedPathAndDroppedVariableSaysWhy) {
  const Policy policy = policy_of(request({"base"}));
  for (const auto& rule : policy.paths) EXPECT_FALSE(rule.value.why.empty()) << to_string(rule.origin);
  for (const auto& deny : policy.environment_deny) EXPECT_FALSE(deny.value.why.empty()) << deny.value.pattern;
}

TEST(ShippedProfiles, NoPathStandsTwiceInOneProfile) {
  for (const ShippedProfile& profile : shipped_profiles()) {
    std::vector<std::pair<PathList, RulePath>> seen;
    const auto config = load_config(request({std::string(profile.name)}), nothing_there);
    ASSERT_TRUE(config);
    for (const SettingsLayer& layer : config->layers) {
      if (layer.name != "profile " + std::string(profile.name)) continue;
      for (const auto& rule : layer.paths) {
        const std::pair key(rule.value.list, rule.value.path);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), key), 0) << to_string(rule.origin);
        seen.push_back(key);
      }
    }
  }
}

TEST(WorkspaceProfile, ShowsTheHostAndWritesTheWorkspace) {
  const Policy policy = policy_of(request({"workspace"}));
  EXPECT_TRUE(find_rule(policy, PathList::AllowRead, host("/")));
  EXPECT_TRUE(find_rule(policy, PathList::AllowWrite, InWorkspace{}));
  EXPECT_FALSE(find_rule(policy, PathList::DenyWrite, InWorkspace{}));
  EXPECT_EQ(policy.network.value, NetworkMode::None);
  EXPECT_FALSE(policy.force_new_session);
}

TEST(WorkspaceProfile, KeepsScratchDirectoriesPrivate) {
  const Policy policy = policy_of(request({"workspace"}));
  const auto mode_of = [&](std::string_view path) -> std::uint32_t {
    for (const auto& rule : policy.scratch) {
      if (rule.value.path == host(path)) return rule.value.mode;
    }
    return 0;
  };
  EXPECT_EQ(mode_of("/tmp"), 01777U);
  EXPECT_EQ(mode_of("/var/tmp"), 01777U);
  EXPECT_EQ(mode_of("/run"), 0755U);
  EXPECT_EQ(mode_of("/home/u/.cache"), 0700U);
  EXPECT_EQ(mode_of("/home/u/.npm"), 0755U);
}

TEST(WorkspaceProfile, HidesCredentials) {
  const Policy policy = policy_of(request({"workspace"}));
  for (const char* path : {"/home/u/.ssh", "/home/u/.gnupg", "/home/u/.aws", "/home/u/.config/gh", "/home/u/.netrc",
                           "/home/u/.npmrc", "/home/u/.mozilla", "/home/u/.bash_history"}) {
    EXPECT_TRUE(find_rule(policy, PathList::DenyRead, host(path))) << path;
  }
  EXPECT_FALSE(find_rule(policy, PathList::DenyRead, host("/home/u/.gitconfig")));
}

TEST(WorkspaceProfile, HidesCredentialsBelowBothHomes) {
  ConfigRequest asked = request({"workspace"});
  asked.environment = {{"HOME", "/tmp/other"}};
  const Policy policy = policy_of(asked);
  EXPECT_TRUE(find_rule(policy, PathList::DenyRead, host("/tmp/other/.ssh")));
  EXPECT_TRUE(find_rule(policy, PathList::DenyRead, host("/home/u/.ssh")));
}

TEST(WorkspaceProfile, HidesCredentialsWhereTheEnvironmentPutsThem) {
  ConfigRequest asked = request({"workspace"});
  asked.environment = {{"HOME", "/home/u"}, {"XDG_CONFIG_HOME", "/srv/cfg"}, {"CARGO_HOME", "/srv/cargo"}};
  const Policy policy = policy_of(asked);
  EXPECT_TRUE(find_rule(policy, PathList::DenyRead, host("/srv/cfg/gh")));
  EXPECT_TRUE(find_rule(policy, PathList::DenyRead, host("/srv/cargo/credentials.toml")));
}

TEST(WorkspaceProfile, WorksWithoutAHomeDirectory) {
  ConfigRequest asked = request({"workspace"});
  asked.environment.clear();
  asked.home_by_nss.clear();
  EXPECT_TRUE(find_rule(policy_of(asked), PathList::AllowRead, host("/")));
}

TEST(WorkspaceProfile, ProtectsWhatTheHostRunsLater) {
  const Policy policy = policy_of(request({"workspace"}));
  for (const char* path : {".git/config", ".git/hooks", ".vscode", ".idea", ".envrc", ".mcp.json", ".claude", ".bashrc",
                           ".zshrc", ".profile", ".bash_profile", ".zshenv", ".zprofile", ".fence.toml"}) {
    EXPECT_TRUE(find_rule(policy, PathList::Protect, InEveryWritableTree{path})) << path;
  }
  EXPECT_TRUE(find_rule(policy, PathList::Protect, host("/home/u/.config/fence")));
}

TEST(WorkspaceProfile, DropsVariablesWithCredentialsAndNoOthers) {
  const Policy policy = policy_of(request({"workspace"}));
  for (const char* name : {"AWS_SECRET_ACCESS_KEY",
                           "AWS_SESSION_TOKEN",
                           "GITHUB_TOKEN",
                           "GH_TOKEN",
                           "NPM_TOKEN",
                           "OPENAI_API_KEY",
                           "ANTHROPIC_API_KEY",
                           "PGPASSWORD",
                           "DB_PASSWORD",
                           "AZURE_CLIENT_SECRET",
                           "GOOGLE_APPLICATION_CREDENTIALS",
                           "SSH_AUTH_SOCK",
                           "DOCKER_HOST",
                           "RAILS_MASTER_KEY",
                           "STRIPE_KEY",
                           "AZURE_STORAGE_KEY",
                           "AZURE_COSMOS_ACCOUNT_KEY",
                           "NPM_AUTH",
                           "HTTP_AUTH_HEADER",
                           "SENTRY_DSN",
                           "CI_JOB_JWT",
                           "CI_JOB_JWT_V2",
                           "JWT_KEY",
                           "RELEASE_COOKIE",
                           "TOKEN_GITHUB",
                           "AWS_WEB_IDENTITY_TOKEN_FILE",
                           "github_token",
                           "client_secret",
                           "db_password",
                           "openai_api_key",
                           "GIT_CONFIG_COUNT",
                           "GIT_CONFIG_KEY_0",
                           "GIT_CONFIG_VALUE_0",
                           "MONGO_URL",
                           "POSTGRES_URL",
                           "AMQP_URL",
                           "CELERY_BROKER_URL",
                           "SLACK_WEBHOOK_URL",
                           "CI_JOB_TOKEN"}) {
    EXPECT_TRUE(drops(policy, name)) << name;
  }
  for (const char* name : {"PATH",
                           "HOME",
                           "PWD",
                           "OLDPWD",
                           "TERM",
                           "LANG",
                           "LC_ALL",
                           "USER",
                           "SHELL",
                           "EDITOR",
                           "XDG_RUNTIME_DIR",
                           "XDG_CONFIG_HOME",
                           "DISPLAY",
                           "TZ",
                           "GIT_AUTHOR_NAME",
                           "PYTHONPATH",
                           "LD_LIBRARY_PATH",
                           "CC",
                           "CFLAGS",
                           "VIRTUAL_ENV",
                           "NODE_ENV",
                           "COLORTERM",
                           "GIT_COMMITTER_EMAIL",
                           "GIT_CONFIG_GLOBAL",
                           "GIT_TERMINAL_PROMPT",
                           "TOKENIZERS_PARALLELISM",
                           "XDG_SESSION_ID",
                           "KEYTIMEOUT",
                           "SSL_CERT_FILE",
                           "HTTPS_PROXY",
                           "npm_config_cache",
                           "CI"}) {
    EXPECT_FALSE(drops(policy, name)) << name;
  }
}

TEST(WorkspaceProfile, SaysOfTheSshAgentWhatItIs) {
  const Policy policy = policy_of(request({"workspace"}));
  const auto first = std::find_if(policy.environment_deny.begin(), policy.environment_deny.end(),
                                  [](const auto& deny) { return wildcard_match(deny.value.pattern, "SSH_AUTH_SOCK"); });
  ASSERT_NE(first, policy.environment_deny.end());
  EXPECT_EQ(first->value.pattern, "SSH_AUTH_SOCK") << "of rows that match, the first gives the reason";
}

TEST(ReadonlyProfile, TakesTheWorkspaceBackFromALowerLayer) {
  const Policy policy = policy_of(request({"readonly"}));
  const auto* allowed = find_rule(policy, PathList::AllowWrite, InWorkspace{});
  const auto* denied = find_rule(policy, PathList::DenyWrite, InWorkspace{});
  ASSERT_TRUE(allowed && denied);
  EXPECT_GT(denied->rank, allowed->rank);
}

TEST(StrictProfile, ShowsNothingOfTheHomeAndNotTheRoot) {
  const Policy policy = policy_of(request({"strict"}));
  EXPECT_FALSE(find_rule(policy, PathList::AllowRead, host("/")));
  for (const auto& rule : policy.paths) {
    const auto* path = std::get_if<HostPath>(&rule.value.path);
    const bool in_home = path != nullptr && HostPath::parse("/home/u")->contains(*path);
    EXPECT_FALSE(in_home && rule.value.list == PathList::AllowRead) << to_string(rule.origin);
  }
  EXPECT_TRUE(find_rule(policy, PathList::AllowWrite, InWorkspace{}));
  EXPECT_TRUE(find_rule(policy, PathList::Protect, InEveryWritableTree{".git/hooks"}));
  EXPECT_TRUE(policy.force_new_session && policy.force_new_session->value);
  EXPECT_TRUE(drops(policy, "GITHUB_TOKEN"));
}

TEST(WslProfile, AppliesOnWslOnly) {
  ConfigRequest asked = request({"workspace"});
  EXPECT_FALSE(find_rule(policy_of(asked), PathList::DenyRead, host("/mnt/wslg")));
  asked.wsl = true;
  EXPECT_TRUE(find_rule(policy_of(asked), PathList::DenyRead, host("/mnt/wslg")));
  EXPECT_TRUE(find_rule(policy_of(asked), PathList::DenyRead, host("/mnt/wsl")));
}

TEST(RootProfile, AppliesToRootOnly) {
  ConfigRequest asked = request({"workspace"});
  EXPECT_FALSE(find_rule(policy_of(asked), PathList::DenyRead, host("/etc/shadow")));
  asked.root = true;
  EXPECT_TRUE(find_rule(policy_of(asked), PathList::DenyRead, host("/etc/shadow")));
  EXPECT_TRUE(find_rule(policy_of(asked), PathList::DenyRead, host("/etc/ssh/ssh_host_ed25519_key")));
}

}  // namespace
}  // namespace fence
