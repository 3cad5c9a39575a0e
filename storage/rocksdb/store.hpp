// One opened RocksDB with weir's column families, checked and named: what the writer and the readers share.
//
// Outline of opening: refuse what another process holds or a newer weir wrote; open (RocksDB replays its write-ahead
// log); create the incarnation of a new store; verify that the last commit is whole; note that the store is open, so
// that the next start can tell whether this one ended in an orderly way.
//
// Threads: after opening, the members are only read; RocksDB itself and the cache are thread-safe.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/rocksdb/pack_cache.hpp"
#include "weir/rocksdb/rocks_log.hpp"
#include "weir/rocksdb/rows.hpp"
#include "weir/rocksdb/store_lock.hpp"
#include "weir/rocksdb/watched_file_system.hpp"

namespace weir::storage::rocks {

/// The layout this code reads and writes; docs/storage-format.md tells what each number means.
inline constexpr std::uint32_t format_version = 4;

/// A RocksDB status as an Error: damage is DATA_LOSS, a full disk RESOURCE_EXHAUSTED, other I/O errors UNAVAILABLE.
[[nodiscard]] Error error_of(const rocksdb::Status& status, const std::string& doing);

class View;

class Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const RocksOptions& options, bool read_only);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  [[nodiscard]] rocksdb::DB& db() const { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* rows() const { return families_[0]; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* runs() const { return families_[1]; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* packs() const { return families_[2]; }
  [[nodiscard]] const std::vector<rocksdb::ColumnFamilyHandle*>& column_families() const { return families_; }
  [[nodiscard]] const StoreIncarnation& incarnation() const { return incarnation_; }
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }
  [[nodiscard]] const SyncWatch& watch() const { return watch_; }
  [[nodiscard]] const NextIds& next_ids() const { return next_ids_; }
  [[nodiscard]] bool read_only() const { return read_only_; }
  [[nodiscard]] PackCache& unpacked() const { return unpacked_; }

  /// Whether the disk has room for what is in memory, and some more. True where the file system does not tell.
  [[nodiscard]] bool has_room_for_memtables() const;
  /// Rewrites all table files without what was deleted or replaced. Slow.
  [[nodiscard]] Result<void> compact() const;
  /// The store is whole and everything is on disk: the next start will find it closed in an orderly way. To be called
  /// last, by whoever wrote.
  void mark_closed();

 private:
  Store() = default;
  [[nodiscard]] std::optional<Error> open_database(const RocksOptions& options);
  [[nodiscard]] std::optional<Error> check_format();
  [[nodiscard]] std::optional<Error> migrate();
  [[nodiscard]] std::optional<Error> load_state();
  [[nodiscard]] std::optional<Error> verify_last_commit();
  [[nodiscard]] std::optional<Error> verify_entry(SpaceId space, Offset first);
  [[nodiscard]] Result<bool> is_readable(const View& view, const OrderItem& item) const;
  [[nodiscard]] std::optional<Error> begin(const RocksOptions& options);
  [[nodiscard]] Result<std::optional<std::string>> get_meta(std::string_view name) const;

  StoreLock lock_;   // given back last
  SyncWatch watch_;  // before the database, which uses it to its end
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  StoreIncarnation incarnation_;
  NextIds next_ids_;
  Recovery recovery_;
  bool left_open_under_interval_ = false;
  bool read_only_ = false;
  mutable PackCache unpacked_;  // thread-safe
};

}  // namespace weir::storage::rocks
