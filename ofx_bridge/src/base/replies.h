// Replies, the past half of the vocabulary, as plugin_host/replies.py and frame_replies.py have
// them.
//
// Records inside a reply ignore the fields that they do not have: a newer engine may say more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/frame_replies.h"
#include "base/requests.h"

namespace faceplate {

inline constexpr std::string_view kLinks = "independent|warmed|anchored|chained";
inline constexpr std::string_view kStates = "queued|running|finished|failed|cancelled";
inline constexpr std::string_view kFrameStatus = "restored|no face|source|kept|failed";

struct ParameterText {
  std::string name;
  std::int64_t default_value = 0;  // `default` on the wire
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
  std::string unit;
  std::string description;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("name", self.name, kName);
    visit("default", self.default_value, kKnob);
    visit("minimum", self.minimum, kKnob);
    visit("maximum", self.maximum, kKnob);
    visit("unit", self.unit, kName);
    visit("description", self.description, Text{});
  }
};

struct RestorerText {
  std::string name;
  std::string title;
  std::vector<std::string> tasks;
  std::string link;
  std::int64_t window = 1;
  std::int64_t overlap = 0;
  std::vector<std::string> guides;
  bool content_agnostic = false;
  std::vector<ParameterText> parameters;
  std::string licence;
  std::string source;
  std::int64_t vram = 0;  // bytes
  std::int64_t vram_least = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("name", self.name, kName);
    visit("title", self.title, kName);
    visit("tasks", self.tasks, Several<Choice>{{kTasks}, 3});
    visit("link", self.link, Choice{kLinks});
    visit("window", self.window, Whole{1});
    visit("overlap", self.overlap, Whole{});
    visit("guides", self.guides, Several<Text>{kName});
    visit("content_agnostic", self.content_agnostic, Flag{});
    visit("parameters", self.parameters, Several<Record<ParameterText>>{kTold<ParameterText>});
    visit("licence", self.licence, kName);
    visit("source", self.source, Text{});
    visit("vram", self.vram, Whole{}, Given::kMay);
    visit("vram_least", self.vram_least, Whole{}, Given::kMay);
  }
};

struct Welcome {
  static constexpr std::string_view kKind = "Welcome";
  std::string engine;
  std::string session;
  std::string release;
  bool ready = false;
  std::vector<std::string> restorers;
  std::int64_t most_frames = 0;
  std::int64_t most_bytes = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("engine", self.engine, kName);
    visit("session", self.session, kName);
    visit("release", self.release, kName);
    visit("ready", self.ready, Flag{});
    visit("restorers", self.restorers, Several<Text>{kName});
    visit("most_frames", self.most_frames, Whole{});
    visit("most_bytes", self.most_bytes, Whole{});
  }
};

struct Description {
  static constexpr std::string_view kKind = "Description";
  std::vector<RestorerText> restorers;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("restorers", self.restorers, Several<Record<RestorerText>>{kTold<RestorerText>});
  }
};

struct Accepted {
  static constexpr std::string_view kKind = "Accepted";
  std::string job;
  std::int64_t total = 0;
  std::string take;  // its folder
  bool attached = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("total", self.total, Whole{});
    visit("take", self.take, kPath);
    visit("attached", self.attached, Flag{}, Given::kMay);
  }
};

struct Analysed {
  static constexpr std::string_view kKind = "Analysed";
  std::string job;
  std::int64_t done = 0;
  std::int64_t total = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("done", self.done, Whole{});
    visit("total", self.total, Whole{});
  }
};

struct Progress {
  static constexpr std::string_view kKind = "Progress";
  std::string job;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::int64_t frame = 0;
  std::string status;
  std::optional<std::string> path;
  std::optional<std::string> code;
  std::optional<std::string> message;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("done", self.done, Whole{});
    visit("total", self.total, Whole{});
    visit("frame", self.frame, kFrame);
    visit("status", self.status, Choice{kFrameStatus});
    visit("path", self.path, Maybe<Text>{kPath}, Given::kMay);
    visit("code", self.code, Maybe<Text>{kName}, Given::kMay);
    visit("message", self.message, Maybe<Text>{Text{}}, Given::kMay);
  }
};

