// One attempt at a connection on this machine, and the connection that it becomes: TCP or ipc.
//
// Rules of this file:
//   - Nothing waits but `wait`; no signal is raised where the other side is gone.
//   - Names are not looked up: that has no deadline.
//   - Windows has TCP only. Its branch is untested.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace faceplate {

// A connection that could not be made, or was lost; `what()` says why.
class StreamLost : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a socket connects to: a sockaddr.
struct Address {
  int family = 0;
  std::vector<char> bytes;
};

// Reads tcp://127.0.0.1:port, tcp://[::1]:port or ipc:///path. Throws request.settings.
Address address_of(const std::string& endpoint);

class Stream {
 public:
  struct Ready {
    bool to_read = false;
    bool to_write = false;
  };

  // Begins to connect. Throws StreamLost.
  explicit Stream(const Address& address);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool connected() const { return connected_; }

  // Waits until there is something to read, or room to write where that is asked for. While it
  // still connects it waits for that alone. Throws StreamLost.
  Ready wait(double seconds, bool reading, bool writing);

  // Bytes that were read or written, 0 where there were none or no room. Throws StreamLost.
  std::size_t read(char* bytes, std::size_t most);
  std::size_t write(std::string_view bytes);

 private:
  void check_connected();

  std::intptr_t socket_;
  bool connected_ = false;
};

}  // namespace faceplate
