#include "weir/rocksdb/database_options.hpp"

#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

namespace weir::storage::rocks {
namespace {

/// After a full disk the writer resumes when it has room again; RocksDB must not do so behind its back.
class NoAutomaticRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* automatic) override {
    *automatic = false;
  }
};

/// What a run's or an order entry's key has before its offset.
///
/// Whole keys only: RocksDB would use the hint of a prefix, which points into the table of rows, for the start of a
/// deleted range as well, which goes into another table. Those starts are shorter than a key.
class BeforeTheOffset final : public rocksdb::SliceTransform {
 public:
  BeforeTheOffset(std::string tag, std::size_t prefix_bytes) : tag_(std::move(tag)), prefix_bytes_(prefix_bytes) {}
  const char* Name() const override { return "weir.BeforeTheOffset"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), prefix_bytes_}; }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.size() == prefix_bytes_ + sizeof(std::uint64_t) && key.starts_with(tag_);
  }

 private:
  const std::string tag_;
  const std::size_t prefix_bytes_;
};

constexpr std::size_t run_prefix_bytes = 12;   // document and life
constexpr std::size_t order_prefix_bytes = 5;  // tag and space

}  // namespace

rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env) {
  rocksdb::DBOptions database;
  database.env = env;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  // Rows and runs of one commit are in several families: they must reach the table files together.
  database.atomic_flush = true;

  // What was acknowledged is there after a crash, or opening fails. The default mode stops silently at the first
  // damaged byte in the middle of the log; this one forgives only a torn end, which was never acknowledged. It needs
  // log files that are not reused.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  database.recycle_log_file_num = 0;
  database.paranoid_checks = true;
  // No resuming that nobody decided on.
  database.max_bgerror_resume_count = 0;
  database.listeners = {std::make_shared<NoAutomaticRecovery>()};

  // A small footprint: an empty store is a few tens of KiB, also as `du` counts it.
  database.allow_fallocate = false;
  database.manifest_preallocation_size = 4096;
  database.max_manifest_file_size = std::uint64_t{16} << 20;
  database.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  database.max_log_file_size = std::size_t{1} << 20;
  database.keep_log_file_num = 2;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;

  database.max_background_jobs = 2;
  database.max_open_files = 512;
  database.bytes_per_sync = std::uint64_t{1} << 20;  // spreads a flush's writing, so that it does not stall an fsync
  database.db_write_buffer_size = options.write_buffer_bytes * 2;
  database.max_total_wal_size = options.write_buffer_bytes * 4;
  return database;
}

std::vector<rocksdb::ColumnFamilyDescriptor> families(const RocksOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = std::size_t{16} << 10;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;

  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.write_buffer_bytes;
  family.compression = rocksdb::kLZ4Compression;
  family.bottommost_compression = rocksdb::kZSTD;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.level_compaction_dynamic_level_bytes = true;

  // Runs and order entries are written at the end of their document or space: remembering where that is saves the
  // search from the top, which is most of what a commit over many documents costs.
  rocksdb::ColumnFamilyOptions rows = family, runs = family;
  rows.memtable_insert_with_hint_prefix_extractor = std::make_shared<BeforeTheOffset>("O", order_prefix_bytes);
  runs.memtable_insert_with_hint_prefix_extractor = std::make_shared<BeforeTheOffset>("", run_prefix_bytes);
  // Packs and snapshots are compressed already.
  rocksdb::ColumnFamilyOptions packs = family;
  packs.compression = packs.bottommost_compression = rocksdb::kNoCompression;
  return {{rocksdb::kDefaultColumnFamilyName, rows}, {"runs", runs}, {"packs", packs}};
}

}  // namespace weir::storage::rocks
