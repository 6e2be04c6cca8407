// A frame looked up for one render: once, or again and again where it is waited for.
//
// Rules of this file:
//   - Interactive renders take what there is. Final ones wait where they are told to, hear of
//     abort() every 50 ms at the latest, and end by the deadline.
//   - Where the take lacks the frame, a window that was restored by itself may be seen, and the
//     host is told so. Who waits waits for the take.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "plugin/frames.h"
#include "plugin/instance.h"

namespace faceplate::plugin {

struct Layers {
  Found restored, matte;  // the matte only where it is needed
  bool is_preview = false;
};

class Finding {
 public:
  Finding(const Instance& instance, const Values& values, std::int64_t frame, bool interactive);

  // Looks, and again where it waits. Throws Aborted.
  Layers layers() const;

  // Whether all that is needed was found.
  bool is_whole(const Layers& layers) const;

  // What a person must hear of what was not found: nothing of a frame that is merely not there yet.
  std::string complaint(const Layers& layers) const;

  // What a person should hear of what was; mostly nothing.
  std::string remark(const Layers& layers) const;

  bool waits() const { return waits_; }

 private:
  Layers in(const std::string& take) const;
  Found layer(const std::string& take, Layer which) const;
  void pause(double seconds) const;
  const Found& worst(const Layers& layers) const;

  const Values& values_;
  std::int64_t frame_;
  bool waits_;
  std::shared_ptr<FrameSource> engine_;
  Patience patience_;
};

}  // namespace faceplate::plugin
