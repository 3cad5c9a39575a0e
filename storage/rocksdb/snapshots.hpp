// The snapshots of a log on disk: a SnapshotStore in the same RocksDB. docs/storage-format.md has the bytes.
//
// An upload is hashed and compressed on the thread that uploads, and stored part by part as it comes; the writer puts
// each part in between two commits (docs/decisions/0025). The rows that make it a snapshot come last, in one synced
// write. What becomes of uploads that are not sealed: they are deleted when they end, or, where that is not possible (a
// full disk, a crash), with the next upload, on closing, or on opening.
//
// Threads: as SnapshotStore.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "weir/rocksdb/snapshot_changes.hpp"
#include "weir/rocksdb/writer.hpp"

namespace weir::storage::rocks {

class Snapshots final : public SnapshotStore {
 public:
  /// Without a writer it only reads.
  Snapshots(const Store& store, Writer* writer) : store_(store), writer_(writer) {}

  [[nodiscard]] Result<SnapshotUpload> begin(const DocumentPath& path, Epoch epoch) override;
  [[nodiscard]] Result<void> write(SnapshotUpload upload, std::string_view bytes) override;
  [[nodiscard]] Result<Snapshot> seal(SnapshotUpload upload, Snapshot about) override;
  void abandon(SnapshotUpload upload) override;
  [[nodiscard]] Result<void> set_standing(const DocumentPath& path, SnapshotId id, SnapshotStanding standing,
                                          Seconds since, const std::string& by) override;
  [[nodiscard]] Result<void> drop(const DocumentPath& path, SnapshotId id) override;
  [[nodiscard]] Result<std::vector<Snapshot>> list(const DocumentPath& path) const override;
  [[nodiscard]] Result<SnapshotPart> read(const DocumentPath& path, SnapshotId id, std::uint64_t position,
                                          bool compressed) const override;

 private:
  struct Upload {
    UploadPlace place;
    Sha256 hash;
    std::uint64_t bytes = 0;
    std::uint64_t parts = 0;         // stored, as are
    std::uint64_t stored_bytes = 0;  //
    std::string pending;             // of the part that is not full yet
  };

  [[nodiscard]] std::shared_ptr<Upload> find(SnapshotUpload upload);
  /// No call knows it from now on.
  [[nodiscard]] std::shared_ptr<Upload> take(SnapshotUpload upload);
  [[nodiscard]] Result<void> add(Upload& upload, std::string_view bytes);
  [[nodiscard]] Result<void> store_pending(Upload& upload);
  [[nodiscard]] Result<Snapshot> seal(Upload& upload, Snapshot about);
  void discard(const UploadPlace& place);
  void discard_leftovers();
  [[nodiscard]] Result<std::string> part_value(const View& view, std::string_view key) const;

  const Store& store_;
  Writer* const writer_;
  std::mutex mutex_;
  // Guarded by mutex_; an upload itself belongs to the call that is about it.
  std::map<SnapshotUpload, std::shared_ptr<Upload>> uploads_;
  SnapshotUpload last_upload_;
  std::vector<UploadPlace> leftovers_;  // over, and not deleted yet
};

}  // namespace weir::storage::rocks
