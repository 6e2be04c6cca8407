#include "plugin/instance.h"

#include <cctype>
#include <cmath>
#include <cstdint>

#include "base/protocol.h"

namespace faceplate::plugin {
namespace {

constexpr double kButtonS =
    0.5;  // a button's word with an engine; the panel stands still meanwhile
constexpr char kMessageId[] = "faceplate";
constexpr char kMessageLog[] = "OfxMessageLog";

ofx::ParamSet parameters_of(ofx::Effect effect) {
  ofx::ParamSet set = nullptr;
  check(suites().effect->getParamSet(effect, &set));
  return set;
}

ofx::Clip clip_of(ofx::Effect effect, const char* name) {
  ofx::Clip clip = nullptr;
  return suites().effect->clipGetHandle(effect, name, &clip, nullptr) == ofx::kOk ? clip : nullptr;
}

std::string folder_of(const std::string& path) {
  const auto end = path.find_last_of("/\\");
  return end == std::string::npos ? std::string() : path.substr(0, end);
}

// Hosts name a sequence by one of its files: NAME.1001.exr is NAME.####.exr.
std::string pattern_of(const std::string& path) {
  const auto dot = path.find_last_of('.');
  const auto slash = path.find_last_of("/\\");
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return path;
  const std::string kind = path.substr(dot + 1);
  bool pictures = false;
  for (const char* known : {"exr", "dpx", "tif", "tiff", "png"}) pictures |= kind == known;
  std::size_t first = dot;
  while (first > 0 && std::isdigit(static_cast<unsigned char>(path[first - 1]))) --first;
  if (!pictures || first == dot) return path;
  return path.substr(0, first) + std::string(dot - first, '#') + path.substr(dot);
}

}  // namespace

Instance::Instance(ofx::Effect effect)
    : effect_(effect),
      source_(clip_of(effect, ofx::kSourceClip)),
      output_(clip_of(effect, ofx::kOutputClip)),
      parameters_(parameters_of(effect)),
      file_path_(properties().text(ofx::prop::kSourceFilePath)) {}

Instance& Instance::of(ofx::Effect effect) {
  ofx::PropertySet set = nullptr;
  if (!effect || suites().effect->getPropertySet(effect, &set) != ofx::kOk) {
    throw HostError{ofx::kErrBadHandle};
  }
  void* instance = Properties(set).pointer(ofx::prop::kInstanceData);
  if (!instance) throw HostError{ofx::kErrBadHandle};
  return *static_cast<Instance*>(instance);
}

Properties Instance::properties() const {
  ofx::PropertySet set = nullptr;
  check(suites().effect->getPropertySet(effect_, &set));
  return Properties(set);
}

std::optional<std::int64_t> Instance::told_frame(ofx::PropertySet in) const {
  for (const Properties& told : {Properties(in), properties()}) {
    if (const auto frame = told.number(ofx::prop::kSourceFrame)) return *frame;
    if (const auto frame = told.real(ofx::prop::kSourceFrame)) return std::llround(*frame);
  }
  return std::nullopt;
}

std::int64_t Instance::frame_at(ofx::PropertySet in, ofx::Time time, const Values& values) const {
  if (const auto frame = told_frame(in)) return *frame;
  // A frame lasts until the next: its second field is half a frame later.
  constexpr double kRounding = 1e-3;
  if (!(std::fabs(time) < 1e9)) throw HostError{ofx::kErrValue};
  return static_cast<std::int64_t>(std::floor(time + kRounding)) + values.frame_offset;
}

void Instance::say(const std::string& message, const char* kind) {
  const std::lock_guard<std::mutex> lock(saying_);
  if (message == said_ || !suites().message) return;
  const ofx::MessageSuite& suite = *suites().message;
  if (!suites().persistent) {
    if (!message.empty()) suite.message(effect_, kMessageLog, kMessageId, "%s", message.c_str());
  } else if (message.empty()) {
    suite.clearPersistentMessage(effect_);
  } else {
    suite.setPersistentMessage(effect_, kind, kMessageId, "%s", message.c_str());
  }
  said_ = message;
}

void Instance::tell(const std::string& message) const {
  parameters_.set(name::kReport, message);
  if (suites().message) {
    suites().message->message(effect_, ofx::value::kMessageMessage, kMessageId, "%s",
                              message.c_str());
  }
}

void Instance::changed(const std::string& name, ofx::Time time) {
  if (name == name::kRestoreRange) restore_range(time);
  if (name == name::kCancel) cancel(time);
  if (name == name::kRefresh) refresh(time);
  if (name == name::kOpenReport) open_report(time);
  if (name == name::kLearn) begin_learning(time);
}

// Each time that it is switched on, another shelf: the source may be another by now.
void Instance::begin_learning(ofx::Time time) const {
  if (!parameters_.number(name::kLearn, time)) return;
  parameters_.set(name::kShelf, new_id());
  parameters_.set(name::kTake, std::string());
}

void Instance::sync() const {
  if (!parameters_.text(name::kTake).empty() || parameters_.text(name::kShelf).empty()) return;
  const auto engine = frame_source(parameters_.text(name::kEngine));
  const Learnt learnt = engine->learnt(parameters_.text(name::kShelf));
  if (learnt.take.empty()) return;
  parameters_.set(name::kTake, learnt.take);
  parameters_.set(name::kJob, learnt.job);
}

void Instance::nudge(ofx::Time time) const {
  parameters_.set(name::kNudge, (parameters_.number(name::kNudge, time) + 1) & 0x3fffffff);
}

void Instance::restore_range(ofx::Time time) {
  Order order;
  order.plate = parameters_.text(name::kPlate, time);
  if (order.plate.empty()) order.plate = pattern_of(properties().text(ofx::prop::kSourceFilePath));
  if (order.plate.empty()) order.plate = pattern_of(file_path_);
  order.frames = parameters_.text(name::kRange, time);
  order.shot = parameters_.text(name::kShot, time);
  order.output = parameters_.text(name::kOutput, time);
  order.colourspace = parameters_.text(name::kColourspace, time);
  order.restorer = parameters_.text(name::kRestorer, time);
  if (order.plate.empty()) {
    return tell(
        "This host does not say where the plate lies: fill in Plate, or restore it with "
        "the faceplate command and fill in Take.");
  }
  if (order.frames.empty()) order.frames = order.shot;
  if (order.frames.empty()) return tell("Fill in Range, as 1001-1100.");
  if (order.output.empty()) order.output = folder_of(order.plate) + "/restored";
  const auto engine = frame_source(parameters_.text(name::kEngine, time));
  const Ordered ordered = engine->submit(order, Patience(kButtonS));
  if (!ordered.accepted) return tell(ordered.message);
  parameters_.set(name::kTake, ordered.take);
  parameters_.set(name::kJob, ordered.job);
  parameters_.set(name::kReport, ordered.message);
  nudge(time);
}

void Instance::cancel(ofx::Time time) {
  const std::string job = parameters_.text(name::kJob, time);
  if (job.empty()) return tell("Nothing was started here.");
  const auto engine = frame_source(parameters_.text(name::kEngine, time));
  const std::string refused = engine->cancel(job, Patience(kButtonS));
  parameters_.set(name::kReport,
                  refused.empty() ? "Cancelled; frames that are done are kept." : refused);
}

void Instance::refresh(ofx::Time time) {
  const auto engine = frame_source(parameters_.text(name::kEngine, time));
  engine->purge();
  sync();
  parameters_.set(name::kReport, standing(time));
  nudge(time);
}

// How the job stands, and the source that is learnt.
std::string Instance::standing(ofx::Time time) const {
  const auto engine = frame_source(parameters_.text(name::kEngine, time));
  std::string text = engine->report(parameters_.text(name::kJob, time), Patience(kButtonS));
  const Learnt learnt = engine->learnt(parameters_.text(name::kShelf, time));
  if (parameters_.number(name::kLearn, time) && learnt.total > 0) {
    text += " Learn source: " + std::to_string(learnt.there) + " of " +
            std::to_string(learnt.total) + " frames are with it.";
  }
  return text;
}

void Instance::open_report(ofx::Time time) {
  std::string text = standing(time);
  const std::string take = parameters_.text(name::kTake, time);
  if (!take.empty()) text += "\nTake: " + take;
  text += "\nAll jobs, in a browser: faceplate page --open";
  tell(text);
}

}  // namespace faceplate::plugin
