#include <doctest/doctest.h>

#include "base/zmtp.h"
#include "stage.h"

using namespace faceplate;
using namespace std::string_literals;

namespace {

constexpr double kEnough = 30.0;

}  // namespace

TEST_CASE("when_the_other_side_echoes_then_messages_come_back_whole") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    while (true) {
      const Parts message = peer.hear();
      peer.say({message.begin(), message.end()});
    }
  });
  Dealer dealer(stage.endpoint());
  const std::string large(3000000, 'x');
  for (const std::string& text : {"small"s, large, ""s}) {
    dealer.send({"head", text}, Patience(kEnough));
    CHECK(dealer.receive(Patience(kEnough)) == Parts{"head", text});
  }
  CHECK(dealer.connections() == 1);
  CHECK_FALSE(dealer.lost());
}

TEST_CASE("when_nobody_listens_then_it_says_so_within_the_deadline") {
  std::string endpoint;
  {
    endpoint = Stage([](Peer&, int) {}).endpoint();
  }
  Dealer dealer(endpoint, 0.2);
  CHECK(code_of([&] { dealer.receive(Patience(kEnough)); }) == kEngineUnreachable);
  for (const char* wrong :
       {"tcp://example.org:80", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:1x",
        "udp://127.0.0.1:1", "ipc://relative", "", "tcp://[::1]:"}) {
    CHECK(code_of([&] { Dealer{wrong}; }) == kSettingsError);
  }
  CHECK(code_of([&] { Dealer{"ipc:///" + std::string(200, 'x')}; }) == kSettingsError);
}

TEST_CASE("when_the_other_side_is_no_engine_then_it_is_refused") {
  for (const std::string& lie : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, std::string(100, '\0')}) {
    Stage stage([lie](Peer& peer, int) {
      peer.write(lie);
      peer.rest();
    });
    Dealer dealer(stage.endpoint());
    CHECK(code_of([&] { dealer.receive(Patience(kEnough)); }) == kVersionMismatch);
  }
}

TEST_CASE("when_the_other_side_lies_after_its_greeting_then_each_lie_is_refused") {
  for (const auto& [bytes, code] :
       {std::pair{"\x02\x7f\xff\xff\xff\xff\xff\xff\xff"s, kMessageOversized},
        std::pair{"\x80"s, kMessageMalformed},
        std::pair{"\x04\x0a\x05"s + "ERROR\x03"s + "no!"s, kProtocolError}}) {
    Stage stage([lie = bytes](Peer& peer, int) {
      peer.greet();
      peer.write(lie);
      peer.rest();
    });
    Dealer dealer(stage.endpoint());
    CHECK(code_of([&] { dealer.receive(Patience(kEnough)); }) == code);
  }
}

TEST_CASE("when_the_other_side_does_not_greet_then_the_deadline_ends_the_wait") {
  Stage stage([](Peer& peer, int) { peer.rest(); });
  Dealer dealer(stage.endpoint(), 0.2);
  CHECK(code_of([&] { dealer.send({"x"}, Patience(kEnough)); }) == kDeadlineExceeded);
}

TEST_CASE("when_the_other_side_does_not_read_then_the_deadline_ends_the_wait") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.rest();
  });
  Dealer dealer(stage.endpoint());
  const std::string large(64 << 20, 'x');
  CHECK(code_of([&] { dealer.send({large}, Patience(0.3)); }) == kDeadlineExceeded);
  CHECK(dealer.lost());  // it carried a piece
}

TEST_CASE("when_the_host_aborts_then_the_wait_ends_at_the_next_slice") {
  Stage stage([](Peer& peer, int) {
    peer.greet();
    peer.rest();
  });
  Dealer dealer(stage.endpoint());
  int asked = 0;
  const Patience patience(kEnough, [&] { return ++asked == 4; });
  CHECK(code_of([&] { dealer.receive(patience); }) == "aborted");
  CHECK(asked == 4);
  CHECK(patience.left_s() > kEnough - 10);
}

TEST_CASE("when_a_message_stops_in_the_middle_then_it_is_dropped_with_its_connection") {
  Stage stage([](Peer& peer, int count) {
    peer.greet();
    if (count == 0) {
      peer.hear();
      peer.say({"first"});
      peer.write("\x01\x03one\x00\x05tw"s);
      return;
    }
    peer.say({"second"});
    peer.rest();
  });
  Dealer dealer(stage.endpoint());
  dealer.send({"begin"}, Patience(kEnough));
  CHECK(dealer.receive(Patience(kEnough)) == Parts{"first"});
  CHECK_THROWS_AS(dealer.receive(Patience(kEnough)), ConnectionLost);
  CHECK(dealer.receive(Patience(kEnough)) == Parts{"second"});
  CHECK(dealer.connections() == 2);
}

TEST_CASE("when_sending_breaks_off_then_the_message_goes_out_whole_on_the_next_connection") {
  Stage stage([](Peer& peer, int count) {
    peer.greet();
    if (count == 0) return;
    const Parts message = peer.hear();
    peer.say({std::to_string(message[0].size())});
    peer.rest();
  });
  Dealer dealer(stage.endpoint());
  const std::string large(32 << 20, 'x');
  dealer.send({large}, Patience(kEnough));
  CHECK(dealer.receive(Patience(kEnough)) == Parts{std::to_string(large.size())});
}
