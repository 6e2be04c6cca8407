// EngineFrames, as far as it teaches: frames go onto a shelf; with the last of them the shot is
// submitted, and before that each window of the restorer's that is whole, as a shot of its own.
//
// Rules of this file:
//   - What is found in a shot is looked for in all of it. So a window that is restored before the
//     shot is whole has a take of its own, which says so by its name, and the shot's never reads
//     it.
//   - With the shot's job, windows that are not done are cancelled: they would be made twice.
//   - A shelf that two sources were seen for is nobody's: nothing of it is shown.

#include <cstdio>

#include "base/windowing.h"
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

bool EngineFrames::agrees(const std::string& shelf, std::int64_t frame, std::size_t pixels) {
  const std::lock_guard<std::mutex> lock(learning_);
  Shelf& known = shelves_[shelf];
  if (known.pixels.emplace(frame, pixels).first->second != pixels) known.agrees = false;
  return known.agrees;
}

bool EngineFrames::wants(const std::string& shelf, std::int64_t frame) {
  const std::lock_guard<std::mutex> lock(learning_);
  const Shelf& known = shelves_[shelf];
  return known.agrees && waiting_bytes_ < kMostWaiting && known.taught.count(frame) == 0;
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
  std::string name;
  {
    const std::lock_guard<std::mutex> lock(learning_);
    const Shelf& shelf = shelves_[lesson.shelf];
    if (!shelf.agrees) return;
    name = shelf.name;
  }
  const std::string path = client.deposit(name, file_name(lesson.frame), lesson.file, patience);
  const FrameRange shot = FrameRange::parse(lesson.order.shot);
  {
    const std::lock_guard<std::mutex> lock(learning_);
    Shelf& shelf = shelves_[lesson.shelf];
    shelf.there.insert(lesson.frame);
    shelf.learnt.there = shelf.there.size();
    shelf.learnt.total = shot.frames().size();
  }
  const std::string folder = path.substr(0, path.find_last_of("/\\"));
  Order order = lesson.order;
  order.plate = folder + "/" + kStem + ".########.exr";
  order.output = folder;
  if (is_there(lesson.shelf, shot)) {
    submit_shot(lesson, std::move(order), client, patience);
  } else {
    submit_windows(lesson, std::move(order), client, patience);
  }
}

bool EngineFrames::is_there(const std::string& shelf, const FrameRange& frames) {
  const std::lock_guard<std::mutex> lock(learning_);
  const std::set<std::int64_t>& there = shelves_[shelf].there;
  for (const std::int64_t frame : frames.frames()) {
    if (there.count(frame) == 0) return false;
  }
  return true;
}

bool EngineFrames::is_submitted(const std::string& shelf, const FrameRange& window) {
  const std::lock_guard<std::mutex> lock(learning_);
  return shelves_[shelf].windows.count(window.frames().front()) != 0;
}

void EngineFrames::submit_shot(const Lesson& lesson, Order order, EngineClient& client,
                               const Patience& patience) {
  order.frames = order.shot;
  order.output += "/restored";
  const Accepted accepted = start(order, client, patience);
  std::map<std::int64_t, LearntWindow> windows;
  {
    const std::lock_guard<std::mutex> lock(learning_);
    Shelf& shelf = shelves_[lesson.shelf];
    shelf.learnt.job = accepted.job;
    shelf.learnt.take = accepted.take;
    windows = shelf.windows;
  }
  for (const auto& [first, window] : windows) {
    if (jobs_.count(window.job) == 0) continue;  // it is done
    try {
      client.cancel(window.job, patience);
    } catch (const Error&) {  // then it is made twice
    }
  }
}

void EngineFrames::submit_windows(const Lesson& lesson, Order order, EngineClient& client,
                                  const Patience& patience) {
  const std::optional<RestorerText> restorer = described(order.restorer, client, patience);
  if (!restorer) return;
  order.restorer = restorer->name;
  const FrameRange shot = FrameRange::parse(lesson.order.shot);
  const std::string folder = order.output;
  for (const FrameRange& frames : windows(shot, restorer->window, restorer->overlap)) {
    const auto& numbers = frames.frames();
    if (is_submitted(lesson.shelf, frames) || !is_there(lesson.shelf, frames)) continue;
    order.frames = order.shot = frames.text();
    order.output = folder + "/windows/" + std::to_string(numbers.front()) + "-" +
                   std::to_string(numbers.back());
    const Accepted accepted = start(order, client, patience);
    const std::lock_guard<std::mutex> lock(learning_);
    shelves_[lesson.shelf].windows[numbers.front()] = {frames, accepted.job, accepted.take};
  }
}

// What the engine says of a restorer, or of its first; nothing while it loads.
std::optional<RestorerText> EngineFrames::described(const std::string& restorer,
                                                    EngineClient& client,
                                                    const Patience& patience) {
  if (restorers_.empty() || described_ != client.engine()) {
    if (!client.hello(patience).ready) return std::nullopt;
    restorers_ = client.describe(patience).restorers;
    described_ = client.engine();
  }
  for (const RestorerText& known : restorers_) {
    if (restorer.empty() || known.name == restorer) return known;
  }
  return std::nullopt;  // the shot will be refused, with the engine's own words
}

Learnt EngineFrames::learnt(const std::string& shelf) {
  const std::lock_guard<std::mutex> lock(learning_);
  const auto found = shelves_.find(shelf);
  return found == shelves_.end() || !found->second.agrees ? Learnt() : found->second.learnt;
}

Preview EngineFrames::preview(const std::string& shelf, std::int64_t frame) {
  const std::lock_guard<std::mutex> lock(learning_);
  const auto found = shelves_.find(shelf);
  if (found == shelves_.end() || !found->second.agrees) return {};
  const auto& windows = found->second.windows;
  // Of two that share it, the later: there it lies among its past.
  for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
    if (window->second.frames.contains(frame)) {
      return {window->second.take, window->second.frames.text()};
    }
  }
  return {};
}

}  // namespace faceplate::plugin
