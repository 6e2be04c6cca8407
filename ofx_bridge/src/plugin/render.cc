// From a host's question for a window of a frame to its pixels.
//
// Rules of this file:
//   - Nothing is restored here: a frame is looked up, and is there or not.
//   - An image is held no longer than the action; while the engine is waited for, none is.

#include <algorithm>
#include <cmath>

#include "plugin/actions.h"
#include "plugin/finding.h"
#include "plugin/instance.h"
#include "plugin/learn.h"

namespace faceplate::plugin {
namespace {

namespace p = ofx::prop;

struct Asked {
  ofx::Time time;
  Rect window{};
  double scale[2];
  bool interactive;

  explicit Asked(ofx::PropertySet set) {
    const Properties in(set);
    time = in.real(p::kTime).value_or(0);
    int* const corners[] = {&window.x1, &window.y1, &window.x2, &window.y2};
    for (int i = 0; i < 4; ++i) *corners[i] = in.number(p::kRenderWindow, i).value_or(0);
    for (int i = 0; i < 2; ++i) scale[i] = in.real(p::kRenderScale, i).value_or(1);
    interactive = in.number(p::kInteractive).value_or(0) != 0;
  }
};

// The whole of the source in pixels of the image.
Rect region_in_pixels(const Instance& instance, const Asked& asked, double pixel_aspect,
                      const Rect& otherwise) {
  constexpr double kRounding = 1e-6;
  ofx::RectD region{};
  const double across = asked.scale[0] / (pixel_aspect > 0 ? pixel_aspect : 1), up = asked.scale[1];
  if (!instance.source() || suites().effect->clipGetRegionOfDefinition(
                                instance.source(), asked.time, &region) != ofx::kOk) {
    return otherwise;
  }
  const double sides[] = {region.x1 * across, region.y1 * up, region.x2 * across, region.y2 * up};
  for (const double side : sides) {
    if (!(std::fabs(side) < 1e8)) return otherwise;  // boundless, as of a constant
  }
  const auto low = [](double side) { return static_cast<int>(std::floor(side + kRounding)); };
  const auto high = [](double side) { return static_cast<int>(std::ceil(side - kRounding)); };
  const Rect found{low(sides[0]), low(sides[1]), high(sides[2]), high(sides[3])};
  return found.x1 < found.x2 && found.y1 < found.y2 ? found : otherwise;
}

Association association(Alpha frames, const std::string& source) {
  if (frames == Alpha::kPremultiplied && source == ofx::value::kUnPreMultiplied) {
    return Association::kDivide;
  }
  if (frames == Alpha::kStraight && source == ofx::value::kPreMultiplied) {
    return Association::kMultiply;
  }
  return Association::kSame;
}

// The pixels of one render, once it is known what there is to show.
class Canvas {
 public:
  Canvas(const Instance& instance, const Asked& asked)
      : output_(instance.output(), asked.time), source_(instance.source(), asked.time) {
    const View& out = output_.view();
    if (!out.data) throw HostError{ofx::kFailed};
    window_ = {std::max(asked.window.x1, out.bounds.x1), std::max(asked.window.y1, out.bounds.y1),
               std::min(asked.window.x2, out.bounds.x2), std::min(asked.window.y2, out.bounds.y2)};
    const View& in = source_.view();
    const double aspect = in.data ? source_.pixel_aspect() : output_.pixel_aspect();
    region_ = region_in_pixels(instance, asked, aspect, in.data ? in.bounds : out.bounds);
  }

  const Image& source() const { return source_; }
  const Rect& region() const { return region_; }
  bool alpha_only() const { return output_.view().components == Components::kAlpha; }

  void draw_source() const { copy_window(source_.view(), output_.view(), window_); }
  void draw_marked() const {
    alpha_only() ? draw_source() : mark(output_.view(), window_, source_.view(), region_);
  }

  // Why it cannot be drawn; empty where it was.
  std::string draw(const Layers& layers, const Asked& asked, const Values& values) const {
    const Picture& restored = *layers.restored.picture;
    Placement placement;
    if (!place(region_, restored, &placement)) return mismatch(restored.display);
    Drawing drawing = values.drawing;
    drawing.association = association(values.alpha, source_.pre_multiplication());
    drawing.matte_grow *= asked.scale[0];
    const View& out = output_.view();
    if (alpha_only() && drawing.show != Show::kMatte) {
      draw_source();
    } else {
      compose(out, window_, source_.view(), restored, layers.matte.picture.get(), placement,
              region_, drawing);
    }
    return {};
  }

 private:
  std::string mismatch(const Rect& frame) const {
    const auto size = [](const Rect& box) {
      return std::to_string(box.x2 - box.x1) + "x" + std::to_string(box.y2 - box.y1);
    };
    return "The restored frame is " + size(frame) + ", the source " + size(region_) +
           ": put the effect where the plate has its own size.";
  }

