// SHA-256 (FIPS 180-4) and HMAC over it (RFC 2104).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace faceplate {

// A digest that is fed piece by piece.
class Sha256 {
 public:
  Sha256& update(std::string_view bytes);

  // The 32 bytes of the digest; feed nothing more.
  std::string digest();

 private:
  void block(const unsigned char* bytes);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> waiting_{};
  std::uint64_t length_ = 0;  // bytes
};

// A keyed digest that is fed piece by piece.
class Hmac {
 public:
  explicit Hmac(std::string_view key);
  Hmac& update(std::string_view bytes);
  std::string digest();

 private:
  Sha256 inner_;
  Sha256 outer_;
};

// Lower-case hexadecimal digits.
std::string hex(std::string_view bytes);

// The bytes that an even number of hexadecimal digits, of either case, stand for; an empty text
// where they are none.
std::string unhex(std::string_view digits);

// Whether two texts of one length are equal, in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view one, std::string_view other);

}  // namespace faceplate
