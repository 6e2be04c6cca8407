#include "plugin/learn.h"

#include <cmath>
#include <functional>
#include <string_view>
#include <vector>

#include "base/frame_range.h"
#include "plugin/exr_file.h"
#include "plugin/host.h"

namespace faceplate::plugin {
namespace {

constexpr char kOtherSource[] =
    "Learn source: this is not the source that was sent: it was changed, or another clip has the "
    "same Shot. Switch Learn source off and on, or give this clip other numbers in Frame offset "
    "and Shot.";
constexpr double kLongestShot = 100000;  // frames; hosts write "boundless" as large numbers

std::string file_of(const View& image, double pixel_aspect) {
  const int width = image.bounds.x2 - image.bounds.x1, height = image.bounds.y2 - image.bounds.y1;
  const auto line = 4 * static_cast<std::size_t>(width);
  std::vector<float> pixels(line * static_cast<std::size_t>(height));
  for (int row = 0; row < height; ++row) {
    load_row(image, image.bounds.x1, image.bounds.x2, image.bounds.y2 - 1 - row,
             pixels.data() + line * static_cast<std::size_t>(row));
  }
  return exr_file(pixels.data(), width, height, pixel_aspect);
}

// A hash of all pixels, and of where they lie.
std::size_t hash_of(const View& image) {
  const std::hash<std::string_view> hash;
  const auto text = [](const auto& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()),
                            values.size() * sizeof values[0]);
  };
  const Rect& box = image.bounds;
  std::vector<float> row(4 * static_cast<std::size_t>(box.x2 - box.x1));
  std::vector<std::size_t> rows{row.size()};
  for (int y = box.y1; y < box.y2; ++y) {
    load_row(image, box.x1, box.x2, y, row.data());
    rows.push_back(hash(text(row)));
  }
  return hash(text(rows));
}

// Whether the image is all of the source there is, at its own size.
bool is_whole(const Instance& instance, const Image& image, ofx::Time time) {
  const View& view = image.view();
  ofx::RectD region{};
  if (!view.data || view.components == Components::kAlpha) return false;
  if (suites().effect->clipGetRegionOfDefinition(instance.source(), time, &region) != ofx::kOk) {
    return false;
  }
  const double aspect = image.pixel_aspect() > 0 ? image.pixel_aspect() : 1;
  const Rect& bounds = view.bounds;
  return bounds.x1 <= region.x1 / aspect && bounds.x2 >= region.x2 / aspect &&
         bounds.y1 <= region.y1 && bounds.y2 >= region.y2;
}

// The key of an instance's shelf: what was drawn for it, else what follows from its shot, which
// other instances may have too.
std::string shelf_of(const Instance& instance, const Order& order, ofx::Time time) {
  const std::string drawn = instance.parameters().text(name::kShelf, time);
  if (!drawn.empty()) return drawn;
  return order.shot + "\n" + order.colourspace + "\n" + order.restorer;
}

// The shot that is learnt: what is filled in, else the range that the host tells of the source,
// where it counts the source's frames by its time. Empty where that is not known.
std::string shot_of(const Instance& instance, ofx::PropertySet in, ofx::Time time) {
  const Parameters& parameters = instance.parameters();
  const std::string filled_in = parameters.text(name::kShot, time);
  if (!filled_in.empty() || instance.told_frame(in)) return filled_in;
  ofx::PropertySet set = nullptr;
  if (!instance.source() ||
      suites().effect->clipGetPropertySet(instance.source(), &set) != ofx::kOk) {
    return {};
  }
  const Properties clip(set);
  const double first = clip.real(ofx::prop::kFrameRange, 0).value_or(1);
  const double last = clip.real(ofx::prop::kFrameRange, 1).value_or(0);
  if (!(std::fabs(first) < 1e8) || !(last >= first && last - first < kLongestShot)) return {};
  const Values values = parameters.at(time);
  try {
    return FrameRange::between(instance.frame_at(in, first, values),
                               instance.frame_at(in, last, values))
        .text();
  } catch (const Error&) {  // numbers that no plate has
    return {};
  }
}

}  // namespace

Lore learn(const Instance& instance, FrameSource& engine, ofx::PropertySet in, ofx::Time time,
           std::int64_t frame) {
  const Properties told(in);
  for (int side = 0; side < 2; ++side) {
    if (told.real(ofx::prop::kRenderScale, side).value_or(1) != 1) return {};
  }
  const Parameters& parameters = instance.parameters();
  Lesson lesson;
  lesson.order.shot = shot_of(instance, in, time);
  lesson.order.colourspace = parameters.text(name::kColourspace, time);
  lesson.order.restorer = parameters.text(name::kRestorer, time);
  if (lesson.order.colourspace.empty()) return {{}, "Learn source: fill in Colourspace."};
  if (lesson.order.shot.empty()) return {{}, "Learn source: fill in Shot, as 1001-1100."};
  try {
    if (!FrameRange::parse(lesson.order.shot).contains(frame)) return {};
  } catch (const Error& error) {
    return {{}, std::string("Learn source: Shot: ") + error.what()};
  }
  const std::string shelf = lesson.shelf = shelf_of(instance, lesson.order, time);
  const Image image(instance.source(), time);
  if (!is_whole(instance, image, time)) return {};
  if (!engine.agrees(shelf, frame, hash_of(image.view()))) return {{}, kOtherSource};
  if (parameters.text(name::kTake, time).empty() && engine.wants(shelf, frame)) {
    lesson.frame = frame;
    lesson.file = file_of(image.view(), image.pixel_aspect());
    engine.teach(std::move(lesson));
  }
  return {shelf, engine.learnt(shelf).message};
}

}  // namespace faceplate::plugin
