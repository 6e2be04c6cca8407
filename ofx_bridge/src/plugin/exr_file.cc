// References: the OpenEXR file layout, technicalintroduction and openexrfilelayout of its
// documents.

#include "plugin/exr_file.h"

#include <cstdint>
#include <cstring>

namespace faceplate::plugin {
namespace {

// Everything in the file is little-endian, as every machine is that a host of ours runs on.
class Writer {
 public:
  template <class T>
  void put(T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    file_.append(bytes, sizeof value);
  }
  void text(const char* value) { file_.append(value, std::strlen(value) + 1); }
  void attribute(const char* name, const char* type, const std::string& value) {
    text(name);
    text(type);
    put(static_cast<std::int32_t>(value.size()));
    file_ += value;
  }
  void reserve(std::size_t bytes) { file_.reserve(bytes); }
  std::size_t size() const { return file_.size(); }
  std::string take() { return std::move(file_); }

 private:
  std::string file_;
};

template <class... Values>
std::string packed(Values... values) {
  Writer writer;
  (writer.put(values), ...);
  return writer.take();
}

constexpr char kNames[] = "ABGR";        // the order in which a file has them
constexpr int kPlaces[] = {3, 2, 1, 0};  // where each lies in RGBA

void put_header(Writer& file, int width, int height, double pixel_aspect) {
  Writer channels;
  for (const char* name = kNames; *name; ++name) {
    const char text[] = {*name, 0};
    channels.text(text);
    channels.put(std::int32_t{2});  // float
    channels.put(std::int32_t{0});  // not linear, reserved
    channels.put(std::int32_t{1});
    channels.put(std::int32_t{1});
  }
  channels.put(char{0});
  const std::string window =
      packed(std::int32_t{0}, std::int32_t{0}, std::int32_t{width - 1}, std::int32_t{height - 1});
  file.put(std::int32_t{20000630});
  file.put(std::int32_t{2});
  file.attribute("channels", "chlist", channels.take());
  file.attribute("compression", "compression", packed(char{0}));
  file.attribute("dataWindow", "box2i", window);
  file.attribute("displayWindow", "box2i", window);
  file.attribute("faceplate/through", "string", "OFX");
  file.attribute("lineOrder", "lineOrder", packed(char{0}));
  file.attribute("pixelAspectRatio", "float", packed(static_cast<float>(pixel_aspect)));
  file.attribute("screenWindowCenter", "v2f", packed(0.0f, 0.0f));
  file.attribute("screenWindowWidth", "float", packed(1.0f));
  file.put(char{0});
}

}  // namespace

std::string exr_file(const float* rgba, int width, int height, double pixel_aspect) {
  Writer file;
  const std::size_t line = 16 * static_cast<std::size_t>(width);
  file.reserve(4096 + static_cast<std::size_t>(height) * (line + 16));
  put_header(file, width, height, pixel_aspect);
  const std::uint64_t first = file.size() + 8 * static_cast<std::uint64_t>(height);
  for (int y = 0; y < height; ++y) {
    file.put(first + static_cast<std::uint64_t>(y) * (line + 8));
  }
  for (int y = 0; y < height; ++y) {
    file.put(std::int32_t{y});
    file.put(static_cast<std::int32_t>(line));
    const float* row = rgba + static_cast<std::size_t>(y) * 4 * static_cast<std::size_t>(width);
    for (const int place : kPlaces) {
      for (int x = 0; x < width; ++x) file.put(row[4 * static_cast<std::ptrdiff_t>(x) + place]);
    }
  }
  return file.take();
}

}  // namespace faceplate::plugin
