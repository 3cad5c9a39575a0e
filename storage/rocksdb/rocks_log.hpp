// The log on disk: a DeltaLog over one embedded RocksDB. docs/storage-format.md has the bytes.
//
//   Result<std::unique_ptr<RocksLog>> log = RocksLog::open({.path = "weir-data/log"});
//   if (!log) ... log.error().message says what to do ...
//   (*log)->append(lane, append, done);
//
// One writer thread gathers everything that waits into one atomic write and one fsync, and gathers the next while that
// one runs. The destructor commits what is queued, runs the completions, and closes the store.
//
// Threads: as DeltaLog. counters(), figures() and recovery() from any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "weir/rocksdb/packing_options.hpp"
#include "weir/rocksdb/verification.hpp"
#include "weir/storage/delta_log.hpp"
#include "weir/storage/log_figures.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace rocksdb {
class FileSystem;
}

namespace weir::storage {

enum class Durability : std::uint8_t {
  sync,      ///< an append completes after its fsync
  interval,  ///< it completes once the operating system has it; fsync follows every `sync_interval`
};

struct RocksOptions {
  std::filesystem::path path{};
  Durability durability = Durability::sync;
  std::chrono::milliseconds sync_interval{100};
  /// A space may have as much queued as the queue still has free, so that one space never takes all of it.
  std::size_t queue_bytes_max = std::size_t{64} << 20;
  /// What one commit gathers at most.
  std::size_t commit_bytes_max = std::size_t{16} << 20;
  std::size_t write_buffer_bytes = std::size_t{64} << 20;
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  PackingOptions packing{};
  /// The store was restored from a backup: begin a new incarnation, so that clients notice what they have and it has
  /// not.
  bool begin_incarnation = false;
  /// Told of every commit and fsync.
  std::shared_ptr<LogWatcher> watcher{};
  /// What the store's files go through; empty: the operating system. Tests put their faults here.
  std::shared_ptr<rocksdb::FileSystem> file_system{};
};

/// What opening the store found; the application logs it.
struct Recovery {
  bool created = false;
  bool clean = true;                   ///< closed in an orderly way the last time
  bool incarnation_begun = false;      ///< clients will see another epoch on every document
  std::uint64_t commits = 0;           ///< ever made
  std::uint64_t records_verified = 0;  ///< of the last commit: all there, every checksum right
  std::uint64_t wal_bytes = 0;         ///< replayed from the write-ahead log
  /// All of it in a sentence.
  [[nodiscard]] std::string describe() const;
};

struct RocksCounters {
  std::uint64_t commits = 0;
  std::uint64_t appends = 0;  ///< stored
  std::uint64_t refused = 0;  ///< answered with an error
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t syncs = 0;  ///< of the write-ahead log
  std::uint64_t sync_nanoseconds = 0;
  std::uint64_t queued_appends = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_bytes_max = 0;
  bool disk_full = false;  ///< appends are refused until there is room again
  bool broken = false;     ///< a failed fsync: appends are refused until a restart
};

/// What a document weighs in the store, RocksDB's own compression aside.
struct DocumentWeight {
  std::uint64_t runs = 0;
  std::uint64_t run_records = 0;
  std::uint64_t run_bytes = 0;
  std::uint64_t packs = 0;
  std::uint64_t pack_records = 0;
  std::uint64_t pack_bytes = 0;
  std::uint64_t cut_records = 0;  ///< of these: cut, and still in a run or pack with others that are kept
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_bytes = 0;         ///< as their readers get them
  std::uint64_t snapshot_stored_bytes = 0;  ///< as they lie in the store
};

using CompactProgress = std::function<void(std::uint64_t records_done, std::uint64_t records)>;

class RocksLog final : public DeltaLog, public MeasuredLog {
 public:
  /// FAILED_PRECONDITION when another process has the store or a newer weir wrote it, DATA_LOSS when it is damaged.
  [[nodiscard]] static Result<std::unique_ptr<RocksLog>> open(RocksOptions options);
  /// For looking at a stopped store: nothing is written, append() answers FAILED_PRECONDITION at once.
  [[nodiscard]] static Result<std::unique_ptr<RocksLog>> open_read_only(RocksOptions options);
  ~RocksLog() override;

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

  /// Of the same documents; FAILED_PRECONDITION for whoever writes to a log that was opened for reading only.
  [[nodiscard]] SnapshotStore& snapshots();

  [[nodiscard]] const Recovery& recovery() const;
  [[nodiscard]] RocksCounters counters() const;
  [[nodiscard]] LogFigures figures() const override;
  /// Those of figures() that cost nothing to ask.
  [[nodiscard]] PackingFigures packing() const;
  /// NOT_FOUND when there is none or it was deleted. Reads all that is not packed.
  [[nodiscard]] Result<DocumentWeight> weigh(const DocumentPath& path) const;
  /// Packs the document as small as it gets, then lets RocksDB give back what is not needed any more, of all documents.
  /// Blocks, for seconds to minutes; readers and writers go on meanwhile. `progress` may be empty.
  [[nodiscard]] Result<void> compact(const DocumentPath& path, const CompactProgress& progress);
  /// The two halves of compact(): packs one document; and gives back what is not needed any more, of all.
  [[nodiscard]] Result<void> pack(const DocumentPath& path, const CompactProgress& progress);
  [[nodiscard]] Result<void> reclaim();
  /// Reads everything, or what the options name, and tells what is not as it must be: verify.hpp. Slow; others may go
  /// on reading and writing meanwhile. NOT_FOUND when there is no such space or document.
  [[nodiscard]] Result<VerifyCounts> verify(const VerifyOptions& options) const;
  /// A consistent copy of the store in a folder that must not exist yet; files are hard-linked where possible. The
  /// store goes on meanwhile. Open the copy with `begin_incarnation`.
  [[nodiscard]] Result<void> checkpoint(const std::filesystem::path& target) const;

 private:
  struct Parts;
  explicit RocksLog(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace weir::storage
