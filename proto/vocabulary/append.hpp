// What a hub asks of a log: one append to one document, and what comes of it. Shared by the core, which decides, and
// the log, which stores.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weir/vocabulary/digest.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir {

/// What one append does to its document.
enum class AppendKind : std::uint8_t {
  deltas,     ///< stores `deltas` (possibly none, when only notes are written)
  tombstone,  ///< ends the document at an offset of its own: its records, marks and notes become unreachable
  recreate,   ///< opens the next incarnation of a deleted document; takes an offset of its own
  cut,        ///< forgets the records up to `Append::cut`, behind a snapshot; takes no offset
};

/// Decided by a hub, stored by the log.
struct Append {
  AppendKind kind = AppendKind::deltas;
  DocumentRef path;
  Epoch epoch;  ///< the epoch assumed; the log refuses another with ABORTED
  ProducerId producer;
  /// Sequence of the first delta; the others follow it.
  Sequence first_sequence;
  /// The producer's last stored sequence that the hub assumes (0: none); the log refuses another with ABORTED.
  /// Empty: an ephemeral producer, for which no mark is kept.
  std::optional<Sequence> assumed_mark;
  /// Kept with the mark: who owns the producer.
  std::string principal;
  Seconds time;
  std::vector<Delta> deltas;
  std::vector<Note> notes;
  // With AppendKind::cut alone; the rest is then empty.
  Offset cut;  ///< records up to here are forgotten; at most the document's head
  /// What DeltaLog::prefix() answers for `cut`, so that a log need not read all of it again: the chain value there, and
  /// how much lies up to there, what was cut before included.
  Digest cut_chain;
  std::uint64_t cut_records = 0;
  std::uint64_t cut_payload_bytes = 0;
};

struct Appended {
  Offset first;  ///< of the first record, or of the tombstone or re-creation; 0 after a cut or only notes
  Offset last;
  Epoch epoch;  ///< of the document after the append
};

enum class DocumentLife : std::uint8_t { absent, alive, deleted };

/// A document's state of affairs. An absent document already has the epoch its first record will get.
struct DocumentState {
  DocumentLife life = DocumentLife::absent;
  Epoch epoch;
  Offset head;                ///< last record's offset, or the tombstone's or re-creation's; 0 before the first
  std::uint64_t records = 0;  ///< stored and readable
  std::uint64_t payload_bytes = 0;
  Seconds first_time;  ///< of the first record that is kept; 0 without one
  Seconds last_time;   ///< of the last record, though it be cut; 0 when there never was one
  Offset cut;          ///< of the last record that is no longer kept; 0: all are
  std::uint64_t cut_records = 0;
  std::uint64_t cut_payload_bytes = 0;
};

/// What lies of a document up to some offset, what was cut included. Within one epoch it never changes.
struct DocumentPrefix {
  Offset last;   ///< of the last record there; 0 without one
  Digest chain;  ///< after that record
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
};

}  // namespace weir
