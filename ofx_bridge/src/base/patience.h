// How long a call may take: one deadline for all that it does, and a way to end it sooner.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "base/errors.h"

namespace faceplate {

inline constexpr double kSliceS = 0.05;  // a host that aborts is heard this soon

// A deadline that starts when this is made.
//
// `aborted` is asked at most every `kSliceS` seconds of waiting, on the thread that waits; where it
// says true, the call throws Aborted.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Patience(double seconds, std::function<bool()> aborted = {})
      : seconds_(seconds),
        end_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                std::chrono::duration<double>(std::clamp(seconds, 0.0, 1e9)))),
        aborted_(std::move(aborted)) {}

  // What it was made with, for sentences.
  double seconds() const { return seconds_; }

  // Seconds that are left, none below 0.
  double left_s() const {
    return std::max(0.0, std::chrono::duration<double>(end_ - Clock::now()).count());
  }

  // The same with an earlier end, where `seconds` from now is earlier.
  Patience shortened(double seconds) const {
    return Patience(std::min(seconds, left_s()), aborted_);
  }

  // Throws Aborted where the host says so.
  void check() const {
    if (aborted_ && aborted_()) throw Aborted();
  }

 private:
  double seconds_;
  Clock::time_point end_;
  std::function<bool()> aborted_;
};

}  // namespace faceplate
