// EngineFrames, as far as it teaches: frames go onto a shelf, and with the last of them the shot
// is submitted.

#include <cstdio>

#include "plugin/engine_frames.h"

namespace faceplate::plugin {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{512}
                                     << 20;  // bytes; more comes with a later render
constexpr double kSendS = 60.0;
constexpr char kStem[] =
    "through_ofx";  // by this the take's manifest tells where its plate came from

std::string file_name(std::int64_t frame) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%08lld", static_cast<long long>(frame));
  return std::string(kStem) + "." + digits + ".exr";
}

}  // namespace

bool EngineFrames::wants(const std::string& shelf, std::int64_t frame) {
  const std::lock_guard<std::mutex> lock(learning_);
  return waiting_bytes_ < kMostWaiting && shelves_[shelf].taught.count(frame) == 0;
}

void EngineFrames::teach(Lesson lesson) {
  const std::size_t bytes = lesson.file.size();
  {
    const std::lock_guard<std::mutex> lock(learning_);
    if (!shelves_[lesson.shelf].taught.insert(lesson.frame).second) return;
    waiting_bytes_ += bytes;
  }
  auto task = std::make_shared<Task>();
  task->seconds = kSendS;
  task->work = [this, bytes, lesson = std::move(lesson)](EngineClient& client,
                                                         const Patience& patience) {
    std::string message;
    try {
      send(lesson, client, patience);
    } catch (const Error& error) {
      message = error.what();
    }
    const std::lock_guard<std::mutex> lock(learning_);
    waiting_bytes_ -= bytes;
    Shelf& shelf = shelves_[lesson.shelf];
    if (!message.empty()) shelf.taught.erase(lesson.frame);  // a later render sends it again
    shelf.learnt.message = message;
  };
  post(std::move(task));
}

void EngineFrames::send(const Lesson& lesson, EngineClient& client, const Patience& patience) {
  const std::string path =
      client.deposit(lesson.shelf, file_name(lesson.frame), lesson.file, patience);
  const FrameRange shot = FrameRange::parse(lesson.order.shot);
  {
    const std::lock_guard<std::mutex> lock(learning_);
    Shelf& shelf = shelves_[lesson.shelf];
    shelf.there.insert(lesson.frame);
    for (const std::int64_t frame : shot.frames()) {
      if (shelf.there.count(frame) == 0) return;
    }
  }
  const std::string folder = path.substr(0, path.find_last_of("/\\"));
  Order order = lesson.order;
  order.plate = folder + "/" + kStem + ".########.exr";
  order.frames = order.shot;
  order.output = folder + "/restored";
  const Accepted accepted = client.submit(submit_of(order, client.hello(patience)), patience);
  jobs_.insert(accepted.job);
  const std::lock_guard<std::mutex> lock(learning_);
  shelves_[lesson.shelf].learnt = {accepted.job, accepted.take, {}};
}

Learnt EngineFrames::learnt(const std::string& shelf) {
  const std::lock_guard<std::mutex> lock(learning_);
  const auto found = shelves_.find(shelf);
  return found == shelves_.end() ? Learnt() : found->second.learnt;
}

void EngineFrames::forget(const std::string& shelf) {
  const std::lock_guard<std::mutex> lock(learning_);
  shelves_.erase(shelf);
}

}  // namespace faceplate::plugin
