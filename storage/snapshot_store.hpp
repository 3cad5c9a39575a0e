// Where snapshots lie: large, few, written once, read in parts.
//
//   Result<SnapshotUpload> upload = store.begin(path, epoch);
//   store.write(*upload, bytes);  store.write(*upload, more);        // in order
//   Result<Snapshot> stored = store.seal(*upload, about);            // durable and visible from here on
//
//   Result<SnapshotPart> part = store.read(path, stored->id, 0, true);
//
// Rules every implementation keeps (tests/conformance runs them against each one):
//  - A snapshot is there as a whole or not at all; before seal() has answered nobody sees any of it, and after a crash
//    what was not sealed is gone, and its room is given back.
//  - seal() compares size and SHA-256 of what was written with what `about` says.
//  - Snapshots belong to a document's life: deleting the document ends them with everything else of it. They outlive
//    the store's incarnation.
//  - A part is never returned with a byte changed: DATA_LOSS when a checksum does not match.
//  - Memory: a few parts for each upload and each read, whatever the snapshot's size.
//
// Threads: every call blocks, and may come from any thread of a pool, never from a shard. Calls about one upload come
// one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/vocabulary/snapshot.hpp"

namespace weir::storage {

using weir::SnapshotUpload;

/// Plain bytes of a part, but for the last of a snapshot.
inline constexpr std::size_t snapshot_part_bytes = std::size_t{512} << 10;

class SnapshotStore {
 public:
  SnapshotStore() = default;
  SnapshotStore(const SnapshotStore&) = delete;
  SnapshotStore& operator=(const SnapshotStore&) = delete;
  virtual ~SnapshotStore() = default;

  // Writing. RESOURCE_EXHAUSTED when the disk is full (the upload is then abandoned), UNAVAILABLE after a failed fsync.

  /// ABORTED when the document is in another epoch; NOT_FOUND when it is absent or deleted.
  [[nodiscard]] virtual Result<SnapshotUpload> begin(const DocumentPath& path, Epoch epoch) = 0;
  /// Appends to the upload, any number of bytes. NOT_FOUND for an upload that is over.
  [[nodiscard]] virtual Result<void> write(SnapshotUpload upload, std::string_view bytes) = 0;
  /// Makes it durable and visible; answers `about` with its id (`about.id` is ignored). INVALID_ARGUMENT when size or
  /// hash are not as said, NOT_FOUND when the document was deleted meanwhile or `about.base` is not there,
  /// ALREADY_EXISTS when a snapshot that is not quarantined has the same offset and hash. The upload is over in any
  /// case.
  [[nodiscard]] virtual Result<Snapshot> seal(SnapshotUpload upload, Snapshot about) = 0;
  /// Nothing happens when it is over already.
  virtual void abandon(SnapshotUpload upload) = 0;
  /// Durable when it answers. NOT_FOUND when there is no such snapshot.
  [[nodiscard]] virtual Result<void> set_standing(const DocumentPath& path, SnapshotId id, SnapshotStanding standing,
                                                  Seconds since, const std::string& by) = 0;
  /// NOT_FOUND when there is no such snapshot, FAILED_PRECONDITION while it is another's base.
  [[nodiscard]] virtual Result<void> drop(const DocumentPath& path, SnapshotId id) = 0;

  // Reading. NOT_FOUND for a deleted document; an absent one has none.

  /// All of the document, by offset and then id.
  [[nodiscard]] virtual Result<std::vector<Snapshot>> list(const DocumentPath& path) const = 0;
  /// What follows `position`, to the end of the part it lies in; compressed only if asked for, if it is smaller, and if
  /// `position` is where a part begins. NOT_FOUND when there is no such snapshot, OUT_OF_RANGE behind its end.
  [[nodiscard]] virtual Result<SnapshotPart> read(const DocumentPath& path, SnapshotId id, std::uint64_t position,
                                                  bool compressed) const = 0;
};

}  // namespace weir::storage
