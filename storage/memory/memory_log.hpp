// A log in memory that forgets on command: the simulation's store, and the oracle other logs are compared with.
//
//   MemoryLog log({.incarnation = incarnation});        // manual: nothing happens until it is told to
//   log.append(lane, append, done);
//   log.commit();                                       // durable, done() has run
//   log.append(lane, other, never);
//   log.crash();                                        // `other` is gone, never() is not called
//
//   MemoryLog log({.incarnation = incarnation, .mode = MemoryLog::Mode::automatic});      // commits on a thread of its
//   own
//
// Everything is kept in the plainest structures there are and recomputed when asked: here being right matters, not
// speed.
//
// Threads: as DeltaLog. The calls that drive a manual log (commit, crash, restore, ...) come from one thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "weir/memory/memory_snapshots.hpp"
#include "weir/memory/memory_state.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::storage {

struct MemoryLogOptions {
  enum class Mode : std::uint8_t { manual, automatic };
  StoreIncarnation incarnation{};
  Mode mode = Mode::manual;
  /// A space may have as much queued as the queue still has free, so that one space never takes all of it.
  std::size_t queue_bytes_max = std::size_t{64} << 20;
  /// read_packed() answers so many records as a pack, once they are there: the document's first ones, the next, ...
  /// 0: never. They are packed anew each time.
  std::size_t pack_records = 0;
};

class MemoryLog final : public DeltaLog {
 public:
  using Mode = MemoryLogOptions::Mode;
  /// What a failed commit leaves behind after a crash: a failed fsync may have written everything or nothing.
  enum class Afterwards : std::uint8_t { lost, stored };
  static constexpr std::size_t all = static_cast<std::size_t>(-1);

  explicit MemoryLog(MemoryLogOptions options);
  /// An automatic log first commits what is queued; a manual one drops it, as a crash would.
  ~MemoryLog() override;

  [[nodiscard]] StoreIncarnation incarnation() const override;
  void append(Lane lane, Append append, AppendDone done) override;
  void reset(Lane lane) override;
  [[nodiscard]] Result<DocumentState> document(const DocumentPath& path) const override;
  [[nodiscard]] Result<SpaceState> space(const SpaceName& space) const override;
  [[nodiscard]] Result<std::optional<Mark>> mark(const DocumentPath& path, const ProducerId& producer) const override;
  [[nodiscard]] Result<std::optional<SharedBytes>> note(const DocumentPath& path,
                                                        const std::string& key) const override;
  [[nodiscard]] Result<DocumentPage> read_document(const DocumentPath& path, Offset after, Offset upto,
                                                   std::size_t bytes_max) const override;
  [[nodiscard]] Result<PackedPage> read_packed(const DocumentPath& path, Offset after, Offset upto,
                                               std::size_t bytes_max, std::size_t pack_bytes_max) const override;
  [[nodiscard]] Result<FeedPage> read_space(const SpaceName& space, Offset after, Offset upto,
                                            std::size_t bytes_max) const override;
  [[nodiscard]] Result<std::vector<Record>> find(const DocumentPath& path, const ProducerId& producer, Sequence first,
                                                 Sequence last, std::size_t records_scanned_max) const override;
  [[nodiscard]] Result<Digest> chain(const DocumentPath& path, Offset offset) const override;
  [[nodiscard]] Result<DocumentPrefix> prefix(const DocumentPath& path, Offset offset) const override;
  [[nodiscard]] Result<std::vector<SpaceName>> spaces(const std::string& after, std::size_t count) const override;
  [[nodiscard]] Result<std::vector<DocumentSummary>> documents(const SpaceName& space, const std::string& after,
                                                               std::size_t count) const override;
  /// Of the same documents. What is sealed is durable at once; uploads under way do not survive crash().
  [[nodiscard]] SnapshotStore& snapshots() { return snapshots_; }

  // Driving a manual log.

  /// Bytes by upload of a snapshot, of those that were begun and are not over.
  [[nodiscard]] std::vector<std::size_t> uploads() const { return snapshots_.uploads(); }
  /// Appends and resets not yet taken, and completions not yet run.
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] std::size_t pending_completions() const;
  /// Takes the queue's first `count` appends as one commit: those in order become durable, the others fail. Their
  /// completions wait for complete(). Returns how many appends were taken.
  std::size_t make_durable(std::size_t count = all);
  /// Runs the first `count` waiting completions. They may append.
  std::size_t complete(std::size_t count = all);
  /// Both. A crash between the two is the one a producer's resend must survive.
  std::size_t commit(std::size_t count = all);
  /// The process dies and starts again: what was not durable and every waiting completion are gone, lanes are as new.
  void crash();
  /// The next commit fails with `code`: RESOURCE_EXHAUSTED (full disk: passes) or UNAVAILABLE (failed fsync: final
  /// until crash()), for every append of it that was in order. `stored` needs UNAVAILABLE: what failed is found to be
  /// there after the crash.
  void inject_failure(Code code, Afterwards afterwards = Afterwards::lost);
  /// Opens the store again as another incarnation: documents get other epochs, records and notes stay. Implies crash().
  void set_incarnation(const StoreIncarnation& incarnation);
  /// A copy of what is durable, and the return to one (implies crash()). A proper restore also begins a new
  /// incarnation; without one it is the operator who copied files back, and cursors must find out by the chain.
  [[nodiscard]] MemoryState backup() const;
  void restore(const MemoryState& backup);

 private:
  struct Item {
    Lane lane;
    bool reset = false;
    std::optional<Append> append;  // empty for a reset, and for an append refused at the queue's cap
    std::size_t bytes = 0;
    AppendDone done;
  };
  struct Completion {
    AppendDone done;
    Result<Appended> result;
  };
  struct Injected {
    Code code;
    Afterwards afterwards;
  };

  [[nodiscard]] std::vector<std::vector<Record>> packed_groups(const MemoryDocument& document) const;
  std::size_t make_durable_locked(std::size_t count);
  Result<Appended> take(Item& item, MemoryState& target);
  void crash_locked();
  void run_automatically();

  const MemoryLogOptions options_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  MemoryState state_;
  std::deque<Item> queue_;
  std::size_t queue_bytes_ = 0;
  std::map<SpaceName, std::size_t> queue_bytes_of_space_;
  std::deque<Completion> completions_;
  std::set<Lane> failed_lanes_;
  std::optional<Injected> injected_;
  std::optional<MemoryState> found_after_crash_;
  bool broken_ = false;
  bool stopping_ = false;
  std::condition_variable wake_;
  MemorySnapshots snapshots_{mutex_, state_, broken_};

  std::thread thread_;  // automatic mode only; last, so that it starts when all else is there
};

}  // namespace weir::storage
