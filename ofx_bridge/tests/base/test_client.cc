#include <doctest/doctest.h>

#include <cstring>

#include "base/client.h"
#include "base/sha256.h"
#include "stage.h"

using namespace faceplate;

namespace {

constexpr double kEnough = 30.0;
const std::string kSession(32, 'a');
const std::string kJobId(16, '1');

Connection connection(const Stage& stage, const std::string& engine = "e1") {
  return {stage.endpoint(), kKey, engine, 1};
}

Welcome welcome(const std::string& engine = "e1", const std::string& session = kSession) {
  return {engine, session, "1.0", true, {}, 1, 1};
}

Submit request() {
  Submit submit;
  submit.shot.plate.path = "/plate.%04d.exr";
  submit.shot.frames = submit.frames = FrameRange::between(1, 3);
  submit.settings.restorer = "passthrough";
  submit.output = "/out";
  return submit;
}

// Two by two pixels of float R and G, interleaved.
PixelsText layout() {
  PixelsText lies;
  lies.size = 32;
  lies.channels = {"R", "G"};
  lies.samples = "float";
  lies.data_window = lies.display_window = {0, 0, 1, 1};
  lies.row_bytes = 16;
  lies.pixel_bytes = 8;
  lies.channel_bytes = 4;
  return lies;
}

const Into kInto{{}, {"R", "G"}, "float", true};

}  // namespace

TEST_CASE("when_the_engine_answers_then_the_client_returns_what_it_said") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    const Envelope asked = peer.asked();
    CHECK(asked.session == kSession);
    CHECK(std::get<Status>(asked.message).most == 7);
    peer.answer(asked, Reported{"e1", true, "cpu", 1, {}, {{"running", 2}}, {}}, kSession);
    const Envelope refused = peer.asked();
    peer.answer(refused, Failed{"frame.missing.new", "not there", {}, 3, {}}, kSession);
    peer.rest();
  });
  EngineClient client(connection(stage));
  CHECK(client.status(Patience(kEnough), 7).counts.at("running") == 2);
  CHECK(client.engine() == "e1");
  try {
    client.look("/take", 3, Patience(kEnough));
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.is(kFrameMissing));
    CHECK(error.frame() == 3);
  }
}

TEST_CASE("when_the_engine_does_not_answer_then_deadline_or_host_ends_the_wait") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.rest();
  });
  EngineClient client(connection(stage));
  CHECK(code_of([&] { client.status(Patience(0.1)); }) == kDeadlineExceeded);
  CHECK(code_of([&] { client.status(Patience(kEnough, [] { return true; })); }) == "aborted");
}

TEST_CASE("when_the_session_is_gone_then_the_request_is_repeated_in_another") {
  const std::string second(32, 'b');
  Stage stage([&](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    peer.answer(peer.asked(), Failed{kSessionUnknown, "another life", {}, {}, {}}, "");
    peer.answer(peer.asked(), welcome("e1", second), second);
    peer.answer(peer.asked(), Discarded{std::string(32, '0')}, second);
    peer.rest();
  });
  EngineClient client(connection(stage));
  client.discard(std::string(32, '0'), Patience(kEnough));
}

TEST_CASE("when_the_engine_is_replaced_then_the_connection_file_is_read_again") {
  const auto script = [](const std::string& engine) {
    return [engine](Peer& peer, int) {
      peer.greet();
      peer.answer(peer.asked(), welcome(engine), kSession);
      peer.answer(peer.asked(), Reported{engine, true, "", 1, {}, {}, {}}, kSession);
      if (engine == "e2") peer.rest();
    };
  };
  Stage first(script("e1")), other(script("e2"));
  bool replaced = false;
  EngineClient client(connection(first), "test", [&] {
    replaced = true;
    return connection(other, "e2");
  });
  CHECK(client.status(Patience(kEnough)).engine == "e1");
  CHECK(client.status(Patience(kEnough)).engine == "e2");
  CHECK(replaced);
}

