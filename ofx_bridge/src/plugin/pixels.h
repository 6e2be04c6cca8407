// Samples of a host's images: where they lie, and what they are as floats.
//
// Rules of this file:
//   - Row 0 is the lowest, as OpenFX has it; rows may be padded and may run backwards.
//   - Every distance in memory is a ptrdiff_t: an 8K float image is larger than an int counts.
//   - Floats are never clamped; NaN, infinities and the sign of zero pass. Only bytes and shorts
//     are held to what they can say, NaN being 0 there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ofx/ofx.h"

namespace faceplate::plugin {

using Rect = ofx::RectI;

enum class Depth { kByte, kShort, kHalf, kFloat };
enum class Components { kAlpha = 1, kRgb = 3, kRgba = 4 };

// An image in memory that is somebody else's.
struct View {
  char* data = nullptr;  // of the pixel at (bounds.x1, bounds.y1); null for none
  std::ptrdiff_t row_bytes = 0;
  Rect bounds{};
  Depth depth = Depth::kFloat;
  Components components = Components::kRgba;

  int channels() const { return static_cast<int>(components); }
  std::ptrdiff_t pixel_bytes() const;
  char* at(int x, int y) const {
    return data + (std::ptrdiff_t{y} - bounds.y1) * row_bytes +
           (std::ptrdiff_t{x} - bounds.x1) * pixel_bytes();
  }
  bool holds(int x, int y) const {
    return x >= bounds.x1 && x < bounds.x2 && y >= bounds.y1 && y < bounds.y2;
  }
};

// Reads pixels x1 to x2 of row y as RGBA. Black and transparent outside the image; alpha is 1
// where it has none, and colour 0 where it has nothing but alpha.
void load_row(const View& image, int x1, int x2, int y, float* rgba);

// Writes RGBA to pixels x1 to x2 of row y, which must be the image's. An image of alpha alone
// gets the alpha.
void store_row(const View& image, int x1, int x2, int y, const float* rgba);

// Copies a window of one image to another, bit for bit where both are of one type. Black and
// transparent where the source has nothing.
void copy_window(const View& from, const View& to, const Rect& window);

float half_to_float(std::uint16_t half);   // exact, NaN payloads too
std::uint16_t float_to_half(float value);  // to nearest even; infinite beyond the range

}  // namespace faceplate::plugin
