#include "readers.h"

#include "fence/util/text.h"

namespace fence {

void report(const Reading& in, const Origin& origin, std::string what, std::string hint) {
  in.errors.push_back({.kind = ErrorKind::Config, .what = std::move(what), .origin = origin, .hint = std::move(hint)});
}

void wrong_type(const Reading& in) {
  const bool bare_entry = in.row.merge == MergeRule::Append && std::holds_alternative<std::string>(in.value.data);
  report(in, in.value.origin,
         std::string(in.row.key) + " must be " + std::string(in.row.type) + ", not " + std::string(type_name(in.value)),
         bare_entry ? "put it in brackets: [\"...\"]" : "");
}

void wrong_word(const Reading& in, const std::string& choice, std::span<const std::string_view> words) {
  const auto meant = did_you_mean(choice, words);
  report(in, in.value.origin,
         std::string(in.row.key) + " must be " + std::string(in.row.type) + ", not \"" + escape_bytes(choice) + "\"",
         meant ? "did you mean \"" + *meant + "\"?" : std::string());
}

void read_flag(const Reading& in, std::optional<Sourced<bool>>& slot) {
  const bool* flag = std::get_if<bool>(&in.value.data);
  if (flag == nullptr) return wrong_type(in);
  slot = {*flag, in.value.origin};
}

}  // namespace fence
