// The plugin's parameters: their names, for ever, and their values.
//
// Rules of this file:
//   - A name, its type and the order of its choices are in projects that people have saved: new
//     ones are added behind, none is renamed, reordered or taken away.
//   - Values are read inside the action that needs them, at its time.
//   - Values are set in CreateInstance, InstanceChanged and SyncPrivateData alone.
#pragma once

#include <cstdint>
#include <string>

#include "ofx/ofx.h"
#include "plugin/compose.h"

namespace faceplate::plugin {

namespace name {
inline constexpr char kTake[] = "take";
inline constexpr char kSource[] = "source";
inline constexpr char kSplitPosition[] = "splitPosition";
inline constexpr char kMix[] = "mix";
inline constexpr char kMatteGain[] = "matteGain";
inline constexpr char kMatteGrow[] = "matteGrow";
inline constexpr char kMissing[] = "missing";
inline constexpr char kDeadline[] = "deadline";
inline constexpr char kFrameOffset[] = "frameOffset";
inline constexpr char kFrameAlpha[] = "frameAlpha";
inline constexpr char kEngine[] = "engine";
inline constexpr char kPlate[] = "plate";
inline constexpr char kColourspace[] = "colourspace";
inline constexpr char kShot[] = "shot";
inline constexpr char kRange[] = "range";
inline constexpr char kOutput[] = "output";
inline constexpr char kRestorer[] = "restorer";
inline constexpr char kLearn[] = "learn";
inline constexpr char kRestoreRange[] = "restoreRange";
inline constexpr char kCancel[] = "cancel";
inline constexpr char kRefresh[] = "refresh";
inline constexpr char kOpenReport[] = "openReport";
inline constexpr char kJob[] = "job";
inline constexpr char kReport[] = "report";
inline constexpr char kNudge[] = "nudge";
inline constexpr char kShelf[] = "shelf";
}  // namespace name

enum class Missing { kSource, kMarked, kWait };

// What render and isIdentity go by.
struct Values {
  std::string take, engine;
  std::string preview, previewed;  // a window's take and frames, shown where `take` lacks a frame
  Drawing drawing;
  Alpha alpha = Alpha::kAsSource;
  Missing missing = Missing::kMarked;
  double deadline_s = 10.0;
  int frame_offset = 0;
  bool learn = false;

  // Whether the source is what is seen, whatever an engine has.
  bool shows_source() const {
    return drawing.show == Show::kOriginal || (take.empty() && preview.empty()) ||
           (drawing.mix == 0.0 &&
            (drawing.show == Show::kRestored || drawing.show == Show::kSplit));
  }
};

// An instance's parameters. What a host did not let us define has its default.
class Parameters {
 public:
  explicit Parameters(ofx::ParamSet set) : set_(set) {}

  Values at(ofx::Time time) const;
  std::string text(const char* name, ofx::Time time = 0) const;
  int number(const char* name, ofx::Time time = 0, int otherwise = 0) const;
  double real(const char* name, ofx::Time time, double otherwise) const;
  void set(const char* name, const std::string& value) const;
  void set(const char* name, int value) const;

 private:
  ofx::Param handle(const char* name) const;

  ofx::ParamSet set_;
};

// Defines all of them, in DescribeInContext.
void define_parameters(ofx::ParamSet set);

}  // namespace faceplate::plugin
