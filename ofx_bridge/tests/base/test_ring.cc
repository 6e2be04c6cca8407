#include <doctest/doctest.h>

#ifdef __linux__
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/ring.h"
#include "base/sha256.h"

using namespace faceplate;

namespace {

const std::string kProof(16, 'p');

// The engine's side.
struct Memory {
  explicit Memory(std::int64_t bytes = 4 * 4096, bool seal = true) {
    file = memfd_create("test-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    REQUIRE(ftruncate(file, bytes) == 0);
    REQUIRE(pwrite(file, kProof.data(), kProof.size(), 0) == 16);
    if (seal) REQUIRE(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
  }
  ~Memory() { close(file); }
  Attached attached(std::int64_t slot_bytes = 4096, std::int64_t slots = 4) const {
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    return {path, slot_bytes, slots, hex(kProof)};
  }
  bool held() const {
    if (flock(file, LOCK_EX | LOCK_NB) != 0) return true;
    flock(file, LOCK_UN);
    return false;
  }
  int file;
};

std::string refusal(const Attached& attached) {
  try {
    Ring::open(attached, "s", Patience(5.0));
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

}  // namespace

TEST_CASE("when_a_ring_is_opened_then_its_slots_are_the_engines_memory") {
  const Memory memory;
  auto ring = Ring::open(memory.attached(), "session", Patience(5.0));
  CHECK(memory.held());
  Slot first = ring->take(), second = ring->take();
  CHECK(first.index() == 0);
  CHECK(std::memcmp(first.memory(), kProof.data(), kProof.size()) == 0);
  REQUIRE(pwrite(memory.file, "picture", 7, 4096) == 7);
  CHECK(std::memcmp(second.memory(), "picture", 7) == 0);
  ring->close();
  CHECK_FALSE(memory.held());
  ring.reset();
  CHECK(std::memcmp(second.memory(), "picture", 7) == 0);  // stays as long as it is held
}

TEST_CASE("when_every_slot_is_taken_then_one_must_be_released") {
  const Memory memory;
  const auto ring = Ring::open(memory.attached(), "session", Patience(5.0));
  std::vector<Slot> held;
  for (int i = 0; i < 4; ++i) held.push_back(ring->take());
  CHECK_THROWS_AS(ring->take(), Error);
  held.pop_back();
  CHECK(ring->take().index() == 3);
}

TEST_CASE("when_slots_are_released_on_other_threads_then_all_come_back") {
  const Memory memory;
  const auto ring = Ring::open(memory.attached(), "session", Patience(5.0));
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([slot = ring->take()]() mutable {
        slot.memory()[0] = 1;
        slot.release();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::vector<Slot> held;
  for (int i = 0; i < 4; ++i) held.push_back(ring->take());
}

TEST_CASE("when_what_the_engine_names_is_something_else_then_it_is_refused") {
  const Memory memory, unsealed(4 * 4096, false);
  CHECK(refusal(memory.attached(4096, 5)) == kSettingsError);
  CHECK(refusal(memory.attached(4095, 4)) == kSettingsError);
  CHECK(refusal(memory.attached(kMostRingBytes, 16)) == kSettingsError);
  CHECK(refusal(unsealed.attached()) == kSettingsError);
  Attached other = memory.attached();
  other.proof = hex(std::string(16, 'q'));
  CHECK(refusal(other) == kSettingsError);
  for (const char* path : {"/nonexistent", "/dev/null", "/etc/hostname", "/tmp"}) {
    other = memory.attached();
    other.path = path;
    CHECK(refusal(other) == kSettingsError);
  }
}
#endif
