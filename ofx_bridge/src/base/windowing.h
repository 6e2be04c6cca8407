// Windows: the temporal groups of frames that a restorer sees at once, as engine/windowing.py lays
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/frame_range.h"

namespace faceplate {

// The grid over a shot: windows of `length` frames that share `overlap` with the one before; the
// last may be shorter. Throws request.settings where an overlap is more than half of a window.
std::vector<FrameRange> windows(const FrameRange& shot, std::int64_t length, std::int64_t overlap);

}  // namespace faceplate
