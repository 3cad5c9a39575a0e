// What a log must hold of snapshots: every call that was answered has had its effect, and of those that nobody heard
// an answer to a beginning.
//
//   SnapshotModel model([&] { return !disk.crashed(); });
//   model.sealed(place, about, bytes, store.seal(upload, about));
//   ... the power goes, the log is opened again ...
//   std::optional<std::string> wrong = model.settle(log, store, ...);
//   std::optional<Difference> difference = model.compare(log, store);
//
// Which life a document is in, the log is asked: Model has compared that.
//
// Threads: one.
#pragma once

#include "model.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::storage::crash {

struct KnownSnapshot {
  Snapshot about;
  std::string bytes;
};
/// Of one life of a document.
using KnownSnapshots = std::map<SnapshotId, KnownSnapshot>;

class SnapshotModel {
 public:
  using Place = std::pair<DocumentPath, std::uint64_t>;  // and its life

  /// Answers given once `powered` tells false do not count: nobody was there to hear them.
  explicit SnapshotModel(std::function<bool()> powered) : powered_(std::move(powered)) {}

  // What was asked, and the answer.
  void sealed(const Place& place, Snapshot about, std::string bytes, const Result<Snapshot>& answer);
  struct Standing {
    SnapshotStanding standing = SnapshotStanding::candidate;
    Seconds since;
    std::string by;
  };
  void changed(const Place& place, SnapshotId id, const Standing& standing, const Result<void>& answer);
  void dropped(const Place& place, SnapshotId id, const Result<void>& answer);
  /// Of a call that the model need not know more of.
  void refused(const Error& error);
  /// As far as answers tell.
  [[nodiscard]] const KnownSnapshots& known(const Place& place) { return known_[place]; }

  // Checking.
  [[nodiscard]] std::optional<std::string> settle(const DeltaLog& log, const SnapshotStore& store,
                                                  std::function<bool()> powered);
  [[nodiscard]] std::optional<Difference> compare(const DeltaLog& log, const SnapshotStore& store);
  /// The same for a damaged log: what is there has been there once, every byte as it was. Other errors than those that
  /// tell of damage are differences.
  [[nodiscard]] std::optional<Difference> compare_damaged(const DeltaLog& log, const SnapshotStore& store) const;
  /// What an answer alone has shown to be wrong.
  [[nodiscard]] const std::optional<std::string>& wrong_answer() const { return wrong_answer_; }
  /// Calls that have changed something, so that a test can tell whether it tests anything.
  [[nodiscard]] std::uint64_t effects() const { return effects_; }

 private:
  using Effect = std::function<void(KnownSnapshots&)>;

  void take(const Place& place, const std::optional<Error>& error, Effect effect);

  std::function<bool()> powered_;
  std::map<Place, KnownSnapshots> known_;
  std::map<Place, std::vector<Effect>> open_;  ///< not answered, or answered with an error
  std::map<Place, KnownSnapshots> ever_;
  std::map<Place, SnapshotId> newest_;
  std::optional<std::string> wrong_answer_;
  std::uint64_t effects_ = 0;
  bool broken_ = false;  ///< told that an fsync failed
};

}  // namespace weir::storage::crash
