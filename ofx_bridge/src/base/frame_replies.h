// Replies that hand over frames, files and memory, as plugin_host/frame_replies.py has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/requests.h"

namespace faceplate {

inline constexpr std::string_view kLookStatus = "restored|no face|source";

// How a frame's pixels lie: the sample of channel c at (x, y) begins `y - top` times `row_bytes`,
// `x - left` times `pixel_bytes` and c times `channel_bytes` behind the beginning. Rows go
// downward; windows are left, top, right, bottom, all included.
struct PixelsText {
  std::optional<std::int64_t> slot;  // none where nothing was written to one
  std::int64_t size = 0;             // bytes in all
  std::vector<std::string> channels;
  std::string samples;
  std::vector<std::int64_t> data_window;
  std::vector<std::int64_t> display_window;
  std::int64_t row_bytes = 0;
  std::int64_t pixel_bytes = 0;
  std::int64_t channel_bytes = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    const Several<Whole> window{{-2147483648LL, 2147483647LL}, 4};
    visit("slot", self.slot, Maybe<Whole>{kSlot});
    visit("size", self.size, Whole{});
    visit("channels", self.channels, Several<Text>{kName, 64});
    visit("samples", self.samples, Choice{kSamples});
    visit("data_window", self.data_window, window);
    visit("display_window", self.display_window, window);
    visit("row_bytes", self.row_bytes, Whole{});
    visit("pixel_bytes", self.pixel_bytes, Whole{});
    visit("channel_bytes", self.channel_bytes, Whole{});
  }
};

struct Fetched {
  static constexpr std::string_view kKind = "Fetched";
  std::string job;
  std::int64_t frame = 0;
  std::optional<std::string> sha256;
  std::optional<PixelsText> pixels;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("frame", self.frame, kFrame);
    visit("sha256", self.sha256, Maybe<Text>{kSha256}, Given::kMay);
    visit("pixels", self.pixels, Maybe<Record<PixelsText>>{kTold<PixelsText>}, Given::kMay);
  }
};

// One frame of a take; `sha256` is of its EXR file, so that another one is told from it.
struct Looked {
  static constexpr std::string_view kKind = "Looked";
  std::string take;
  std::int64_t frame = 0;
  std::string status;  // "restored", "no face" or "source"
  std::string sha256;
  std::optional<PixelsText> pixels;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("take", self.take, kPath);
    visit("frame", self.frame, kFrame);
    visit("status", self.status, Choice{kLookStatus});
    visit("sha256", self.sha256, kSha256);
    visit("pixels", self.pixels, Maybe<Record<PixelsText>>{kTold<PixelsText>}, Given::kMay);
  }
};

struct Deposited {
  static constexpr std::string_view kKind = "Deposited";
  std::string path;
  bool there = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("path", self.path, kPath);
    visit("there", self.there, Flag{});
  }
};

struct Discarded {
  static constexpr std::string_view kKind = "Discarded";
  std::string shelf;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("shelf", self.shelf, kShelf);
  }
};

struct Attached {
  static constexpr std::string_view kKind = "Attached";
  std::string path;
  std::int64_t slot_bytes = 1;
  std::int64_t slots = 1;
  std::string proof;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("path", self.path, kPath);
    visit("slot_bytes", self.slot_bytes, Whole{1});
    visit("slots", self.slots, Whole{1});
    visit("proof", self.proof, Text{64, is_hex<32>});
  }
};

struct Echoed {
  static constexpr std::string_view kKind = "Echoed";
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

}  // namespace faceplate
