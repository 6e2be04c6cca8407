// Sources that have no path: their frames go to the engine as they are rendered.
#pragma once

#include <cstdint>

#include "plugin/frames.h"
#include "plugin/instance.h"

namespace faceplate::plugin {

// Of one frame: the shelf that was learnt from this very source, and what a person should hear.
struct Lore {
  std::string shelf;    // empty where that is not known of what is drawn: proxies, tiles, others
  std::string message;  // empty for nothing
};

// Sends the source's frame, once, without waiting for it to arrive, where no take is filled in.
// Proxies and tiles are no lessons.
Lore learn(const Instance& instance, FrameSource& engine, ofx::PropertySet in, ofx::Time time,
           std::int64_t frame);

}  // namespace faceplate::plugin
