#include "base/stream.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <system_error>

#include "base/errors.h"

namespace faceplate {
namespace {

#ifdef _WIN32
using Handle = SOCKET;
constexpr int kNoSignal = 0;
int last_error() { return WSAGetLastError(); }
bool is_later(int code) { return code == WSAEWOULDBLOCK; }
void close_handle(Handle handle) { closesocket(handle); }
int poll_one(WSAPOLLFD* polled, int milliseconds) { return WSAPoll(polled, 1, milliseconds); }
using Polled = WSAPOLLFD;

Handle open_handle(int family) {
  static const int started = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data);
  }();
  u_long on = 1;
  const Handle handle = started == 0 ? socket(family, SOCK_STREAM, 0) : INVALID_SOCKET;
  if (handle != INVALID_SOCKET) ioctlsocket(handle, FIONBIO, &on);
  return handle;
}
#else
using Handle = int;
constexpr Handle INVALID_SOCKET = -1;
#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;  // SO_NOSIGPIPE serves
#endif
int last_error() { return errno; }
bool is_later(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINPROGRESS || code == EINTR;
}
void close_handle(Handle handle) { close(handle); }
int poll_one(pollfd* polled, int milliseconds) { return poll(polled, 1, milliseconds); }
using Polled = pollfd;

Handle open_handle(int family) {
#ifdef SOCK_CLOEXEC
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  const Handle handle = socket(family, SOCK_STREAM, 0);
  if (handle >= 0) {
    fcntl(handle, F_SETFD, FD_CLOEXEC);
    fcntl(handle, F_SETFL, O_NONBLOCK);
  }
  return handle;
#endif
}
#endif

[[noreturn]] void lost(int code) { throw StreamLost(std::system_category().message(code)); }

template <class Sockaddr>
Address packed(int family, const Sockaddr& from) {
  const char* begin = reinterpret_cast<const char*>(&from);
  return {family, std::vector<char>(begin, begin + sizeof from)};
}

[[noreturn]] void refuse(const std::string& endpoint, const std::string& why) {
  throw Error("request.settings", "'" + endpoint.substr(0, 200) + "' " + why);
}

Address ipc_address(const std::string& endpoint, const std::string& path) {
#ifdef _WIN32
  (void)path;
  refuse(endpoint, "is ipc, which is not for Windows; use tcp://127.0.0.1:port");
#else
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path[0] != '/' || path.find('\0') != path.npos) {
    refuse(endpoint, "must look like ipc:///absolute/path");
  }
  if (path.size() >= sizeof address.sun_path) refuse(endpoint, "is longer than a socket's path");
  std::memcpy(address.sun_path, path.data(), path.size());
  return packed(AF_UNIX, address);
#endif
}

unsigned short port_of(std::string_view text) {
  unsigned port = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || text.size() > 5) return 0;
    port = 10 * port + static_cast<unsigned>(digit - '0');
  }
  return port < 65536 ? static_cast<unsigned short>(port) : 0;
}

}  // namespace

Address address_of(const std::string& endpoint) {
  const std::string_view text = endpoint;
  const auto begins = [&](std::string_view with) { return text.substr(0, with.size()) == with; };
  if (begins("ipc://")) return ipc_address(endpoint, endpoint.substr(6));
  // RFC 23, NULL: not for public networks.
  static constexpr std::string_view kFour = "tcp://127.0.0.1:", kSix = "tcp://[::1]:";
  const std::string_view start = begins(kFour) ? kFour : kSix;
  const unsigned short port = begins(start) ? port_of(text.substr(start.size())) : 0;
  if (port == 0) {
    refuse(endpoint, "must look like tcp://127.0.0.1:port, tcp://[::1]:port or ipc:///path");
  }
  if (start == kSix) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr.s6_addr[15] = 1;
    return packed(AF_INET6, address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return packed(AF_INET, address);
}

Stream::Stream(const Address& address) {
  const Handle handle = open_handle(address.family);
  if (handle == INVALID_SOCKET) lost(last_error());
  socket_ = static_cast<std::intptr_t>(handle);
  const int on = 1;
#ifdef SO_NOSIGPIPE
  setsockopt(handle, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  if (address.family == AF_INET || address.family == AF_INET6) {
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
  }
  const auto* target = reinterpret_cast<const sockaddr*>(address.bytes.data());
  const auto size = static_cast<socklen_t>(address.bytes.size());
  if (connect(handle, target, size) != 0 && !is_later(last_error())) {
    const int code = last_error();
    close_handle(handle);
    lost(code);
  }
}

Stream::~Stream() { close_handle(static_cast<Handle>(socket_)); }

Stream::Ready Stream::wait(double seconds, bool reading, bool writing) {
  Polled polled{};
  polled.fd = static_cast<Handle>(socket_);
  if (connected_ && reading) polled.events |= POLLIN;
  if (!connected_ || writing) polled.events |= POLLOUT;
  const int milliseconds = static_cast<int>(std::ceil(1000 * seconds));
  const int count = poll_one(&polled, milliseconds);
  if (count < 0 && !is_later(last_error())) lost(last_error());
  if (count <= 0) return {};
  if (!connected_) {
    check_connected();
    return {};
  }
  // What hung up may have left something to read; reading tells its end.
  const bool ended = (polled.revents & (POLLERR | POLLHUP)) != 0;
  return {reading && ((polled.revents & POLLIN) != 0 || ended), (polled.revents & POLLOUT) != 0};
}

void Stream::check_connected() {
  const auto handle = static_cast<Handle>(socket_);
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(handle, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&code), &size) != 0) {
    code = last_error();
  }
  if (code != 0) lost(code);
  // The port of an absent engine may be lent to this very socket, which then meets itself.
  sockaddr_storage ours{}, theirs{};
  socklen_t our_size = sizeof ours, their_size = sizeof theirs;
  if (getsockname(handle, reinterpret_cast<sockaddr*>(&ours), &our_size) != 0 ||
      getpeername(handle, reinterpret_cast<sockaddr*>(&theirs), &their_size) != 0) {
    lost(last_error());
  }
  if (ours.ss_family != AF_UNIX && our_size == their_size &&
      std::memcmp(&ours, &theirs, our_size) == 0) {
    throw StreamLost("nobody listens there");
  }
  connected_ = true;
}

std::size_t Stream::read(char* bytes, std::size_t most) {
  const auto count = recv(static_cast<Handle>(socket_), bytes, most, 0);
  if (count == 0) throw StreamLost("the other side closed the connection");
  if (count > 0) return static_cast<std::size_t>(count);
  if (!is_later(last_error())) lost(last_error());
  return 0;
}

std::size_t Stream::write(std::string_view bytes) {
  const auto count = send(static_cast<Handle>(socket_), bytes.data(), bytes.size(), kNoSignal);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (!is_later(last_error())) lost(last_error());
  return 0;
}

}  // namespace faceplate
