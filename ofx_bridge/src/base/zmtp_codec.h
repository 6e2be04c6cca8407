// ZMTP 3.0 without a socket: a DEALER's bytes under the NULL mechanism, both ways.
//
// Rules of this file:
//   - Pure: bytes and parts, no socket, no clock.
//   - A clause of RFC 23/ZMTP (version 3.0) stands in our words above the line that it forces.
//   - Nothing a peer announces is believed: memory grows with the bytes that came.
//
// We differ from RFC 23: no downgrade to ZMTP 1 or 2; a peer that is refused is only disconnected,
// without an ERROR command.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace faceplate {

inline constexpr std::size_t kMaxPart = std::size_t{512} << 20;
inline constexpr std::size_t kMaxParts = 64;
inline constexpr std::size_t kMaxMessage = std::size_t{1024} << 20;  // all parts together
inline constexpr std::size_t kMaxCommand = 64 * 1024;

using Parts = std::vector<std::string>;

// The greeting and the READY of a DEALER, which are sent at once.
std::string_view handshake();

// The pieces that carry a message over the wire, in order; large parts uncopied.
class Pieces {
 public:
  Pieces() = default;

  // Throws protocol.malformed where there is no part, protocol.oversized above a limit.
  explicit Pieces(const std::vector<std::string_view>& parts);

  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  Pieces(Pieces&&) = default;
  Pieces& operator=(Pieces&&) = default;

  const std::vector<std::string_view>& views() const { return views_; }
  bool empty() const { return views_.empty(); }

 private:
  std::deque<std::string> kept_;  // moved as a whole, so that no text moves
  std::vector<std::string_view> views_;
};

// Turns the bytes of a peer into whole messages, wherever the bytes were cut.
class Decoder {
 public:
  // Whether greeting and handshake are complete.
  bool ready() const { return ready_; }

  // Takes the next bytes and appends the messages that they complete.
  //
  // Messages that precede a fault come first; the next call throws, also one without bytes.
  // Throws protocol.version: the peer speaks no ZMTP 3, or wants another mechanism than NULL;
  // protocol.oversized; protocol.malformed; protocol: the peer refused the connection.
  void feed(std::string_view bytes, std::deque<Parts>& messages);

 private:
  enum class State { kGreeting, kFlags, kSize, kCommand, kPart };

  bool step(std::string_view& bytes, std::deque<Parts>& messages);
  bool collect(std::string_view& bytes);  // whether `collected_` holds `wanted_` bytes now
  void expect(State state, std::size_t size);
  void greeting();
  void flags();
  void size();
  void command(std::string_view body);

  bool ready_ = false;
  State state_ = State::kGreeting;
  std::size_t wanted_ = 1;
  std::string collected_;
  unsigned char flags_ = 0;
  Parts parts_;
  std::size_t parts_bytes_ = 0;
  std::optional<Error> failure_;
};

}  // namespace faceplate
