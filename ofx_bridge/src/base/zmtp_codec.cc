#include "base/zmtp_codec.h"

#include <algorithm>
#include <map>

namespace faceplate {
namespace {

using namespace std::string_literals;

constexpr unsigned char kMore = 0x01, kLong = 0x02, kCommand = 0x04, kReserved = 0xf8;
constexpr std::size_t kGathered = 4096;  // bytes; up to this size a part is sent with others
constexpr std::size_t kGreetingBytes = 64;

constexpr std::string_view kNull{"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20};

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 80));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

void check_size(std::size_t count, std::size_t largest, std::size_t total) {
  if (count > kMaxParts) throw Error(kMessageOversized, "a message has at most 64 parts");
  if (largest > kMaxPart) {
    throw Error(kMessageOversized,
                "a part of " + std::to_string(largest) + " bytes is above the limit");
  }
  if (total > kMaxMessage) {
    throw Error(kMessageOversized,
                "a message of " + std::to_string(total) + " bytes is above the limit");
  }
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// The string that stands behind its size of so many octets, and the rest in `data`.
std::string_view cut(std::string_view& data, std::size_t octets) {
  const std::uint64_t size = big_endian(data.substr(0, octets));
  if (data.size() < octets || data.size() - octets < size) {
    throw Error(kMessageMalformed, "a ZMTP command ends before its content");
  }
  const std::string_view found = data.substr(octets, size);
  data.remove_prefix(octets + size);
  return found;
}

}  // namespace

std::string_view handshake() {
  // RFC 23, greeting: signature, version 3.0, mechanism, as-server 0 (a must of NULL), 31 zeros.
  // RFC 23, version negotiation: who does not downgrade sends all 64 octets at once, zero padding.
  // RFC 23, NULL: READY is a command whose body is name, then properties (name, 4-octet size,
  // value). RFC 23, identity: an empty one lets the ROUTER choose.
  static const std::string ready =
      "\x05READY\x0bSocket-Type\x00\x00\x00\x06"s + "DEALER\x08Identity\x00\x00\x00\x00"s;
  static const std::string whole =
      "\xff"s + std::string(8, '\0') + "\x7f\x03\x00"s + std::string(kNull) +
      std::string(32, '\0') + static_cast<char>(kCommand) + static_cast<char>(ready.size()) + ready;
  return whole;
}

Pieces::Pieces(const std::vector<std::string_view>& parts) {
  // RFC 23, grammar: a message is one part or more.
  if (parts.empty()) throw Error(kMessageMalformed, "a message has at least one part");
  std::size_t largest = 0, total = 0;
  for (const std::string_view part : parts) {
    largest = std::max(largest, part.size());
    total += part.size();
  }
  check_size(parts.size(), largest, total);
  kept_.emplace_back();
  std::vector<std::pair<std::size_t, std::string_view>> large;  // after which kept piece
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part = parts[i];
    const unsigned flags = i + 1 < parts.size() ? kMore : 0;
    // RFC 23, framing: up to 255 octets the size is one octet, else 64 bits in network order.
    const int octets = part.size() > 255 ? 8 : 1;
    kept_.back().push_back(static_cast<char>(octets == 8 ? flags | kLong : flags));
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
      const std::uint64_t size = part.size();
      kept_.back().push_back(static_cast<char>(size >> shift & 0xff));
    }
    if (part.size() <= kGathered) {
      kept_.back().append(part);
    } else {
      large.emplace_back(kept_.size(), part);
      kept_.emplace_back();
    }
  }
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (!kept_[i].empty()) views_.push_back(kept_[i]);
    if (i < large.size()) views_.push_back(large[i].second);
  }
}

void Decoder::feed(std::string_view bytes, std::deque<Parts>& messages) {
  const std::size_t before = messages.size();
  try {
    while (!failure_ && step(bytes, messages)) {
    }
  } catch (const Error& error) {
    failure_ = error;
  }
  if (failure_ && messages.size() == before) throw Error(*failure_);
}

bool Decoder::collect(std::string_view& bytes) {
  const std::string_view piece = bytes.substr(0, wanted_ - collected_.size());
  collected_.append(piece);
  bytes.remove_prefix(piece.size());
  return collected_.size() == wanted_;
}

void Decoder::expect(State state, std::size_t size) {
  state_ = state;
  wanted_ = size;
  collected_.clear();
}

