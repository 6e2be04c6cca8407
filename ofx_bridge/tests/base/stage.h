// A server for one test: a thread that plays a script with whoever connects.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/patience.h"
#include "base/protocol.h"
#include "base/zmtp_codec.h"

namespace faceplate {

inline const std::string kKey(32, 'k');

// The other end of a connection.
class Peer {
 public:
  Peer(int socket, const std::atomic<bool>& over, std::int64_t& counter)
      : socket_(socket), over_(over), counter_(counter) {}
  ~Peer() { close(socket_); }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      wait(POLLOUT);
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) throw std::runtime_error("the client is gone");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void greet() { write(handshake()); }

  void say(const std::vector<std::string_view>& parts) {
    const Pieces pieces(parts);
    for (const std::string_view piece : pieces.views()) write(piece);
  }

  Parts hear() {
    while (heard_.empty()) {
      wait(POLLIN);
      char chunk[65536];
      const ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
      if (count <= 0) throw std::runtime_error("the client is gone");
      decoder_.feed({chunk, static_cast<std::size_t>(count)}, heard_);
    }
    Parts message = std::move(heard_.front());
    heard_.pop_front();
    return message;
  }

  // The next request.
  Envelope asked() {
    parts_ = hear();
    return decode({parts_.begin(), parts_.end()}, kKey);
  }

  // Answers it.
  void answer(const Envelope& request, const Message& message, const std::string& session,
              std::vector<std::string_view> buffers = {}, const std::string& key = kKey) {
    const Envelope reply{message, request.request, session, ++counter_, std::move(buffers)};
    const auto head = encode(reply, key);
    std::vector<std::string_view> parts(head.begin(), head.end());
    parts.insert(parts.end(), reply.buffers.begin(), reply.buffers.end());
    say(parts);
  }

  // Does nothing until the test is over.
  void rest() {
    while (true) wait(0);
  }

 private:
  void wait(short events) {
    while (!over_) {
      pollfd polled{socket_, events, 0};
      if (::poll(&polled, 1, 10) > 0 && events != 0) return;
    }
    throw std::runtime_error("the test is over");
  }

  int socket_;
  const std::atomic<bool>& over_;
  Decoder decoder_;
  std::deque<Parts> heard_;
  Parts parts_;
  std::int64_t& counter_;
};

class Stage {
 public:
  // Plays `script` with each client in turn; the number is how many came before.
  explicit Stage(std::function<void(Peer&, int)> script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no socket for the stage");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { play(); });
  }

  ~Stage() {
    over_ = true;
    thread_.join();
    close(listener_);
  }

  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  int clients() const { return clients_; }

 private:
  void play() {
    while (!over_) {
      pollfd polled{listener_, POLLIN, 0};
      if (poll(&polled, 1, 10) <= 0) continue;
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      Peer peer(client, over_, counter_);
      try {
        script_(peer, clients_++);
      } catch (const std::exception&) {
        // the client or the test went first
      }
    }
  }

  std::function<void(Peer&, int)> script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> over_{false};
  std::atomic<int> clients_{0};
  std::int64_t counter_ = 0;  // of all that was answered
  std::thread thread_;
};

/// The code of the error that a call throws, `aborted` for an abort, nothing where none is thrown.
template <class Call>
std::string code_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  } catch (const Aborted&) {
    return "aborted";
  }
  return "";
}

}  // namespace faceplate
