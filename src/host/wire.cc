#include "wire.h"

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace fence::wire {
namespace {

[[noreturn]] void malformed() { throw std::runtime_error("what was said about paths cannot be read"); }

// ---- the fields of each struct, once for writing and reading --------------------------------------------------

template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

void each(auto& go, Is<FileId> auto& v) { go(v.device, v.inode); }
void each(auto& go, Is<MountFlags> auto& v) { go(v.read_only, v.nosuid, v.nodev, v.noexec); }
void each(auto& go, Is<Present> auto& v) { go(v.kind, v.fs, v.id, v.uid, v.gid, v.mode, v.rdev, v.mount); }
void each(auto& go, Is<Link> auto& v) { go(v.target); }
void each(auto&, Is<Absent> auto&) {}
void each(auto& go, Is<Unreadable> auto& v) { go(v.errno_value); }
void each(auto& go, Is<GlobQuery> auto& v) { go(v.base, v.pattern); }
void each(auto& go, Is<Globbed> auto& v) { go(v.matches, v.closed); }
void each(auto& go, Is<WalkBound> auto& v) { go(v.which, v.entries, v.at); }
void each(auto& go, Is<Request> auto& v) {
  go(v.paths, v.listings, v.texts, v.programs, v.globs, v.settings, v.walk_entries, v.walk_milliseconds);
}
void each(auto& go, Is<Answer> auto& v) { go(v.paths, v.listings, v.texts, v.globs, v.settings); }

// ---- writing --------------------------------------------------------------------------------------------------

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writer {
 public:
  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }
  std::string take() && { return std::move(out_); }

 private:
  template <Plain T>
  void put(const T& value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const std::string& text) {
    put(text.size());
    out_ += text;
  }
  void put(const HostPath& path) { put(path.text()); }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class... Ts>
  void put(const std::variant<Ts...>& value) {
    put(static_cast<std::uint8_t>(value.index()));
    std::visit([this](const auto& v) { this->put(v); }, value);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put_all(values);
  }
  template <class T>
  void put(const std::set<T>& values) {
    put_all(values);
  }
  template <class K, class V>
  void put(const std::map<K, V>& values) {
    put_all(values);
  }
  void put_all(const auto& values) {
    put(values.size());
    for (const auto& value : values) put(value);
  }
  template <class Struct>
  requires std::is_class_v<Struct>
  void put(const Struct& value) { each(*this, value); }

  std::string out_;
};

// ---- reading --------------------------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class... Values>
  void operator()(Values&... values) {
    (take(values), ...);
  }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view bytes(std::size_t size) {
    if (size > rest_.size()) malformed();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <class T>
  T next() {
    T value{};
    take(value);
    return value;
  }
  template <Plain T>
  void take(T& value) {
    bytes(sizeof value).copy(reinterpret_cast<char*>(&value), sizeof value);
  }
  void take(std::string& text) { text = bytes(next<std::size_t>()); }
  void take(HostPath& path) {
    Result<HostPath> read = HostPath::parse(bytes(next<std::size_t>()));
    if (!read) malformed();
    path = *std::move(read);
  }
  template <class T>
  void take(std::optional<T>& value) {
    value.reset();
    if (next<bool>()) value = next<T>();
  }
  template <class... Ts>
  void take(std::variant<Ts...>& value) {
    const std::size_t index = next<std::uint8_t>();
    std::size_t at = 0;
    const bool known = ((at++ == index ? (value = next<Ts>(), true) : false) || ...);
    if (!known) malformed();
  }
  template <class A, class B>
  void take(std::pair<A, B>& value) {
    take(value.first);
    take(value.second);
  }
  template <class T>
  void take(std::vector<T>& values) {
    for (auto left = next<std::size_t>(); left > 0; --left) values.push_back(next<T>());
  }
  // What was written in order is put in at the end.
  template <class T>
  void take(std::set<T>& values) {
    for (auto left = next<std::size_t>(); left > 0; --left) values.insert(values.end(), next<T>());
  }
  template <class K, class V>
  void take(std::map<K, V>& values) {
    for (auto left = next<std::size_t>(); left > 0; --left) {
      auto key = next<K>();
      values.emplace_hint(values.end(), std::move(key), next<V>());
    }
  }
  template <class Struct>
  requires std::is_class_v<Struct>
  void take(Struct& value) { each(*this, value); }

  std::string_view rest_;
};

template <class Message>
std::string encoded(const Message& message) {
  Writer writer;
  writer(message);
  return std::move(writer).take();
}

template <class Message>
Message decoded(std::string_view bytes) {
  Reader reader(bytes);
  Message message;
  reader(message);
  if (!reader.at_end()) malformed();
  return message;
}

}  // namespace

std::string encode(const Request& request) { return encoded(request); }
std::string encode(const Answer& answer) { return encoded(answer); }
Request decode_request(std::string_view bytes) { return decoded<Request>(bytes); }
Answer decode_answer(std::string_view bytes) { return decoded<Answer>(bytes); }

}  // namespace fence::wire
