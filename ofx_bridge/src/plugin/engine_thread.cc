// EngineFrames, as far as it speaks: the thread that has the client, and who waits for it.

#include <algorithm>
#include <chrono>
#include <utility>

#include "plugin/engine_frames.h"

namespace faceplate::plugin {
namespace {

constexpr char kName[] = "ofx";
constexpr char kUnloaded[] = "the plugin is being unloaded";
constexpr double kLeastS = 5.0;   // what was asked for goes on that long
constexpr double kSilentS = 1.0;  // and the impatient do not ask again for that long
constexpr double kEventsS = 1.0;  // between two looks at what jobs have to say

Patience::Clock::rep now() { return Patience::Clock::now().time_since_epoch().count(); }

}  // namespace

bool EngineFrames::is_silent() const { return now() < silent_until_; }

void EngineFrames::post(std::shared_ptr<Task> task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closing_) throw Error(kEngineUnreachable, kUnloaded);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  tasks_.push_back(std::move(task));
  asked_.notify_one();
}

void EngineFrames::ask(Work work, const Patience& patience) {
  auto task = std::make_shared<Task>();
  task->work = std::move(work);
  task->seconds = std::max(patience.left_s(), kLeastS);
  post(task);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!task->done) {
    const double left = patience.left_s();
    if (left <= 0) {
      task->given_up = true;
      silent_until_ = now() + std::chrono::duration_cast<Patience::Clock::duration>(
                                  std::chrono::duration<double>(kSilentS))
                                  .count();
      throw Error(kDeadlineExceeded, "the engine at " + connection_ + " did not answer in time");
    }
    answered_.wait_for(lock, std::chrono::duration<double>(std::min(left, kSliceS)));
    if (task->done) break;
    lock.unlock();
    try {
      patience.check();  // it calls the host, which may call us
    } catch (...) {
      lock.lock();
      task->given_up = true;
      throw;
    }
    lock.lock();
  }
  // An error of our own: what one thread threw is not for another to let go of.
  if (!task->code.empty()) throw Error(task->code, task->message);
}

void EngineFrames::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!closing_) {
    if (tasks_.empty()) {
      if (jobs_.empty()) {
        asked_.wait(lock);
      } else if (asked_.wait_for(lock, std::chrono::duration<double>(kEventsS)) ==
                 std::cv_status::timeout) {
        lock.unlock();
        hear_of_jobs();
        lock.lock();
      }
      continue;
    }
    const std::shared_ptr<Task> task = std::move(tasks_.front());
    tasks_.pop_front();
    if (task->given_up) continue;
    lock.unlock();
    carry_out(*task);
    task->work = nullptr;
    lock.lock();
    task->done = true;
    answered_.notify_all();
  }
  refuse_all();
  lock.unlock();
  if (client_) client_->close();
  client_.reset();
}

void EngineFrames::refuse_all() {
  for (const auto& task : tasks_) {
    task->code = kEngineUnreachable, task->message = kUnloaded;
    task->done = true;
  }
  tasks_.clear();
  answered_.notify_all();
}

void EngineFrames::carry_out(Task& task) {
  try {
    EngineClient& engine = client();
    task.work(engine, Patience(task.seconds, [this] { return closing_.load(); }));
    silent_until_ = 0;
    if (engine.engine() != engine_) purge();
    engine_ = engine.engine();
  } catch (const Aborted&) {
    task.code = kEngineUnreachable, task.message = kUnloaded;
  } catch (const Error& error) {
    task.code = error.code(), task.message = error.what();
  } catch (const std::exception& error) {
    task.code = kProtocolError, task.message = error.what();
  }
}

EngineClient& EngineFrames::client() {
  if (!client_) {
    const auto again = [path = connection_] { return read_connection(path); };
    client_ = std::make_unique<EngineClient>(again(), kName, again);
  }
  return *client_;
}

bool EngineFrames::is_asked() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closing_ || !tasks_.empty();
}

// Events that nobody takes would keep the engine from telling of other jobs.
void EngineFrames::hear_of_jobs() {
  for (auto job = jobs_.begin(); job != jobs_.end() && !is_asked();) {
    job = hear_of(*job) ? jobs_.erase(job) : std::next(job);
  }
}

void EngineFrames::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    asked_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  purge();
}

}  // namespace faceplate::plugin
