#include <doctest/doctest.h>

#include "base/errors.h"
#include "base/json.h"

using namespace faceplate;

TEST_CASE("when_canonical_json_is_read_and_written_then_nothing_changes") {
  for (const char* text :
       {"null", "true", "false", "0", "-9007199254740991", "9007199254740991", "\"\"", "[]", "{}",
        "[[],{},\"\\u001f\\n\\\"\\\\/\x7f\"]", "{\"a\":1,\"b\":[null,true]}",
        "{\"\xef\xbd\x9e\":1,\"\xf0\x9f\x8e\xac\":2}"}) {
    CHECK(canonical(read_json(text, "test")) == text);
  }
}

TEST_CASE("when_other_json_is_read_then_it_is_written_in_its_one_form") {
  CHECK(canonical(read_json(" { \"b\" : 1 ,\n\"a\":[ ] } ", "test")) == "{\"a\":[],\"b\":1}");
  CHECK(canonical(read_json("\"\\u00e9\\ud83c\\udfac\\/\"", "test")) ==
        "\"\xc3\xa9\xf0\x9f\x8e\xac/\"");
}

TEST_CASE("when_text_is_no_json_of_whole_numbers_then_it_is_refused") {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "+1",
                           "01",
                           "1.0",
                           "1e3",
                           "NaN",
                           "9007199254740992",
                           "--1",
                           "[",
                           "[1,]",
                           "[1 2]",
                           "{\"a\"}",
                           "{a:1}",
                           "{\"a\":1,\"a\":2}",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\x01\"",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\"",
                           "1 2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_json(text, "test"), Error);
  }
  CHECK_THROWS_AS(read_json(std::string(1 << 20, '['), "test"), Error);
}

TEST_CASE("when_characters_are_counted_then_they_are_code_points") {
  CHECK(count_characters("") == 0);
  CHECK(count_characters("a\xc3\xa9\xf0\x9f\x8e\xac") == 3);
  CHECK(count_characters("\x80") == -1);
}
