#include <doctest/doctest.h>

#include "base/errors.h"
#include "base/frame_range.h"

using namespace faceplate;

TEST_CASE("when_ranges_are_read_then_they_are_printed_in_their_shortest_form") {
  for (const auto& [text, shortest] :
       {std::pair{"1001-1010", "1001-1010"}, std::pair{"1003 1001,,1002", "1001-1003"},
        std::pair{"1-9x2", "1-9x2"}, std::pair{"1,3", "1,3"}, std::pair{"1,3,5,6", "1-5x2,6"},
        std::pair{"-10--5,-0", "-10--5,0"}, std::pair{"1-2,4-5,5", "1-2,4-5"},
        std::pair{"-999999999-999999999x9999999999", "-999999999"}}) {
    CHECK(FrameRange::parse(text).text() == shortest);
  }
  CHECK(FrameRange::between(1001, 1100).frames().size() == 100);
  CHECK(FrameRange::between(1, 3).contains(2));
  CHECK_FALSE(FrameRange::between(1, 3).contains(4));
}

TEST_CASE("when_a_text_is_no_range_then_it_is_refused") {
  for (const char* text : {"", " ,", "a", "1-", "2-1", "1-2x0", "1-2x", "1234567890", "1--", "1x2",
                           "1-1000001", "1-1000000,1", "+1", "1-2x12345678901"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(FrameRange::parse(text), Error);
  }
  CHECK_THROWS_AS(FrameRange::between(2, 1), Error);
}
