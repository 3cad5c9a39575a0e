// The words in which the rules of storage/snapshot_store.hpp are written.
//
//   class SnapshotConformance : one case per rule and implementation, beside those of the log
#pragma once

#include "log_under_test.hpp"

namespace weir::storage::conformance {

/// Bytes that a snapshot might have: of every size, some compressible and some not.
[[nodiscard]] std::string text_of(std::size_t size, std::uint64_t seed = 1);
[[nodiscard]] std::string noise_of(std::size_t size, std::uint64_t seed = 1);

/// What its author says of these bytes.
[[nodiscard]] Snapshot about(const std::string& bytes, Offset offset, SnapshotId base = {});
/// "id:offset" with commas between; the standing behind it unless it is a candidate's.
[[nodiscard]] std::string told(const Result<std::vector<Snapshot>>& snapshots);
template <class T>
[[nodiscard]] std::string outcome(const Result<T>& result) {
  return result ? "OK" : std::string(name(result.error().code));
}

/// All bytes from `position` on as a client reads them, part by part, each unpacked where it came compressed.
[[nodiscard]] Result<std::string> read_all(const SnapshotStore& store, const DocumentPath& path, SnapshotId id,
                                           std::uint64_t position, bool compressed);

class SnapshotConformance : public DeltaLogConformance {
 protected:
  static constexpr std::size_t part = snapshot_part_bytes;

  void SetUp() override;
  [[nodiscard]] SnapshotStore& store() { return under_test_->snapshots(); }
  /// A document with a record or two.
  void write_document(const DocumentRef& path);
  void remove(const DocumentRef& path) { appended(change(AppendKind::tombstone, path)); }
  void recreate(const DocumentRef& path) { appended(change(AppendKind::recreate, path)); }

  [[nodiscard]] Result<SnapshotUpload> begin(const DocumentRef& path);
  /// An upload of all of `bytes`, not sealed.
  [[nodiscard]] SnapshotUpload upload(const DocumentRef& path, const std::string& bytes);
  /// Uploaded and sealed; must succeed.
  Snapshot stored(const DocumentRef& path, const std::string& bytes, Offset offset, SnapshotId base = {});
  void expect_whole(const DocumentRef& path, const Snapshot& snapshot, const std::string& bytes);
  [[nodiscard]] std::string listed(const DocumentRef& path) { return told(store().list(*path)); }

  const DocumentRef path_ = path_of("s", "d");
};

}  // namespace weir::storage::conformance
