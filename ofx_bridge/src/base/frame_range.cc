#include "base/frame_range.h"

#include <algorithm>
#include <numeric>

#include "base/errors.h"

namespace faceplate {
namespace {

struct Segment {
  std::int64_t first, last, step;
};

[[noreturn]] void refuse(const std::string& why) { throw Error(kFrameRangeError, why); }

// Takes a number of at most so many digits off the front.
bool take_number(std::string_view& text, std::size_t most, bool sign, std::int64_t& number) {
  const bool negative = sign && !text.empty() && text.front() == '-';
  std::size_t end = negative ? 1 : 0;
  const std::size_t begin = end;
  number = 0;
  for (; end < text.size() && text[end] >= '0' && text[end] <= '9' && end - begin < most; ++end) {
    number = 10 * number + (text[end] - '0');
  }
  if (end == begin) return false;
  if (negative) number = -number;
  text.remove_prefix(end);
  return true;
}

bool take(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return false;
  text.remove_prefix(1);
  return true;
}

Segment parse_segment(std::string_view text) {
  const std::string shown(text.substr(0, 40));
  Segment found{0, 0, 1};
  bool understood = take_number(text, 9, true, found.first);
  found.last = found.first;
  if (understood && take(text, '-')) {
    understood = take_number(text, 9, true, found.last);
    if (understood && take(text, 'x')) understood = take_number(text, 10, false, found.step);
  }
  if (!understood || !text.empty()) {
    refuse("'" + shown + "' is not a frame range; write it like 1001, 1001-1100 or 1001-1100x2");
  }
  if (found.last < found.first) refuse("'" + shown + "' is reversed");
  if (found.step < 1) refuse("'" + shown + "' has a step of 0; the smallest is x1");
  return found;
}

std::string print_run(std::int64_t first, std::int64_t last, std::int64_t step) {
  if (first == last) return std::to_string(first);
  return std::to_string(first) + "-" + std::to_string(last) +
         (step == 1 ? "" : "x" + std::to_string(step));
}

}  // namespace

FrameRange::FrameRange(std::vector<std::int64_t> frames) : frames_(std::move(frames)) {
  std::sort(frames_.begin(), frames_.end());
  frames_.erase(std::unique(frames_.begin(), frames_.end()), frames_.end());
  if (frames_.empty()) refuse("a frame range holds at least one frame, like 1001-1100");
  if (frames_.size() > static_cast<std::size_t>(kMostFrames)) {
    refuse("more than " + std::to_string(kMostFrames) + " frames in one range");
  }
  if (frames_.front() < -kGreatestFrame || frames_.back() > kGreatestFrame) {
    refuse("a frame number beyond " + std::to_string(kGreatestFrame));
  }
}

FrameRange FrameRange::parse(std::string_view text) {
  static constexpr std::string_view kBetween = " ,";
  std::vector<std::int64_t> frames;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
    if (text.empty()) break;
    const std::string_view segment = text.substr(0, text.find_first_of(kBetween));
    text.remove_prefix(segment.size());
    const auto [first, last, step] = parse_segment(segment);
    // A repeated frame counts again, so that a short text cannot cost much.
    const std::int64_t count = (last - first) / step + 1;
    if (static_cast<std::int64_t>(frames.size()) + count > kMostFrames) {
      refuse("more than " + std::to_string(kMostFrames) + " frames");
    }
    for (std::int64_t frame = first; frame <= last; frame += step) frames.push_back(frame);
  }
  if (frames.empty()) refuse("an empty frame range; write it like 1001-1100 or 1001-1100x2");
  return FrameRange(std::move(frames));
}

FrameRange FrameRange::between(std::int64_t first, std::int64_t last) {
  if (last - first >= kMostFrames || last < first) {
    refuse(std::to_string(first) + "-" + std::to_string(last) + " is no range of frames");
  }
  std::vector<std::int64_t> frames(static_cast<std::size_t>(last - first + 1));
  std::iota(frames.begin(), frames.end(), first);
  return FrameRange(std::move(frames));
}

bool FrameRange::contains(std::int64_t frame) const {
  return std::binary_search(frames_.begin(), frames_.end(), frame);
}

std::string FrameRange::text() const {
  std::string written;
  for (std::size_t start = 0; start < frames_.size();) {
    // A run has one step; a step above 1 needs three frames.
    std::size_t end = start + 1;
    const std::int64_t step = end < frames_.size() ? frames_[end] - frames_[start] : 1;
    while (end < frames_.size() && frames_[end] - frames_[end - 1] == step) ++end;
    if (end - start == 2 && step > 1) end = start + 1;
    if (!written.empty()) written.push_back(',');
    written += print_run(frames_[start], frames_[end - 1], step);
    start = end;
  }
  return written;
}

}  // namespace faceplate
