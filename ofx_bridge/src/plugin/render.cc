// From a host's question for a window of a frame to its pixels.
//
// Rules of this file:
//   - Nothing is restored here: a frame is looked up, and is there or not.
//   - Interactive renders take what there is. Final ones wait where they are told to, hear of
//     abort() every 50 ms at the latest, and end by the deadline.
//   - An image is held no longer than the action; while the engine is waited for, none is.

#include <algorithm>
#include <cmath>
#include <thread>

#include "plugin/actions.h"
#include "plugin/instance.h"
#include "plugin/learn.h"

namespace faceplate::plugin {
namespace {

namespace p = ofx::prop;

constexpr double kInteractiveS = 2.0;  // for an engine that reads a frame which is there
constexpr double kAgainS = 0.25;       // between two looks for a frame that is waited for

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

struct Layers {
  Found restored, matte;
};

class Finding {
 public:
  Finding(const Instance& instance, const Values& values, std::int64_t frame, bool interactive)
      : values_(values),
        frame_(frame),
        waits_(values.missing == Missing::kWait && !interactive),
        engine_(frame_source(values.engine)),
        patience_(interactive ? std::min(values.deadline_s, kInteractiveS) : values.deadline_s,
                  [&instance] { return instance.aborted(); }) {}

  // Looks, and again where it waits. Throws Aborted.
  Layers layers() const {
    Layers found{layer(Layer::kBeauty), {}};
    if (found.restored.standing == Standing::kThere && values_.drawing.needs_matte()) {
      found.matte = layer(Layer::kMatte);
    }
    return found;
  }

  bool waits() const { return waits_; }

 private:
  Found layer(Layer which) const {
    while (true) {
      Found found = engine_->look(values_.take, frame_, which, patience_);
      const bool hopeful =
          found.standing == Standing::kAbsent || found.standing == Standing::kNoEngine;
      if (!waits_ || !hopeful) return found;
      pause(std::min(kAgainS, patience_.left_s()));
      if (patience_.left_s() <= 0) return found;
    }
  }

  void pause(double seconds) const {
    const Patience again = patience_.shortened(seconds);
    while (true) {
      again.check();
      const double left = again.left_s();
      if (left <= 0) return;
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kSliceS)));
    }
  }

  const Values& values_;
  std::int64_t frame_;
  bool waits_;
  std::shared_ptr<FrameSource> engine_;
  Patience patience_;
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

const Found& worst(const Layers& layers, const Values& values) {
  const bool restored = layers.restored.standing == Standing::kThere;
  return restored && values.drawing.needs_matte() ? layers.matte : layers.restored;
}

// What the parameters say; where they name no take, the one that was learnt.
Values values_at(const Instance& instance, ofx::Time time) {
  Values values = instance.parameters().at(time);
  if (values.learn && values.take.empty()) {
    const std::string shelf = shelf_of(instance.parameters(), time);
    values.take = frame_source(values.engine)->learnt(shelf).take;
  }
  return values;
}

// What a person must hear: nothing of a frame that is merely not there yet.
std::string complaint(const Found& found, const Finding& finding, const Values& values) {
  if (found.standing == Standing::kThere) return {};
  if (found.standing != Standing::kAbsent) return found.message;
  if (!finding.waits()) return {};
  return "The frame is not there after " + std::to_string(std::lround(values.deadline_s)) +
         " s: " + found.message;
}

}  // namespace

ofx::Status render(ofx::Effect effect, ofx::PropertySet in) {
  Instance& instance = Instance::of(effect);
  const Asked asked(in);
  const Values values = values_at(instance, asked.time);
  const std::int64_t frame = instance.frame_at(in, asked.time, values);
  std::string lesson;
  if (values.learn) {
    lesson = learn(instance, *frame_source(values.engine), in, asked.time, frame);
  }
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
  const Found& found = worst(layers, values);
  std::string message = complaint(found, finding, values);
  const Canvas canvas(instance, asked);
  if (found.standing == Standing::kThere) {
    message = canvas.draw(layers, asked, values);
    instance.say(message);
    if (message.empty()) return ofx::kOk;
  }
  instance.say(message);
  // Also what fails is drawn: some hosts show the pixels of a failed render.
  values.missing == Missing::kSource ? canvas.draw_source() : canvas.draw_marked();
  return finding.waits() ? ofx::kFailed : ofx::kOk;
}

ofx::Status is_identity(ofx::Effect effect, ofx::PropertySet in, ofx::PropertySet out) {
  const Instance& instance = Instance::of(effect);
  const Asked asked(in);
  const Values values = values_at(instance, asked.time);
  bool identity = values.shows_source();
  if (!identity && values.missing == Missing::kSource && !values.learn) {
    const auto engine = frame_source(values.engine);
    const Found found = engine->peek(values.take, instance.frame_at(in, asked.time, values));
    identity = found.standing == Standing::kAbsent;
  }
  if (!identity || values.learn) return ofx::kReplyDefault;
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
