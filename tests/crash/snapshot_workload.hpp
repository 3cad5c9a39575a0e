// What clients that make snapshots do to a log, beside those that append: uploads in pieces, several at once, most of
// them sealed; standings that change, snapshots that are dropped; in between their documents are deleted.
//
//   SnapshotWorkload workload(seed);
//   workload.write(store, model);          // while appends are on their way
//   workload.call(store, log, model);      // when they have been answered
//
// Threads: one.
#pragma once

#include <random>

#include "snapshot_model.hpp"

namespace weir::storage::crash {

class SnapshotWorkload {
 public:
  explicit SnapshotWorkload(std::uint64_t seed) : random_(seed) {}

  /// Some more bytes of the uploads under way.
  void write(SnapshotStore& store, SnapshotModel& model);
  /// One call, or none.
  void call(SnapshotStore& store, const DeltaLog& log, SnapshotModel& model, const std::vector<DocumentPath>& paths);
  /// A whole snapshot of some document, from beginning to end; false unless it was stored.
  bool store_one(SnapshotStore& store, const DeltaLog& log, SnapshotModel& model,
                 const std::vector<DocumentPath>& paths);
  /// The log was closed.
  void forget_uploads() { uploads_.clear(); }

 private:
  struct Upload {
    SnapshotModel::Place place;
    SnapshotUpload number;
    std::string bytes;
  };

  void begin(SnapshotStore& store, SnapshotModel& model, const SnapshotModel::Place& place, Epoch epoch);
  void seal(SnapshotStore& store, SnapshotModel& model);
  void change(SnapshotStore& store, SnapshotModel& model, const SnapshotModel::Place& place);
  [[nodiscard]] std::string any_bytes();
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] bool chance(std::uint64_t in) { return below(in) == 0; }

  std::mt19937_64 random_;
  std::vector<Upload> uploads_;
  std::uint64_t pieces_ = 0;
};

}  // namespace weir::storage::crash
