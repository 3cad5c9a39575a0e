// A pack as it lies in the store: the pack itself (docs/pack-format.md) behind a checksum that ties it to its key.
//
//   std::string value = encode_pack(document, life, pack);
//   Result<PackRow> row = PackRow::parse(document, life, first, value);      row->header.last; row->pack;
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "weir/packing/header.hpp"
#include "weir/rocksdb/keys.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::storage::rocks {

/// `pack` is a whole pack; its head must be sound.
[[nodiscard]] std::string encode_pack(DocumentId document, Life life, std::string_view pack);

/// A pack's head, read and checked; the body is checked when it is unpacked.
struct PackRow {
  packing::PackHeader header;
  std::string_view pack;  ///< a part of the value

  /// DATA_LOSS unless the head is what was written under this key.
  [[nodiscard]] static Result<PackRow> parse(DocumentId document, Life life, Offset first, std::string_view value);
};

}  // namespace weir::storage::rocks
