// Packs: a run of records of one document, compressed without loss and without knowing what the payloads mean
// (docs/pack-format.md). A pack says what it holds, can be passed over unread, and can be read alone.
//
//   Result<SharedBytes> pack = packing::pack(records, chain_after_last, {.level = 19});
//   Result<PackHeader> header = inspect(pack->view());                      // header.hpp
//   Result<PackReader> reader = PackReader::open(*pack);                    // reader.hpp
//
// Threads: pure functions. Packing takes a microsecond or two a record: never on the way of a publish.
#pragma once

#include <span>

#include "weir/packing/header.hpp"
#include "weir/packing/reader.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::packing {

struct PackOptions {
  /// zstd's, 1 to 19. What it gets to see is small already: 15 costs little more than 3; 19 for what will stay.
  int level = 15;
  /// A block is closed at either; it is what a reader has in memory. A larger payload has a block to itself.
  std::size_t block_records_max = 65536;
  std::size_t block_bytes_max = std::size_t{4} << 20;
  /// Read the pack again and compare before it is given out. Only a benchmark turns it off.
  bool verify = true;
};

/// `chain` is the document's chain value after the last record. INVALID_ARGUMENT when there is no record, when offsets
/// do not increase, or when a payload is larger than a reader takes.
[[nodiscard]] Result<SharedBytes> pack(std::span<const Record> records, const Digest& chain,
                                       const PackOptions& options = {});

}  // namespace weir::packing
