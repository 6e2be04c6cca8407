// What the plugin wants of an engine, so that it can be drawn and tested without one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/patience.h"
#include "plugin/pixels.h"

namespace faceplate::plugin {

// A restored frame, or one layer of it, that stays where it is as long as somebody holds it.
struct Picture {
  const float* samples = nullptr;  // `channels` side by side, rows from the top down
  std::ptrdiff_t row = 0;          // samples from one row to the next
  int channels = 4;
  Rect data{};     // data window: x to the right, y DOWN as EXR counts, x2 and y2 excluded
  Rect display{};  // display window, the same
  std::shared_ptr<const void> owner;

  const float* at(int x, int y) const {
    return samples + (std::ptrdiff_t{y} - data.y1) * row + (std::ptrdiff_t{x} - data.x1) * channels;
  }
};

enum class Layer { kBeauty, kMatte };  // RGBA, or `faceplate.matte` alone

enum class Standing {
  kThere,
  kAbsent,    // not restored, or not yet
  kNoEngine,  // nobody answers, or not in time
  kBusy,      // it answers that it has too much to do just now
  kRefused,   // the engine says why not
};

struct Found {
  Standing standing = Standing::kAbsent;
  std::shared_ptr<const Picture> picture;
  std::string message;  // for a person; empty where it is there
};

// What *Restore range* asks for. Empty texts are the engine's defaults.
struct Order {
  std::string plate, colourspace, frames, shot, output, restorer;
};

struct Ordered {
  bool accepted = false;
  std::string job, take, message;
};

// A frame of a source that has no path, for an engine to restore with the others of its shot.
struct Lesson {
  std::string shelf;  // whose frames lie together
  Order order;        // `shot`, `colourspace`, `restorer`; the rest follows from the shelf
  std::int64_t frame = 0;
  std::string file;  // EXR
};

// What became of a shelf's frames.
struct Learnt {
  std::string job, take;             // empty before the shot is whole
  std::string message;               // what went wrong; empty for nothing
  std::size_t there = 0, total = 0;  // frames of the shot that the engine has, and all of them
};

// A window of a shot that was restored by itself, before the shot was whole.
struct Preview {
  std::string take;    // empty where there is none
  std::string frames;  // of the window
};

// An engine at one address; every method may be called by any thread.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  // Looks for a frame of a take (its folder, or a job's name). Nothing is thrown but Aborted.
  virtual Found look(const std::string& take, std::int64_t frame, Layer layer,
                     const Patience& patience) = 0;

  // The same without its pixels, at once: kNoEngine where only the engine could tell.
  virtual Found peek(const std::string& take, std::int64_t frame) = 0;

  virtual Ordered submit(const Order& order, const Patience& patience) = 0;

  // Stops a job; an empty text where it did, else why not.
  virtual std::string cancel(const std::string& job, const Patience& patience) = 0;

  // How things stand, in a sentence.
  virtual std::string report(const std::string& job, const Patience& patience) = 0;

  // Whether a shelf has one source: every frame looked the same each time, by a hash of its
  // pixels. From the first that did not, it never has again.
  virtual bool agrees(const std::string& shelf, std::int64_t frame, std::size_t pixels) = 0;

  // Whether a shelf's frame was not taught yet and there is room for it.
  virtual bool wants(const std::string& shelf, std::int64_t frame) = 0;

  // Sends a frame; submits each window of the restorer's with its last frame, and the shot with
  // the last of all. Returns at once.
  virtual void teach(Lesson lesson) = 0;

  virtual Learnt learnt(const std::string& shelf) = 0;

  // The window that a frame was restored in, or is to be.
  virtual Preview preview(const std::string& shelf, std::int64_t frame) = 0;

  // Lets go of all pictures that nobody looks at.
  virtual void purge() = 0;
};

// The engine whose connection file that is; empty for the user's own. All instances share it.
std::shared_ptr<FrameSource> frame_source(const std::string& connection);

// Ends all connections and joins their threads.
void close_frame_sources();

// Lets go of what all connections keep.
void purge_frame_sources();

}  // namespace faceplate::plugin
