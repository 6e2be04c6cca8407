// Sources that have no path: their frames go to the engine as they are rendered.
#pragma once

#include <cstdint>

#include "plugin/frames.h"
#include "plugin/instance.h"

namespace faceplate::plugin {

// The shelf of an instance's frames: what was drawn for it, else what follows from its shot.
std::string shelf_of(const Parameters& parameters, ofx::Time time);

// Sends the source's frame, once, without waiting for it to arrive. Proxies and tiles are no
// lessons. Returns what a person should hear of it; empty for nothing.
std::string learn(const Instance& instance, FrameSource& engine, ofx::PropertySet in,
                  ofx::Time time, std::int64_t frame);

}  // namespace faceplate::plugin
