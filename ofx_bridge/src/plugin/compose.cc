#include "plugin/compose.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "plugin/placing.h"

namespace faceplate::plugin {
namespace {

constexpr float kLeastMatte = 1.0f / 16;  // below, a change is mostly what rounding left of it
constexpr float kMark[4] = {1.0f, 0.25f, 0.0f, 1.0f};

float blended(float source, float restored, float weight) {
  if (weight == 1.0f) return restored;
  if (weight == 0.0f) return source;
  return source + weight * (restored - source);
}

// What the look makes of one row.
class Row {
 public:
  Row(const Rect& window, const Rect& region, const Drawing& drawing)
      : window_(window), drawing_(drawing) {
    const double width = region.x2 - region.x1;
    border_ = region.x1 + static_cast<int>(std::lround(drawing.split * width));
  }

  // `weights` and `mattes` are null where the matte is left as it is.
  void draw(const float* source, const float* restored, const float* weights, const float* mattes,
            float* out) const {
    const auto mix = static_cast<float>(drawing_.mix);
    for (int i = 0, x = window_.x1; x < window_.x2; ++i, ++x) {
      const float *s = source + 4 * i, *r = restored + 4 * i;
      float* o = out + 4 * i;
      o[3] = s[3];
      if (drawing_.show == Show::kMatte) {
        std::fill(o, o + 4, mattes[i]);
        continue;
      }
      float weight = weights ? mix * weights[i] : mix;
      if (drawing_.show == Show::kSplit && x < border_) weight = 0.0f;
      for (int c = 0; c < 3; ++c) {
        const float value = blended(s[c], r[c], weight);
        o[c] = drawing_.show == Show::kDifference ? std::fabs(value - s[c]) : value;
      }
    }
  }

 private:
  Rect window_;
  Drawing drawing_;
  int border_;
};

// The matte of the window, as it is and as the look wants it.
struct Mattes {
  std::vector<float> shown, weights;

  Mattes(const Picture& matte, const Placement& placement, const Rect& window,
         const Drawing& drawing) {
    const int width = window.x2 - window.x1, height = window.y2 - window.y1;
    const int radius = static_cast<int>(std::lround(std::fabs(drawing.matte_grow)));
    const Rect wide{window.x1 - radius, window.y1 - radius, window.x2 + radius, window.y2 + radius};
    const auto across = static_cast<std::size_t>(wide.x2 - wide.x1);
    std::vector<float> plane(across * static_cast<std::size_t>(wide.y2 - wide.y1));
    const Placing placing(matte, placement);
    for (int y = wide.y1; y < wide.y2; ++y) {
      placing.row(y, wide.x1, wide.x2,
                  plane.data() + across * static_cast<std::size_t>(y - wide.y1));
    }
    std::vector<float> grown = plane;
    if (radius)
      grow(grown, static_cast<int>(across), wide.y2 - wide.y1, radius, drawing.matte_grow > 0);
    shown.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    weights.reserve(shown.capacity());
    for (int y = radius; y < height + radius; ++y) {
      for (int x = radius; x < width + radius; ++x) {
        const std::size_t at = across * static_cast<std::size_t>(y) + static_cast<std::size_t>(x);
        add(plane[at], grown[at], static_cast<float>(drawing.matte_gain));
      }
    }
  }

 private:
  void add(float plain, float grown, float gain) {
    const bool inside = plain > 0.0f;  // a change is known only where there is some matte
    const float wanted = inside ? std::clamp(gain * grown, 0.0f, 1.0f) : 0.0f;
    shown.push_back(wanted);
    weights.push_back(!inside           ? 0.0f
                      : wanted == plain ? 1.0f
                                        : wanted / std::max(plain, kLeastMatte));
  }
};

// Whether its rows can be read and written as floats where they lie.
bool is_plain(const View& image) {
  return image.data && image.depth == Depth::kFloat && image.components == Components::kRgba &&
         reinterpret_cast<std::uintptr_t>(image.data) % alignof(float) == 0 &&
         image.row_bytes % static_cast<std::ptrdiff_t>(alignof(float)) == 0;
}

void draw_plainly(const View& out, const Rect& window, const View& source, const Placing& placing,
                  Association association) {
  const auto count = static_cast<std::size_t>(window.x2 - window.x1);
  const bool direct = is_plain(out), seen = is_plain(source);
  std::vector<float> row(4 * count), beneath(4 * count);
  for (int y = window.y1; y < window.y2; ++y) {
    const float* under = beneath.data();
    if (seen && source.holds(window.x1, y) && source.holds(window.x2 - 1, y)) {
      under = reinterpret_cast<const float*>(source.at(window.x1, y));
    } else {
      load_row(source, window.x1, window.x2, y, beneath.data());
    }
    float* to = direct ? reinterpret_cast<float*>(out.at(window.x1, y)) : row.data();
    placing.row_over(y, window.x1, window.x2, under, association, source.data != nullptr, to);
    if (!direct) store_row(out, window.x1, window.x2, y, row.data());
  }
}

}  // namespace

void compose(const View& out, const Rect& window, const View& source, const Picture& restored,
             const Picture* matte, const Placement& placement, const Rect& region,
             const Drawing& drawing) {
  if (window.x2 <= window.x1 || window.y2 <= window.y1) return;
  const Placing placing(restored, placement);
  if (drawing.show == Show::kRestored && drawing.mix == 1.0 && !drawing.needs_matte()) {
    return draw_plainly(out, window, source, placing, drawing.association);
  }
  const auto count = static_cast<std::size_t>(window.x2 - window.x1);
  std::vector<float> under(4 * count), over(4 * count), drawn(4 * count);
  const Row row(window, region, drawing);
  std::unique_ptr<Mattes> mattes;
  if (drawing.needs_matte()) mattes = std::make_unique<Mattes>(*matte, placement, window, drawing);
  for (int y = window.y1; y < window.y2; ++y) {
    load_row(source, window.x1, window.x2, y, under.data());
    placing.row_over(y, window.x1, window.x2, under.data(), drawing.association, false,
                     over.data());
    const std::size_t at = count * static_cast<std::size_t>(y - window.y1);
    row.draw(under.data(), over.data(), mattes ? mattes->weights.data() + at : nullptr,
             mattes ? mattes->shown.data() + at : nullptr, drawn.data());
    store_row(out, window.x1, window.x2, y, drawn.data());
  }
}

void mark(const View& out, const Rect& window, const View& source, const Rect& region) {
  copy_window(source, out, window);
  const int border = std::max(1, std::min(region.x2 - region.x1, region.y2 - region.y1) / 40);
  const auto stripes = [&](int y, int x1, int x2) {
    for (int x = std::max(x1, window.x1); x < std::min(x2, window.x2); ++x) {
      if ((x - region.x1 + y - region.y1) / (2 * border) % 2 == 0)
        store_row(out, x, x + 1, y, kMark);
    }
  };
  for (int y = window.y1; y < window.y2; ++y) {
    if (y < region.y1 + border || y >= region.y2 - border) {
      stripes(y, region.x1, region.x2);
    } else {
      stripes(y, region.x1, region.x1 + border);
      stripes(y, region.x2 - border, region.x2);
    }
  }
}

}  // namespace faceplate::plugin
