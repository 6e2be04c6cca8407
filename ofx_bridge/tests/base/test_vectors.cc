// The same vectors as every implementation's: tests/vectors/protocol/README.md.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "base/protocol.h"
#include "base/sha256.h"

using namespace faceplate;

namespace {

Json load(const std::string& name) {
  std::ifstream file(std::string(VECTORS) + "/" + name + ".json", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  const Json data = read_json(text.str(), name);
  REQUIRE(*data.field("schema")->as<std::string>() == "protocol-vectors.1");
  REQUIRE(*data.field("version")->as<std::string>() == kVersion);
  return *data.field("tests");
}

const std::string& text_in(const Json& data, const char* name) {
  return *data.field(name)->as<std::string>();
}

struct Part {
  explicit Part(const Json& shown) {
    if (const auto* digits = shown.as<std::string>()) {
      own = unhex(*digits);
      bytes = own;
      return;
    }
    const Json::List& repeat = *shown.field("repeat")->as<Json::List>();
    const char byte = unhex(*repeat[0].as<std::string>())[0];
    const auto count = static_cast<std::size_t>(*repeat[1].as<std::int64_t>());
    if (byte != 0) {
      own = std::string(count, byte);
      bytes = own;
      return;
    }
    zeros.reset(static_cast<char*>(std::calloc(count, 1)));  // untouched, it costs nothing
    REQUIRE(zeros);
    bytes = {zeros.get(), count};
  }
  Part(const Part&) = delete;

  std::string own;
  std::unique_ptr<char, decltype(&std::free)> zeros{nullptr, &std::free};
  std::string_view bytes;
};

using Held = std::vector<std::unique_ptr<Part>>;

std::vector<std::string_view> parts_of(const Json& shown, Held& held) {
  std::vector<std::string_view> parts;
  for (const Json& part : *shown.as<Json::List>()) {
    held.push_back(std::make_unique<Part>(part));
    parts.push_back(held.back()->bytes);
  }
  return parts;
}

bool has_flag(const Json& test, const std::string& flag) {
  for (const Json& word : *test.field("flags")->as<Json::List>()) {
    if (*word.as<std::string>() == flag) return true;
  }
  return false;
}

std::vector<std::string_view> sent(const Envelope& envelope,
                                   const std::array<std::string, 4>& head) {
  std::vector<std::string_view> parts(head.begin(), head.end());
  parts.insert(parts.end(), envelope.buffers.begin(), envelope.buffers.end());
  return parts;
}

Envelope received(const std::vector<std::string_view>& parts, const std::string& key,
                  const Json* state) {
  Envelope envelope = decode(parts, key);
  if (state != nullptr) {
    const Json* last = state->field(envelope.session);
    if (last == nullptr) throw Error(kSessionUnknown, "not granted by this engine");
    Counter counter;
    counter.check(*last->as<std::int64_t>());
    counter.check(envelope.counter);
  }
  return envelope;
}

void check_as_told(const Json& test, const Envelope& got,
                   const std::vector<std::string_view>& parts, const std::string& key) {
  const Json& told = *test.field("message");
  CHECK(kind_of(got.message) == text_in(told, "kind"));
  CHECK(got.request == text_in(told, "request"));
  CHECK(got.session == text_in(told, "session"));
  CHECK(got.counter == *told.field("counter")->as<std::int64_t>());
  Held held;
  CHECK(got.buffers == parts_of(*told.field("buffers"), held));
  const auto head = encode(got, key);
  if (has_flag(test, "Lenient")) {
    const Envelope again = decode(sent(got, head), key);
    CHECK(canonical(to_json(again.message)) == canonical(to_json(got.message)));
  } else {
    CHECK(canonical(to_json(got.message)) == canonical(*told.field("body")));
    CHECK(sent(got, head) == parts);
  }
}

void run(const std::string& name) {
  const Json tests = load(name);
  CHECK(tests.as<Json::List>()->size() > 20);
  for (const Json& test : *tests.as<Json::List>()) {
    CAPTURE(text_in(test, "id"));
    Held held;
    const std::vector<std::string_view> parts = parts_of(*test.field("parts"), held);
    const std::string key = unhex(text_in(test, "key"));
    const bool valid = text_in(test, "result") == "valid";
    try {
      const Envelope envelope = received(parts, key, test.field("state"));
      CHECK(valid);
      if (valid) check_as_told(test, envelope, parts, key);
    } catch (const Error& error) {
      const Json& wanted = *test.field("error");
      CHECK(error.code() == (wanted.is_null() ? "none" : *wanted.as<std::string>()));
      CHECK(std::string(error.what()).size() <= 500);
      if (valid) MESSAGE(error.what());
    }
  }
}

}  // namespace

TEST_CASE("when_valid_vectors_are_received_then_they_are_understood_and_sent_again") {
  run("valid");
}
TEST_CASE("when_invalid_vectors_are_received_then_each_is_refused_with_its_code") {
  run("invalid");
}
TEST_CASE("when_hostile_vectors_are_received_then_refusing_is_short") { run("hostile"); }

TEST_CASE("when_an_id_is_drawn_then_it_is_32_digits_and_another_each_time") {
  const std::string one = new_id(), other = new_id();
  CHECK(is_hex<32>(one));
  CHECK(one != other);
}
