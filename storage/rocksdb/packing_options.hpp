// When a document's runs become packs, and small packs larger ones. docs/pack-format.md has what a record costs in
// packs of which size; each record is packed three times in its life.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::storage {

struct PackingOptions {
  /// Packs are made while the store is open, by a thread of low priority. Otherwise only when asked for.
  bool in_background = true;

  /// Runs with this many records, or this much payload, are sealed: they become a pack.
  std::uint64_t seal_records = 1024;
  std::uint64_t seal_bytes = std::uint64_t{1} << 20;
  /// Those of a document to which nothing was added for `idle`, already at so many. Fewer do not pay.
  std::uint64_t idle_seal_records = 128;
  std::chrono::milliseconds idle{60'000};

  /// Packs below each of these sizes are merged once together they reach it.
  std::uint64_t merge_records = 4096;
  std::uint64_t settle_records = 32768;
  /// A pack with so many bytes is not merged any more: it would not get better.
  std::uint64_t settle_bytes = std::uint64_t{1} << 20;
  /// No pack holds more payload, unpacked: it is what a reader has in memory.
  std::uint64_t payload_bytes_max = std::uint64_t{4} << 20;

  /// zstd's, for packs that will be merged again and for those that stay.
  int level = 15;
  int settle_level = 19;
};

}  // namespace weir::storage
