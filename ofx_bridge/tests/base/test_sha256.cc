#include <doctest/doctest.h>

#include "base/sha256.h"

using namespace faceplate;

TEST_CASE("when_known_texts_are_digested_then_the_digests_are_those_of_the_standard") {
  CHECK(hex(Sha256().digest()) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(Sha256().update("abc").digest()) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
  CHECK(hex(million.digest()) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("when_a_text_is_cut_anywhere_then_its_digest_stays") {
  std::string text;
  for (int i = 0; i < 200; ++i) text.push_back(static_cast<char>(i));
  for (std::size_t length : {0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 200}) {
    const std::string_view whole = std::string_view(text).substr(0, length);
    const std::string digest = Sha256().update(whole).digest();
    for (std::size_t cut = 0; cut <= length; ++cut) {
      CHECK(Sha256().update(whole.substr(0, cut)).update(whole.substr(cut)).digest() == digest);
    }
  }
}

TEST_CASE("when_rfc_4231_keys_sign_then_the_signatures_are_its_own") {
  CHECK(hex(Hmac("Jefe").update("what do ya want ").update("for nothing?").digest()) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string text = "Test Using Larger Than Block-Size Key - Hash Key First";
  CHECK(hex(Hmac(std::string(131, '\xaa')).update(text).digest()) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("when_hexadecimal_digits_are_read_then_anything_else_is_nothing") {
  CHECK(unhex("00ffAb") == std::string("\x00\xff\xab", 3));
  for (const char* text : {"0", "0g", " 00", "zz"}) CHECK(unhex(text).empty());
  CHECK(equal_in_constant_time("same", "same"));
  CHECK_FALSE(equal_in_constant_time("same", "Same"));
  CHECK_FALSE(equal_in_constant_time("same", "sam"));
}
