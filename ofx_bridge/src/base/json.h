// JSON of whole numbers, and the one form of it that is signed (PROTOCOL.md, 4.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace faceplate {

inline constexpr std::int64_t kGreatest = (std::int64_t{1} << 53) - 1;
inline constexpr int kMostDepth = 64;  // no body nests deeper than six levels

// A value: null, true or false, a whole number, a text in UTF-8, a list, or an object.
struct Json {
  using List = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // keys ascend, none stands twice

  std::variant<std::nullptr_t, bool, std::int64_t, std::string, List, Object> value = nullptr;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  bool is_null() const { return as<std::nullptr_t>() != nullptr; }

  // A field of an object; null where it is none, or has no such field.
  const Json* field(std::string_view name) const;
};

// Reads JSON without floats, NaN, repeated keys, lone surrogates, or numbers beyond 2^53 - 1.
// Throws protocol.malformed, which names `where`.
Json read_json(std::string_view text, const std::string& where);

// Writes it in its one form: UTF-8, sorted keys, no spaces. `data` has its keys in any order.
std::string canonical(const Json& data);

// Code points of a text in UTF-8; -1 where it is none.
std::int64_t count_characters(std::string_view text);

}  // namespace faceplate
