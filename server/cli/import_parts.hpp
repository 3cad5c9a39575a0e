// What an import learns of its file, and what it does with the snapshots in it. Private to this module.
//
// Threads: one.
#pragma once

#include <vector>

#include "weir/cli/archive_progress.hpp"

namespace weir::cli {

/// What the first pass over a file learns.
struct Survey {
  DocumentPath path;
  std::optional<archive::ArchiveStart> start;  ///< of a document that was cut
  archive::ArchiveEnd end;
  /// The offset of the first record whose sequence is not its producer's next; 0 when there is none.
  Offset broken_count;
  Seconds first_time;
  std::vector<archive::ArchivedSnapshot> snapshots;

  // Of the new document, known when the records are put.
  Digest chain;                       ///< after its last record
  std::uint64_t placeholders = 0;     ///< its first records, which stand in for those that are gone
  std::vector<std::uint64_t> places;  ///< for how many of its records each of the snapshots stands
};

/// What a running relay would refuse is not begun there.
[[nodiscard]] Result<void> can_be_put(const DocumentSource& source, const Survey& survey);
/// The reader stands behind the records; these are put already. Takes what was put there out of the survey's end.
[[nodiscard]] Result<void> put_snapshots(DocumentSource& source, archive::ArchiveReader& reader, Survey& survey,
                                         Epoch epoch, ArchiveProgress& progress, const Streams& streams);

}  // namespace weir::cli
