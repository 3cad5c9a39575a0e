// The durable log of every space: what an ack promises is kept here.
//
//   log.append(lane, std::move(append), [](Result<Appended> result) { ... });     // completes after the fsync
//   Result<DocumentPage> page = log.read_document(path, after, upto, bytes_max);  // blocking
//
// Rules every implementation keeps (tests/conformance runs them against each one):
//  - Offsets of a space increase strictly in the order of append() calls that succeed; the records of one append have
//    consecutive offsets. Nothing else is promised: another gap may appear anywhere.
//  - An append's records, mark and notes become durable together or not at all, and in the order of the calls: if a
//    later append of a lane is durable, every earlier one of it that did not fail is.
//  - Completions of one lane run in the order of its calls.
//  - An append that names a wrong mark or epoch, meets an I/O error or finds no room fails, and so does every later one
//    of the same lane (ABORTED) until reset(lane): a hub that built on a failed append must first notice.
//  - A first append, be it only of notes, brings its document to life. Notes last as long as that life; marks as long
//    as its epoch, which also ends when the store begins a new incarnation.
//  - A cut forgets records for good, and nothing else: marks, the chain after it, offsets and the records behind it
//    stay. A reader that began before it is told so by the next page.
//  - Readers see only durable records, and see an append whole.
//
// Threads: append() and reset() from any thread; completions run on a thread of the log, must not block, and may call
// append(). The reading calls block and are thread-safe: call them from a pool, never from a shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "weir/vocabulary/append.hpp"
#include "weir/vocabulary/packed_records.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::storage {

/// A queue of appends that fail together: one per shard.
using Lane = Number<struct LaneTag>;

// The vocabulary's, named here so that an implementation reads as one piece.
using weir::Append;
using weir::Appended;
using weir::AppendKind;
using weir::DocumentLife;
using weir::DocumentPrefix;
using weir::DocumentState;

/// A stretch of one document's records in offset order.
struct DocumentPage {
  std::vector<Record> records;
  /// True when nothing is left in (after, upto].
  bool complete = false;
  /// Not 0: records in (after, cut] are no longer kept; `records` come after it.
  Offset cut{};
};

/// The same for a reader that can unpack: one whole pack, or records.
struct PackedPage {
  std::optional<PackedRecords> pack;
  std::vector<Record> records;  ///< empty beside a pack
  bool complete = false;
  Offset cut{};  ///< as in DocumentPage
};

/// One entry of a space's order.
struct FeedEntry {
  AppendKind kind = AppendKind::deltas;
  DocumentName document;
  Epoch epoch;
  /// Only the offset and the time are set for a tombstone or re-creation. Of a cut only the offset: the entry stands
  /// where the last of some cut records was, and says that none of the document's up to there is kept. There may be
  /// several for one cut; the last has DocumentState::cut.
  Record record;
};
struct FeedPage {
  std::vector<FeedEntry> entries;
  bool complete = false;
};

struct DocumentSummary {
  DocumentName name;
  DocumentState state;
};

struct SpaceState {
  Offset head;                  ///< last offset given out in the space
  std::uint64_t documents = 0;  ///< alive; deleted ones are still listed
};

class DeltaLog {
 public:
  using AppendDone = std::function<void(Result<Appended>)>;

  DeltaLog() = default;
  DeltaLog(const DeltaLog&) = delete;
  DeltaLog& operator=(const DeltaLog&) = delete;
  virtual ~DeltaLog() = default;

  [[nodiscard]] virtual StoreIncarnation incarnation() const = 0;

  // Writing.

  /// RESOURCE_EXHAUSTED when the queue is over its cap or the disk is full (try again later), ABORTED for a wrong mark
  /// or epoch, a deleted document or a lane not yet reset, INVALID_ARGUMENT for an append that makes no sense (empty,
  /// sequences not above the mark, a note over its size, a cut beyond the head or with another prefix), UNAVAILABLE
  /// after a failed fsync (final for this process). A cut behind which there is no record that an earlier one has not
  /// forgotten changes nothing, and succeeds; it is of the last record at or before Append::cut.
  virtual void append(Lane lane, Append append, AppendDone done) = 0;
  /// The hub has seen the failure and forgotten what it had built on it; appends are taken again.
  virtual void reset(Lane lane) = 0;

  // Reading. DATA_LOSS when a checksum does not match: such bytes are never returned. A deleted document has no marks
  // and no notes; its records, its chain and what find() looks for are NOT_FOUND.

  [[nodiscard]] virtual Result<DocumentState> document(const DocumentPath& path) const = 0;
  [[nodiscard]] virtual Result<SpaceState> space(const SpaceName& space) const = 0;
  /// The producer's mark in the document's current epoch; empty when it has none.
  [[nodiscard]] virtual Result<std::optional<Mark>> mark(const DocumentPath& path,
                                                         const ProducerId& producer) const = 0;
  [[nodiscard]] virtual Result<std::optional<SharedBytes>> note(const DocumentPath& path,
                                                                const std::string& key) const = 0;
  /// Records of the current epoch with offset in (after, upto], at least one when there is any, about `bytes_max` of
  /// payload (a record counts a little more than its payload). Empty and complete when the document is absent.
  /// What was cut is left out, and `cut` says so.
  [[nodiscard]] virtual Result<DocumentPage> read_document(const DocumentPath& path, Offset after, Offset upto,
                                                           std::size_t bytes_max) const = 0;
  /// The same, but where a pack of at most `pack_bytes_max` comes next and lies in (after, upto] with all its records,
  /// it is answered as it is, alone; records end before such a pack. A log may always answer records.
  [[nodiscard]] virtual Result<PackedPage> read_packed(const DocumentPath& path, Offset after, Offset upto,
                                                       std::size_t bytes_max, std::size_t /*pack_bytes_max*/) const {
    auto page = read_document(path, after, upto, bytes_max);
    if (!page) return page.error();
    return PackedPage{std::nullopt, std::move(page->records), page->complete, page->cut};
  }
  /// The space's order in (after, upto], likewise. Records of documents deleted since are left out.
  [[nodiscard]] virtual Result<FeedPage> read_space(const SpaceName& space, Offset after, Offset upto,
                                                    std::size_t bytes_max) const = 0;
  /// The stored records of one producer with sequence in [first, last], in the order of their sequences, the newest of
  /// each; only the newest `records_scanned_max` records of the document are looked at. For comparing a resend: what is
  /// missing could not be compared.
  [[nodiscard]] virtual Result<std::vector<Record>> find(const DocumentPath& path, const ProducerId& producer,
                                                         Sequence first, Sequence last,
                                                         std::size_t records_scanned_max) const = 0;
  /// The chain value after the last record with offset ≤ `offset` of the current epoch. At a cut it is known, and at 0;
  /// OUT_OF_RANGE between the two.
  [[nodiscard]] virtual Result<Digest> chain(const DocumentPath& path, Offset offset) const = 0;
  /// What a cut at `offset` would forget, or a snapshot stand for. OUT_OF_RANGE where chain() says so; nothing, with
  /// the chain's start, when the document is absent.
  [[nodiscard]] virtual Result<DocumentPrefix> prefix(const DocumentPath& path, Offset offset) const = 0;
  /// Names in byte order, those after `after` (empty: from the first), at most `count`.
  [[nodiscard]] virtual Result<std::vector<SpaceName>> spaces(const std::string& after, std::size_t count) const = 0;
  [[nodiscard]] virtual Result<std::vector<DocumentSummary>> documents(const SpaceName& space, const std::string& after,
                                                                       std::size_t count) const = 0;
};

}  // namespace weir::storage
