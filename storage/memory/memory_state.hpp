// What a MemoryLog holds durably, as plain maps, and the one function that changes it.
//
//   Result<Appended> result = state.apply(append);     // all of it, or an error and nothing
//
// Threads: a plain value; copying it is a backup.
#pragma once

#include <map>
#include <utility>

#include "weir/storage/delta_log.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::storage {

struct MemorySnapshot {
  Snapshot about;
  SharedBytes bytes;
};

/// What was forgotten of a document: its prefix up to the last record that was cut.
struct MemoryCut : DocumentPrefix {
  Seconds time;  ///< of that record
};

struct MemoryDocument {
  DocumentLife life = DocumentLife::alive;
  std::uint64_t number = 1;  ///< of the life: 1 for the first
  Offset head;
  MemoryCut cut;                     ///< `last` 0: nothing was
  std::map<Offset, Record> records;  ///< what is kept
  std::map<std::pair<Epoch, ProducerId>, Mark> marks;
  std::map<std::string, SharedBytes> notes;
  std::map<SnapshotId, MemorySnapshot> snapshots;
  SnapshotId last_snapshot;  ///< given out in this life

  /// What a cut at `offset` would leave as `cut`.
  [[nodiscard]] MemoryCut cut_at(const DocumentPath& path, Offset offset) const;
};

/// One place in a space's order. A record that was cut is empty.
struct MemoryEvent {
  AppendKind kind = AppendKind::deltas;
  DocumentName document;
  std::uint64_t life = 1;
  Record record;
};

struct MemorySpace {
  Offset head;
  std::map<DocumentName, MemoryDocument> documents;
  std::map<Offset, MemoryEvent> order;
};

struct MemoryState {
  StoreIncarnation incarnation;
  std::map<SpaceName, MemorySpace> spaces;

  /// Stores the append whole, or refuses it (ABORTED, INVALID_ARGUMENT) and changes nothing.
  [[nodiscard]] Result<Appended> apply(const Append& append);

  [[nodiscard]] const MemorySpace* find(const SpaceName& space) const;
  [[nodiscard]] const MemoryDocument* find(const DocumentPath& path) const;
  [[nodiscard]] Epoch epoch(const MemoryDocument* document) const;
  [[nodiscard]] DocumentState describe(const MemoryDocument* document) const;
};

}  // namespace weir::storage
