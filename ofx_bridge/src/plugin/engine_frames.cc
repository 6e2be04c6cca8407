#include "plugin/engine_frames.h"

#include <algorithm>
#include <utility>

namespace faceplate::plugin {
namespace {

constexpr char kMatteChannel[] = "faceplate.matte";
constexpr std::size_t kKept = 3;     // pictures; a ring has a slot more
constexpr double kImpatientS = 2.5;  // who waits no longer than this is impatient

Rect corners(const std::vector<std::int64_t>& inclusive) {
  constexpr std::int64_t kFar = std::int64_t{1} << 30;
  if (inclusive.size() != 4) throw Error(kProtocolError, "a window has four sides");
  for (const std::int64_t side : inclusive) {
    if (side < -kFar || side > kFar) throw Error(kProtocolError, "such windows are no pictures'");
  }
  return {static_cast<int>(inclusive[0]), static_cast<int>(inclusive[1]),
          static_cast<int>(inclusive[2]) + 1, static_cast<int>(inclusive[3]) + 1};
}

std::shared_ptr<const Picture> picture_of(Pixels pixels, int channels) {
  auto held = std::make_shared<Pixels>(std::move(pixels));
  const PixelsText& laid = held->layout;
  auto picture = std::make_shared<Picture>();
  picture->data = corners(laid.data_window);
  picture->display = corners(laid.display_window);
  const std::int64_t width = picture->data.x2 - picture->data.x1;
  if (laid.channel_bytes != 4 || laid.pixel_bytes != 4 * channels ||
      laid.row_bytes < laid.pixel_bytes * width || laid.row_bytes % 4 != 0) {
    throw Error(kProtocolError, "the pixels do not lie side by side, as was asked for");
  }
  picture->samples = reinterpret_cast<const float*>(held->memory);
  picture->row = laid.row_bytes / 4;
  picture->channels = channels;
  picture->owner = std::move(held);
  return picture;
}

Found failed(const Error& error) {
  if (error.is(kFrameMissing)) return {Standing::kAbsent, nullptr, error.what()};
  if (error.is(kEngineBusy)) {
    return {Standing::kBusy, nullptr, std::string("The engine is busy: ") + error.what()};
  }
  const bool nobody = error.is(kEngineUnreachable);
  return {nobody ? Standing::kNoEngine : Standing::kRefused, nullptr, error.what()};
}

Submit submit_of(const Order& order) {
  Submit submit;
  submit.frames = FrameRange::parse(order.frames);
  submit.shot.frames = FrameRange::parse(order.shot.empty() ? order.frames : order.shot);
  submit.shot.plate.path = order.plate;
  if (!order.colourspace.empty()) submit.shot.plate.colourspace = order.colourspace;
  submit.settings.restorer = order.restorer;
  submit.settings.layers = {"beauty", "matte"};
  submit.output = order.output;
  return submit;
}

}  // namespace

Found EngineFrames::look(const std::string& take, std::int64_t frame, Layer layer,
                         const Patience& patience) {
  const Key key{take, frame, layer};
  const std::optional<Stamp> stamp = stamp_of(take, frame);
  if (stamp) {
    if (auto picture = kept(key, *stamp)) return {Standing::kThere, std::move(picture), {}};
  }
  const bool impatient = patience.seconds() <= kImpatientS;
  if (impatient && is_silent()) {
    return {Standing::kNoEngine, nullptr, "the engine at " + connection_ + " does not answer"};
  }
  // The thread may answer after this call has ended.
  auto found = std::make_shared<std::shared_ptr<const Picture>>();
  try {
    ask(
        [this, key, stamp, found](EngineClient& client, const Patience& time) {
          *found = fetch(client, key, time);
          if (stamp) keep(key, *stamp, *found);
        },
        patience);
  } catch (const Error& error) {
    return failed(error);
  }
  return {Standing::kThere, *found, {}};
}

Found EngineFrames::peek(const std::string& take, std::int64_t frame) {
  if (is_job(take) || !is_here(take)) return {Standing::kNoEngine, nullptr, {}};
  return {stamp_of(take, frame) ? Standing::kThere : Standing::kAbsent, nullptr, {}};
}

std::shared_ptr<const Picture> EngineFrames::fetch(EngineClient& client, const Key& key,
                                                   const Patience& patience) {
  const bool beauty = key.layer == Layer::kBeauty;
  Into into;
  into.channels = beauty ? std::vector<std::string>{"R", "G", "B", "A"}
                         : std::vector<std::string>{kMatteChannel};
  into.samples = "float";
  into.interleaved = true;
  const int channels = static_cast<int>(into.channels.size());
  const auto once = [&](bool shared) {
    if (is_job(key.take)) {
      return picture_of(client.fetch_pixels(key.take, key.frame, into, patience), channels);
    }
    return picture_of(client.look_pixels(key.take, key.frame, into, patience, shared).pixels,
                      channels);
  };
  try {
    return once(true);
  } catch (const Error& error) {
    if (!error.is(kEngineBusy)) throw;
  }
  purge();  // every slot is held, by us or by renders
  try {
    return once(true);
  } catch (const Error& error) {
    if (!error.is(kEngineBusy)) throw;
  }
  return once(false);
}

Accepted EngineFrames::start(Order order, EngineClient& client, const Patience& patience) {
  if (order.restorer.empty()) {
    const Welcome welcome = client.hello(patience);
    if (welcome.restorers.empty()) throw Error(kSettingsError, "the engine has no restorer");
    order.restorer = welcome.restorers.front();
  }
  const Accepted accepted = client.submit(submit_of(order), patience);
  jobs_.insert(accepted.job);
  return accepted;
}

Ordered EngineFrames::submit(const Order& order, const Patience& patience) {
  auto accepted = std::make_shared<Accepted>();
  try {
    ask([this, order, accepted](EngineClient& client,
                                const Patience& time) { *accepted = start(order, client, time); },
        patience);
  } catch (const Error& error) {
    return {false, {}, {}, error.what()};
  }
  return {true, accepted->job, accepted->take,
          "Started; " + std::to_string(accepted->total) + " frames are to come."};
}

std::string EngineFrames::cancel(const std::string& job, const Patience& patience) {
  try {
    ask([job](EngineClient& client, const Patience& time) { client.cancel(job, time); }, patience);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

void EngineFrames::purge() {
  const std::lock_guard<std::mutex> lock(keeping_);
  kept_.clear();
}

std::shared_ptr<const Picture> EngineFrames::kept(const Key& key, const Stamp& stamp) {
  const std::lock_guard<std::mutex> lock(keeping_);
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& one) { return one.key == key; });
  if (found == kept_.end()) return nullptr;
  if (found->stamp != stamp) {
    kept_.erase(found);
    return nullptr;
  }
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().picture;
}

void EngineFrames::keep(const Key& key, const Stamp& stamp,
                        std::shared_ptr<const Picture> picture) {
  const std::lock_guard<std::mutex> lock(keeping_);
  kept_.remove_if([&](const Kept& one) { return one.key == key; });
  kept_.push_front({key, stamp, std::move(picture)});
  if (kept_.size() > kKept) kept_.pop_back();
}

}  // namespace faceplate::plugin
