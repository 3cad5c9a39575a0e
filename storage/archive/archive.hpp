// One document in one file: every record with everything that is known of it, and snapshots that stand for records, so
// that it can be put back (docs/export-format.md has the bytes).
//
//   ArchiveWriter writer(out, path, epoch);
//   writer.add(record) ...
//   writer.begin(snapshot); writer.add(bytes) ...
//   writer.finish();                                               // the file is whole once this succeeds
//
//   Result<ArchiveReader> reader = ArchiveReader::open(in);
//   for (;;) { auto record = reader->next(); if (!record || !*record) break; ... }
//   for (;;) { auto snapshot = reader->next_snapshot(); if (!snapshot || !*snapshot) break; ... reader->bytes() ... }
//
// A reader believes nothing: lengths are checked before memory is taken, offsets must rise, and next_snapshot() says
// that the end has come only when the counts, the chain value and the digest over the whole file are right. So read a
// file once to its end before its first record is used.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weir/vocabulary/record.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::archive {

/// Of one record; a file that claims more is damaged.
inline constexpr std::size_t payload_bytes_max = std::size_t{512} << 20;
/// Of one part of a snapshot's bytes.
inline constexpr std::size_t part_bytes_max = std::size_t{1} << 20;

/// Of a document that was cut: what lay before the file's first record, and is not in it.
struct ArchiveStart {
  Offset cut;    ///< of the last record there
  Digest chain;  ///< after it
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  friend bool operator==(const ArchiveStart&, const ArchiveStart&) = default;
};

/// Its ids are a store's own: they are 0.
struct ArchivedSnapshot {
  Snapshot about;
  Offset base;  ///< of the one before it, on which it lies; 0: it stands alone
  friend bool operator==(const ArchivedSnapshot&, const ArchivedSnapshot&) = default;
};

/// What the file's end says of it.
struct ArchiveEnd {
  Offset head;  ///< of the last record, or where the document was cut; 0 without either
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  Digest chain;  ///< of the document after its last record
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_bytes = 0;
  friend bool operator==(const ArchiveEnd&, const ArchiveEnd&) = default;
};

class ArchiveWriter {
 public:
  /// Writes the header. `out` outlives the writer. With a `start` the file is of version 2, with `snapshots` of 3.
  ArchiveWriter(std::ostream& out, const DocumentPath& path, Epoch epoch,
                const std::optional<ArchiveStart>& start = std::nullopt, bool snapshots = false);
  ~ArchiveWriter();
  ArchiveWriter(ArchiveWriter&&) noexcept;

  /// In the order of their offsets. INVALID_ARGUMENT for another, RESOURCE_EXHAUSTED when it cannot be written.
  [[nodiscard]] Result<void> add(const Record& record);
  /// Behind the records, each with all its bytes, bases first. INVALID_ARGUMENT when the one before lacks some.
  [[nodiscard]] Result<void> begin(const ArchivedSnapshot& snapshot);
  [[nodiscard]] Result<void> add(std::string_view bytes);
  [[nodiscard]] Result<ArchiveEnd> finish();
  /// What has been added so far.
  [[nodiscard]] const ArchiveEnd& so_far() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ArchiveReader {
 public:
  /// Reads the header. `in` outlives the reader. DATA_LOSS when it is none, UNIMPLEMENTED for a newer version.
  [[nodiscard]] static Result<ArchiveReader> open(std::istream& in);
  ~ArchiveReader();
  ArchiveReader(ArchiveReader&&) noexcept;

  [[nodiscard]] const DocumentPath& path() const;
  [[nodiscard]] Epoch epoch() const;
  /// Empty: the file has all of the document's records.
  [[nodiscard]] const std::optional<ArchiveStart>& start() const;
  /// The next record; empty behind the last. DATA_LOSS says where the file is damaged.
  [[nodiscard]] Result<std::optional<Record>> next();
  /// Then the next snapshot; empty at the end, when all of the file has proved right. Passes over bytes of the one
  /// before that were not asked for.
  [[nodiscard]] Result<std::optional<ArchivedSnapshot>> next_snapshot();
  /// The next bytes of this snapshot; empty when all have come, and proved right.
  [[nodiscard]] Result<std::string> bytes();
  /// After the end, all of it; before, what has been read so far.
  [[nodiscard]] const ArchiveEnd& end() const;

 private:
  struct State;
  explicit ArchiveReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::archive
