// EngineFrames, as far as it reports: how a job stands, and how it ended, in sentences.

#include <exception>

#include "plugin/engine_frames.h"

namespace faceplate::plugin {
namespace {

constexpr double kEventS = 0.01;        // for what a job has to say
constexpr std::size_t kMostErrors = 5;  // that are told one by one
constexpr std::size_t kMostEnds = 100;  // that are kept

std::string counted(std::int64_t count, const std::string& what) {
  return std::to_string(count) + " frame" + (count == 1 ? " " : "s ") + what;
}

std::string words_of(const Finished& finished) {
  std::string text = counted(finished.delivered, "delivered");
  if (finished.faceless > 0) text += ", " + counted(finished.faceless, "without a face");
  if (!finished.errors.empty()) {
    text += ", " + counted(static_cast<std::int64_t>(finished.errors.size()), "with an error");
  }
  text += ".";
  for (const FrameErrorText& error : finished.errors) {
    if (&error - finished.errors.data() == kMostErrors) {
      text += "\n... and others.";
      break;
    }
    text += "\nFrame " + std::to_string(error.frame) + ": " + error.message;
    if (error.path) text += " [" + *error.path + "]";
  }
  for (const std::string& note : finished.notes) text += "\nNote: " + note;
  return text;
}

std::string standing(const Reported& reported, const std::string& job) {
  for (const JobText& known : reported.jobs) {
    if (known.job != job) continue;
    return "Job " + job + " is " + known.state + ": " + std::to_string(known.done) + " of " +
           std::to_string(known.total) + " frames, in " + known.output + ".";
  }
  return std::string("The engine ") + (reported.ready ? "is ready" : "loads") +
         (job.empty() ? "." : "; it knows nothing of job " + job + " any more.");
}

}  // namespace

std::string EngineFrames::report(const std::string& job, const Patience& patience) {
  auto text = std::make_shared<std::string>();
  try {
    ask(
        [this, job, text](EngineClient& client, const Patience& time) {
          if (jobs_.count(job) != 0 && hear_of(job)) jobs_.erase(job);
          *text = standing(client.status(time), job);
          const auto ended = ended_.find(job);
          if (ended != ended_.end()) *text += " " + ended->second;
        },
        patience);
  } catch (const Error& error) {
    return error.what();
  }
  return *text;
}

// Takes what a job has to say; returns whether that was the last of it.
bool EngineFrames::hear_of(const std::string& job) {
  if (ended_.size() >= kMostEnds) ended_.clear();
  try {
    while (const auto event =
               client().next_event(job, Patience(kEventS, [this] { return closing_.load(); }))) {
      if (const auto* finished = std::get_if<Finished>(&*event)) {
        ended_[job] = words_of(*finished);
        return true;
      }
    }
  } catch (const Aborted&) {
    return false;
  } catch (const Error& error) {
    if (error.is(kEngineUnreachable)) return false;
    ended_[job] = error.what();
    return true;
  } catch (const std::exception& error) {  // such as no memory: it must not end the host
    ended_[job] = error.what();
    return true;
  }
  return false;
}

}  // namespace faceplate::plugin
