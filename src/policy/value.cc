#include "fence/policy/value.h"

#include "fence/util/result.h"

namespace fence {

std::string_view type_name(const Value& value) noexcept {
  return std::visit(Overloaded{
                        [](bool) { return std::string_view("true or false"); },
                        [](std::int64_t) { return std::string_view("a whole number"); },
                        [](const std::string&) { return std::string_view("a string"); },
                        [](const ValueArray&) { return std::string_view("a list"); },
                        [](const ValueTable&) { return std::string_view("a table"); },
                        [](double) { return std::string_view("a number with a fraction"); },
                    },
                    value.data);
}

}  // namespace fence
