// Field codecs: how a value of a message becomes JSON and how hostile JSON becomes a value.
//
// Rules of this file:
//   - `to_json` trusts its value, `from_json` trusts nothing.
//   - A refused value throws protocol.malformed (protocol.unknown_field for a field too many) and
//     says where. What is quoted of hostile JSON is cut short.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/frame_range.h"
#include "base/json.h"

namespace faceplate {

inline constexpr std::size_t kMostName = 200;  // characters in a name

[[noreturn]] void malformed(const std::string& where, const std::string& what);

// A text of at most `most` characters, without NUL; of a shape where one is given.
struct Text {
  using Value = std::string;
  std::size_t most = 4096;
  bool (*shape)(std::string_view) = nullptr;

  Json to_json(const std::string& value) const { return Json{value}; }
  std::string from_json(const Json& data, const std::string& where) const;
};

// A whole number between two limits, both included.
struct Whole {
  using Value = std::int64_t;
  std::int64_t least = 0;
  std::int64_t most = kGreatest;

  Json to_json(std::int64_t value) const { return Json{value}; }
  std::int64_t from_json(const Json& data, const std::string& where) const;
};

// True or false.
struct Flag {
  using Value = bool;

  Json to_json(bool value) const { return Json{value}; }
  bool from_json(const Json& data, const std::string& where) const;
};

// One of a few words, which stand with bars between them.
struct Choice {
  using Value = std::string;
  std::string_view words;

  Json to_json(const std::string& value) const { return Json{value}; }
  std::string from_json(const Json& data, const std::string& where) const;
};

// A value or null.
template <class Inner>
struct Maybe {
  using Value = std::optional<typename Inner::Value>;
  Inner inner{};

  Json to_json(const Value& value) const { return value ? inner.to_json(*value) : Json{}; }
  Value from_json(const Json& data, const std::string& where) const {
    if (data.is_null()) return std::nullopt;
    return inner.from_json(data, where);
  }
};

// A list of at most `most` values.
template <class Inner>
struct Several {
  using Value = std::vector<typename Inner::Value>;
  Inner inner{};
  std::size_t most = 1024;

  Json to_json(const Value& value) const {
    Json::List list;
    for (const auto& item : value) list.push_back(inner.to_json(item));
    return Json{std::move(list)};
  }
  Value from_json(const Json& data, const std::string& where) const {
    const auto* list = data.as<Json::List>();
    if (list == nullptr) malformed(where, "must be a list");
    if (list->size() > most) malformed(where, "holds more than " + std::to_string(most) + " items");
    Value value;
    for (const Json& item : *list) {
      value.push_back(inner.from_json(item, where + "[" + std::to_string(value.size()) + "]"));
    }
    return value;
  }
};

// An object of any names with values of one kind.
template <class Inner>
struct Named {
  using Value = std::map<std::string, typename Inner::Value>;
  Inner inner{};
  std::size_t most = 256;

  Json to_json(const Value& value) const {
    Json::Object object;
    for (const auto& [name, item] : value) object.emplace_back(name, inner.to_json(item));
    return Json{std::move(object)};
  }
  Value from_json(const Json& data, const std::string& where) const {
    const auto* object = data.as<Json::Object>();
    if (object == nullptr) malformed(where, "must be an object");
    if (object->size() > most)
      malformed(where, "holds more than " + std::to_string(most) + " names");
    Value value;
    for (const auto& [name, item] : *object) {
      Text{kMostName}.from_json(Json{name}, "a name in " + where);
      value.emplace(name, inner.from_json(item, where + "." + name.substr(0, 40)));
    }
    return value;
  }
};

// A frame range, written as text.
struct Frames {
  using Value = FrameRange;

  Json to_json(const FrameRange& value) const { return Json{value.text()}; }
  FrameRange from_json(const Json& data, const std::string& where) const;
};

enum class Given { kMust, kMay };  // whether a field has to be there

// Reads the fields of an object into a struct, in the order in which the struct names them.
class FieldReader {
 public:
  FieldReader(const Json& data, const std::string& where);

  template <class Codec>
  void operator()(std::string_view name, typename Codec::Value& value, const Codec& codec,
                  Given given = Given::kMust) {
    known_.push_back(name);
    if (const Json* found = data_.field(name)) {
      value = codec.from_json(*found, where_ + "." + std::string(name));
    } else if (given == Given::kMust) {
      malformed(where_ + "." + std::string(name), "is missing");
    }
  }

  // Throws protocol.unknown_field where the object has a field that nobody named.
  void check_all_known() const;

 private:
  const Json& data_;
  const std::string& where_;
  std::vector<std::string_view> known_;
};

// Writes the fields of a struct.
class FieldWriter {
 public:
  template <class Codec>
  void operator()(std::string_view name, const typename Codec::Value& value, const Codec& codec,
                  Given = Given::kMust) {
    fields.emplace_back(std::string(name), codec.to_json(value));
  }

  Json::Object fields;
};

// A struct that names its fields in `static void fields(self, visit)`.
//
// `strict` refuses fields that the struct does not have; else they are ignored, at this level.
template <class T>
struct Record {
  using Value = T;
  bool strict = true;

  Json to_json(const T& value) const {
    FieldWriter writer;
    T::fields(value, writer);
    return Json{std::move(writer.fields)};
  }
  T from_json(const Json& data, const std::string& where) const {
    FieldReader reader(data, where);
    T value;
    T::fields(value, reader);
    if (strict) reader.check_all_known();
    return value;
  }
};

// A record that ignores the fields that it does not have.
template <class T>
inline constexpr Record<T> kTold{false};

// Shapes of texts.
template <std::size_t count>
bool is_hex(std::string_view text) {
  return text.size() == count && text.find_first_not_of("0123456789abcdef") == text.npos;
}
bool is_file(std::string_view text);  // no path, and hidden from nobody
bool is_face(std::string_view text);  // 2, 2=Anna, -2

// Whether the path is absolute on the system that it was written for.
bool is_absolute(std::string_view path);

// Whether a path names a plate: a file whose name holds one frame token at most.
bool is_plate(std::string_view path);

}  // namespace faceplate
