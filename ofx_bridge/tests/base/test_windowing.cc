#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/windowing.h"

using namespace faceplate;

namespace {

std::string laid(const char* shot, std::int64_t length, std::int64_t overlap) {
  std::string text;
  for (const FrameRange& window : windows(FrameRange::parse(shot), length, overlap)) {
    text += (text.empty() ? "" : " ") + window.text();
  }
  return text;
}

}  // namespace

TEST_CASE("when_a_shot_is_cut_into_windows_then_neighbours_share_the_overlap") {
  CHECK(laid("1-8", 4, 0) == "1-4 5-8");
  CHECK(laid("1-8", 4, 1) == "1-4 4-7 7-8");
  CHECK(laid("1-7", 4, 1) == "1-4 4-7");
  CHECK(laid("1-9", 4, 2) == "1-4 3-6 5-8 7-9");
  CHECK(laid("1-9x2,20", 4, 0) == "1-7x2 9,20");
  CHECK(laid("5", 16, 3) == "5");
  CHECK(laid("1-2", 16, 3) == "1-2");
  CHECK(laid("1-3", std::int64_t{1} << 40, 0) == "1-3");
}

TEST_CASE("when_an_overlap_is_more_than_half_a_window_then_it_is_refused") {
  for (const auto& [length, overlap] : {std::pair{4, 3}, std::pair{0, 0}, std::pair{4, -1}}) {
    CHECK_THROWS_AS(windows(FrameRange::parse("1-9"), length, overlap), Error);
  }
}
