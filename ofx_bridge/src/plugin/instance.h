// One instance of the effect: its clips, its parameters, its message.
//
// Rules of this file:
//   - Making one touches no engine: hosts make them while they open a project.
//   - A persistent message stands as long as its reason, and is set once.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "ofx/ofx.h"
#include "plugin/frames.h"
#include "plugin/host.h"
#include "plugin/parameters.h"

namespace faceplate::plugin {

class Instance {
 public:
  explicit Instance(ofx::Effect effect);

  // The one that the host's handle stands for.
  static Instance& of(ofx::Effect effect);

  ofx::Effect effect() const { return effect_; }
  ofx::Clip source() const { return source_; }
  ofx::Clip output() const { return output_; }
  const Parameters& parameters() const { return parameters_; }
  Properties properties() const;

  // The source's own frame, where the host tells it.
  std::optional<std::int64_t> told_frame(ofx::PropertySet in) const;

  // The plate's frame at a time of the host's.
  std::int64_t frame_at(ofx::PropertySet in, ofx::Time time, const Values& values) const;

  // Whether the host wants the render to end.
  bool aborted() const { return suites().effect->abort(effect_) != 0; }

  // Sets the persistent message, as an error or of that kind; an empty one clears it.
  void say(const std::string& message, const char* kind = ofx::value::kMessageError);

  // Writes down what the engine learnt; only where the host lets parameters be set.
  void sync() const;

  // A button was pressed, or a value changed.
  void changed(const std::string& name, ofx::Time time);

 private:
  void tell(const std::string& message) const;
  void restore_range(ofx::Time time);
  void cancel(ofx::Time time);
  void refresh(ofx::Time time);
  void open_report(ofx::Time time);
  void begin_learning(ofx::Time time) const;
  std::string standing(ofx::Time time) const;
  void nudge(ofx::Time time) const;

  ofx::Effect effect_;
  ofx::Clip source_ = nullptr, output_ = nullptr;
  Parameters parameters_;
  std::string file_path_;  // where the host says so when it makes the instance
  std::mutex saying_;
  std::string said_;
};

}  // namespace faceplate::plugin
