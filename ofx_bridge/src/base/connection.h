// The connection file: how a client on this machine finds the engine and proves that it may.
//
// Rules of this file:
//   - What was opened is what is judged, so that nobody swaps it in between.
//   - A key is read only where nobody else can have a hand in it. Where the system has no file
//   modes
//     (Windows), a file is as private as its folder.
#pragma once

#include <cstdint>
#include <string>

namespace faceplate {

// What the file holds.
struct Connection {
  std::string address;  // endpoint of the engine's socket
  std::string key;      // 32 bytes: key of the signatures
  std::string engine;   // id of this engine's life
  std::int64_t pid = 0;
};

// Where the file lies unless told otherwise: $FACEPLATE_CONNECTION, else in $XDG_RUNTIME_DIR, else
// among the user's own files.
std::string default_path();

// Reads the file. Throws engine: there is none, it is not ours alone, or another version wrote it.
Connection read_connection(const std::string& path);

}  // namespace faceplate
