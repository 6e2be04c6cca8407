#include "base/sha256.h"

#include <algorithm>
#include <cstring>

namespace faceplate {
namespace {

constexpr std::size_t kBlock = 64;  // bytes

constexpr std::array<std::uint32_t, 64> kRound{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::uint32_t turned(std::uint32_t word, int by) {
  return (word >> by) | (word << (32 - by));
}

std::string big_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>((number >> shift) & 0xff));
  }
  return text;
}

int digit_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

void Sha256::block(const unsigned char* bytes) {
  std::array<std::uint32_t, 64> word;
  for (int i = 0; i < 16; ++i) {
    const unsigned char* four = bytes + 4 * i;
    word[i] = std::uint32_t{four[0]} << 24 | std::uint32_t{four[1]} << 16 |
              std::uint32_t{four[2]} << 8 | std::uint32_t{four[3]};
  }
  for (int i = 16; i < 64; ++i) {
    const std::uint32_t w15 = word[i - 15], w2 = word[i - 2];
    word[i] = word[i - 16] + (turned(w15, 7) ^ turned(w15, 18) ^ (w15 >> 3)) + word[i - 7] +
              (turned(w2, 17) ^ turned(w2, 19) ^ (w2 >> 10));
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (int i = 0; i < 64; ++i) {
    const std::uint32_t one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +
                              ((e & f) ^ (~e & g)) + kRound[i] + word[i];
    const std::uint32_t two =
        (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
  }
  const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) state_[i] += added[i];
}

Sha256& Sha256::update(std::string_view bytes) {
  std::size_t filled = length_ % kBlock;
  length_ += bytes.size();
  while (!bytes.empty()) {
    if (filled == 0 && bytes.size() >= kBlock) {
      block(reinterpret_cast<const unsigned char*>(bytes.data()));
      bytes.remove_prefix(kBlock);
      continue;
    }
    const std::size_t count = std::min(kBlock - filled, bytes.size());
    std::memcpy(waiting_.data() + filled, bytes.data(), count);
    bytes.remove_prefix(count);
    filled = (filled + count) % kBlock;
    if (filled == 0) block(waiting_.data());
  }
  return *this;
}

std::string Sha256::digest() {
  const std::uint64_t bits = 8 * length_;
  std::string padding(1, '\x80');
  padding.append((2 * kBlock - 9 - length_ % kBlock) % kBlock, '\0');
  update(padding + big_endian(bits, 8));
  std::string text;
  for (const std::uint32_t word : state_) text += big_endian(word, 4);
  return text;
}

Hmac::Hmac(std::string_view key) {
  std::string block(key.size() > kBlock ? Sha256().update(key).digest() : std::string(key));
  block.resize(kBlock, '\0');
  std::string inner(block), outer(block);
  for (char& byte : inner) byte = static_cast<char>(byte ^ 0x36);
  for (char& byte : outer) byte = static_cast<char>(byte ^ 0x5c);
  inner_.update(inner);
  outer_.update(outer);
}

Hmac& Hmac::update(std::string_view bytes) {
  inner_.update(bytes);
  return *this;
}

std::string Hmac::digest() { return outer_.update(inner_.digest()).digest(); }

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto number = static_cast<unsigned char>(byte);
    text.push_back(kDigits[number >> 4]);
    text.push_back(kDigits[number & 15]);
  }
  return text;
}

std::string unhex(std::string_view digits) {
  std::string bytes;
  if (digits.size() % 2 != 0) return bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_of(digits[i]), low = digit_of(digits[i + 1]);
    if (high < 0 || low < 0) return std::string();
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  unsigned char differing = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    differing = static_cast<unsigned char>(differing | (one[i] ^ other[i]));
  }
  return differing == 0;
}

}  // namespace faceplate
