#include "base/schema.h"

#include <algorithm>

namespace faceplate {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_letter(char letter) {
  const char low = static_cast<char>(letter | 0x20);
  return low >= 'a' && low <= 'z';
}

bool is_windows(std::string_view path) {
  if (path.size() >= 2 && path[0] == '\\' && path[1] == '\\') return true;
  return path.size() >= 3 && is_letter(path[0]) && path[1] == ':' &&
         (path[2] == '\\' || path[2] == '/');
}

std::size_t run(std::string_view text, std::size_t most, bool (*fits)(char)) {
  std::size_t count = 0;
  while (count < text.size() && count < most && fits(text[count])) ++count;
  return count;
}

// The length of a signed number of at most nine digits; 0 where none is.
std::size_t number_size(std::string_view text) {
  const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t digits = run(text.substr(sign), 9, is_digit);
  return digits > 0 ? sign + digits : 0;
}

// The length of the frame token that begins here: %04d, ####, @@@@, [1001-1100]; 0 for none.
std::size_t token_size(std::string_view text) {
  if (text[0] == '#') return run(text, 99, [](char letter) { return letter == '#'; });
  if (text[0] == '@') return run(text, 99, [](char letter) { return letter == '@'; });
  if (text[0] == '%') {
    const std::size_t digits = run(text.substr(1), 4, is_digit);
    const bool zero = digits > 0 && text[1] == '0';
    const bool fits = digits <= 2 || (digits == 3 && zero);
    return fits && text.substr(1 + digits, 1) == "d" ? digits + 2 : 0;
  }
  if (text[0] != '[') return 0;
  const std::size_t first = number_size(text.substr(1));
  if (first == 0 || text.substr(1 + first, 1) != "-") return 0;
  const std::size_t last = number_size(text.substr(2 + first));
  return last > 0 && text.substr(2 + first + last, 1) == "]" ? 3 + first + last : 0;
}

bool is_movie(std::string_view name) {
  static constexpr std::string_view kMovies[] = {".mov", ".mp4", ".m4v", ".mxf"};
  if (name.size() < 4) return false;
  std::string end(name.substr(name.size() - 4));
  for (char& letter : end) letter = is_letter(letter) ? static_cast<char>(letter | 0x20) : letter;
  return std::find(std::begin(kMovies), std::end(kMovies), end) != std::end(kMovies);
}

// The last name of a path once its dots are followed; empty for a folder's root.
std::string_view last_name(std::string_view path) {
  const std::string_view separators = is_windows(path) ? "/\\" : "/";
  if (is_windows(path)) path.remove_prefix(2);
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find_first_of(separators));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (name == ".." && !names.empty()) names.pop_back();
    if (!name.empty() && name != "." && name != "..") names.push_back(name);
  }
  return names.empty() ? std::string_view() : names.back();
}

}  // namespace

void malformed(const std::string& where, const std::string& what) {
  throw Error(kMessageMalformed, where.substr(0, 200) + " " + what);
}

std::string Text::from_json(const Json& data, const std::string& where) const {
  const auto* text = data.as<std::string>();
  if (text == nullptr || text->find('\0') != text->npos) malformed(where, "must be a string");
  if (count_characters(*text) > static_cast<std::int64_t>(most)) {
    malformed(where, "is longer than " + std::to_string(most) + " characters");
  }
  if (shape != nullptr && !shape(*text)) malformed(where, "has not the form that it must have");
  return *text;
}

std::int64_t Whole::from_json(const Json& data, const std::string& where) const {
  const auto* number = data.as<std::int64_t>();
  if (number == nullptr) malformed(where, "must be a whole number");
  if (*number < least || *number > most) {
    malformed(where, "must lie between " + std::to_string(least) + " and " + std::to_string(most));
  }
  return *number;
}

bool Flag::from_json(const Json& data, const std::string& where) const {
  const bool* flag = data.as<bool>();
  if (flag == nullptr) malformed(where, "must be true or false");
  return *flag;
}

std::string Choice::from_json(const Json& data, const std::string& where) const {
  const auto* word = data.as<std::string>();
  for (std::string_view left = words; word != nullptr && !left.empty();) {
    const std::string_view known = left.substr(0, left.find('|'));
    if (*word == known) return *word;
    left.remove_prefix(std::min(left.size(), known.size() + 1));
  }
  malformed(where, "must be one of " + std::string(words));
}

FrameRange Frames::from_json(const Json& data, const std::string& where) const {
  const std::string text = Text{65536}.from_json(data, where);
  try {
    return FrameRange::parse(text);
  } catch (const Error& error) {
    throw Error(error.code(), where + ": " + error.what());
  }
}

FieldReader::FieldReader(const Json& data, const std::string& where) : data_(data), where_(where) {
  if (data.as<Json::Object>() == nullptr) malformed(where, "must be an object");
}

void FieldReader::check_all_known() const {
  for (const auto& [name, ignored] : *data_.as<Json::Object>()) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      throw Error(kUnknownField, where_ + " has no field '" + name.substr(0, 40) + "'");
    }
  }
}

bool is_file(std::string_view text) {
  return !text.empty() && text[0] != '.' && text.find_first_of("/\\:") == text.npos;
}

bool is_face(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  const std::size_t digits = run(text, 6, is_digit);
  if (digits == 0 || text[0] == '0') return false;
  text.remove_prefix(digits);
  if (text.empty()) return true;
  const std::int64_t characters = count_characters(text.substr(1));
  return text[0] == '=' && characters >= 1 && characters <= 40 &&
         text.find_first_of("=,", 1) == text.npos;
}

bool is_absolute(std::string_view path) {
  return (!path.empty() && path[0] == '/') || is_windows(path);
}

bool is_plate(std::string_view path) {
  std::string_view name = last_name(path);
  if (name.empty()) return false;
  if (is_movie(name)) return true;
  int tokens = 0;
  while (!name.empty()) {
    const std::size_t size = token_size(name);
    if (size > 0) ++tokens;
    name.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return tokens <= 1;
}

}  // namespace faceplate
