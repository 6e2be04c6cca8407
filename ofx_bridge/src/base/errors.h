// What goes wrong, as plugin_host/errors.py draws it: a code for programs, a sentence for people.
//
// Codes are a tree whose branches are dots; who does not know one takes it for its parent.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace faceplate {

inline constexpr char kFrameRangeError[] = "request.frame_range";
inline constexpr char kPlateError[] = "request.plate";
inline constexpr char kRequestRefused[] = "request";
inline constexpr char kSettingsError[] = "request.settings";
inline constexpr char kUnknownJob[] = "request.job";
inline constexpr char kFrameError[] = "frame";
inline constexpr char kFrameMissing[] = "frame.missing";
inline constexpr char kFrameCorrupt[] = "frame.corrupt";
inline constexpr char kProtocolError[] = "protocol";
inline constexpr char kVersionMismatch[] = "protocol.version";
inline constexpr char kMessageTruncated[] = "protocol.truncated";
inline constexpr char kMessageOversized[] = "protocol.oversized";
inline constexpr char kSignatureMismatch[] = "protocol.signature";
inline constexpr char kMessageReplayed[] = "protocol.replayed";
inline constexpr char kSessionUnknown[] = "protocol.session";
inline constexpr char kUnknownKind[] = "protocol.unknown_kind";
inline constexpr char kUnknownField[] = "protocol.unknown_field";
inline constexpr char kMessageMalformed[] = "protocol.malformed";
inline constexpr char kEngineUnreachable[] = "engine";
inline constexpr char kEngineBusy[] = "engine.busy";
inline constexpr char kDeadlineExceeded[] = "engine.deadline";
inline constexpr char kJobCancelled[] = "job.cancelled";

// An error with a wire code; `what()` is the sentence.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message, std::optional<std::int64_t> frame = {},
        std::optional<std::string> path = {})
      : std::runtime_error(message),
        code_(std::move(code)),
        frame_(frame),
        path_(std::move(path)) {}

  const std::string& code() const { return code_; }
  const std::optional<std::int64_t>& frame() const { return frame_; }
  const std::optional<std::string>& path() const { return path_; }

  // Whether it is of that code, or of one below it: "engine.deadline" is "engine".
  bool is(std::string_view code) const {
    const std::string_view mine = code_;
    return mine.substr(0, code.size()) == code &&
           (mine.size() == code.size() || mine[code.size()] == '.');
  }

 private:
  std::string code_;
  std::optional<std::int64_t> frame_;
  std::optional<std::string> path_;
};

// Who waited does not want to wait any longer. It is no Error: nothing went wrong.
class Aborted : public std::runtime_error {
 public:
  Aborted() : std::runtime_error("the host does not wait any longer") {}
};

}  // namespace faceplate
