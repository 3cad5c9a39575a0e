// What is stored of snapshots: a row for each, one for the numbers given out, one for each upload under way, and parts.
//
//   std::string value = encode(row);      std::optional<SnapshotRow> row = decode_snapshot(value);     // empty:
//   damaged std::string value = encode_part(key, plain);        Result<StoredPart> part = StoredPart::parse(key,
//   value);
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "weir/rocksdb/keys.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::storage::rocks {

struct SnapshotRow {
  Snapshot about;
  UploadNumber upload;             ///< its parts lie under it
  std::uint64_t stored_bytes = 0;  ///< of its parts' values
};

/// The last ones given out in a document's life.
struct SnapshotNumbers {
  SnapshotId snapshot;
  UploadNumber upload;
};

/// How many parts have been stored of an upload, so that whoever ends it need not look for them.
struct UploadRow {
  std::uint64_t parts = 0;
};

[[nodiscard]] std::string encode(const SnapshotRow& row);
[[nodiscard]] std::string encode(const SnapshotNumbers& numbers);
[[nodiscard]] std::string encode(const UploadRow& row);

/// The snapshot's number is in its key.
[[nodiscard]] std::optional<SnapshotRow> decode_snapshot(SnapshotId id, std::string_view value);
[[nodiscard]] std::optional<SnapshotNumbers> decode_snapshot_numbers(std::string_view value);
[[nodiscard]] std::optional<UploadRow> decode_upload(std::string_view value);

/// How many parts so many bytes take.
[[nodiscard]] constexpr std::uint64_t parts_of(std::uint64_t bytes) {
  return bytes / snapshot_part_bytes + (bytes % snapshot_part_bytes == 0 ? 0 : 1);
}
/// The plain bytes of one of them.
[[nodiscard]] constexpr std::uint64_t part_bytes(std::uint64_t snapshot_bytes, std::uint64_t index) {
  return std::min<std::uint64_t>(snapshot_part_bytes, snapshot_bytes - index * snapshot_part_bytes);
}

/// A checksum that ties it to its key, and the bytes, compressed where that makes them smaller.
[[nodiscard]] std::string encode_part(std::string_view key, std::string plain);

struct StoredPart {
  std::string_view bytes;  ///< a part of the value
  bool compressed = false;

  /// DATA_LOSS unless the value is what was written under this key.
  [[nodiscard]] static Result<StoredPart> parse(std::string_view key, std::string_view value);
  /// DATA_LOSS unless it holds exactly so many bytes.
  [[nodiscard]] Result<std::string> unpack(std::uint64_t plain_bytes) const;
};

}  // namespace weir::storage::rocks
