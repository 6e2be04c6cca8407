// Requests, the imperative half of the vocabulary, as plugin_host/requests.py has them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/schema.h"

namespace faceplate {

inline constexpr std::int64_t kMostHandles = 10000;
inline constexpr std::int64_t kMostSlots = 16;
inline constexpr std::int64_t kMostSlotBytes = std::int64_t{512} << 20;
inline constexpr std::int64_t kMostRingBytes = std::int64_t{1024} << 20;
inline constexpr std::string_view kTasks = "bfr|colour|inpaint";
inline constexpr std::string_view kLayers = "beauty|matte|confidence|source|patch";
inline constexpr std::string_view kOnError = "stop|skip|source";
inline constexpr std::string_view kRedo = "missing|differing|all";
inline constexpr std::string_view kUntil = "analysis|anchor|end";
inline constexpr std::string_view kSamples = "half|float";

inline constexpr Text kPath{4096};
inline constexpr Text kName{kMostName};
inline constexpr Text kJob{64, is_hex<16>};
inline constexpr Text kShelf{32, is_hex<32>};
inline constexpr Text kFile{200, is_file};
inline constexpr Text kSha256{64, is_hex<64>};
inline constexpr Text kFace{64, is_face};
inline constexpr Whole kFrame{-kGreatestFrame, kGreatestFrame};
inline constexpr Whole kSlot{0, kMostSlots - 1};
inline constexpr Whole kKnob{-1000000000, 1000000000};

// A source image sequence or movie: its absolute path, with a frame token or without.
struct Plate {
  std::string path;
  std::optional<std::string> colourspace;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("path", self.path, kPath);
    visit("colourspace", self.colourspace, Maybe<Text>{kName}, Given::kMay);
  }
};

// A plate that a request may name; throws request.plate for another.
struct PlateRecord : Record<Plate> {
  Plate from_json(const Json& data, const std::string& where) const;
};

// A plate and the piece of time that is restored as one; `handles` feed and are not delivered.
struct Shot {
  Plate plate;
  FrameRange frames;
  std::int64_t handles = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("plate", self.plate, PlateRecord{});
    visit("frames", self.frames, Frames{});
    visit("handles", self.handles, Whole{0, kMostHandles}, Given::kMay);
  }
};

// What is to be done with a shot; two requests with equal settings share a take.
struct Settings {
  std::string restorer;
  std::vector<std::string> tasks{"bfr"};
  std::int64_t seed = 0;
  std::vector<std::string> layers{"beauty"};
  bool whole_frame = false;
  std::vector<std::string> faces;
  std::optional<std::string> detector;
  std::optional<std::string> mask;
  std::vector<std::string> references;
  std::map<std::string, std::int64_t> parameters;
  std::int64_t warm_up = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("restorer", self.restorer, kName);
    visit("tasks", self.tasks, Several<Choice>{{kTasks}, 3}, Given::kMay);
    visit("seed", self.seed, Whole{}, Given::kMay);
    visit("layers", self.layers, Several<Choice>{{kLayers}, 5}, Given::kMay);
    visit("whole_frame", self.whole_frame, Flag{}, Given::kMay);
    visit("faces", self.faces, Several<Text>{kFace, 1000}, Given::kMay);
    visit("detector", self.detector, Maybe<Text>{kPath}, Given::kMay);
    visit("mask", self.mask, Maybe<Text>{kPath}, Given::kMay);
    visit("references", self.references, Several<Text>{kPath, 64}, Given::kMay);
    visit("parameters", self.parameters, Named<Whole>{kKnob}, Given::kMay);
    visit("warm_up", self.warm_up, Whole{0, kMostHandles}, Given::kMay);
  }
};

struct Hello {
  static constexpr std::string_view kKind = "Hello";
  std::string client;
  std::int64_t credits = 64;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("client", self.client, kName);
    visit("credits", self.credits, Whole{1, 4096}, Given::kMay);
  }
};

