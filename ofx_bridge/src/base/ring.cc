#include "base/ring.h"

#ifdef __linux__
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>
#include <thread>

#include "base/sha256.h"

namespace faceplate {
namespace {

[[noreturn]] void refuse(const std::string& why, const std::string& path) {
  throw Error(kSettingsError,
              "no ring: " + why + "; is the engine on this machine, and in the same container?",
              std::nullopt, path);
}

#ifdef __linux__
#ifndef F_GET_SEALS
constexpr int F_GET_SEALS = 1034, F_SEAL_SHRINK = 2;
#endif
constexpr double kLockS = 5.0;  // for the lock that the engine tries for an instant now and then

std::string reason(int code) { return std::generic_category().message(code); }
#endif

}  // namespace

Ring::Ring(const Attached& attached, std::string session)
    : session_(std::move(session)), slot_bytes_(attached.slot_bytes), slots_(attached.slots) {
  if (slots_ > kMostSlots || slot_bytes_ > kMostRingBytes / slots_) {
    refuse("it is larger than a ring may be", attached.path);
  }
  for (std::int64_t i = slots_ - 1; i >= 0; --i) free_.push_back(i);
}

std::shared_ptr<Ring> Ring::open(const Attached& attached, std::string session,
                                 const Patience& patience) {
  std::shared_ptr<Ring> ring(new Ring(attached, std::move(session)));
  ring->map(attached, patience);
  return ring;
}

Slot Ring::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (free_.empty()) {
    throw Error(kEngineBusy, "every slot of the ring is taken: release a picture, then ask again");
  }
  const std::int64_t index = free_.back();
  free_.pop_back();
  return Slot(shared_from_this(), index);
}

void Ring::give_back(std::int64_t index) {
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.push_back(index);
}

#ifdef __linux__
Ring::~Ring() {
  if (memory_ != nullptr) munmap(memory_, static_cast<std::size_t>(slots_ * slot_bytes_));
  close();
}

void Ring::close() {
  if (file_ < 0) return;
  flock(file_, LOCK_UN);  // what is mapped still holds the file
  ::close(file_);
  file_ = -1;
}

void Ring::map(const Attached& attached, const Patience& patience) {
  const std::string& path = attached.path;
  const auto size = static_cast<std::size_t>(slots_ * slot_bytes_);
  file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) refuse(reason(errno), path);
  struct stat found{};
  if (fstat(file_, &found) != 0) refuse(reason(errno), path);
  if (!S_ISREG(found.st_mode) || found.st_uid != geteuid()) {
    refuse("it is no file of this user's", path);
  }
  if (slot_bytes_ % sysconf(_SC_PAGESIZE) != 0) refuse("its slots are no whole pages", path);
  if (static_cast<std::size_t>(found.st_size) < size) refuse("it is too short", path);
  const int seals = fcntl(file_, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) refuse("its size is not sealed", path);
  const Patience lock = patience.shortened(kLockS);
  while (flock(file_, LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) refuse(reason(errno), path);
    if (lock.left_s() <= 0) throw Error(kDeadlineExceeded, "the ring stays locked", {}, path);
    lock.check();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::string proof = unhex(attached.proof);
  std::string begin(proof.size(), '\0');
  if (pread(file_, begin.data(), begin.size(), 0) != static_cast<ssize_t>(begin.size()) ||
      begin != proof) {
    refuse("it does not begin as the engine says", path);
  }
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_, 0);
  if (memory == MAP_FAILED) refuse(reason(errno), path);
  memory_ = static_cast<unsigned char*>(memory);
}
#else
Ring::~Ring() = default;
void Ring::close() {}
void Ring::map(const Attached& attached, const Patience&) {
  refuse("this system seals no memory", attached.path);
}
#endif

Slot& Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    release();
    ring_ = std::move(other.ring_);
    index_ = other.index_;
  }
  return *this;
}

void Slot::release() {
  if (ring_) ring_->give_back(index_);
  ring_.reset();
}

}  // namespace faceplate
