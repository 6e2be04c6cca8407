// What is seen: from the source, the restored frame and its matte to the host's output.
//
// Rules of this file:
//   - Where the restored frame counts wholly, its bits are delivered; where it does not count, the
//     source's. Only between the two is anything computed.
//   - Where the frame holds nothing (outside its data window), the source stands.
//   - Alpha is the source's where there is a source.
#pragma once

#include <memory>

#include "plugin/frames.h"
#include "plugin/pixels.h"

namespace faceplate::plugin {

enum class Show { kOriginal, kRestored, kMatte, kDifference, kSplit };
enum class Alpha { kAsSource, kPremultiplied, kStraight };

// How the frame's colours must be brought to the source's association with alpha.
enum class Association { kSame, kMultiply, kDivide };

struct Drawing {
  Show show = Show::kRestored;
  double mix = 1.0;         // 0 is the source, 1 the restored frame
  double matte_gain = 1.0;  // on the matte, which stays within 0 and 1
  double matte_grow = 0.0;  // pixels of the image to draw; negative ones shrink
  double split = 0.5;       // part of the width, from the left, that shows the source
  Association association = Association::kSame;

  bool needs_matte() const {
    return show == Show::kMatte || matte_gain != 1.0 || matte_grow != 0.0;
  }
};

// Where a frame's display window lies in the image to draw.
struct Placement {
  int x = 0, y = 0;           // pixel of its left lower corner
  double across = 1, up = 1;  // pixels of the frame for one of the image, at least 1

  bool exact() const { return across == 1 && up == 1; }
};

// Lays a frame's display window over the source's region, in pixels at the render scale.
// False where one is no smaller picture of the other.
bool place(const Rect& region, const Picture& frame, Placement* placement);

// Draws a window of `out`, which lies within its bounds. `source` may be without data; `matte` is
// null where the look needs none. `region` is the whole of the image, of which `out` may be a tile.
void compose(const View& out, const Rect& window, const View& source, const Picture& restored,
             const Picture* matte, const Placement& placement, const Rect& region,
             const Drawing& drawing);

// Draws the source with a striped border: no restored frame is shown here.
void mark(const View& out, const Rect& window, const View& source, const Rect& region);

}  // namespace faceplate::plugin