bool Decoder::step(std::string_view& bytes, std::deque<Parts>& messages) {
  if (!collect(bytes)) return false;
  switch (state_) {
    case State::kGreeting:
      greeting();
      break;
    case State::kFlags:
      flags();
      break;
    case State::kSize:
      size();
      break;
    case State::kCommand:
      command(collected_);
      expect(State::kFlags, 1);
      break;
    case State::kPart:
      parts_bytes_ += collected_.size();
      parts_.push_back(std::move(collected_));
      collected_ = std::string();
      // RFC 23, messages: all parts are delivered together, or none.
      if ((flags_ & kMore) == 0) {
        messages.push_back(std::move(parts_));
        parts_ = Parts();
        parts_bytes_ = 0;
      }
      expect(State::kFlags, 1);
      break;
  }
  return true;
}

void Decoder::greeting() {
  static const char* const kStranger =
      "the other side does not speak ZMTP; it is no Faceplate engine";
  // RFC 23, greeting: FF, eight octets that nobody may interpret, 7F.
  if (collected_[0] != '\xff' || (wanted_ >= 10 && collected_[9] != '\x7f')) {
    throw Error(kVersionMismatch, kStranger);
  }
  if (wanted_ < kGreetingBytes) {
    // RFC 23, version negotiation: accept every higher version, close on one too low.
    if (wanted_ == 11) {
      const int major = static_cast<unsigned char>(collected_[10]);
      if (major < 3) {
        throw Error(kVersionMismatch,
                    "the other side speaks ZMTP " + std::to_string(major) + "; 3 is needed");
      }
    }
    wanted_ = wanted_ == 1 ? 10 : wanted_ == 10 ? 11 : kGreetingBytes;
    return;
  }
  // RFC 23, topology: as-server says nothing under NULL; so it is read over, with the filler.
  // RFC 23, authentication: close when the mechanism is not exactly one's own.
  if (collected_.compare(12, kNull.size(), kNull) != 0) {
    const std::string name = printable(collected_.c_str() + 12).substr(0, 20);
    throw Error(kVersionMismatch,
                "the other side wants the mechanism " + name + "; NULL is needed");
  }
  expect(State::kFlags, 1);
}

void Decoder::flags() {
  flags_ = static_cast<unsigned char>(collected_[0]);
  // RFC 23, framing: bits 7 to 3 are zero; a command never has MORE.
  if ((flags_ & kReserved) != 0 || ((flags_ & kCommand) != 0 && (flags_ & kMore) != 0)) {
    throw Error(kMessageMalformed, "flags " + std::to_string(flags_) + " are not ZMTP 3.0");
  }
  expect(State::kSize, (flags_ & kLong) != 0 ? 8 : 1);
}

void Decoder::size() {
  const std::uint64_t size = big_endian(collected_);
  if ((flags_ & kCommand) != 0) {
    if (size > kMaxCommand) {
      throw Error(kMessageOversized, "a command of " + std::to_string(size) + " bytes");
    }
    expect(State::kCommand, size);
    return;
  }
  // RFC 23, grammar: traffic comes after the handshake.
  if (!ready_) throw Error(kMessageMalformed, "a message before READY");
  check_size(parts_.size() + 1, size, std::min<std::uint64_t>(size, kMaxPart) + parts_bytes_);
  expect(State::kPart, size);
}

void Decoder::command(std::string_view body) {
  std::string_view data = body;
  const std::string_view name = cut(data, 1);
  if (name == "ERROR") {
    // RFC 23, error handling: an ERROR is fatal; its reason is for people.
    throw Error(kProtocolError,
                "the other side refused the connection: '" + printable(cut(data, 1)) + "'");
  }
  if (name != "READY") return;  // other names belong to later versions
  std::string peer = "ROUTER";
  while (!data.empty()) {
    std::string key(cut(data, 1));
    const std::string_view value = cut(data, 4);
    // RFC 23, metadata: the case of names does not count; an empty one is not valid.
    if (key.empty()) throw Error(kMessageMalformed, "a READY property without a name");
    for (char& letter : key) {
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter | 0x20);
    }
    if (key == "socket-type") peer = value;
  }
  // RFC 23, Socket-Type: should be sent; a DEALER goes with these three.
  if (peer != "ROUTER" && peer != "DEALER" && peer != "REP") {
    throw Error(kMessageMalformed,
                "a DEALER cannot talk to the socket type '" + printable(peer) + "'");
  }
  ready_ = true;
}

}  // namespace faceplate
