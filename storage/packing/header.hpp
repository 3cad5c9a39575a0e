// The head of a pack: what it holds, readable without unpacking.
//
//   Result<PackHeader> header = inspect(bytes);        // the first pack_header_bytes_max bytes are enough
//   if (header->last <= cursor.offset) ... skip header->pack_bytes() bytes ...
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "weir/vocabulary/digest.hpp"
#include "weir/vocabulary/ids.hpp"

namespace weir::packing {

/// No pack's head is larger.
inline constexpr std::size_t pack_header_bytes_max = 124;

struct PackHeader {
  Offset first;
  Offset last;
  std::uint64_t records = 0;
  Seconds time_min;
  Seconds time_max;
  std::uint64_t payload_bytes = 0;  // of all records, unpacked
  std::uint64_t body_bytes = 0;     // what follows the head
  std::uint32_t body_checksum = 0;
  Digest chain;                  // after the last record
  std::size_t header_bytes = 0;  // this head itself

  [[nodiscard]] std::uint64_t pack_bytes() const { return header_bytes + body_bytes; }
  friend bool operator==(const PackHeader&, const PackHeader&) = default;
};

/// Reads the head alone. DATA_LOSS when it is damaged or no pack, UNIMPLEMENTED when it is of a later version. Says
/// nothing about the body.
[[nodiscard]] Result<PackHeader> inspect(std::string_view pack);

/// The head as bytes; `header_bytes` is not looked at.
[[nodiscard]] std::string encode(const PackHeader& header);

/// The checksum of packs: XXH32.
[[nodiscard]] std::uint32_t checksum(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace weir::packing