  Image output_, source_;
  Rect window_{}, region_{};
};

// Sends the source's frame. Where the values name no take, they get the one that was learnt from
// this source, and what may be seen until it has the frame. Returns what a person should hear.
std::string taught(const Instance& instance, ofx::PropertySet in, const Asked& asked,
                   std::int64_t frame, Values* values) {
  const auto engine = frame_source(values->engine);
  const Lore lore = learn(instance, *engine, in, asked.time, frame);
  if (lore.shelf.empty()) return lore.message;
  if (values->take.empty()) values->take = engine->learnt(lore.shelf).take;
  if (values->missing == Missing::kWait && !asked.interactive) return lore.message;
  const Preview preview = engine->preview(lore.shelf, frame);
  values->preview = preview.take;
  values->previewed = preview.frames;
  return lore.message;
}

}  // namespace

ofx::Status render(ofx::Effect effect, ofx::PropertySet in) {
  Instance& instance = Instance::of(effect);
  const Asked asked(in);
  Values values = instance.parameters().at(asked.time);
  const std::int64_t frame = instance.frame_at(in, asked.time, values);
  std::string lesson;
  if (values.learn) lesson = taught(instance, in, asked, frame, &values);
  if (values.shows_source()) {
    Canvas(instance, asked).draw_source();
    instance.say(lesson);
    return ofx::kOk;
  }
  Layers layers;
  const Finding finding(instance, values, frame, asked.interactive);
  try {
    layers = finding.layers();
  } catch (const Aborted&) {
    return ofx::kOk;
  }
  std::string message = finding.complaint(layers);
  const Canvas canvas(instance, asked);
  if (finding.is_whole(layers)) {
    message = canvas.draw(layers, asked, values);
    if (message.empty()) {
      instance.say(finding.remark(layers), ofx::value::kMessageWarning);
      return ofx::kOk;
    }
  }
  instance.say(message.empty() ? lesson : message);
  // Also what fails is drawn: some hosts show the pixels of a failed render.
  values.missing == Missing::kSource ? canvas.draw_source() : canvas.draw_marked();
  return finding.waits() ? ofx::kFailed : ofx::kOk;
}

ofx::Status is_identity(ofx::Effect effect, ofx::PropertySet in, ofx::PropertySet out) {
  const Instance& instance = Instance::of(effect);
  const Asked asked(in);
  const Values values = instance.parameters().at(asked.time);
  if (values.learn) return ofx::kReplyDefault;
  bool identity = values.shows_source();
  if (!identity && values.missing == Missing::kSource) {
    const auto engine = frame_source(values.engine);
    const Found found = engine->peek(values.take, instance.frame_at(in, asked.time, values));
    identity = found.standing == Standing::kAbsent;
  }
  if (!identity) return ofx::kReplyDefault;
  Properties(out).set(p::kName, ofx::kSourceClip);
  Properties(out).set(p::kTime, asked.time);
  return ofx::kOk;
}

ofx::Status clip_preferences(ofx::Effect effect, ofx::PropertySet out) {
  const Instance& instance = Instance::of(effect);
  const Properties preferences(out);
  preferences.set(p::kFrameVarying,
                  1);  // the same source at another time has another restored frame
  ofx::PropertySet clip = nullptr;
  if (instance.source() &&
      suites().effect->clipGetPropertySet(instance.source(), &clip) == ofx::kOk) {
    const std::string state = Properties(clip).text(p::kPreMultiplication);
    if (!state.empty()) preferences.set(p::kPreMultiplication, state.c_str());
  }
  return ofx::kOk;
}

ofx::Status region_of_definition(ofx::Effect effect, ofx::PropertySet in, ofx::PropertySet out) {
  const Instance& instance = Instance::of(effect);
  ofx::RectD region{};
  const ofx::Time time = Properties(in).real(p::kTime).value_or(0);
  if (!instance.source() ||
      suites().effect->clipGetRegionOfDefinition(instance.source(), time, &region) != ofx::kOk) {
    return ofx::kReplyDefault;
  }
  const double sides[] = {region.x1, region.y1, region.x2, region.y2};
  for (int i = 0; i < 4; ++i) Properties(out).set(p::kRegionOfDefinition, sides[i], i);
  return ofx::kOk;
}

ofx::Status regions_of_interest(ofx::PropertySet in, ofx::PropertySet out) {
  const std::string name = std::string(p::kClipRoi) + ofx::kSourceClip;
  for (int i = 0; i < 4; ++i) {
    const auto side = Properties(in).real(p::kRegionOfInterest, i);
    if (!side) return ofx::kReplyDefault;
    Properties(out).set(name.c_str(), *side, i);
  }
  return ofx::kOk;
}

ofx::Status frames_needed(ofx::PropertySet in, ofx::PropertySet out) {
  const std::string name = std::string(p::kClipFrameRange) + ofx::kSourceClip;
  const ofx::Time time = Properties(in).real(p::kTime).value_or(0);
  for (int i = 0; i < 2; ++i) Properties(out).set(name.c_str(), time, i);
  return ofx::kOk;
}

}  // namespace faceplate::plugin
