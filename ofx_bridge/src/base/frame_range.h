// Frame ranges: inclusive, gaps and steps allowed, as plugin_host/frame_range.py writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faceplate {

inline constexpr std::int64_t kMostFrames = 1000000;
inline constexpr std::int64_t kGreatestFrame = 999999999;

// An ascending set of frame numbers; empty only where nothing was put in yet.
class FrameRange {
 public:
  FrameRange() = default;

  // From frame numbers in any order; repeated ones count once. Throws request.frame_range where
  // there is none, or more than kMostFrames, or one beyond kGreatestFrame.
  explicit FrameRange(std::vector<std::int64_t> frames);

  // Reads a range such as 1001-1010,1020-1040x2. Throws request.frame_range.
  static FrameRange parse(std::string_view text);

  // Every frame from first to last, both included. Throws request.frame_range.
  static FrameRange between(std::int64_t first, std::int64_t last);

  const std::vector<std::int64_t>& frames() const { return frames_; }
  bool contains(std::int64_t frame) const;

  // In its shortest form.
  std::string text() const;

  bool operator==(const FrameRange& other) const { return frames_ == other.frames_; }

 private:
  std::vector<std::int64_t> frames_;
};

}  // namespace faceplate
