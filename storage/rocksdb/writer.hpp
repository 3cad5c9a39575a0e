// The one thread that writes. Outline of its loop: take what waits; check and place each append in order; write all of
// it as one batch with one fsync; tell each append's caller, in order. What comes in meanwhile waits and shares the
// next.
//
// Three states. Well. Full: a write found no room; appends are refused, and the write is tried anew (RocksDB moves to a
// new write-ahead log first) when somebody appends, not more often than every quarter of a second. Broken: an fsync or
// any other write failed; every append is refused until the process is started again, because what the disk holds now
// is not known.
//
// Between commits it puts in what takes the place of something older (replacement.hpp), and what belongs to snapshots
// (snapshot_changes.hpp): only here is it certain that nothing changes meanwhile.
//
// Threads: append() and reset() from any; completions run on the writer's thread. change() and replace() from any but
// the writer's.
#pragma once

#include <atomic>
#include <set>
#include <thread>

#include "weir/rocksdb/append_queue.hpp"
#include "weir/rocksdb/candidates.hpp"
#include "weir/rocksdb/commit.hpp"
#include "weir/rocksdb/replacement.hpp"

namespace weir::storage::rocks {

class Writer {
 public:
  /// `candidates` is told what was stored.
  Writer(Store& store, ChainCache& chains, Candidates& candidates, const RocksOptions& options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Writes what is queued, tells the callers, and marks the store as closed in an orderly way.
  ~Writer();

  void append(Lane lane, Append append, DeltaLog::AppendDone done);
  void reset(Lane lane);
  /// Adds to the batch what the view shows to be right; an error instead refuses it, and nothing is written.
  using Change = std::function<Result<void>(const View& view, rocksdb::WriteBatch& batch)>;
  enum class Synced : bool { no, yes };
  /// Puts it in, atomically, and waits for that, and for an fsync if it is to be durable. RESOURCE_EXHAUSTED on a full
  /// disk, UNAVAILABLE after a failed fsync.
  [[nodiscard]] Result<void> change(const Change& what, Synced synced);
  /// Puts all of them in, atomically, and waits for that, not for an fsync: until one the old may come back, which says
  /// the same. False when one does not fit any more (its document was deleted, or what it replaces is gone).
  [[nodiscard]] Result<bool> replace(std::vector<Replacement> replacements);
  [[nodiscard]] RocksCounters counters() const;

 private:
  struct Answer {
    Lane lane;
    DeltaLog::AppendDone done;
    Result<Appended> result;
  };

  void run();
  void write(std::deque<Queued> items);
  [[nodiscard]] Result<Appended> answer(const Queued& item, Commit& commit);
  [[nodiscard]] std::optional<Error> write_batch(Commit& commit);
  [[nodiscard]] Result<void> put_in(const Change& what, Synced synced);
  [[nodiscard]] std::optional<Error> fail_write(const rocksdb::Status& status);
  void resume_if_due();
  /// Tells the watcher what is new.
  void tell_trouble(std::string_view why);
  void sync_if_due(bool now);
  void close();
  [[nodiscard]] std::vector<ChainPoint> chain_values_to_save();

  Store& store_;
  ChainCache& chains_;
  Candidates& candidates_;
  const RocksOptions options_;
  AppendQueue queue_;

  // The writer thread's alone.
  WorkingState state_;
  std::set<Lane> failed_lanes_;
  std::uint64_t commit_number_;
  std::chrono::steady_clock::time_point next_resume_;
  std::chrono::steady_clock::time_point next_sync_;
  bool unsynced_ = false;
  Trouble told_ = Trouble::none;

  // Written by the writer thread, read by any.
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> appends_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> records_{0};
  std::atomic<std::uint64_t> payload_bytes_{0};
  std::atomic<bool> disk_full_{false};
  std::atomic<bool> broken_{false};

  std::thread thread_;  // last: it starts when all else is there
};

}  // namespace weir::storage::rocks
