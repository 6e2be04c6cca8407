#include "base/connection.h"

#include <sys/stat.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/errors.h"
#include "base/protocol.h"
#include "base/sha256.h"

namespace faceplate {
namespace {

constexpr std::size_t kMostBytes = 65536;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(kEngineUnreachable, why, std::nullopt, path);
}

[[noreturn]] void unreadable(const std::string& path, int code) {
  if (code == ENOENT) refuse(path, "no engine runs here; start one with `faceplate serve`");
  refuse(path, "the connection file cannot be read: " + std::generic_category().message(code));
}

#ifdef _WIN32
std::string read_private(const std::string& path) {
  const int file = _open(path.c_str(), _O_RDONLY | _O_BINARY);
  if (file < 0) unreadable(path, errno);
  std::string bytes(kMostBytes, '\0');
  const int count = _read(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  _close(file);
  if (count < 0) unreadable(path, errno);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}
#else
[[noreturn]] void distrust(const std::string& path, const std::string& why) {
  refuse(path, "the connection file is not to be trusted: " + why +
                   "; mend that, then start the engine anew, for a new key");
}

// Nobody else can put another file in a file's place.
void check_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  struct stat found{};
  if (stat(folder.c_str(), &found) != 0) unreadable(path, errno);
  if (found.st_uid != 0 && found.st_uid != geteuid()) {
    distrust(path, "its folder is user " + std::to_string(found.st_uid) + "'s");
  }
  if ((found.st_mode & 0022) != 0 && (found.st_mode & S_ISVTX) == 0) {
    distrust(path, "others can write in its folder (chmod go-w)");
  }
}

std::string read_opened(int file, const std::string& path) {
  struct stat found{};
  if (fstat(file, &found) != 0) unreadable(path, errno);
  if (!S_ISREG(found.st_mode)) refuse(path, "the connection file is no regular file");
  if (found.st_uid != geteuid()) {
    distrust(path, "it is user " + std::to_string(found.st_uid) + "'s");
  }
  if ((found.st_mode & 0077) != 0) distrust(path, "others can read or change it (chmod 600)");
  std::string bytes(kMostBytes, '\0');
  const ssize_t count = read(file, bytes.data(), bytes.size());
  if (count < 0) unreadable(path, errno);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

std::string read_private(const std::string& path) {
  check_folder(path);
  // A pipe in the file's place must not be waited for.
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) unreadable(path, errno);
  try {
    std::string bytes = read_opened(file, path);
    close(file);
    return bytes;
  } catch (...) {
    close(file);
    throw;
  }
}
#endif

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

bool is_folder(const std::string& path) {
  struct stat found{};
  return !path.empty() && stat(path.c_str(), &found) == 0 && (found.st_mode & S_IFMT) == S_IFDIR;
}

template <class T>
const T& wanted(const Json& data, const std::string& name, const std::string& path) {
  const Json* found = data.field(name);
  const T* value = found == nullptr ? nullptr : found->as<T>();
  if (value == nullptr) refuse(path, "not a connection file: " + name + " is missing");
  return *value;
}

}  // namespace

std::string default_path() {
  const std::string named = variable("FACEPLATE_CONNECTION");
  if (!named.empty()) return named;
  const std::string runtime = variable("XDG_RUNTIME_DIR");
  if (is_folder(runtime)) return runtime + "/faceplate/connection.json";
#ifdef _WIN32
  return variable("LOCALAPPDATA") + "\\Faceplate\\connection.json";
#else
  return variable("HOME") + "/.local/state/faceplate/connection.json";
#endif
}

Connection read_connection(const std::string& path) {
  Json data;
  try {
    data = read_json(read_private(path), "connection file");
  } catch (const Error& error) {
    if (error.is(kEngineUnreachable)) throw;
    refuse(path, error.what());
  }
  const std::string& version = wanted<std::string>(data, "version", path);
  if (version != kVersion) {
    refuse(path, "the engine speaks " + version.substr(0, 40) + ", this side " +
                     std::string(kVersion) + ": install the same release on both sides");
  }
  Connection connection;
  connection.address = wanted<std::string>(data, "address", path);
  connection.key = unhex(wanted<std::string>(data, "key", path));
  connection.engine = wanted<std::string>(data, "engine", path);
  connection.pid = wanted<std::int64_t>(data, "pid", path);
  if (connection.key.size() != kKeyBytes) refuse(path, "the key is not 32 bytes long");
  return connection;
}

}  // namespace faceplate
