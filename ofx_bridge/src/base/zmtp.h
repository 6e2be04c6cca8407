// A ZeroMQ DEALER of our own: ZMTP 3.0 over loopback TCP or ipc
// (docs/decisions/0012-own-dealer.md).
//
// Rules of this file:
//   - Every wait has a deadline, and a wait for room to write goes on reading.
//   - Reading comes before writing, so that nothing is given to a connection known to be closed.
//   - What the bytes mean stands in `zmtp_codec`; here they only travel.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/patience.h"
#include "base/stream.h"
#include "base/zmtp_codec.h"

namespace faceplate {

inline constexpr std::size_t kMaxWaiting = 1024;  // received messages; beyond it reading pauses
inline constexpr double kFirstPauseS = 0.05, kLongestPauseS = 1.0;  // between attempts to connect

// The connection that there was is gone; whether what was sent came through, nobody knows.
class ConnectionLost : public Error {
 public:
  explicit ConnectionLost(const std::string& why) : Error(kEngineUnreachable, why) {}
};

// Sends messages to one engine and receives its messages, through lost connections too.
//
// Connects at the first `send` or `receive`, and again whenever the connection was lost, after
// pauses from 50 ms doubling to 1 s; also after `close`. Not for several threads at once.
//
// What a lost connection does to messages:
//   - A message whose sending broke off is sent again as a whole on the next connection.
//   - A message wholly handed to the operating system is never repeated; it may be lost. So who
//     waits for its answer is told at once, and may repeat it.
//   - A message received in part is dropped. Those received as a whole stay.
class Dealer {
 public:
  // `connect_deadline_s`: seconds that a call may go on without a connection that was greeted,
  // counted from the call or from the loss. Throws request.settings for the endpoint.
  explicit Dealer(std::string endpoint, double connect_deadline_s = 5.0);
  ~Dealer();
  Dealer(const Dealer&) = delete;
  Dealer& operator=(const Dealer&) = delete;

  // How many connections were greeted so far; more than one means a reconnect.
  int connections() const { return connections_; }

  // Whether there was a connection and there is none now, as far as can be told without waiting.
  // Throws protocol where the other side breaks it.
  bool lost();

  // Hands a whole message to the operating system. Throws protocol.malformed or oversized for the
  // message itself; engine: no connection; engine.deadline: the engine did not greet or read (a
  // connection that carries a piece of the message is dropped); protocol: it is no engine, or it
  // refuses; Aborted.
  void send(const std::vector<std::string_view>& parts, const Patience& patience);

  // The parts of the next message. Throws as `send`, and ConnectionLost.
  Parts receive(const Patience& patience);

  // Drops the connection and what was received but not asked for; waits for nothing.
  void close();

 private:
  struct Link;

  template <class Done>
  void run(const Patience& patience, Done done);
  double left_s(const Patience& patience, Patience::Clock::time_point start) const;
  void step(double wait_s);
  void pump(double wait_s);
  void drop(const std::string& reason);
  void abandon();
  [[noreturn]] void overdue(const Patience& patience) const;

  std::string endpoint_;
  Address address_;
  double connect_deadline_s_;
  std::unique_ptr<Link> link_;
  Pieces unsent_;
  std::deque<Parts> inbox_;
  int connections_ = 0, losses_ = 0;
  double pause_s_ = kFirstPauseS;
  Patience::Clock::time_point retry_at_{}, lost_at_{};
  std::string reason_ = "the deadline left no time to connect";
};

}  // namespace faceplate
