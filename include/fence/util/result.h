#pragma once
// Errors as values. The names follow std::expected (C++23), so that an alias can replace this later.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fence/util/origin.h"

namespace fence {

/// What kind of thing went wrong; `cli` picks the words and the exit status from it.
enum class ErrorKind : std::uint8_t {
  Usage,        ///< the command line
  Config,       ///< a settings file, profile or value
  Conflict,     ///< two wishes that cannot both hold
  Host,         ///< something about this machine: a missing path, a refused system call
  Unsupported,  ///< this kernel, bwrap or build cannot do what was asked
  Internal,     ///< a broken invariant of fence: a bug
};

/// One thing that went wrong, in the one grammar of fence:
///
///     fence: WHAT: WHY
///       asked for by ORIGIN
///       CONTEXT...
///       hint: HINT
struct Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string what;                    ///< "cannot bind /srv/data read-write"
  std::string why{};                   ///< "no such file or directory"; may be empty
  int errno_value = 0;                 ///< what the kernel said; 0 where it said nothing
  std::optional<Origin> origin{};      ///< who asked
  std::vector<std::string> context{};  ///< further lines, innermost first
  std::string hint{};                  ///< what to do; may be empty
};

/// The hint where a file system does not answer.
inline constexpr std::string_view kStalledHint = "mount it anew or unmount it (umount -l)";

/// All that is wrong at once: whoever collects errors never stops at the first.
using Errors = std::vector<Error>;

/// The text of one error in the grammar above, without a final newline. The parts that come from outside are escaped
/// where the error is made (escape_bytes); what was forgotten there is escaped here (escape_controls), so that no error
/// sends a control sequence to the terminal or has a line that fence did not write.
std::string to_string(const Error& error);

/// The kernel's words for an errno, lower case at the start: "no such file or directory".
/// Independent of the locale.
std::string errno_text(int errno_value);

/// A value, or the reason why there is none.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Precondition: has_value().
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  /// Precondition: !has_value().
  E& error() & { return *std::get_if<1>(&state_); }
  const E& error() const& { return *std::get_if<1>(&state_); }
  E&& error() && { return std::move(*std::get_if<1>(&state_)); }

  /// Adds a line of context to the error, if there is one.
  Result&& context(std::string line) && requires requires(E& e) { e.context.push_back(std::string()); }
  {
    if (auto* e = std::get_if<1>(&state_)) e->context.push_back(std::move(line));
    return std::move(*this);
  }

 private:
  std::variant<T, E> state_;
};

/// The value type of an operation that has nothing to return.
struct Ok {
  friend bool operator==(const Ok&, const Ok&) = default;
};

/// Builds a std::visit visitor from lambdas.
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace fence

#define FENCE_CAT2(a, b) a##b
#define FENCE_CAT(a, b) FENCE_CAT2(a, b)
#define FENCE_TRY_(tmp, decl, expr)        \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  decl = *std::move(tmp)
/// FENCE_TRY(auto x, f()): x is f()'s value, or the enclosing function returns f()'s error.
#define FENCE_TRY(decl, expr) FENCE_TRY_(FENCE_CAT(fence_try_, __COUNTER__), decl, expr)
