// The wire: a message becomes signed parts, hostile parts become a message or a named error.
//
//     [VERSION, kind, header, signature, buffer...]
//
// Rules of this file:
//   - Pure: no socket, no clock, no file. plugin_host/PROTOCOL.md is the specification.
//   - Nothing is parsed before VERSION and the signature have been checked.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/messages.h"

namespace faceplate {

inline constexpr std::string_view kVersion = "FACEPL01";
inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 32;
inline constexpr std::size_t kMostHeaderBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMostPartBytes = std::size_t{512} << 20;
inline constexpr std::size_t kMostBuffers = 16;
inline constexpr std::size_t kMostKindBytes = 64;
inline constexpr std::string_view kNoRequest = "00000000000000000000000000000000";

// A message with what the wire says about it.
struct Envelope {
  Message message;
  std::string request;
  std::string session;
  std::int64_t counter = 0;
  std::vector<std::string_view> buffers;  // bytes of others: of the parts, or of who sends them
};

// 128 random bits as 32 hexadecimal digits. Throws where the system gives no random bytes.
std::string new_id();

// The first four parts of a message; its buffers follow as they are.
std::array<std::string, 4> encode(const Envelope& envelope, std::string_view key);

// Turns received parts into a message whose buffers look into them. Throws what PROTOCOL.md,
// 4.4 says, in that order.
Envelope decode(const std::vector<std::string_view>& parts, std::string_view key);

// One direction of a session: counts what is sent, refuses what was received before.
class Counter {
 public:
  std::int64_t next() { return ++sent_; }

  // Throws protocol.replayed where it is not above the last one.
  void check(std::int64_t counter);

 private:
  std::int64_t sent_ = 0;
  std::int64_t received_ = 0;
};

// The error that a reply carries.
Error raised(const Failed& reply);

}  // namespace faceplate
