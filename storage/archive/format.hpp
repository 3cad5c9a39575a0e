// The bytes of an archive, as docs/export-format.md has them: what writer and reader share. Private to this module.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/vocabulary/digest.hpp"

struct evp_md_ctx_st;  // OpenSSL's

namespace weir::archive {

/// Bytes that no text has, and both ends of line, so that a file that went through a text transfer is recognised.
inline constexpr std::string_view magic{"\x89WEIR\r\n\x1a", 8};
inline constexpr std::uint16_t version_whole = 1;
inline constexpr std::uint16_t version_cut = 2;        // has a start
inline constexpr std::uint16_t version_snapshots = 3;  // has a start, be it that nothing was cut, and snapshots

/// A frame is its kind, the length of its body (32 bits), and its body.
enum class Kind : char { header = 'H', start = 'S', record = 'R', snapshot = 'N', part = 'P', end = 'E' };
inline constexpr std::size_t frame_head_bytes = 1 + 4;
inline constexpr std::size_t record_head_bytes = 8 + 16 + 8 + 8 + 4;
inline constexpr std::size_t header_bytes_max = 2 + space_name_bytes_max + 2 + document_name_bytes_max + 8;
inline constexpr std::size_t start_bytes = 8 + 8 + 8 + 32;
inline constexpr std::size_t end_bytes = 8 + 8 + 8 + 32;
inline constexpr std::size_t end_snapshots_bytes = 8 + 8;
inline constexpr std::size_t snapshot_head_bytes = 8 + 8 + 32 + 32 + 8 + 4 + 1 + 1 + 8 + 8 + 8 + 8 + 2;
inline constexpr std::size_t author_bytes_max = 4096;
inline constexpr std::size_t note_bytes_max = std::size_t{1} << 20;

/// Big-endian.
template <class Integer>
void put(std::string& out, Integer value) {
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
  }
}

/// Takes fields from the front of a body; `good` turns false, for ever, when there are not enough bytes.
struct Fields {
  std::string_view rest;
  bool good = true;

  template <class Integer>
  [[nodiscard]] Integer number() {
    std::uint64_t value = 0;
    for (const char byte : bytes(sizeof(Integer))) value = value << 8 | static_cast<unsigned char>(byte);
    return static_cast<Integer>(value);
  }
  /// Empty when there are fewer.
  [[nodiscard]] std::string_view bytes(std::size_t count) {
    good = good && rest.size() >= count;
    if (!good) return {};
    const std::string_view taken = rest.substr(0, count);
    rest.remove_prefix(count);
    return taken;
  }
};

/// SHA-256 of everything that passes.
class FileDigest {
 public:
  FileDigest();
  void add(std::string_view bytes);
  [[nodiscard]] Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace weir::archive
