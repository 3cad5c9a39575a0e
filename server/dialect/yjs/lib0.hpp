// The primitives of lib0's encoding, which every message of y-websocket is made of.
//
//   vu     unsigned LEB128, at most 53 bits (what a JavaScript number holds)
//   vb(x)  vu(length) and the bytes;  vs is vb of UTF-8
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::yjs {

inline constexpr std::uint64_t varuint_max = (std::uint64_t{1} << 53) - 1;

/// Reads in place. After the first malformed byte ok() is false and everything reads as 0 or empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint64_t varuint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < 8; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
      if (byte >= 0x80) continue;
      if (value > varuint_max) break;
      rest_.remove_prefix(i + 1);
      return value;
    }
    return fail();
  }
  [[nodiscard]] std::string_view bytes() {
    const std::uint64_t size = varuint();
    if (size > rest_.size()) fail();
    if (!ok_) return {};
    const std::string_view part = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(part.size());
    return part;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::uint64_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

inline void put_varuint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_bytes(std::string& out, std::string_view bytes) {
  put_varuint(out, bytes.size());
  out.append(bytes);
}

[[nodiscard]] constexpr std::size_t varuint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

}  // namespace weir::yjs
