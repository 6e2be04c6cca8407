// Frames between client and engine: as files both ways, or as pixels read where they lie.
#include <algorithm>

#include "base/client.h"
#include "base/sha256.h"

namespace faceplate {
namespace {

constexpr int kAttempts = 3;  // a new session, then larger slots, and once more

[[noreturn]] void lied(const std::string& what) {
  throw Error(kProtocolError, "the engine's pixels cannot lie " + what);
}

// Nothing that the engine says of pixels may lead anybody outside of `room` bytes.
void check_layout(const PixelsText& layout, const Into& into, std::int64_t room) {
  if (layout.channels != into.channels || layout.samples != into.samples) lied("as asked for");
  if (layout.slot && layout.slot != into.slot) lied("in a slot that was not lent");
  if (layout.data_window.size() != 4 || layout.display_window.size() != 4) lied("in no window");
  const auto& window = layout.data_window;
  const std::int64_t width = window[2] - window[0] + 1, height = window[3] - window[1] + 1;
  const std::int64_t sample = layout.samples == "float" ? 4 : 2, size = layout.size;
  const std::int64_t strides[] = {layout.row_bytes, layout.pixel_bytes, layout.channel_bytes};
  if (size > std::min(room, kMostRingBytes)) lied("there: they are too many");
  if (width < 1 || height < 1 || width > size || height > size) lied("in such a window");
  for (const std::int64_t stride : strides) {
    if (stride > size || stride % sample != 0) lied("so far apart");
  }
  const auto last = static_cast<std::int64_t>(layout.channels.size()) - 1;
  const std::int64_t end = (height - 1) * layout.row_bytes + (width - 1) * layout.pixel_bytes +
                           last * layout.channel_bytes + sample;
  if (end > size) lied("beyond their own size");
}

const PixelsText& laid(const std::optional<PixelsText>& pixels) {
  if (!pixels) throw Error(kProtocolError, "the engine sent a file where pixels were due");
  return *pixels;
}

std::string file_of(Parts& parts, const std::string& sha256, std::int64_t frame) {
  std::string data = parts.size() > 4 ? std::move(parts[4]) : std::string();
  if (hex(Sha256().update(data).digest()) != sha256) {
    throw Error(kFrameCorrupt, "the frame changed on its way", frame);
  }
  return data;
}

}  // namespace

std::string EngineClient::fetch(const std::string& job, std::int64_t frame,
                                const Patience& patience) {
  Reply reply = ask(Fetch{job, frame, {}}, patience);
  const Fetched& fetched = expect<Fetched>(reply.envelope.message);
  return file_of(reply.parts, fetched.sha256.value_or(""), frame);
}

Pixels EngineClient::fetch_pixels(const std::string& job, std::int64_t frame, Into into,
                                  const Patience& patience) {
  std::int64_t size = ring_ ? 0 : -1;
  for (int attempt = 0; attempt <= kAttempts; ++attempt) {
    const std::shared_ptr<Ring> ring = size < 0 ? nullptr : ring_of(size, patience);
    Slot slot = ring ? ring->take() : Slot();
    into.slot = ring ? std::optional(slot.index()) : std::nullopt;
    try {
      Reply reply = lend(Fetch{job, frame, into}, patience);
      const PixelsText& layout = laid(expect<Fetched>(reply.envelope.message).pixels);
      check_layout(layout, into, layout.slot ? slot.size() : kMostRingBytes);
      if (layout.slot) return Pixels(layout, std::move(slot));
      size = layout.size;
    } catch (const Error& error) {
      if (!error.is(kRequestRefused) || !ring || ring->session() == session_) throw;
    }
  }
  throw Error(kProtocolError, "the engine does not write to the ring that it granted");
}

LookedFile EngineClient::look(const std::string& take, std::int64_t frame,
                              const Patience& patience) {
  Reply reply = ask(Look{take, frame, {}, false}, patience);
  Looked looked = expect<Looked>(reply.envelope.message);
  std::string file = file_of(reply.parts, looked.sha256, frame);
  return {std::move(looked), std::move(file)};
}

LookedPixels EngineClient::look_pixels(const std::string& take, std::int64_t frame, Into into,
                                       const Patience& patience, bool shared) {
  for (int attempt = 0; attempt <= kAttempts; ++attempt) {
    std::shared_ptr<Ring> ring;
    if (shared && !unshared_ && look_bytes_ > 0) {
      try {
        ring = ring_of(look_bytes_, patience);
      } catch (const Error& error) {
        if (!error.is(kSettingsError)) throw;
        unshared_ = true;
      }
    }
    Slot slot = ring ? ring->take() : Slot();
    into.slot = ring ? std::optional(slot.index()) : std::nullopt;
    try {
      const bool along = !shared || unshared_;
      Reply reply = lend(Look{take, frame, into, along}, patience);
      Looked looked = expect<Looked>(reply.envelope.message);
      const PixelsText layout = laid(looked.pixels);
      const std::int64_t rides = reply.parts.size() > 4 ? reply.parts.back().size() : 0;
      check_layout(layout, into, layout.slot ? slot.size() : along ? rides : kMostRingBytes);
      look_bytes_ = std::max(look_bytes_, layout.size);
      if (layout.slot) return {std::move(looked), Pixels(layout, std::move(slot))};
      if (along) return {std::move(looked), Pixels(layout, std::move(reply.parts))};
    } catch (const Error& error) {
      if (!error.is(kRequestRefused) || !ring || ring->session() == session_) throw;
    }
  }
  throw Error(kProtocolError, "the engine does not write to the ring that it granted");
}

std::string EngineClient::deposit(const std::string& shelf, const std::string& name,
                                  std::string_view data, const Patience& patience) {
  if (data.size() > kMostPartBytes) {
    throw Error(kMessageOversized, "a file of more than 512 MiB; share storage for it", {}, name);
  }
  const Deposit asked{shelf, name, hex(Sha256().update(data).digest())};
  Reply reply = ask(asked, patience);
  if (!expect<Deposited>(reply.envelope.message).there) reply = ask(asked, patience, data);
  return expect<Deposited>(reply.envelope.message).path;
}

void EngineClient::discard(const std::string& shelf, const Patience& patience) {
  Reply reply = ask(Discard{shelf}, patience);
  expect<Discarded>(reply.envelope.message);
}

// Asks for something to be written to a slot. Where no answer came, whose the slot is now nobody
// knows: the ring is given up.
EngineClient::Reply EngineClient::lend(const Message& message, const Patience& patience) {
  try {
    return ask(message, patience);
  } catch (const Error& error) {
    if (!error.is(kRequestRefused) && !error.is(kFrameError)) drop_ring();
    throw;
  } catch (...) {
    drop_ring();
    throw;
  }
}

// The session's ring; another where it has none, or one of smaller slots.
std::shared_ptr<Ring> EngineClient::ring_of(std::int64_t size, const Patience& patience) {
  if (ring_ && ring_->session() == session_ && ring_->slot_bytes() >= size) return ring_;
  const std::int64_t wanted = std::max({size, ring_ ? ring_->slot_bytes() : 1, std::int64_t{1}});
  drop_ring();
  const std::int64_t slots = std::clamp(kMostRingBytes / wanted, std::int64_t{1}, kRingSlots);
  Reply reply = ask(Attach{wanted, slots}, patience);
  ring_ = Ring::open(expect<Attached>(reply.envelope.message), session_, patience);
  if (ring_->slot_bytes() < size) throw Error(kProtocolError, "the engine's slots are too small");
  return ring_;
}

void EngineClient::drop_ring() {
  if (ring_) ring_->close();
  ring_.reset();
}

}  // namespace faceplate
