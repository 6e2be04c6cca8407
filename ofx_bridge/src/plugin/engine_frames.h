// An engine as a source of frames: one connection, one thread that speaks, a few pictures kept.
//
// Rules of this file:
//   - Nothing happens before the first question: no file is read, no thread runs.
//   - Whoever asks waits on his own deadline and his own abort(). What he asked for goes on, so
//   that
//     a ring is not given up with every abort, and is there when he asks again.
//   - A picture that is kept is shown again only while the receipt on disk is the one that it was
//     fetched under. Where no receipt can be seen, nothing is kept.
//   - An engine that did not answer is not asked again by the impatient for a while.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/client.h"
#include "plugin/frames.h"
#include "plugin/receipts.h"

namespace faceplate::plugin {

class EngineFrames : public FrameSource {
 public:
  explicit EngineFrames(std::string connection) : connection_(std::move(connection)) {}
  ~EngineFrames() override { close(); }

  Found look(const std::string& take, std::int64_t frame, Layer layer,
             const Patience& patience) override;
  Found peek(const std::string& take, std::int64_t frame) override;
  Ordered submit(const Order& order, const Patience& patience) override;
  std::string cancel(const std::string& job, const Patience& patience) override;
  std::string report(const std::string& job, const Patience& patience) override;
  bool agrees(const std::string& shelf, std::int64_t frame, std::size_t pixels) override;
  bool wants(const std::string& shelf, std::int64_t frame) override;
  void teach(Lesson lesson) override;
  Learnt learnt(const std::string& shelf) override;
  Preview preview(const std::string& shelf, std::int64_t frame) override;
  void purge() override;

  // Ends the connection and joins the thread; what is asked afterwards is refused.
  void close();

 private:
  using Work = std::function<void(EngineClient&, const Patience&)>;

  struct Task {
    Work work;
    double seconds = 0;
    bool done = false, given_up = false;
    std::string code, message;  // of the error that it ended with; empty for none
  };

  struct Key {
    std::string take;
    std::int64_t frame;
    Layer layer;
    bool operator==(const Key& other) const {
      return frame == other.frame && layer == other.layer && take == other.take;
    }
  };

  struct Kept {
    Key key;
    Stamp stamp;
    std::shared_ptr<const Picture> picture;
  };

  struct LearntWindow {
    FrameRange frames;
    std::string job, take;
  };

  // What a shelf holds. The engine's has a name of its own: what an earlier session left there is
  // no part of it.
  struct Shelf {
    std::string name = new_id();
    std::map<std::int64_t, std::size_t> pixels;  // a hash of each frame's
    bool agrees = true;
    std::set<std::int64_t> taught;  // on their way, or there
    std::set<std::int64_t> there;
    std::map<std::int64_t, LearntWindow> windows;  // that were submitted, by their first frame
    Learnt learnt;
  };

  bool is_silent() const;  // whether it did not answer a moment ago
  void ask(Work work, const Patience& patience);
  void post(std::shared_ptr<Task> task);
  void send(const Lesson& lesson, EngineClient& client, const Patience& patience);
  void submit_shot(const Lesson& lesson, Order order, EngineClient& client,
                   const Patience& patience);
  void submit_windows(const Lesson& lesson, Order order, EngineClient& client,
                      const Patience& patience);
  std::optional<RestorerText> described(const std::string& restorer, EngineClient& client,
                                        const Patience& patience);
  bool is_there(const std::string& shelf, const FrameRange& frames);
  bool is_submitted(const std::string& shelf, const FrameRange& window);
  Accepted start(Order order, EngineClient& client, const Patience& patience);
  void run();
  void carry_out(Task& task);
  void refuse_all();
  EngineClient& client();
  bool is_asked();
  void hear_of_jobs();
  bool hear_of(const std::string& job);
  std::shared_ptr<const Picture> fetch(EngineClient& client, const Key& key,
                                       const Patience& patience);
  std::shared_ptr<const Picture> kept(const Key& key, const Stamp& stamp);
  void keep(const Key& key, const Stamp& stamp, std::shared_ptr<const Picture> picture);

  const std::string connection_;
  std::mutex mutex_;  // of the tasks and the thread
  std::condition_variable asked_, answered_;
  std::deque<std::shared_ptr<Task>> tasks_;
  std::thread thread_;
  std::atomic<bool> closing_{false};
  std::atomic<Patience::Clock::rep> silent_until_{0};

  std::mutex keeping_;  // of the pictures
  std::list<Kept> kept_;

  std::mutex learning_;  // of the shelves
  std::map<std::string, Shelf> shelves_;
  std::size_t waiting_bytes_ = 0;  // of frames that are not sent yet

  std::unique_ptr<EngineClient> client_;  // this and what follows: the thread's alone
  std::string engine_;
  std::set<std::string> jobs_;                // whose end was not heard yet
  std::map<std::string, std::string> ended_;  // how the others ended, for a person
  std::vector<RestorerText> restorers_;       // what is known of `described_`
  std::string described_;
};

}  // namespace faceplate::plugin
