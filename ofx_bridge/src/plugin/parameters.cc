#include "plugin/parameters.h"

#include <algorithm>
#include <initializer_list>

#include "plugin/host.h"

namespace faceplate::plugin {
namespace {

namespace p = ofx::prop;
namespace v = ofx::value;

// Defines parameters into one group after the other.
class Definer {
 public:
  explicit Definer(ofx::ParamSet set) : set_(set) {}

  void group(const char* name, const char* label) {
    group_ = "";
    if (define(v::kParamGroup, name, label, "")) group_ = name;
  }

  Properties text(const char* name, const char* label, const char* hint,
                  const char* mode = v::kStringSingleLine) {
    const Properties made = still(define(v::kParamString, name, label, hint));
    made.set(p::kParamStringMode, mode);
    made.set(p::kParamDefault, "");
    if (mode != v::kStringSingleLine) made.set(p::kParamFileExists, 0);
    return made;
  }

  void real(const char* name, const char* label, const char* hint, double value, double least,
            double most, double shown_least, double shown_most) {
    const Properties made = define(v::kParamDouble, name, label, hint);
    made.set(p::kParamDefault, value);
    made.set(p::kParamMin, least);
    made.set(p::kParamMax, most);
    made.set(p::kParamDisplayMin, shown_least);
    made.set(p::kParamDisplayMax, shown_most);
  }

  Properties whole(const char* name, const char* label, const char* hint, int least, int most) {
    const Properties made = define(v::kParamInteger, name, label, hint);
    made.set(p::kParamDefault, 0);
    made.set(p::kParamMin, least);
    made.set(p::kParamMax, most);
    made.set(p::kParamDisplayMin, std::max(least, -1000));
    made.set(p::kParamDisplayMax, std::min(most, 1000));
    return made;
  }

  Properties choice(const char* name, const char* label, const char* hint, int value,
                    std::initializer_list<const char*> options) {
    const Properties made = define(v::kParamChoice, name, label, hint);
    int index = 0;
    for (const char* option : options) made.set(p::kParamChoiceOption, option, index++);
    made.set(p::kParamDefault, value);
    return made;
  }

  void flag(const char* name, const char* label, const char* hint) {
    still(define(v::kParamBoolean, name, label, hint)).set(p::kParamDefault, 0);
  }

  void button(const char* name, const char* label, const char* hint) {
    define(v::kParamPushButton, name, label, hint);
  }

  static Properties still(const Properties& made) {
    made.set(p::kParamAnimates, 0);
    return made;
  }

 private:
  Properties define(const char* type, const char* name, const char* label, const char* hint) {
    ofx::PropertySet made = nullptr;
    if (suites().parameter->paramDefine(set_, type, name, &made) != ofx::kOk) made = nullptr;
    const Properties properties(made);  // some hosts have no groups or buttons
    properties.set(p::kLabel, label);
    properties.set(p::kParamScriptName, name);
    if (*hint) properties.set(p::kParamHint, hint);
    if (*group_) properties.set(p::kParamParent, group_);
    return properties;
  }

