// One document in one file: every record with everything that is known of it, so that it can be put back
// (docs/export-format.md has the bytes).
//
//   ArchiveWriter writer(out, path, epoch);
//   writer.add(record) ... writer.finish();                        // the file is whole once this succeeds
//
//   Result<ArchiveReader> reader = ArchiveReader::open(in);
//   for (;;) { auto record = reader->next(); if (!record || !*record) break; ... }
//
// A reader believes nothing: lengths are checked before memory is taken, offsets must rise, and next() says that the
// end has come only when the counts, the chain value and the digest over the whole file are right. So read a file once
// to its end before its first record is used.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>

#include "weir/vocabulary/record.hpp"

namespace weir::archive {

/// Of one record; a file that claims more is damaged.
inline constexpr std::size_t payload_bytes_max = std::size_t{512} << 20;

/// What the file's end says of it.
struct ArchiveEnd {
  Offset head;  ///< of the last record, or where the document was cut; 0 without either
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  Digest chain;  ///< of the document after its last record
  friend bool operator==(const ArchiveEnd&, const ArchiveEnd&) = default;
};

/// Of a document that was cut: what lay before the file's first record, and is not in it.
struct ArchiveStart {
  Offset cut;    ///< of the last record there
  Digest chain;  ///< after it
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  friend bool operator==(const ArchiveStart&, const ArchiveStart&) = default;
};

class ArchiveWriter {
 public:
  /// Writes the header. `out` outlives the writer. With a `start` the file is of version 2.
  ArchiveWriter(std::ostream& out, const DocumentPath& path, Epoch epoch,
                const std::optional<ArchiveStart>& start = std::nullopt);
  ~ArchiveWriter();
  ArchiveWriter(ArchiveWriter&&) noexcept;

  /// In the order of their offsets. INVALID_ARGUMENT for another, RESOURCE_EXHAUSTED when it cannot be written.
  [[nodiscard]] Result<void> add(const Record& record);
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
  /// Empty: the file has all of the document.
  [[nodiscard]] const std::optional<ArchiveStart>& start() const;
  /// The next record; empty at the end, when all of the file has proved right. DATA_LOSS says where it is damaged.
  [[nodiscard]] Result<std::optional<Record>> next();
  /// After the end, all of it; before, what has been read so far.
  [[nodiscard]] const ArchiveEnd& end() const;

 private:
  struct State;
  explicit ArchiveReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::archive
