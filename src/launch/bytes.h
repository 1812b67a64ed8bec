#pragma once
// Values as the bytes that they are in memory, for a reader of the same build.
#include <string>
#include <type_traits>

namespace fence::launch {

template <class T>
void append_bytes(std::string& bytes, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace fence::launch