TEST_CASE("when_a_job_runs_then_its_events_come_once_and_its_end_last") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    const Envelope submit = peer.asked();
    peer.answer(submit, Accepted{kJobId, 3, "/out/take", false}, kSession);
    peer.answer(submit, Analysed{kJobId, 3, 3}, kSession);
    for (const std::int64_t frame : {1, 2, 2, 3}) {
      peer.answer(submit, Progress{kJobId, frame, 3, frame, "restored", {}, {}, {}}, kSession);
    }
    peer.answer(submit, Finished{kJobId, "/out/take", 3, 0, {}, {}, {}}, kSession);
    peer.rest();
  });
  EngineClient client(connection(stage));
  CHECK(client.submit(request(), Patience(kEnough)).take == "/out/take");
  CHECK(std::get<Analysed>(*client.next_event(kJobId, Patience(kEnough))).done == 3);
  for (const std::int64_t frame : {1, 2, 3}) {
    CHECK(std::get<Progress>(*client.next_event(kJobId, Patience(kEnough))).frame == frame);
  }
  CHECK(std::get<Finished>(*client.next_event(kJobId, Patience(kEnough))).delivered == 3);
  CHECK(code_of([&] { client.next_event(kJobId, Patience(kEnough)); }) == kUnknownJob);
}

TEST_CASE("when_nothing_happens_to_a_job_then_the_wait_for_its_event_ends_with_none") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    const Envelope submit = peer.asked();
    peer.answer(submit, Accepted{kJobId, 3, "/out/take", false}, kSession);
    const Envelope cancel = peer.asked();
    peer.answer(submit, Cancelled{kJobId, 1}, kSession);
    peer.answer(cancel, Cancelled{kJobId, 1}, kSession);
    peer.rest();
  });
  EngineClient client(connection(stage));
  client.submit(request(), Patience(kEnough));
  CHECK_FALSE(client.next_event(kJobId, Patience(0.05)).has_value());
  CHECK(client.cancel(kJobId, Patience(kEnough)).delivered == 1);
  CHECK(code_of([&] { client.next_event(kJobId, Patience(kEnough)); }) == kJobCancelled);
}

TEST_CASE("when_the_connection_breaks_under_a_request_then_it_is_asked_again") {
  Stage stage([](Peer& peer, int count) {
    peer.greet();
    if (count == 0) peer.answer(peer.asked(), welcome(), kSession);
    const Envelope asked = peer.asked();
    if (count == 0) return;  // and nobody knows whether it came through
    peer.answer(asked, Description{}, kSession);
    peer.rest();
  });
  EngineClient client(connection(stage));
  client.describe(Patience(kEnough));
  CHECK(stage.clients() == 2);
}

TEST_CASE("when_the_connection_breaks_then_the_job_is_asked_for_again") {
  Stage stage([](Peer& peer, int count) {
    peer.greet();
    if (count == 0) peer.answer(peer.asked(), welcome(), kSession);
    const Envelope submit = peer.asked();
    peer.answer(submit, Accepted{kJobId, 3, "/out/take", count > 0}, kSession);
    if (count == 0) return;
    peer.answer(submit, Finished{kJobId, "/out/take", 3, 0, {}, {}, {}}, kSession);
    peer.rest();
  });
  EngineClient client(connection(stage));
  client.submit(request(), Patience(kEnough));
  std::optional<Event> event;
  while (!event) event = client.next_event(kJobId, Patience(1.0));
  CHECK(std::holds_alternative<Finished>(*event));
}

TEST_CASE("when_pixels_come_with_the_message_then_they_lie_as_the_engine_says") {
  const std::vector<float> wanted{1, 2, 3, 4, 5, 6, 7, 8};
  Stage stage([&](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    const Looked looked{"/take", 1001, "restored", std::string(64, '0'), layout()};
    const std::string_view bytes(reinterpret_cast<const char*>(wanted.data()), 32);
    peer.answer(peer.asked(), looked, kSession, {bytes});
    peer.rest();
  });
  EngineClient client(connection(stage));
  const LookedPixels found = client.look_pixels("/take", 1001, kInto, Patience(kEnough), false);
  CHECK(found.looked.status == "restored");
  CHECK(std::memcmp(found.pixels.memory, wanted.data(), 32) == 0);
}

