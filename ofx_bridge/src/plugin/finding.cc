#include "plugin/finding.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace faceplate::plugin {
namespace {

constexpr double kInteractiveS = 2.0;  // for an engine that reads a frame which is there
constexpr double kAgainS = 0.25;       // between two looks for a frame that is waited for

}  // namespace

Finding::Finding(const Instance& instance, const Values& values, std::int64_t frame,
                 bool interactive)
    : values_(values),
      frame_(frame),
      waits_(values.missing == Missing::kWait && !interactive),
      engine_(frame_source(values.engine)),
      patience_(interactive ? std::min(values.deadline_s, kInteractiveS) : values.deadline_s,
                [&instance] { return instance.aborted(); }) {}

Layers Finding::layers() const {
  Layers own;
  if (!values_.take.empty()) own = in(values_.take);
  if (is_whole(own) || values_.preview.empty()) return own;
  Layers shown = in(values_.preview);
  shown.is_preview = true;
  return is_whole(shown) || values_.take.empty() ? shown : own;
}

Layers Finding::in(const std::string& take) const {
  Layers found{layer(take, Layer::kBeauty), {}, false};
  if (found.restored.standing == Standing::kThere && values_.drawing.needs_matte()) {
    found.matte = layer(take, Layer::kMatte);
  }
  return found;
}

Found Finding::layer(const std::string& take, Layer which) const {
  while (true) {
    Found found = engine_->look(take, frame_, which, patience_);
    const bool hopeless =
        found.standing == Standing::kThere || found.standing == Standing::kRefused;
    if (!waits_ || hopeless) return found;
    pause(std::min(kAgainS, patience_.left_s()));
    if (patience_.left_s() <= 0) return found;
  }
}

void Finding::pause(double seconds) const {
  const Patience again = patience_.shortened(seconds);
  while (true) {
    again.check();
    const double left = again.left_s();
    if (left <= 0) return;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kSliceS)));
  }
}

const Found& Finding::worst(const Layers& layers) const {
  const bool restored = layers.restored.standing == Standing::kThere;
  return restored && values_.drawing.needs_matte() ? layers.matte : layers.restored;
}

bool Finding::is_whole(const Layers& layers) const {
  return worst(layers).standing == Standing::kThere;
}

std::string Finding::complaint(const Layers& layers) const {
  const Found& found = worst(layers);
  if (found.standing == Standing::kThere) return {};
  if (found.standing != Standing::kAbsent) return found.message;
  if (!waits_) return {};
  return "The frame is not there after " + std::to_string(std::lround(values_.deadline_s)) +
         " s: " + found.message;
}

std::string Finding::remark(const Layers& layers) const {
  if (!layers.is_preview) return {};
  return "A preview: frames " + values_.previewed +
         " were restored by themselves. The shot's own follow once all of it was rendered.";
}

}  // namespace faceplate::plugin
