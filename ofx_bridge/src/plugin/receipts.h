// What can be told of a take's frame without an engine, where the take lies on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace faceplate::plugin {

// When a receipt was written, to the nanosecond, how long it is, and which file: another one means
// another frame.
using Stamp = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::uint64_t>;

// Whether it is a job's name, which is no path.
bool is_job(const std::string& take);

// Whether the take's folder can be seen from here.
bool is_here(const std::string& take);

// The stamp of a frame's receipt; none where there is none to be seen.
std::optional<Stamp> stamp_of(const std::string& take, std::int64_t frame);

}  // namespace faceplate::plugin
