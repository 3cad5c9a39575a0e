// Integers as bytes: LEB128, and zigzag for what may be negative. The reader trusts nothing.
//
//   std::string out; put_varint(out, 300); put_signed(out, difference);
//   ByteReader reader(out); reader.varint();  if (!reader.done()) ... damaged ...
//
// Threads: pure functions; a ByteReader belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::packing {

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

/// Bytes that put_varint adds.
[[nodiscard]] constexpr std::size_t varint_bytes(std::uint64_t value) {
  std::size_t count = 1;
  for (; value >= 0x80; value >>= 7) ++count;
  return count;
}

/// A difference (mod 2^64) as a number that is small when the difference is near zero on either side.
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (~(difference >> 63) + 1);
}
[[nodiscard]] constexpr std::uint64_t unzigzag(std::uint64_t coded) { return coded >> 1 ^ (~(coded & 1) + 1); }

inline void put_signed(std::string& out, std::uint64_t difference) { put_varint(out, zigzag(difference)); }

inline void put_little_endian(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift & 0xFF));
}

/// Reads what the functions above wrote. Past the end, or on a number that does not fit, it fails and answers zeros.
class ByteReader {
 public:
  ByteReader() = default;
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] std::uint64_t varint() {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    return long_varint();
  }
  /// A varint that must be at most `most`; fails above.
  [[nodiscard]] std::uint64_t varint_up_to(std::uint64_t most) {
    const std::uint64_t value = varint();
    if (value <= most) return value;
    failed_ = true;
    return 0;
  }
  [[nodiscard]] std::uint64_t signed_varint() { return unzigzag(varint()); }
  [[nodiscard]] std::uint8_t byte() {
    if (at_ != end_) return static_cast<std::uint8_t>(*at_++);
    failed_ = true;
    return 0;
  }
  [[nodiscard]] std::uint32_t little_endian() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 8) value |= static_cast<std::uint32_t>(byte()) << shift;
    return value;
  }
  [[nodiscard]] std::string_view take(std::uint64_t count) {
    if (count > left()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken(at_, count);
    at_ += count;
    return taken;
  }
  /// Passes over `count` varints.
  void skip_varints(std::uint64_t count) {
    for (; count > 0 && at_ != end_; ++at_) count -= static_cast<std::uint8_t>(*at_) < 0x80;
    failed_ |= count > 0;
  }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void fail() { failed_ = true; }
  [[nodiscard]] bool ok() const { return !failed_; }
  /// All read, and all of it made sense.
  [[nodiscard]] bool done() const { return !failed_ && at_ == end_; }

 private:
  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto next = static_cast<std::uint8_t>(*at_++);
      if (shift == 63 && next > 1) break;
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if (next < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool failed_ = false;
};

}  // namespace weir::packing