struct Describe {
  static constexpr std::string_view kKind = "Describe";
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

struct Submit {
  static constexpr std::string_view kKind = "Submit";
  Shot shot;
  FrameRange frames;
  Settings settings;
  std::string output;
  std::string on_error = "skip";
  bool urgent = false;
  std::string redo = "missing";
  std::string until = "end";

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("shot", self.shot, Record<Shot>{});
    visit("frames", self.frames, Frames{});
    visit("settings", self.settings, Record<Settings>{});
    visit("output", self.output, kPath);
    visit("on_error", self.on_error, Choice{kOnError}, Given::kMay);
    visit("urgent", self.urgent, Flag{}, Given::kMay);
    visit("redo", self.redo, Choice{kRedo}, Given::kMay);
    visit("until", self.until, Choice{kUntil}, Given::kMay);
  }
};

struct Cancel {
  static constexpr std::string_view kKind = "Cancel";
  std::string job;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
  }
};

// Where a frame's pixels go, and how they lie there.
//
// Without a slot the answer says only how they would lie, unless Look asks for them along with it.
struct Into {
  std::optional<std::int64_t> slot;
  std::vector<std::string> channels{"R", "G", "B", "A"};
  std::string samples = "half";
  bool interleaved = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("slot", self.slot, Maybe<Whole>{kSlot}, Given::kMay);
    visit("channels", self.channels, Several<Text>{kName, 64}, Given::kMay);
    visit("samples", self.samples, Choice{kSamples}, Given::kMay);
    visit("interleaved", self.interleaved, Flag{}, Given::kMay);
  }
};

struct Fetch {
  static constexpr std::string_view kKind = "Fetch";
  std::string job;
  std::int64_t frame = 0;
  std::optional<Into> into;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("frame", self.frame, kFrame);
    visit("into", self.into, Maybe<Record<Into>>{}, Given::kMay);
  }
};

struct Look {
  static constexpr std::string_view kKind = "Look";
  std::string take;
  std::int64_t frame = 0;
  std::optional<Into> into;
  bool along = false;  // whether pixels without a slot are sent, and not only told of

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("take", self.take, kPath);
    visit("frame", self.frame, kFrame);
    visit("into", self.into, Maybe<Record<Into>>{}, Given::kMay);
    visit("along", self.along, Flag{}, Given::kMay);
  }
};

struct Deposit {
  static constexpr std::string_view kKind = "Deposit";
  std::string shelf;
  std::string name;
  std::string sha256;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("shelf", self.shelf, kShelf);
    visit("name", self.name, kFile);
    visit("sha256", self.sha256, kSha256);
  }
};

struct Discard {
  static constexpr std::string_view kKind = "Discard";
  std::string shelf;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("shelf", self.shelf, kShelf);
  }
};

struct Attach {
  static constexpr std::string_view kKind = "Attach";
  std::int64_t slot_bytes = 1;
  std::int64_t slots = 3;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("slot_bytes", self.slot_bytes, Whole{1, kMostSlotBytes});
    visit("slots", self.slots, Whole{1, kMostSlots}, Given::kMay);
  }
};

struct Echo {
  static constexpr std::string_view kKind = "Echo";
  std::optional<std::int64_t> source;
  std::optional<std::int64_t> target;
  std::int64_t size = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("source", self.source, Maybe<Whole>{kSlot}, Given::kMay);
    visit("target", self.target, Maybe<Whole>{kSlot}, Given::kMay);
    visit("size", self.size, Whole{0, kMostSlotBytes}, Given::kMay);
  }
};

struct Status {
  static constexpr std::string_view kKind = "Status";
  std::int64_t most = 100;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("most", self.most, Whole{0, 1000}, Given::kMay);
  }
};

struct Credit {
  static constexpr std::string_view kKind = "Credit";
  std::int64_t amount = 1;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("amount", self.amount, Whole{1, 4096});
  }
};

struct Stop {
  static constexpr std::string_view kKind = "Stop";
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

}  // namespace faceplate
