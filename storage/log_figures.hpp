// What a log on disk tells of itself, for those who watch over it. Beside DeltaLog, not part of it: a log in memory has
// nothing to tell.
//
//   class Timings final : public LogWatcher { ... };       // counts what it is told
//   auto timings = std::make_shared<Timings>();
//   auto log = RocksLog::open({.path = path, .watcher = timings});
//   LogFigures now = (*log)->figures();
//
// Threads: MeasuredLog from any, it may block for as long as a look at the file system takes; LogWatcher is called on
// the threads named below and must neither block nor throw.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::storage {

/// One commit: many appends, one atomic write, one fsync.
struct CommitFigures {
  std::uint64_t appends = 0;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  std::chrono::nanoseconds duration{};  ///< of the write with its fsync
};

/// Why nothing is stored just now.
enum class Trouble : std::uint8_t {
  none,
  full,    ///< no room: until there is some again
  failed,  ///< a write or fsync failed: until a restart
};

class LogWatcher {
 public:
  virtual ~LogWatcher() = default;
  /// A commit is durable (or, under durability = interval, written). On the log's one writing thread.
  virtual void committed(const CommitFigures& figures) noexcept = 0;
  /// An fsync of the write-ahead log came back, well or not. On any thread.
  virtual void synced(std::chrono::nanoseconds duration) noexcept = 0;
  /// It has begun, or with `none` it is over; `why` in the engine's words. On the log's one writing thread.
  virtual void troubled(Trouble trouble, std::string_view why) noexcept = 0;
};

/// The store below the log, as its engine counts.
struct EngineFigures {
  static constexpr std::size_t levels_max = 8;

  std::uint64_t memtable_bytes = 0;
  std::uint64_t live_data_bytes = 0;                    ///< an estimate of what would be left if all were compacted
  std::uint64_t table_file_bytes = 0;                   ///< of all table files
  std::array<std::uint64_t, levels_max> table_files{};  ///< by level
  std::size_t levels = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t wal_files = 0;
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t block_cache_bytes_max = 0;
  std::uint64_t compaction_pending_bytes = 0;  ///< an estimate
  std::uint64_t compactions_pending = 0;       ///< column families that want one
  std::uint64_t compactions_running = 0;
  std::uint64_t flushes_pending = 0;
  std::uint64_t flushes_running = 0;
  std::uint64_t write_bytes_per_second_max = 0;  ///< 0: writes are not slowed down
  std::uint64_t background_errors = 0;
  bool writes_stopped = false;
};

/// What packing did since the store was opened.
struct PackingFigures {
  std::uint64_t packs = 0;
  std::uint64_t records = 0;       ///< each as often as it was packed
  std::uint64_t bytes_before = 0;  ///< of what the packs took the place of
  std::uint64_t bytes_after = 0;   ///< of the packs
  std::uint64_t failures = 0;      ///< documents left as they were
  std::uint64_t pending = 0;       ///< documents known to be due, the one being worked on included
};

struct LogFigures {
  // Sums since the log was opened.
  std::uint64_t commits = 0;
  std::uint64_t appends = 0;
  std::uint64_t appends_refused = 0;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  // Now.
  std::uint64_t queued_appends = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_bytes_max = 0;
  bool full = false;    ///< no room: appends are refused until there is some again
  bool failed = false;  ///< a write or fsync failed: appends are refused until a restart
  PackingFigures packing;
  EngineFigures engine;
};

class MeasuredLog {
 public:
  virtual ~MeasuredLog() = default;
  [[nodiscard]] virtual LogFigures figures() const = 0;
};

}  // namespace weir::storage
