#include "plugin/learn.h"

#include <vector>

#include "base/frame_range.h"
#include "base/sha256.h"
#include "plugin/exr_file.h"
#include "plugin/host.h"

namespace faceplate::plugin {
namespace {

constexpr std::size_t kShelfDigits = 32;

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

}  // namespace

std::string shelf_of(const Parameters& parameters, ofx::Time time) {
  const std::string drawn = parameters.text(name::kShelf, time);
  if (drawn.size() == kShelfDigits) return drawn;
  const std::string words = parameters.text(name::kShot, time) + "\n" +
                            parameters.text(name::kColourspace, time) + "\n" +
                            parameters.text(name::kRestorer, time);
  return hex(Sha256().update(words).digest()).substr(0, kShelfDigits);
}

std::string learn(const Instance& instance, FrameSource& engine, ofx::PropertySet in,
                  ofx::Time time, std::int64_t frame) {
  const Properties told(in);
  for (int side = 0; side < 2; ++side) {
    if (told.real(ofx::prop::kRenderScale, side).value_or(1) != 1) return {};
  }
  const Parameters& parameters = instance.parameters();
  const std::string shelf = shelf_of(parameters, time);
  Lesson lesson;
  lesson.shelf = shelf;
  lesson.order.shot = parameters.text(name::kShot, time);
  lesson.order.colourspace = parameters.text(name::kColourspace, time);
  lesson.order.restorer = parameters.text(name::kRestorer, time);
  if (lesson.order.colourspace.empty()) return "Learn source: fill in Colourspace.";
  try {
    if (!FrameRange::parse(lesson.order.shot).contains(frame)) return {};
  } catch (const Error& error) {
    return std::string("Learn source: Shot: ") + error.what();
  }
  if (engine.wants(shelf, frame)) {
    const Image image(instance.source(), time);
    if (!is_whole(instance, image, time)) return {};
    lesson.frame = frame;
    lesson.file = file_of(image.view(), image.pixel_aspect());
    engine.teach(std::move(lesson));
  }
  return engine.learnt(shelf).message;
}

}  // namespace faceplate::plugin
