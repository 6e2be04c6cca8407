#include "base/zmtp.h"

#include <algorithm>
#include <thread>

namespace faceplate {
namespace {

using Clock = Patience::Clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kChunk = 256 * 1024;  // bytes read at once
constexpr int kMostAtOnce = 16;             // reads or writes, before the clock is looked at

Clock::duration ticks(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
}

std::string shown(double seconds) {
  std::string text = std::to_string(seconds);
  return text.substr(0, text.find('.') + 3) + " s";
}

}  // namespace

struct Dealer::Link {
  // RFC 23, NULL: each side sends READY before it waits for the other's.
  explicit Link(const Address& address) : stream(address), outgoing{handshake()} {
    chunk.resize(kChunk);
  }

  void carry(const Pieces& pieces) {
    outgoing.assign(pieces.views().begin(), pieces.views().end());
    carries = !pieces.empty();
    sent = 0;
  }

  void read(std::deque<Parts>& inbox) {
    for (int i = 0; i < kMostAtOnce; ++i) {
      const std::size_t count = stream.read(chunk.data(), chunk.size());
      if (count == 0) return;
      const std::size_t before = inbox.size();
      decoder.feed({chunk.data(), count}, inbox);
      if (inbox.size() != before) return;
    }
  }

  void write() {
    for (int i = 0; i < kMostAtOnce && !outgoing.empty(); ++i) {
      const std::size_t count = stream.write(outgoing.front());
      if (count == 0) return;
      sent += count;
      outgoing.front().remove_prefix(count);
      if (outgoing.front().empty()) outgoing.pop_front();
    }
  }

  Stream stream;
  Decoder decoder;
  std::deque<std::string_view> outgoing;
  bool carries = false;  // whether the message was begun here
  std::size_t sent = 0;  // bytes of it
  std::string chunk;
};

Dealer::Dealer(std::string endpoint, double connect_deadline_s)
    : endpoint_(std::move(endpoint)),
      address_(address_of(endpoint_)),
      connect_deadline_s_(connect_deadline_s) {}

Dealer::~Dealer() = default;

void Dealer::send(const std::vector<std::string_view>& parts, const Patience& patience) {
  unsent_ = Pieces(parts);
  try {
    run(patience, [this] { return unsent_.empty(); });
  } catch (...) {
    abandon();
    throw;
  }
}

Parts Dealer::receive(const Patience& patience) {
  const int losses = losses_;
  if (inbox_.empty()) run(patience, [&] { return !inbox_.empty() || losses_ != losses; });
  if (inbox_.empty()) throw ConnectionLost("the connection to the engine broke: " + reason_);
  Parts message = std::move(inbox_.front());
  inbox_.pop_front();
  return message;
}

bool Dealer::lost() {
  if (link_ != nullptr && link_->decoder.ready()) step(0.0);
  return connections_ > 0 && link_ == nullptr;
}

void Dealer::close() {
  drop("it was closed here");
  inbox_.clear();
}

template <class Done>
void Dealer::run(const Patience& patience, Done done) {
  const Clock::time_point start = Clock::now();
  while (true) {
    step(std::clamp(left_s(patience, start), 0.0, kSliceS));
    if (done()) return;
    if (left_s(patience, start) <= 0) overdue(patience);
    patience.check();
  }
}

double Dealer::left_s(const Patience& patience, Clock::time_point start) const {
  double left = patience.left_s();
  if (link_ == nullptr || !link_->decoder.ready()) {
    const Clock::time_point end = std::max(start, lost_at_) + ticks(connect_deadline_s_);
    left = std::min(left, Seconds(end - Clock::now()).count());
  }
  return left;
}

// Waits for one thing to happen, and does it: connect, read, write, or notice a loss.
void Dealer::step(double wait_s) {
  try {
    if (link_ != nullptr) {
      pump(wait_s);
      return;
    }
    const double pause_s = Seconds(retry_at_ - Clock::now()).count();
    std::this_thread::sleep_for(Seconds(std::clamp(pause_s, 0.0, wait_s)));
    if (pause_s <= wait_s) link_ = std::make_unique<Link>(address_);
  } catch (const StreamLost& error) {
    drop(error.what());
  } catch (const Error& error) {
    drop(error.what());
    throw;
  }
}

void Dealer::pump(double wait_s) {
  Link& link = *link_;
  const bool ready = link.decoder.ready();
  // RFC 23, worked example: messages follow the peer's READY. libzmq hangs up if they precede.
  if (ready && link.outgoing.empty()) link.carry(unsent_);
  link.decoder.feed({}, inbox_);  // throws what was wrong after the last whole message
  std::size_t waiting = 0;
  for (const Parts& message : inbox_) {
    for (const std::string& part : message) waiting += part.size();
  }
  const bool full = inbox_.size() >= kMaxWaiting || waiting >= kMaxMessage;
  const Stream::Ready now = link.stream.wait(wait_s, !(ready && full), !link.outgoing.empty());
  if (now.to_read) {
    link.read(inbox_);
    if (link.decoder.ready() && !ready) {
      ++connections_;
      pause_s_ = kFirstPauseS;
    }
  }
  if (now.to_write) {
    link.write();
    if (link.carries && link.outgoing.empty()) unsent_ = Pieces();
  }
}

void Dealer::drop(const std::string& reason) {
  reason_ = reason;
  if (link_ != nullptr && link_->decoder.ready()) {
    lost_at_ = Clock::now();
    ++losses_;
  } else if (link_ != nullptr && link_->stream.connected()) {
    reason_ += ", before it greeted (does it want CURVE, or is it another program?)";
  }
  link_.reset();
  // RFC 23, error handling: reconnect after a short interval that grows with every attempt.
  retry_at_ = Clock::now() + ticks(pause_s_);
  pause_s_ = std::min(2 * pause_s_, kLongestPauseS);
}

// Forgets a message that was not sent, with the connection if it carries a piece of it.
void Dealer::abandon() {
  if (!unsent_.empty() && link_ != nullptr && link_->carries) {
    if (link_->sent > 0) {
      drop("it carried a piece of a message whose deadline had passed");
    } else {
      link_->outgoing.clear();
    }
  }
  unsent_ = Pieces();
}

void Dealer::overdue(const Patience& patience) const {
  const std::string engine = "the engine at " + endpoint_;
  if (link_ == nullptr || !link_->stream.connected()) {
    throw Error(kEngineUnreachable, "no connection to " + engine + ": " + reason_ +
                                        "; start the engine with `faceplate serve`");
  }
  if (!link_->decoder.ready()) {
    throw Error(kDeadlineExceeded, engine + " took the connection but did not greet; is it one?");
  }
  if (unsent_.empty()) {
    throw Error(kDeadlineExceeded,
                engine + " sent no whole message within " + shown(patience.seconds()));
  }
  throw Error(kDeadlineExceeded, engine + " did not read for " + shown(patience.seconds()) + "; " +
                                     std::to_string(link_->sent) + " bytes of the message left");
}

}  // namespace faceplate
