#include "plugin/placing.h"

#include <algorithm>
#include <cmath>

namespace faceplate::plugin {
namespace {

constexpr double kLeastProxy = 1.05;

// The part of a frame's pixels, first to last, that one pixel of a smaller image covers.
struct Span {
  double begin, end;

  Span(int pixel, double scale) : begin(pixel * scale), end((pixel + 1) * scale) {}
  int first() const { return static_cast<int>(std::floor(begin)); }
  int last() const { return static_cast<int>(std::ceil(end)) - 1; }
  double of(int pixel) const {
    return std::min<double>(end, pixel + 1) - std::max<double>(begin, pixel);
  }
};

int height(const Rect& box) { return box.y2 - box.y1; }
int width(const Rect& box) { return box.x2 - box.x1; }

void associate(float* rgba, int count, Association how) {
  if (how == Association::kSame) return;
  for (int i = 0; i < count; ++i, rgba += 4) {
    const float alpha = rgba[3];
    if (alpha == 1.0f || (alpha == 0.0f && how == Association::kDivide)) continue;
    for (int c = 0; c < 3; ++c) {
      rgba[c] = how == Association::kMultiply ? rgba[c] * alpha : rgba[c] / alpha;
    }
  }
}

void slide(float* line, int count, std::ptrdiff_t stride, int radius, bool greatest,
           std::vector<float>& copy, std::vector<int>& queue) {
  for (int i = 0; i < count; ++i) copy[static_cast<std::size_t>(i)] = line[i * stride];
  std::size_t head = 0, tail = 0;  // of the queue, whose values only fall (or rise)
  for (int i = 0, next = 0; i < count; ++i) {
    for (; next < count && next <= i + radius; ++next) {
      const float value = copy[static_cast<std::size_t>(next)];
      while (tail > head) {
        const float last = copy[static_cast<std::size_t>(queue[tail - 1])];
        if (greatest ? last > value : last < value) break;
        --tail;
      }
      queue[tail++] = next;
    }
    while (queue[head] < i - radius) ++head;
    line[i * stride] = copy[static_cast<std::size_t>(queue[head])];
  }
}

}  // namespace

bool place(const Rect& region, const Picture& frame, Placement* placement) {
  const int w = width(region), h = height(region);
  for (const Rect* window : {&frame.display, &frame.data}) {
    const int from_w = width(*window), from_h = height(*window);
    if (w < 1 || h < 1 || from_w < w || from_h < h) continue;
    if (from_w == w && from_h == h) {
      *placement = {region.x1 - (window->x1 - frame.display.x1),
                    region.y1 - (frame.display.y2 - window->y2), 1, 1};
      return true;
    }
  }
  const double across = static_cast<double>(width(frame.display)) / w;
  const double up = static_cast<double>(height(frame.display)) / h;
  // Nearly the same size is another picture, not a proxy. Hosts round the sizes of proxies: one
  // pixel of the image more or less is the same shape.
  if (across < 1 || up < 1 || std::max(across, up) < kLeastProxy ||
      std::fabs(across / up - 1) > 1.0 / std::min(w, h))
    return false;
  *placement = {region.x1, region.y1, across, up};
  return true;
}

const float* Placing::exact(int x, int y) const {
  return picture_.at(picture_.display.x1 + x - placement_.x,
                     picture_.display.y2 - 1 - (y - placement_.y));
}

void Placing::covered(int y, int x1, int x2, int* begin, int* end) const {
  const Rect &data = picture_.data, &display = picture_.display;
  *begin = *end = x1;
  // In a frame's pixels from the display window's left lower corner, up and to the right.
  const Span rows(y - placement_.y, placement_.up);
  if (rows.last() < display.y2 - data.y2 || rows.first() >= display.y2 - data.y1) return;
  const double left = data.x1 - display.x1, right = data.x2 - display.x1;
  const int from = placement_.x + static_cast<int>(std::floor(left / placement_.across));
  const int to = placement_.x + static_cast<int>(std::ceil(right / placement_.across));
  *begin = std::clamp(from, x1, x2);
  *end = std::clamp(to, *begin, x2);
}

void Placing::average(int y, int x, float* samples) const {
  const Rect &data = picture_.data, &display = picture_.display;
  const Span columns(x - placement_.x, placement_.across), rows(y - placement_.y, placement_.up);
  double sums[4] = {}, area = 0;
  const int left = data.x1 - display.x1, bottom = display.y2 - data.y2;
  for (int v = std::max(rows.first(), bottom); v <= rows.last() && v < bottom + height(data); ++v) {
    const float* pixel = nullptr;
    const int first = std::max(columns.first(), left);
    const int last = std::min(columns.last(), left + width(data) - 1);
    if (first <= last) pixel = picture_.at(display.x1 + first, display.y2 - 1 - v);
    for (int u = first; u <= last; ++u, pixel += picture_.channels) {
      const double part = columns.of(u) * rows.of(v);
      if (part <= 0) continue;
      area += part;
      for (int c = 0; c < picture_.channels; ++c) sums[c] += part * static_cast<double>(pixel[c]);
    }
  }
  for (int c = 0; c < picture_.channels; ++c) {
    samples[c] = area > 0 ? static_cast<float>(sums[c] / area) : 0.0f;
  }
}

void Placing::row(int y, int x1, int x2, float* samples) const {
  int begin, end;
  covered(y, x1, x2, &begin, &end);
  const std::ptrdiff_t channels = picture_.channels;
  std::fill(samples, samples + channels * (std::ptrdiff_t{x2} - x1), 0.0f);
  float* to = samples + channels * (std::ptrdiff_t{begin} - x1);
  if (begin == end) return;
  if (placement_.exact()) {
    std::copy_n(exact(begin, y), channels * (std::ptrdiff_t{end} - begin), to);
    return;
  }
  for (int x = begin; x < end; ++x, to += channels) average(y, x, to);
}

void Placing::row_over(int y, int x1, int x2, const float* under, Association association,
                       bool keep_alpha, float* rgba) const {
  int begin, end;
  covered(y, x1, x2, &begin, &end);
  const std::ptrdiff_t before = begin - x1, after = end - x1, count = x2 - x1;
  std::copy(under, under + 4 * before, rgba);
  std::copy(under + 4 * after, under + 4 * count, rgba + 4 * after);
  if (begin == end) return;
  float* to = rgba + 4 * before;
  under += 4 * before;
  if (placement_.exact() && association == Association::kSame && keep_alpha) {
    const float* from = exact(begin, y);
    for (std::ptrdiff_t i = 0; i < 4 * (after - before); i += 4) {
      const float pixel[4] = {from[i], from[i + 1], from[i + 2], under[i + 3]};
      std::copy(pixel, pixel + 4, to + i);
    }
    return;
  }
  if (placement_.exact()) {
    std::copy_n(exact(begin, y), 4 * (after - before), to);
  } else {
    for (int x = begin; x < end; ++x) average(y, x, to + 4 * (x - begin));
  }
  associate(to, end - begin, association);
  for (std::ptrdiff_t i = 3; keep_alpha && i < 4 * (after - before); i += 4) to[i] = under[i];
}

void grow(std::vector<float>& plane, int width, int height, int radius, bool greatest) {
  const auto longest = static_cast<std::size_t>(std::max(width, height));
  std::vector<float> copy(longest);
  std::vector<int> queue(longest);
  for (int y = 0; y < height; ++y) {
    slide(plane.data() + std::ptrdiff_t{y} * width, width, 1, radius, greatest, copy, queue);
  }
  for (int x = 0; x < width; ++x) {
    slide(plane.data() + x, height, width, radius, greatest, copy, queue);
  }
}

}  // namespace faceplate::plugin