  ofx::ParamSet set_;
  const char* group_ = "";
};

void define_looks(Definer& make) {
  make.text(name::kTake, "Take",
            "The folder NAME.take beside restored frames, or a job of the engine (16 hexadecimal "
            "digits). Empty: the source.",
            v::kStringFolderPath);
  make.choice(name::kSource, "Show", "What is seen.", 1,
              {"Original", "Restored", "Matte", "Difference", "Split"});
  make.real(name::kSplitPosition, "Split position",
            "Left of it the original, in parts of the width.", 0.5, 0, 1, 0, 1);
  make.real(name::kMix, "Mix", "0 is the original, 1 the restored frame.", 1, 0, 1, 0, 1);
  make.group("matteGroup", "Matte");
  make.real(name::kMatteGain, "Matte gain", "Times the matte. The take needs the layer matte.", 1,
            0, 64, 0, 4);
  make.real(
      name::kMatteGrow, "Matte grow",
      "Pixels by which the matte grows; negative ones shrink it. A change is known only where "
      "the take's matte is above 0.",
      0, -256, 256, -32, 32);
}

void define_rules(Definer& make) {
  make.group("frameGroup", "Frames");
  make.choice(name::kMissing, "Frame not there",
              "What is seen where the frame is not restored yet. Interactive renders never wait.",
              1, {"Source", "Marked source", "Wait"});
  make.real(name::kDeadline, "Deadline", "Seconds that a final render waits at most.", 10, 0, 86400,
            0, 120);
  Definer::still(make.whole(name::kFrameOffset, "Frame offset",
                            "Added to the host's frame number to get the plate's. Without meaning "
                            "where the host itself tells the source's frame.",
                            -999999999, 999999999));
  Definer::still(
      make.choice(name::kFrameAlpha, "Frame's alpha",
                  "Whether the colours of the restored frames are multiplied by their alpha.", 0,
                  {"As the source", "Premultiplied", "Straight"}));
  make.text(name::kEngine, "Engine", "The engine's connection file. Empty: that of this user.",
            v::kStringFilePath);
}

void define_orders(Definer& make) {
  make.group("restoreGroup", "Restore");
  make.text(name::kPlate, "Plate",
            "The source, as NAME.####.exr or a movie. Empty: what the host says, where it does.",
            v::kStringFilePath);
  make.text(name::kColourspace, "Colourspace", "Of the plate. Empty: what its files say.");
  make.text(name::kShot, "Shot", "In to out of the shot, as 1001-1100. Empty: the range.");
  make.text(name::kRange, "Range", "What is to be restored, as 1001-1100 or 1001-1100x2.");
  make.text(name::kOutput, "Output",
            "Folder of the restored frames. Empty: restored, beside the plate.",
            v::kStringFolderPath);
  make.text(name::kRestorer, "Restorer", "Empty: the engine's default.");
  make.flag(
      name::kLearn, "Learn source",
      "Send the source's frames to the engine as they are rendered, for hosts whose plates have "
      "no path. Needs Shot and Colourspace.");
  make.button(name::kRestoreRange, "Restore range",
              "Give the range to the engine, and go on working.");
  make.button(name::kCancel, "Cancel", "Stop the job; frames that are done are kept.");
  make.button(name::kRefresh, "Refresh", "Look again for frames.");
  make.button(name::kOpenReport, "Open report", "How the job stands.");
  const Properties job = make.text(name::kJob, "Job", "What Restore range started.");
  job.set(p::kParamSecret, 1);
  const Properties report = make.text(name::kReport, "Report", "What the engine said last.");
  report.set(p::kParamEnabled, 0);
  report.set(p::kParamEvaluateOnChange, 0);
  const Properties nudge =
      Definer::still(make.whole(name::kNudge, "Nudge", "Refresh counts here.", 0, 1 << 30));
  nudge.set(p::kParamSecret, 1);
  const Properties shelf = make.text(name::kShelf, "Shelf", "Where learnt frames lie.");
  shelf.set(p::kParamSecret, 1);
}

}  // namespace

void define_parameters(ofx::ParamSet set) {
  Definer make(set);
  define_looks(make);
  define_rules(make);
  define_orders(make);
}

ofx::Param Parameters::handle(const char* name) const {
  ofx::Param found = nullptr;
  if (suites().parameter->paramGetHandle(set_, name, &found, nullptr) != ofx::kOk) return nullptr;
  return found;
}

std::string Parameters::text(const char* name, ofx::Time time) const {
  char* value = nullptr;
  ofx::Param param = handle(name);
  if (!param || suites().parameter->paramGetValueAtTime(param, time, &value) != ofx::kOk) return {};
  return value ? value : "";
}

int Parameters::number(const char* name, ofx::Time time, int otherwise) const {
  int value = 0;
  ofx::Param param = handle(name);
  const bool told =
      param && suites().parameter->paramGetValueAtTime(param, time, &value) == ofx::kOk;
  return told ? value : otherwise;
}

double Parameters::real(const char* name, ofx::Time time, double otherwise) const {
  double value = 0;
  ofx::Param param = handle(name);
  const bool told =
      param && suites().parameter->paramGetValueAtTime(param, time, &value) == ofx::kOk;
  return told ? value : otherwise;
}

void Parameters::set(const char* name, const std::string& value) const {
  if (ofx::Param param = handle(name)) suites().parameter->paramSetValue(param, value.c_str());
}

void Parameters::set(const char* name, int value) const {
  if (ofx::Param param = handle(name)) suites().parameter->paramSetValue(param, value);
}

Values Parameters::at(ofx::Time time) const {
  Values values;
  const Values otherwise;
  const Drawing& plain = otherwise.drawing;
  values.take = text(name::kTake, time);
  while (values.take.size() > 1 && values.take.back() == '/') values.take.pop_back();
  values.engine = text(name::kEngine, time);
  values.drawing.show = static_cast<Show>(
      std::clamp(number(name::kSource, time, static_cast<int>(plain.show)), 0, 4));
  values.drawing.mix = std::clamp(real(name::kMix, time, plain.mix), 0.0, 1.0);
  values.drawing.matte_gain = std::clamp(real(name::kMatteGain, time, plain.matte_gain), 0.0, 64.0);
  values.drawing.matte_grow =
      std::clamp(real(name::kMatteGrow, time, plain.matte_grow), -256.0, 256.0);
  values.drawing.split = std::clamp(real(name::kSplitPosition, time, plain.split), 0.0, 1.0);
  values.alpha = static_cast<Alpha>(std::clamp(number(name::kFrameAlpha, time), 0, 2));
  values.missing = static_cast<Missing>(
      std::clamp(number(name::kMissing, time, static_cast<int>(otherwise.missing)), 0, 2));
  values.deadline_s = std::clamp(real(name::kDeadline, time, otherwise.deadline_s), 0.0, 86400.0);
  values.frame_offset = number(name::kFrameOffset, time);
  values.learn = number(name::kLearn, time) != 0;
  return values;
}

}  // namespace faceplate::plugin