struct FrameErrorText {
  std::int64_t frame = 0;
  std::string code;
  std::string message;
  std::optional<std::string> path;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("frame", self.frame, kFrame);
    visit("code", self.code, kName);
    visit("message", self.message, Text{});
    visit("path", self.path, Maybe<Text>{kPath}, Given::kMay);
  }
};

struct Finished {
  static constexpr std::string_view kKind = "Finished";
  std::string job;
  std::string take;
  std::int64_t delivered = 0;
  std::int64_t faceless = 0;
  std::map<std::string, std::int64_t> milliseconds;
  std::vector<FrameErrorText> errors;
  std::vector<std::string> notes;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("take", self.take, kPath);
    visit("delivered", self.delivered, Whole{});
    visit("faceless", self.faceless, Whole{});
    visit("milliseconds", self.milliseconds, Named<Whole>{});
    visit("errors", self.errors, Several<Record<FrameErrorText>>{kTold<FrameErrorText>, 1000000},
          Given::kMay);
    visit("notes", self.notes, Several<Text>{}, Given::kMay);
  }
};

struct Failed {
  static constexpr std::string_view kKind = "Failed";
  std::string code;
  std::string message;
  std::optional<std::string> job;
  std::optional<std::int64_t> frame;
  std::optional<std::string> path;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("code", self.code, kName);
    visit("message", self.message, Text{65536});
    visit("job", self.job, Maybe<Text>{kJob}, Given::kMay);
    visit("frame", self.frame, Maybe<Whole>{kFrame}, Given::kMay);
    visit("path", self.path, Maybe<Text>{kPath}, Given::kMay);
  }
};

struct Cancelled {
  static constexpr std::string_view kKind = "Cancelled";
  std::string job;
  std::int64_t delivered = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("delivered", self.delivered, Whole{});
  }
};

struct JobText {
  std::string job;
  std::string state;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string frames;
  std::string plate;
  std::string output;
  std::string restorer;
  bool urgent = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("job", self.job, kJob);
    visit("state", self.state, Choice{kStates});
    visit("done", self.done, Whole{});
    visit("total", self.total, Whole{});
    visit("frames", self.frames, Text{65536});
    visit("plate", self.plate, kPath);
    visit("output", self.output, kPath);
    visit("restorer", self.restorer, kName);
    visit("urgent", self.urgent, Flag{}, Given::kMay);
  }
};

struct WorkerText {
  std::string device;
  std::string kind;
  std::int64_t memory = 0;  // bytes
  std::string state;
  std::optional<std::string> job;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("device", self.device, kName);
    visit("kind", self.kind, kName);
    visit("memory", self.memory, Whole{});
    visit("state", self.state, kName);
    visit("job", self.job, Maybe<Text>{kJob}, Given::kMay);
  }
};

struct Reported {
  static constexpr std::string_view kKind = "Reported";
  std::string engine;
  bool ready = false;
  std::string worker;
  std::int64_t sessions = 0;
  std::vector<JobText> jobs;
  std::map<std::string, std::int64_t> counts;
  std::vector<WorkerText> workers;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit("engine", self.engine, kName);
    visit("ready", self.ready, Flag{});
    visit("worker", self.worker, Text{});
    visit("sessions", self.sessions, Whole{});
    visit("jobs", self.jobs, Several<Record<JobText>>{kTold<JobText>, 100000});
    visit("counts", self.counts, Named<Whole>{}, Given::kMay);
    visit("workers", self.workers, Several<Record<WorkerText>>{kTold<WorkerText>}, Given::kMay);
  }
};

struct Stopped {
  static constexpr std::string_view kKind = "Stopped";
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

}  // namespace faceplate
