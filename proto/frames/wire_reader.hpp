// Reads protobuf's wire format in place: each field of one message, its bytes as a view of the buffer.
//
//   WireReader in(bytes);
//   while (in.next()) {
//     switch (in.key()) {
//       case varint_key(1): request = in.value(); break;
//       case bytes_key(2): name = in.bytes(); break;
//     }                                            // any other key is an unknown field and is passed over
//   }
//   if (!in.ok()) ...                              // the bytes are not a message
//
// protobuf's own parser copies every `bytes` field; here a payload must stay a slice of the receive buffer, and a
// buffer comes from a stranger: every length is checked against what is really there, and nothing is allocated. The
// tests hold it against the classes that protoc generates. Threads: a plain value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::frames {

/// A field's number and wire type, as they stand on the wire.
[[nodiscard]] constexpr std::uint32_t varint_key(std::uint32_t number) { return number << 3; }
[[nodiscard]] constexpr std::uint32_t fixed64_key(std::uint32_t number) { return number << 3 | 1; }
[[nodiscard]] constexpr std::uint32_t bytes_key(std::uint32_t number) { return number << 3 | 2; }

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  /// Moves to the next field. False at the end, and at the first malformed byte: ok() tells which.
  [[nodiscard]] bool next() {
    if (rest_.empty() || !ok_) return false;
    ok_ = read_key() && read_value(key_);
    return ok_;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  /// A caller found the field's contents malformed.
  void fail() { ok_ = false; }

  [[nodiscard]] std::uint32_t key() const { return key_; }
  /// Of a varint or fixed field.
  [[nodiscard]] std::uint64_t value() const { return value_; }
  /// Of a length-delimited field.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

  /// One bare varint at the front of `bytes`, which is moved past it; false when it is truncated or too long.
  [[nodiscard]] static bool take_varint(std::string_view& bytes, std::uint64_t& value);

 private:
  static constexpr std::size_t group_depth_max = 64;

  bool read_key();
  bool read_value(std::uint32_t key);
  bool read_fixed(std::size_t width);
  bool skip_group(std::uint32_t key);

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t value_ = 0;
  std::uint32_t key_ = 0;
  bool ok_ = true;
};

inline bool WireReader::take_varint(std::string_view& bytes, std::uint64_t& value) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i == 9 && byte > 1) return false;  // more than 64 bits
    result |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      value = result;
      return true;
    }
  }
  return false;
}

inline bool WireReader::read_key() {
  std::uint64_t key = 0;
  if (!take_varint(rest_, key) || key > 0xFFFF'FFFF || key >> 3 == 0) return false;
  key_ = static_cast<std::uint32_t>(key);
  return true;
}

inline bool WireReader::read_value(std::uint32_t key) {
  switch (key & 7) {
    case 0: return take_varint(rest_, value_);
    case 1: return read_fixed(8);
    case 2: {
      std::uint64_t length = 0;
      if (!take_varint(rest_, length) || length > rest_.size()) return false;
      bytes_ = rest_.substr(0, static_cast<std::size_t>(length));
      rest_.remove_prefix(bytes_.size());
      return true;
    }
    case 3: return skip_group(key);
    case 5: return read_fixed(4);
    default: return false;  // 4 ends a group that was never begun; 6 and 7 do not exist
  }
}

inline bool WireReader::read_fixed(std::size_t width) {
  if (rest_.size() < width) return false;
  value_ = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(width);
  return true;
}

// Groups are a thing of the past that no message here has; an unknown field may still be one. Without recursion, so
// that nesting costs no stack.
inline bool WireReader::skip_group(std::uint32_t key) {
  std::array<std::uint32_t, group_depth_max> open{};
  std::size_t depth = 0;
  open[depth++] = key;
  while (depth > 0) {
    if (rest_.empty() || !read_key()) return false;
    const std::uint32_t type = key_ & 7;
    if (type == 3) {
      if (depth == open.size()) return false;
      open[depth++] = key_;
    } else if (type == 4) {
      if (key_ >> 3 != open[--depth] >> 3) return false;
    } else if (!read_value(key_)) {
      return false;
    }
  }
  key_ = key;
  return true;
}

}  // namespace weir::frames
