#include "plugin/pixels.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace faceplate::plugin {
namespace {

constexpr int kSampleBytes[] = {1, 2, 2, 4};

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <int kMost>
int whole(float value) {
  if (!(value > 0.0f)) return 0;  // NaN too
  return value >= 1.0f ? kMost : static_cast<int>(value * kMost + 0.5f);
}

struct Byte {
  using Sample = std::uint8_t;
  static float load(Sample sample) { return static_cast<float>(sample) / 255.0f; }
  static Sample store(float value) { return static_cast<Sample>(whole<255>(value)); }
};

struct Short {
  using Sample = std::uint16_t;
  static float load(Sample sample) { return static_cast<float>(sample) / 65535.0f; }
  static Sample store(float value) { return static_cast<Sample>(whole<65535>(value)); }
};

struct Half {
  using Sample = std::uint16_t;
  static float load(Sample sample) { return half_to_float(sample); }
  static Sample store(float value) { return float_to_half(value); }
};

struct Float {
  using Sample = float;
  static float load(Sample sample) { return sample; }
  static Sample store(float value) { return value; }
};

// Rows of hosts need not be aligned to their samples.
template <class Type>
typename Type::Sample sample_at(const char* from, int index) {
  typename Type::Sample sample;
  std::memcpy(&sample, from + static_cast<std::ptrdiff_t>(index) * sizeof sample, sizeof sample);
  return sample;
}

template <class Type>
void load(const char* from, int channels, int count, float* rgba) {
  for (int i = 0; i < count; ++i, rgba += 4) {
    const char* pixel =
        from + static_cast<std::ptrdiff_t>(i) * channels * sizeof(typename Type::Sample);
    for (int c = 0; c < 3; ++c)
      rgba[c] = channels == 1 ? 0.0f : Type::load(sample_at<Type>(pixel, c));
    rgba[3] = channels == 3 ? 1.0f : Type::load(sample_at<Type>(pixel, channels - 1));
  }
}

template <class Type>
void store(char* to, int channels, int count, const float* rgba) {
  for (int i = 0; i < count; ++i, rgba += 4) {
    typename Type::Sample pixel[4];
    for (int c = 0; c < channels; ++c) pixel[c] = Type::store(rgba[channels == 1 ? 3 : c]);
    const std::size_t bytes = static_cast<std::size_t>(channels) * sizeof pixel[0];
    std::memcpy(to, pixel, bytes);
    to += bytes;
  }
}

void load_any(const View& image, const char* from, int count, float* rgba) {
  const int channels = image.channels();
  switch (image.depth) {
    case Depth::kByte:
      return load<Byte>(from, channels, count, rgba);
    case Depth::kShort:
      return load<Short>(from, channels, count, rgba);
    case Depth::kHalf:
      return load<Half>(from, channels, count, rgba);
    case Depth::kFloat:
      if (channels == 4) {
        std::memcpy(rgba, from, static_cast<std::size_t>(count) * 16);
      } else {
        load<Float>(from, channels, count, rgba);
      }
  }
}

}  // namespace

std::ptrdiff_t View::pixel_bytes() const {
  return std::ptrdiff_t{kSampleBytes[static_cast<int>(depth)]} * channels();
}

void load_row(const View& image, int x1, int x2, int y, float* rgba) {
  if (x2 <= x1) return;
  const bool inside = image.data && y >= image.bounds.y1 && y < image.bounds.y2;
  const int begin = inside ? std::clamp(image.bounds.x1, x1, x2) : x2;
  const int end = inside ? std::clamp(image.bounds.x2, begin, x2) : x2;
  std::fill(rgba, rgba + 4 * (std::ptrdiff_t{begin} - x1), 0.0f);
  if (end > begin) {
    load_any(image, image.at(begin, y), end - begin, rgba + 4 * (std::ptrdiff_t{begin} - x1));
  }
  std::fill(rgba + 4 * (std::ptrdiff_t{end} - x1), rgba + 4 * (std::ptrdiff_t{x2} - x1), 0.0f);
}

void store_row(const View& image, int x1, int x2, int y, const float* rgba) {
  if (x2 <= x1) return;
  char* to = image.at(x1, y);
  const int count = x2 - x1, channels = image.channels();
  switch (image.depth) {
    case Depth::kByte:
      return store<Byte>(to, channels, count, rgba);
    case Depth::kShort:
      return store<Short>(to, channels, count, rgba);
    case Depth::kHalf:
      return store<Half>(to, channels, count, rgba);
    case Depth::kFloat:
      if (channels == 4) {
        std::memcpy(to, rgba, static_cast<std::size_t>(count) * 16);
      } else {
        store<Float>(to, channels, count, rgba);
      }
  }
}

void copy_window(const View& from, const View& to, const Rect& window) {
  if (window.x2 <= window.x1) return;
  const bool same = from.depth == to.depth && from.components == to.components;
  const auto bytes =
      static_cast<std::size_t>(window.x2 - window.x1) * static_cast<std::size_t>(to.pixel_bytes());
  std::vector<float> row(4 * static_cast<std::size_t>(window.x2 - window.x1));
  for (int y = window.y1; y < window.y2; ++y) {
    if (same && from.data && from.holds(window.x1, y) && from.holds(window.x2 - 1, y)) {
      std::memcpy(to.at(window.x1, y), from.at(window.x1, y), bytes);
    } else {
      load_row(from, window.x1, window.x2, y, row.data());
      store_row(to, window.x1, window.x2, y, row.data());
    }
  }
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  std::uint32_t exponent = (half >> 10) & 31u, fraction = half & 0x3ffu;
  if (exponent == 31) return float_of(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0) {
    if (fraction == 0) return float_of(sign);
    for (exponent = 1; !(fraction & 0x400u); --exponent) fraction <<= 1;  // may wrap: modulo 2^32
    fraction &= 0x3ffu;
  }
  return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = bits_of(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) {  // NaN stays one, also where its payload lies below half's
    const std::uint32_t payload = rest >> 13 & 0x3ffu;
    return static_cast<std::uint16_t>(sign | 0x7c00u | (payload ? payload : 0x200u));
  }
  if (rest >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);
  if (rest < 0x33000000u) return sign;  // less than half of the least
  const std::uint32_t exponent = rest >> 23;
  if (exponent >= 113) {
    const std::uint32_t odd = rest >> 13 & 1u;
    return static_cast<std::uint16_t>(sign | ((rest - (112u << 23) + 0xfffu + odd) >> 13));
  }
  const std::uint32_t fraction = (rest & 0x7fffffu) | 0x800000u, shift = 126 - exponent;
  const std::uint32_t kept = fraction >> shift, lost = fraction & ((1u << shift) - 1);
  const std::uint32_t tie = 1u << (shift - 1);
  return static_cast<std::uint16_t>(sign | (kept + (lost > tie || (lost == tie && (kept & 1u)))));
}

}  // namespace faceplate::plugin
