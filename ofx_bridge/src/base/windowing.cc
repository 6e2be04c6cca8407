#include "base/windowing.h"

#include <algorithm>
#include <string>

#include "base/errors.h"

namespace faceplate {

std::vector<FrameRange> windows(const FrameRange& shot, std::int64_t length, std::int64_t overlap) {
  if (length < 1 || overlap < 0 || overlap > length / 2) {
    throw Error(kSettingsError, "a window of " + std::to_string(length) +
                                    " frames cannot overlap by " + std::to_string(overlap));
  }
  const auto& frames = shot.frames();
  const auto count = static_cast<std::int64_t>(frames.size());
  std::vector<FrameRange> laid;
  for (std::int64_t start = 0; start < std::max(count - overlap, std::min(count, std::int64_t{1}));
       start += length - overlap) {
    const auto begin = frames.begin() + start;
    laid.emplace_back(std::vector<std::int64_t>(begin, begin + std::min(length, count - start)));
  }
  return laid;
}

}  // namespace faceplate
