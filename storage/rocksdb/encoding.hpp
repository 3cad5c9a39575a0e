// Integers as bytes: big-endian where keys must sort, variable-length (LEB128) where values must be small.
//
//   std::string row; put_varint(row, 300);
//   Decoder decoder(row); decoder.varint();  if (!decoder.done()) ... damaged ...
//
// Threads: pure functions; a Decoder belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::storage::rocks {

template <class Unsigned>
void put_big_endian(std::string& out, Unsigned value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift & 0xFF));
}

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

/// The difference to an expected value, small when the guess is good; wraps around, so that any pair of values fits.
inline void put_difference(std::string& out, std::uint64_t value, std::uint64_t expected) {
  const auto difference = static_cast<std::int64_t>(value - expected);
  put_varint(out, static_cast<std::uint64_t>(difference) << 1 ^ static_cast<std::uint64_t>(difference >> 63));
}

/// Reads what the functions above wrote. Past the end, or on a number that does not fit, it fails and answers zeros.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  template <class Unsigned>
  [[nodiscard]] Unsigned big_endian() {
    Unsigned value = 0;
    for (const char byte : take(sizeof(Unsigned)))
      value = static_cast<Unsigned>(value << 8 | static_cast<std::uint8_t>(byte));
    return value;
  }
  [[nodiscard]] std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  [[nodiscard]] std::uint64_t difference(std::uint64_t expected) {
    const std::uint64_t zigzag = varint();
    return expected + (zigzag >> 1 ^ (~(zigzag & 1) + 1));
  }
  [[nodiscard]] std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return !failed_; }
  /// All read, and all of it made sense.
  [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace weir::storage::rocks
