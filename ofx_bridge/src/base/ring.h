// A host's side of a ring: slots of memory that the engine writes pictures into, read in place.
//
// Rules of this file:
//   - The engine makes the memory and seals its size; what is opened is checked before it is
//   mapped,
//     so that no other process can put a file in its place or make this one touch missing pages.
//   - A slot is this side's until a request names it, and again from the answer on.
//   - A slot may be released on any thread; what it looks at stays mapped until it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/messages.h"
#include "base/patience.h"

namespace faceplate {

class Slot;

// The slots that a session has.
class Ring : public std::enable_shared_from_this<Ring> {
 public:
  // Opens what the engine granted to a session. Throws request.settings: there is no shared memory
  // here, or the path leads to something else, since the engine is on another machine or in another
  // container; engine.deadline, Aborted.
  static std::shared_ptr<Ring> open(const Attached& attached, std::string session,
                                    const Patience& patience);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  const std::string& session() const { return session_; }
  std::int64_t slot_bytes() const { return slot_bytes_; }

  // A slot that nobody has. Throws engine.busy where all are taken.
  Slot take();

  // Lets go of it for the engine to forget; slots that are still held stay.
  void close();

 private:
  friend class Slot;

  Ring(const Attached& attached, std::string session);
  void map(const Attached& attached, const Patience& patience);
  void give_back(std::int64_t index);

  std::string session_;
  std::int64_t slot_bytes_;
  std::int64_t slots_;
  int file_ = -1;
  unsigned char* memory_ = nullptr;
  std::mutex mutex_;
  std::vector<std::int64_t> free_;
};

// One slot, taken; given back when it goes. Moves, and is not copied.
class Slot {
 public:
  Slot() = default;
  Slot(std::shared_ptr<Ring> ring, std::int64_t index) : ring_(std::move(ring)), index_(index) {}
  Slot(Slot&& other) noexcept = default;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot() { release(); }

  std::int64_t index() const { return index_; }
  std::int64_t size() const { return ring_ ? ring_->slot_bytes_ : 0; }
  unsigned char* memory() const {
    return ring_ ? ring_->memory_ + index_ * ring_->slot_bytes_ : nullptr;
  }

  void release();

 private:
  std::shared_ptr<Ring> ring_;
  std::int64_t index_ = 0;
};

}  // namespace faceplate
