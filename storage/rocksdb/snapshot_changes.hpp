// Every change of what is stored of snapshots, as something to add to a batch: made by the writer between two commits,
// or within the commit that ends a document's life. Whoever stages sees what is stored; so what is answered here holds.
//
//   writer.change([&](const View& view, rocksdb::WriteBatch& batch) { return drop(view, path, id, batch); }, synced);
//
// Parts are deleted one by one, by their numbers: a deleted range costs every later look into the family, and RocksDB
// does not see how much room there is to be won behind one.
//
// Threads: the writer's, or whoever has the store for itself.
#pragma once

#include <rocksdb/write_batch.h>

#include <vector>

#include "weir/rocksdb/snapshot_rows.hpp"
#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// Where an upload's rows lie.
struct UploadPlace {
  DocumentPath path;
  DocumentId document;
  Life life;
  UploadNumber number;
};

[[nodiscard]] Error no_snapshot(const DocumentPath& path, SnapshotId id);
/// The upload's row: none when it, or its document, is gone.
[[nodiscard]] Result<std::optional<UploadRow>> find_upload(const View& view, const UploadPlace& place);
/// Of the document's present life, by number.
[[nodiscard]] Result<std::vector<SnapshotRow>> find_snapshots(const View& view, const DocumentRow& row);
[[nodiscard]] Result<SnapshotRow> find_snapshot(const View& view, const DocumentPath& path, const DocumentRow& row,
                                                SnapshotId id);
/// The document a snapshot is asked of: NOT_FOUND when it is deleted, nothing when it is absent.
[[nodiscard]] Result<std::optional<DocumentRow>> find_document(const View& view, const DocumentPath& path);

[[nodiscard]] Result<UploadPlace> begin_upload(const View& view, const DocumentPath& path, Epoch epoch,
                                               rocksdb::WriteBatch& batch);
/// The next part of an upload; NOT_FOUND when it is over.
[[nodiscard]] Result<void> add_part(const View& view, const UploadPlace& place, std::uint64_t index,
                                    std::string_view value, rocksdb::WriteBatch& batch);
/// The upload becomes a snapshot, `row.about.id` its number.
[[nodiscard]] Result<void> seal_upload(const View& view, const UploadPlace& place, SnapshotRow& row,
                                       rocksdb::WriteBatch& batch);
/// Nothing of it is left; nothing happens when it is over already.
[[nodiscard]] Result<void> end_upload(const View& view, const UploadPlace& place, rocksdb::WriteBatch& batch);

[[nodiscard]] Result<void> change_standing(const View& view, const DocumentPath& path, SnapshotId id,
                                           SnapshotStanding standing, Seconds since, const std::string& by,
                                           rocksdb::WriteBatch& batch);
[[nodiscard]] Result<void> drop_snapshot(const View& view, const DocumentPath& path, SnapshotId id,
                                         rocksdb::WriteBatch& batch);

/// Everything of a document's life, uploads included.
[[nodiscard]] Result<void> end_snapshots(const View& view, DocumentId document, Life life, rocksdb::WriteBatch& batch);
/// Every upload there is: those of a process that is gone.
[[nodiscard]] Result<void> sweep_uploads(const View& view, rocksdb::WriteBatch& batch);

}  // namespace weir::storage::rocks