TEST_CASE("when_the_engine_lies_about_pixels_then_nobody_reads_them") {
  const auto lie = [](auto change) {
    PixelsText lies = layout();
    change(lies);
    return lies;
  };
  const std::vector<PixelsText> lies{
      lie([](PixelsText& p) { p.size = 33; }),
      lie([](PixelsText& p) { p.row_bytes = 24; }),
      lie([](PixelsText& p) { p.row_bytes = kGreatest; }),
      lie([](PixelsText& p) { p.pixel_bytes = 7; }),
      lie([](PixelsText& p) { p.channel_bytes = 32; }),
      lie([](PixelsText& p) { p.data_window = {0, 0, 1}; }),
      lie([](PixelsText& p) { p.data_window = {-2147483648LL, 0, 2147483647LL, 0}; }),
      lie([](PixelsText& p) { p.data_window = {2, 0, 1, 1}; }),
      lie([](PixelsText& p) { p.channels = {"R"}; }),
      lie([](PixelsText& p) { p.samples = "half"; }),
      lie([](PixelsText& p) { p.slot = 3; }),
  };
  Stage stage([&](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    for (const PixelsText& pixels : lies) {
      const Looked looked{"/take", 1, "restored", std::string(64, '0'), pixels};
      peer.answer(peer.asked(), looked, kSession, {std::string(32, 'x')});
    }
    peer.rest();
  });
  EngineClient client(connection(stage));
  for (std::size_t i = 0; i < lies.size(); ++i) {
    CAPTURE(i);
    const auto look = [&] { client.look_pixels("/take", 1, kInto, Patience(kEnough), false); };
    CHECK(code_of(look) == kProtocolError);
  }
}

TEST_CASE("when_answers_are_forged_then_the_call_fails_and_the_next_connection_is_fresh") {
  Stage stage([](Peer& peer, int count) {
    peer.greet();
    const Envelope hello = peer.asked();
    if (count == 0) {
      peer.answer(hello, welcome(), kSession, {}, std::string(32, 'x'));
    } else if (count == 1) {
      peer.say({kVersion, "Welcome"});
    } else if (count == 2) {
      peer.say({"FACEPL99", "Welcome", "{}", std::string(32, 'x')});
    } else if (count == 3) {
      peer.answer(hello, Stopped{}, "");
    } else {
      peer.answer(hello, welcome(), kSession);
      peer.answer(peer.asked(), Description{}, kSession);
    }
    try {
      peer.hear();  // until the client goes
    } catch (const std::runtime_error&) {
    }
  });
  EngineClient client(connection(stage));
  const auto describe = [&] { client.describe(Patience(kEnough)); };
  CHECK(code_of(describe) == kSignatureMismatch);
  CHECK(code_of(describe) == kMessageTruncated);
  CHECK(code_of(describe) == kVersionMismatch);
  CHECK(code_of(describe) == kProtocolError);
  client.close();
  CHECK(code_of(describe) == "");
}

TEST_CASE("when_a_file_is_there_already_then_it_is_not_sent") {
  const std::string shelf(32, '5');
  Stage stage([&](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    const Envelope first = peer.asked();
    CHECK(first.buffers.empty());
    peer.answer(first, Deposited{"/spool/a", true}, kSession);
    peer.answer(peer.asked(), Deposited{"/spool/b", false}, kSession);
    const Envelope sent = peer.asked();
    CHECK(sent.buffers == std::vector<std::string_view>{"data"});
    CHECK(std::get<Deposit>(sent.message).sha256 == hex(Sha256().update("data").digest()));
    peer.answer(sent, Deposited{"/spool/b", true}, kSession);
    peer.rest();
  });
  EngineClient client(connection(stage));
  CHECK(client.deposit(shelf, "a", "data", Patience(kEnough)) == "/spool/a");
  CHECK(client.deposit(shelf, "b", "data", Patience(kEnough)) == "/spool/b");
}

TEST_CASE("when_a_fetched_file_is_not_the_one_named_then_it_is_corrupt") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.answer(peer.asked(), welcome(), kSession);
    const Fetched fetched{kJobId, 1, hex(Sha256().update("picture").digest()), {}};
    peer.answer(peer.asked(), fetched, kSession, {"picture"});
    peer.answer(peer.asked(), fetched, kSession, {"Picture"});
    peer.rest();
  });
  EngineClient client(connection(stage));
  CHECK(client.fetch(kJobId, 1, Patience(kEnough)) == "picture");
  CHECK(code_of([&] { client.fetch(kJobId, 1, Patience(kEnough)); }) == kFrameCorrupt);
}
