#include "base/json.h"

#include <algorithm>

#include "base/errors.h"

namespace faceplate {
namespace {

bool key_before(const std::pair<std::string, Json>& one,
                const std::pair<std::string, Json>& other) {
  return one.first < other.first;  // UTF-8 sorts as code points do
}

// The bytes of the character that begins here: 0 where none does.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // RFC 3629, 4: no overlong forms, no surrogates, nothing beyond U+10FFFF.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return size;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Json whole() {
    Json data = value(0);
    skip_space();
    if (at_ != text_.size()) fail("something follows its end");
    return data;
  }

 private:
  [[noreturn]] void fail(const char* why) const {
    throw Error(kMessageMalformed, "the " + where_ + " is not JSON of whole numbers: " + why +
                                       " (byte " + std::to_string(at_) + ")");
  }

  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (next() == ' ' || next() == '\t' || next() == '\n' || next() == '\r') ++at_;
  }

  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json value(int depth) {
    if (depth > kMostDepth) fail("it is nested too deep");
    skip_space();
    switch (next()) {
      case '{':
        return Json{object(depth)};
      case '[':
        return Json{list(depth)};
      case '"':
        return Json{text()};
      default:
        break;
    }
    if (take("null")) return Json{};
    if (take("true")) return Json{true};
    if (take("false")) return Json{false};
    return Json{number()};
  }

  std::int64_t number() {
    const bool negative = take("-");
    const std::size_t begin = at_;
    std::int64_t number = 0;
    while (next() >= '0' && next() <= '9') {
      number = 10 * number + (next() - '0');
      if (number > kGreatest) fail("a number is above 2^53 - 1");
      ++at_;
    }
    if (at_ == begin) fail("no value stands there");
    if (text_[begin] == '0' && at_ - begin > 1) fail("a number begins with 0");
    return negative ? -number : number;
  }

  std::string text() {
    std::string found;
    ++at_;
    while (next() != '"') {
      if (at_ >= text_.size()) fail("a text does not end");
      if (static_cast<unsigned char>(next()) < 0x20) fail("a control character is not escaped");
      if (next() == '\\') {
        ++at_;
        escaped(found);
        continue;
      }
      const std::size_t size = character_size(text_.substr(at_));
      if (size == 0) fail("it is not UTF-8");
      found.append(text_.substr(at_, size));
      at_ += size;
    }
    ++at_;
    return found;
  }

  void escaped(std::string& found) {
    static constexpr std::string_view kShort = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const std::size_t index = kShort.find(next());
    if (at_ < text_.size() && index != std::string_view::npos) {
      ++at_;
      found.push_back(kMeant[index]);
      return;
    }
    std::uint32_t code = unit();
    if (code >= 0xd800 && code < 0xdc00 && next() == '\\') {
      ++at_;
      const std::uint32_t low = unit();
      if (low < 0xdc00 || low > 0xdfff) fail("a surrogate stands alone");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code < 0xe000) fail("a surrogate stands alone");
    append_utf8(found, code);
  }

  std::uint32_t unit() {
    if (!take("u")) fail("no such escape");
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char digit = next();
      const std::size_t number =
          std::string_view("0123456789abcdef").find(static_cast<char>(digit | 0x20));
      if (number == std::string_view::npos || digit < '0') fail("no such escape");
      code = code << 4 | static_cast<std::uint32_t>(number);
    }
    return code;
  }

  // Reads what stands between brackets, item by item.
  template <class Item>
  void items(char end, Item item) {
    ++at_;
    skip_space();
    if (next() == end) {
      ++at_;
      return;
    }
    while (true) {
      item();
      skip_space();
      if (next() == end) {
        ++at_;
        return;
      }
      if (!take(",")) fail("a list or object does not go on");
    }
  }

  Json::List list(int depth) {
    Json::List found;
    items(']', [&] { found.push_back(value(depth + 1)); });
    return found;
  }

  Json::Object object(int depth) {
    Json::Object found;
    items('}', [&] {
      skip_space();
      if (next() != '"') fail("a name is no text");
      std::string name = text();
      skip_space();
      if (!take(":")) fail("a name has no value");
      found.emplace_back(std::move(name), value(depth + 1));
    });
    std::stable_sort(found.begin(), found.end(), key_before);
    const auto same = [](const auto& one, const auto& other) { return one.first == other.first; };
    if (std::adjacent_find(found.begin(), found.end(), same) != found.end()) {
      fail("a key stands twice");
    }
    return found;
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
};

void print_text(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char byte : text) {
    const auto number = static_cast<unsigned char>(byte);
    static constexpr std::string_view kShort = "\"\\\b\t\n\f\r", kWritten = "\"\\btnfr";
    const std::size_t index = kShort.find(byte);
    if (index != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kWritten[index]);
    } else if (number < 0x20) {
      out.append("\\u00").push_back(kDigits[number >> 4]);
      out.push_back(kDigits[number & 15]);
    } else {
      out.push_back(byte);
    }
  }
  out.push_back('"');
}

void print(std::string& out, const Json& data);

void print_object(std::string& out, const Json::Object& object) {
  std::vector<const Json::Object::value_type*> fields;
  for (const auto& field : object) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(),
            [](const auto* one, const auto* other) { return key_before(*one, *other); });
  out.push_back('{');
  for (const auto* field : fields) {
    if (field != fields.front()) out.push_back(',');
    print_text(out, field->first);
    out.push_back(':');
    print(out, field->second);
  }
  out.push_back('}');
}

void print(std::string& out, const Json& data) {
  if (data.is_null()) {
    out += "null";
  } else if (const bool* flag = data.as<bool>()) {
    out += *flag ? "true" : "false";
  } else if (const std::int64_t* number = data.as<std::int64_t>()) {
    out += std::to_string(*number);
  } else if (const std::string* text = data.as<std::string>()) {
    print_text(out, *text);
  } else if (const Json::List* list = data.as<Json::List>()) {
    out.push_back('[');
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out.push_back(',');
      print(out, (*list)[i]);
    }
    out.push_back(']');
  } else {
    print_object(out, *data.as<Json::Object>());
  }
}

}  // namespace

const Json* Json::field(std::string_view name) const {
  const Object* object = as<Object>();
  if (object == nullptr) return nullptr;
  for (const auto& [key, found] : *object) {
    if (key == name) return &found;
  }
  return nullptr;
}

Json read_json(std::string_view text, const std::string& where) {
  return Parser(text, where).whole();
}

std::string canonical(const Json& data) {
  std::string out;
  print(out, data);
  return out;
}

std::int64_t count_characters(std::string_view text) {
  std::int64_t count = 0;
  for (; !text.empty(); ++count) {
    const std::size_t size = character_size(text);
    if (size == 0) return -1;
    text.remove_prefix(size);
  }
  return count;
}

}  // namespace faceplate
