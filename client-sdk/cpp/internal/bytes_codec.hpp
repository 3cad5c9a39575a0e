// Numbers in byte formats: big-endian ones of a fixed width, and varuints (LEB128, as in the frames).
//
//   put_big_endian(out, offset.value, 8); put_varuint(out, payload.size());
//   ByteReader in(bytes); const auto size = in.varuint(); const auto payload = in.bytes(*size);     // none: it ended
//
// Internal. Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::client {

inline void put_big_endian(std::string& out, std::uint64_t value, int byte_count) {
  for (int shift = (byte_count - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift & 0xFF));
}

[[nodiscard]] inline std::uint64_t get_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

inline void put_varuint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(0x80 | (value & 0x7F)));
  out.push_back(static_cast<char>(value));
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view rest() const { return bytes_; }
  [[nodiscard]] std::optional<std::string_view> bytes(std::uint64_t count) {
    if (count > bytes_.size()) return std::nullopt;
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  [[nodiscard]] std::optional<std::uint64_t> big_endian(std::size_t byte_count) {
    const auto taken = bytes(byte_count);
    return taken ? std::optional(get_big_endian(*taken)) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> varuint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 10 && i < bytes_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(bytes_[i]);
      if (i == 9 && byte > 1) return std::nullopt;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
      if (byte >= 0x80) continue;
      bytes_.remove_prefix(i + 1);
      return value;
    }
    return std::nullopt;
  }

 private:
  std::string_view bytes_;
};

}  // namespace weir::client
