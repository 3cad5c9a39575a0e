// The snapshots of a MemoryLog: whole in memory, beside the records they stand for, so that a deletion, a backup or a
// crash of the log is theirs as well.
//
// Threads: as SnapshotStore; everything under the log's mutex.
#pragma once

#include <map>
#include <mutex>

#include "weir/memory/memory_state.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::storage {

class MemorySnapshots final : public SnapshotStore {
 public:
  /// The log's own: its mutex and, guarded by it, what it holds durably and whether it may write.
  MemorySnapshots(std::mutex& mutex, MemoryState& state, const bool& broken)
      : mutex_(mutex), state_(state), broken_(broken) {}

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

  /// Bytes by upload, of those that are not over.
  [[nodiscard]] std::vector<std::size_t> uploads() const;
  /// The process dies. The log's mutex is held.
  void forget_uploads() { uploads_.clear(); }

 private:
  struct Upload {
    DocumentPath path;
    std::uint64_t life = 1;
    std::string bytes;
  };

  [[nodiscard]] std::optional<Error> refuse_writing() const;
  /// The document in the life that the upload began in, or none.
  [[nodiscard]] MemoryDocument* document_of(const Upload& upload);
  [[nodiscard]] MemoryDocument* find(const DocumentPath& path);
  [[nodiscard]] Result<MemorySnapshot*> find(const DocumentPath& path, SnapshotId id);

  std::mutex& mutex_;
  // Guarded by mutex_.
  MemoryState& state_;
  const bool& broken_;
  std::map<SnapshotUpload, Upload> uploads_;
  SnapshotUpload last_upload_;
};

}  // namespace weir::storage
