// Any words, and any file of words: a value or a refusal, never anything else; and nothing that the words say is lost.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cerrno>

#include "fence/bwrapline/failure.h"
#include "fence/bwrapline/parse.h"

namespace fence::bwrapline {
namespace {

// Mostly words that mean something, so that the parser gets past the first.
rc::Gen<std::string> any_word() {
  return rc::gen::weightedOneOf<std::string>(
      {{6, rc::gen::elementOf(std::vector<std::string>{"--bind",         "--ro-bind-try",
                                                       "--dir",          "--tmpfs",
                                                       "--perms",        "--size",
                                                       "--args",         "--file",
                                                       "--bind-data",    "--overlay-src",
                                                       "--overlay",      "--tmp-overlay",
                                                       "--ro-overlay",   "--setenv",
                                                       "--unsetenv",     "--clearenv",
                                                       "--seccomp",      "--add-seccomp-fd",
                                                       "--cap-add",      "--uid",
                                                       "--hostname",     "--chdir",
                                                       "--lock-file",    "--argv0",
                                                       "--level-prefix", "--unshare-all",
                                                       "--share-net",    "--symlink",
                                                       "--chmod",        "--",
                                                       "--dev",          "--proc",
                                                       "--bind-fd",      "--remount-ro",
                                                       "--sync-fd",      "--info-fd",
                                                       "--userns",       "--disable-userns",
                                                       "--as-pid-1"})},
       {4, rc::gen::elementOf(std::vector<std::string>{"/a", "b/../c", "0755", "5", "6", "-1", "", "cap_chown", "A",
                                                       "A=B", "99999999999999999999", " 5", "0x5", "true"})},
       {1, rc::gen::string<std::string>()}});
}
rc::Gen<std::vector<std::string>> any_words() { return rc::gen::container<std::vector<std::string>>(any_word()); }

Parsed parse_any(const std::vector<std::string>& words, const std::string& file, int number = 5) {
  return parse(words, {"A=1", "PATH=/bin"}, [&](int fd) -> Result<std::string, int> {
    if (fd == number) return file;
    return EBADF;
  });
}

// strtol(3) and the kernel see C strings; a word with a NUL cannot be.
bool is_real(const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(),
                     [](const std::string& word) { return word.find('\0') == std::string::npos; });
}

RC_GTEST_PROP(BwrapWords, AreAValueOrARefusal, ()) {
  const auto words = *any_words();
  const auto file = *rc::gen::string<std::string>();
  RC_PRE(is_real(words));
  const Parsed parsed = parse_any(words, file);
  if (const auto* refusal = std::get_if<Message>(&parsed.outcome)) RC_ASSERT(!refusal->text.empty());
  if (const auto* made = std::get_if<Invocation>(&parsed.outcome)) {
    for (const std::string& variable : made->environment) RC_ASSERT(variable.find('=') != std::string::npos);
    for (const Op& op : made->ops) RC_ASSERT((op.parents_mode & ~0755U) == 0U);
    RC_ASSERT(std::ptrdiff_t(made->command.size()) <= std::ptrdiff_t(words.size()));
    RC_ASSERT(std::equal(made->command.rbegin(), made->command.rend(), words.rbegin()));
  }
}

RC_GTEST_PROP(BwrapWords, MeanTheSameInAFile, ()) {
  const auto words = *any_words();
  RC_PRE(is_real(words));
  // A file may not have another.
  RC_PRE(std::find(words.begin(), words.end(), "--args") == words.end());
  std::vector<std::string> plain = words;
  plain.insert(plain.end(), {"--new-session", "--"});
  std::string file;
  for (const std::string& word : plain) file.append(word).push_back('\0');
  plain.emplace_back("true");
  const Parsed one = parse_any(plain, "", 7);
  const Parsed other = parse_any({"--args", "7", "--", "true"}, file, 7);
  const auto* value = std::get_if<Invocation>(&one.outcome);
  if (value == nullptr || value->command != std::vector<std::string>{"true"}) return;
  RC_ASSERT(std::holds_alternative<Invocation>(other.outcome));
  RC_ASSERT(std::get<Invocation>(other.outcome) == *value);
}

RC_GTEST_PROP(BwrapWords, SettleToAValueOrARefusal, ()) {
  const auto words = *any_words();
  RC_PRE(is_real(words));
  Parsed parsed = parse_any(words, "");
  auto* made = std::get_if<Invocation>(&parsed.outcome);
  if (made == nullptr) return;
  const Caller caller{*rc::gen::elementOf(std::vector<std::uint32_t>{0, 1000}), 0, *rc::gen::arbitrary<bool>(),
                      *rc::gen::arbitrary<bool>()};
  const auto settled = settle(std::move(*made), caller);
  if (!settled) {
    RC_ASSERT(!settled.error().text.empty());
    return;
  }
  RC_ASSERT(settled->uid.has_value() && settled->gid.has_value());
  // Whoever is not root is never without a user namespace.
  RC_ASSERT(caller.uid == 0 || settled->namespaces.user || settled->descriptors.userns != -1);
}

}  // namespace
}  // namespace fence::bwrapline
