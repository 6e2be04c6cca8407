#include <doctest/doctest.h>

#include "base/zmtp_codec.h"

using namespace faceplate;
using namespace std::string_literals;

namespace {

const std::string kReady(handshake());

std::string wire(const std::vector<std::string_view>& parts) {
  std::string bytes;
  const Pieces pieces(parts);
  for (const std::string_view piece : pieces.views()) bytes += piece;
  return bytes;
}

std::string refusal(const std::string& bytes) {
  Decoder decoder;
  std::deque<Parts> messages;
  try {
    decoder.feed(bytes, messages);
    decoder.feed({}, messages);
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

std::string command(const std::string& body) {
  return "\x04"s + static_cast<char>(body.size()) + body;
}

}  // namespace

TEST_CASE("when_bytes_are_cut_anywhere_then_the_messages_are_the_same") {
  const std::string large(5000, 'L'), middle(300, 'm');
  const std::string bytes = kReady + wire({"one"}) + wire({"", large, middle, "end"});
  for (std::size_t step : {1, 2, 7, 64, 1000, 100000}) {
    Decoder decoder;
    std::deque<Parts> messages;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      decoder.feed(std::string_view(bytes).substr(at, step), messages);
    }
    REQUIRE(messages.size() == 2);
    CHECK(decoder.ready());
    CHECK(messages[0] == Parts{"one"});
    CHECK(messages[1] == Parts{"", large, middle, "end"});
  }
}

TEST_CASE("when_the_greeting_is_anothers_then_it_is_refused_at_once") {
  const std::string version = kReady.substr(0, 10);
  CHECK(refusal("H") == kVersionMismatch);
  CHECK(refusal("HTTP/1.1 400 Bad Request\r\n\r\n") == kVersionMismatch);
  CHECK(refusal("\xff"s + std::string(9, '\0')) == kVersionMismatch);
  CHECK(refusal(version + "\x01") == kVersionMismatch);
  CHECK(refusal(version + "\x04\x00"s + kReady.substr(12)) == "");
  std::string curve = kReady;
  curve.replace(12, 5, "CURVE");
  CHECK(refusal(curve) == kVersionMismatch);
  CHECK(refusal(kReady.substr(0, 63)) == "");
}

TEST_CASE("when_frames_break_the_grammar_then_they_are_refused") {
  const std::string greeting = kReady.substr(0, 64);
  CHECK(refusal(greeting + wire({"early"})) == kMessageMalformed);
  CHECK(refusal(kReady + "\x08\x00"s) == kMessageMalformed);
  CHECK(refusal(kReady + "\x05\x00"s) == kMessageMalformed);
  CHECK(refusal(kReady + "\x02\x00\x00\x00\x00\x20\x00\x00\x01"s) == kMessageOversized);
  CHECK(refusal(kReady + "\x02\xff\xff\xff\xff\xff\xff\xff\xff"s) == kMessageOversized);
  CHECK(refusal(kReady + "\x06\x00\x00\x00\x00\x00\x01\x00\x01"s) == kMessageOversized);
  std::string parts;
  for (int i = 0; i < 65; ++i) parts += "\x01\x00"s;
  CHECK(refusal(kReady + parts) == kMessageOversized);
  CHECK(refusal(greeting + command("\x05"s + "ERROR\x02no")) == kProtocolError);
  CHECK(refusal(greeting + command("\x05"s + "READY\x00\x00\x00\x00\x00"s)) == kMessageMalformed);
  CHECK(refusal(greeting + command("\x05"s + "READY\x04")) == kMessageMalformed);
  CHECK(refusal(greeting + command("\x05"s + "READY\x0bSocket-Type\x00\x00\x00\x03PUB"s)) ==
        kMessageMalformed);
  CHECK(refusal(kReady + command("\x04PING"s)) == "");
}

TEST_CASE("when_a_fault_follows_a_message_then_the_message_comes_first") {
  Decoder decoder;
  std::deque<Parts> messages;
  decoder.feed(kReady + wire({"whole"}) + "\xff", messages);
  REQUIRE(messages.size() == 1);
  CHECK_THROWS_AS(decoder.feed({}, messages), Error);
}

TEST_CASE("when_a_message_cannot_travel_then_it_is_refused") {
  CHECK_THROWS_AS(Pieces(std::vector<std::string_view>()), Error);
  CHECK_THROWS_AS(Pieces(std::vector<std::string_view>(65)), Error);
  const std::string large(100000, 'x');
  const Pieces pieces({"a", large, large, "b"});
  REQUIRE(pieces.views().size() == 5);
  CHECK(pieces.views()[1].data() == large.data());  // uncopied
}
