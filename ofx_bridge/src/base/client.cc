#include "base/client.h"

namespace faceplate {
namespace {

constexpr int kAttempts = 3;  // another engine, a new session, and once more

std::vector<std::string_view> views(const Parts& parts) { return {parts.begin(), parts.end()}; }

}  // namespace

EngineClient::EngineClient(Connection connection, std::string name, Again again)
    : connection_(std::move(connection)),
      name_(std::move(name)),
      again_(std::move(again)),
      dealer_(std::make_unique<Dealer>(connection_.address, kConnectS)) {}

void EngineClient::close() {
  drop_ring();
  dealer_->close();
  session_.clear();
}

Welcome EngineClient::hello(const Patience& patience) {
  session_.clear();
  counter_ = Counter();
  unpaid_ = 0;
  unshared_ = false;
  Reply reply = exchange(Hello{name_, kCredits}, patience);
  const Welcome& welcome = expect<Welcome>(reply.envelope.message);
  session_ = welcome.session;
  engine_ = welcome.engine;
  release_ = welcome.release;
  return welcome;
}

Description EngineClient::describe(const Patience& patience) {
  Reply reply = ask(Describe{}, patience);
  return expect<Description>(reply.envelope.message);
}

Reported EngineClient::status(const Patience& patience, std::int64_t most) {
  Reply reply = ask(Status{most}, patience);
  return expect<Reported>(reply.envelope.message);
}

Accepted EngineClient::submit(const Submit& request, const Patience& patience) {
  Reply reply = ask(request, patience);
  const Accepted& accepted = expect<Accepted>(reply.envelope.message);
  Asked& asked = asked_[accepted.job];
  events_.erase(asked.id);
  asked.request = request;
  asked.id = reply.envelope.request;
  asked.session = session_;
  asked.connections = dealer_->connections();
  return accepted;
}

std::optional<Event> EngineClient::next_event(const std::string& job, const Patience& patience) {
  while (std::optional<Told> told = next_told(job, patience)) {
    if (const auto* analysed = std::get_if<Analysed>(&*told)) return *analysed;
    if (const auto* progress = std::get_if<Progress>(&*told)) {
      if (asked_.at(job).heard.insert(progress->frame).second) return *progress;
      continue;
    }
    events_.erase(asked_.at(job).id);
    asked_.erase(job);
    if (const auto* failed = std::get_if<Failed>(&*told)) throw raised(*failed);
    if (const auto* cancelled = std::get_if<Cancelled>(&*told)) {
      const std::string kept = std::to_string(cancelled->delivered);
      throw Error(kJobCancelled, "cancelled; " + kept + " frames are kept");
    }
    return std::get<Finished>(*told);
  }
  return std::nullopt;
}

std::optional<EngineClient::Told> EngineClient::next_told(const std::string& job,
                                                          const Patience& patience) {
  if (asked_.count(job) == 0) {
    throw Error(kUnknownJob, "submit " + job + " first; its events are told once");
  }
  while (true) {
    std::deque<Told>& kept = events_[asked_.at(job).id];
    if (!kept.empty()) {
      Told told = std::move(kept.front());
      kept.pop_front();
      return told;
    }
    try {
      look_after(job, patience);
      pay(patience);
      keep(receive(patience));
    } catch (const ConnectionLost&) {
      turn_to_another();  // or ask this one again
    } catch (const Error& error) {
      if (!error.is(kEngineUnreachable)) throw;
      if (error.is(kDeadlineExceeded) && patience.left_s() <= 0) return std::nullopt;
      if (error.is(kDeadlineExceeded) || !turn_to_another()) throw;
    }
  }
}

Cancelled EngineClient::cancel(const std::string& job, const Patience& patience) {
  Reply reply = ask(Cancel{job}, patience);
  return expect<Cancelled>(reply.envelope.message);
}

// the conversation

// Sends a request, in a fresh session or to another engine where ours is gone.
EngineClient::Reply EngineClient::ask(const Message& message, const Patience& patience,
                                      Buffer buffer) {
  for (int attempt = 1;; ++attempt) {
    try {
      // An engine that was restarted has another address: rather ask for it than wait for the old.
      if (again_ && dealer_->lost()) turn_to_another();
      if (session_.empty()) hello(patience);
      return exchange(message, patience, buffer);
    } catch (const ConnectionLost&) {
      if (attempt == kAttempts) throw;
      turn_to_another();  // or ask this one again
    } catch (const Error& error) {
      if (attempt == kAttempts) throw;
      if (error.is(kSessionUnknown)) {
        session_.clear();
      } else if (!(error.is(kEngineUnreachable) || error.is(kSignatureMismatch)) ||
                 !turn_to_another()) {
        throw;
      }
    }
  }
}

EngineClient::Reply EngineClient::exchange(const Message& message, const Patience& patience,
                                           Buffer buffer) {
  const std::string request = send(message, patience, buffer);
  while (true) {
    Reply reply = receive(patience);
    const Message& said = reply.envelope.message;
    const bool event = std::holds_alternative<Analysed>(said) ||
                       std::holds_alternative<Progress>(said) ||
                       std::holds_alternative<Finished>(said);
    if (!event && (reply.envelope.request == request || reply.envelope.request == kNoRequest)) {
      if (const auto* failed = std::get_if<Failed>(&said)) throw raised(*failed);
      return reply;
    }
    keep(reply);
  }
}

std::string EngineClient::send(const Message& message, const Patience& patience, Buffer buffer) {
  Envelope envelope{message, new_id(), session_, counter_.next(), {}};
  if (buffer) envelope.buffers.push_back(*buffer);
  const auto head = encode(envelope, connection_.key);
  std::vector<std::string_view> parts(head.begin(), head.end());
  parts.insert(parts.end(), envelope.buffers.begin(), envelope.buffers.end());
  dealer_->send(parts, patience);
  return envelope.request;
}

EngineClient::Reply EngineClient::receive(const Patience& patience) {
  while (true) {
    Reply reply = from_parts(dealer_->receive(patience));
    const std::string& session = reply.envelope.session;
    if (!session.empty() && session == session_) return reply;
    if (session.empty() || std::holds_alternative<Welcome>(reply.envelope.message)) return reply;
    // an event of a session that this client has left: it is told again in the new one
  }
}

EngineClient::Reply EngineClient::from_parts(Parts parts) {
  Reply reply;
  try {
    reply.envelope = decode(views(parts), connection_.key);
    const std::string& session = reply.envelope.session;
    if (!session.empty() && session == session_) counter_.check(reply.envelope.counter);
  } catch (const Error& error) {
    dealer_->close();  // whoever it was, nothing more is wanted of him
    if (!error.is(kSignatureMismatch)) throw;
    throw Error(kSignatureMismatch,
                "the engine's answer is not signed with the key of this connection file; it is "
                "another engine's");
  }
  reply.parts = std::move(parts);  // a vector that moves leaves its texts where they are
  return reply;
}

// Whether `again_` finds another engine than the one that is gone.
bool EngineClient::turn_to_another() {
  if (!again_) return false;
  Connection connection = again_();
  if (connection.engine == connection_.engine) return false;
  dealer_ = std::make_unique<Dealer>(connection.address, kConnectS);
  connection_ = std::move(connection);
  session_.clear();
  return true;
}

// Submits again where the job's events would come to a session or connection now gone.
void EngineClient::look_after(const std::string& job, const Patience& patience) {
  if (again_ && dealer_->lost()) turn_to_another();
  const Asked& asked = asked_.at(job);
  const bool lost = dealer_->lost() || asked.connections != dealer_->connections();
  if (lost || asked.session != session_) {
    submit(Submit(asked.request), patience);
  }
}

// Keeps an event until it is asked for; a late answer is nobody's any more.
void EngineClient::keep(const Reply& reply) {
  const Message& said = reply.envelope.message;
  std::optional<Told> told;
  if (const auto* one = std::get_if<Analysed>(&said)) told = *one;
  if (const auto* one = std::get_if<Progress>(&said)) told = *one;
  if (const auto* one = std::get_if<Finished>(&said)) told = *one;
  if (const auto* one = std::get_if<Failed>(&said)) told = *one;
  if (const auto* one = std::get_if<Cancelled>(&said)) told = *one;
  if (!told) return;
  ++unpaid_;
  for (const auto& [job, asked] : asked_) {
    if (asked.id == reply.envelope.request) events_[asked.id].push_back(*std::move(told));
  }
}

// Gives the engine room for what came: also other jobs' events, or it could not go on.
void EngineClient::pay(const Patience& patience) {
  if (unpaid_ < kCredits / 2 || session_.empty()) return;
  send(Credit{unpaid_}, patience);
  unpaid_ = 0;
}

}  // namespace faceplate
