// The client that the plugin uses: submit, events, cancel, status; frames. A deadline on every
// call.
//
// Rules of this file:
//   - Requests may be repeated: the engine answers the same one the same way. So a broken
//     connection or a restarted engine costs a repetition, never a result.
//   - A call's Patience is one deadline for all that it does, a reconnect and a Hello included.
//   - One thread at a time; pictures that it returned may be released on any thread.
//
// Every call throws, besides what it says: engine (nobody answers), engine.deadline, protocol (what
// answers is no engine, or lies), protocol.signature (the key is not that engine's), Aborted, and
// whatever error the engine answers with.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/connection.h"
#include "base/messages.h"
#include "base/patience.h"
#include "base/protocol.h"
#include "base/ring.h"
#include "base/zmtp.h"

namespace faceplate {

inline constexpr std::int64_t kCredits = 256;  // events that may be on their way
inline constexpr double kConnectS = 2.0;       // for a connection on this machine
inline constexpr std::int64_t kRingSlots = 4;  // one for each of a few render threads

// What happens to a job; a Finished is the last of it.
using Event = std::variant<Analysed, Progress, Finished>;

// A frame's pixels, scene-linear, in a slot of shared memory or in a message's own memory.
class Pixels {
 public:
  Pixels(PixelsText lies, Slot slot)
      : layout(std::move(lies)), memory(slot.memory()), slot_(std::move(slot)) {}
  Pixels(PixelsText lies, Parts parts)
      : layout(std::move(lies)), parts_(std::make_unique<Parts>(std::move(parts))) {
    memory = reinterpret_cast<const unsigned char*>(parts_->back().data());
  }

  PixelsText layout;
  const unsigned char* memory;  // `layout.size` bytes; another process may change them

 private:
  Slot slot_;
  std::unique_ptr<Parts> parts_;
};

// A frame of a take: what its receipt says, and its pixels.
struct LookedPixels {
  Looked looked;
  Pixels pixels;
};

// A frame of a take: what its receipt says, and its EXR file.
struct LookedFile {
  Looked looked;
  std::string file;
};

class EngineClient {
 public:
  using Again = std::function<Connection()>;

  // `again` finds the engine anew when this one is gone, such as by reading the connection file; it
  // throws, or returns the connection that there was. Throws request.settings for the address.
  explicit EngineClient(Connection connection, std::string name = "ofx", Again again = {});

  // Ends the session; jobs go on.
  void close();

  // Opens a session; every other call does so by itself.
  Welcome hello(const Patience& patience);

  // Id and release of the engine that was met last; empty before.
  const std::string& engine() const { return engine_; }
  const std::string& release() const { return release_; }

  // The restorers and their parameters; waits for an engine that still loads.
  Description describe(const Patience& patience);

  // How things stand, of at most so many jobs.
  Reported status(const Patience& patience, std::int64_t most = 100);

  // Asks for frames; the same request sent twice is the same job. Throws request.
  Accepted submit(const Submit& request, const Patience& patience);

  // The next event of a job that this client submitted, none where nothing has happened within
  // `patience` (an engine that hangs says nothing either: ask its status now and then); survives an
  // engine's restart. Each frame is told once. Throws job.cancelled, the error with which the job
  // failed, or request.job: it was not submitted, or its end was told.
  std::optional<Event> next_event(const std::string& job, const Patience& patience);

  // Stops a job; its delivered frames are kept.
  Cancelled cancel(const std::string& job, const Patience& patience);

  // One delivered frame as EXR bytes. Throws frame.missing, frame.corrupt.
  std::string fetch(const std::string& job, std::int64_t frame, const Patience& patience);

  // One delivered frame as pixels in shared memory; `into.slot` is this side's to choose. Throws
  // frame.missing; request.settings: no such channel, or no memory can be shared; engine.busy:
  // every slot is held.
  Pixels fetch_pixels(const std::string& job, std::int64_t frame, Into into,
                      const Patience& patience);

  // One frame of a take on disk, by its receipt, as EXR bytes; `take` is the take's folder as the
  // engine's machine calls it. Throws frame.missing, frame.corrupt, request.path.
  LookedFile look(const std::string& take, std::int64_t frame, const Patience& patience);

  // The same as pixels: in shared memory, or along with the message where `shared` is false or no
  // memory can be shared. Throws as `look`; request.settings: no such channel; engine.busy: every
  // slot is held.
  LookedPixels look_pixels(const std::string& take, std::int64_t frame, Into into,
                           const Patience& patience, bool shared = true);

  // Leaves a file with the engine; returns its path there. Nothing is sent where it lies there
  // already. Throws request.settings: the engine keeps no files of clients; request.output;
  // protocol.oversized.
  std::string deposit(const std::string& shelf, const std::string& name, std::string_view data,
                      const Patience& patience);

  // Has the engine forget all files of a shelf. Throws engine.busy: a job still works there.
  void discard(const std::string& shelf, const Patience& patience);

 private:
  struct Reply {
    Parts parts;
    Envelope envelope;  // its buffers look into `parts`
  };
  struct Asked {
    Submit request;
    std::string id;       // of the request
    std::string session;  // in which it was asked
    int connections = 0;  // how many the dealer had made then
    std::set<std::int64_t> heard;
  };
  using Buffer = std::optional<std::string_view>;
  using Told = std::variant<Analysed, Progress, Finished, Failed, Cancelled>;

  Reply ask(const Message& message, const Patience& patience, Buffer buffer = {});
  Reply exchange(const Message& message, const Patience& patience, Buffer buffer = {});
  std::string send(const Message& message, const Patience& patience, Buffer buffer = {});
  Reply receive(const Patience& patience);
  bool turn_to_another();
  Reply from_parts(Parts parts);
  std::optional<Told> next_told(const std::string& job, const Patience& patience);
  void look_after(const std::string& job, const Patience& patience);
  void keep(const Reply& reply);
  void pay(const Patience& patience);
  std::shared_ptr<Ring> ring_of(std::int64_t size, const Patience& patience);
  void drop_ring();
  Reply lend(const Message& message, const Patience& patience);

  Connection connection_;
  std::string name_;
  Again again_;
  std::unique_ptr<Dealer> dealer_;
  std::string session_, engine_, release_;
  Counter counter_;
  std::map<std::string, std::deque<Told>> events_;  // not asked for yet, by request
  std::int64_t unpaid_ = 0;
  std::map<std::string, Asked> asked_;  // by job
  std::shared_ptr<Ring> ring_;
  std::int64_t look_bytes_ = 0;  // the largest picture that was looked at
  bool unshared_ = false;        // whether the session's engine shares no memory
};

}  // namespace faceplate
