#pragma once
// The few ways in which a settings value is read; each row of the settings table uses one of them.
#include <span>
#include <string>
#include <string_view>

#include "choices.h"
#include "fence/policy/settings_table.h"

namespace fence {

/// "KEY must be TYPE, not GOT".
void wrong_type(const Reading& in);
/// `choice` is no word that KEY knows; `words` are, for "did you mean".
void wrong_word(const Reading& in, const std::string& choice, std::span<const std::string_view> words);
/// An error of the value at hand, in the words of the caller.
void report(const Reading& in, const Origin& origin, std::string what, std::string hint = {});

void read_flag(const Reading& in, std::optional<Sourced<bool>>& slot);

template <class T>
void read_choice(const Reading& in, std::optional<Sourced<T>>& slot, std::span<const Choice<T>> choices) {
  const auto* word = std::get_if<std::string>(&in.value.data);
  if (word == nullptr) return wrong_type(in);
  std::vector<std::string_view> words;
  for (const Choice<T>& choice : choices) {
    if (choice.word == *word) {
      slot = {choice.value, in.value.origin};
      return;
    }
    words.push_back(choice.word);
  }
  wrong_word(in, *word, words);
}

/// Calls `each` for every element of a list.
template <class Each>
void read_list(const Reading& in, Each each) {
  const auto* list = std::get_if<ValueArray>(&in.value.data);
  if (list == nullptr) return wrong_type(in);
  for (const Value& element : *list) each(element);
}

void read_paths(const Reading& in, PathList list);
void read_scratch(const Reading& in);
void read_binds(const Reading& in);
void read_device_nodes(const Reading& in);
void read_patterns(const Reading& in, std::vector<Sourced<VariablePattern>>& patterns);
void read_variables(const Reading& in);
void read_calls(const Reading& in, std::vector<Sourced<CallRule>>& calls);
void read_requirements(const Reading& in);
void read_degraded(const Reading& in);
void read_trusted_projects(const Reading& in);
/// A number above 0 in the limit's unit, or "none".
void read_limit(const Reading& in, Limit limit);
/// From 1 to `most`.
void read_number(const Reading& in, std::optional<Sourced<std::uint64_t>>& slot, std::uint64_t most);

}  // namespace fence
