#include "weir/rocksdb/figures.hpp"

#include <rocksdb/transaction_log.h>

#include <algorithm>
#include <string>

namespace weir::storage::rocks {
namespace {

using Properties = rocksdb::DB::Properties;

/// Of all column families together; 0 where a property does not exist.
std::uint64_t of_all(rocksdb::DB& db, const std::string& property) {
  std::uint64_t value = 0;
  return db.GetAggregatedIntProperty(property, &value) ? value : 0;
}

/// Of what the families share: asked of one.
std::uint64_t of_one(rocksdb::DB& db, const std::string& property) {
  std::uint64_t value = 0;
  return db.GetIntProperty(property, &value) ? value : 0;
}

void count_table_files(const Store& store, EngineFigures& figures) {
  rocksdb::DB& db = store.db();
  figures.levels = std::min<std::size_t>(static_cast<std::size_t>(db.NumberLevels()), EngineFigures::levels_max);
  for (rocksdb::ColumnFamilyHandle* family : store.column_families()) {
    for (std::size_t level = 0; level < figures.levels; ++level) {
      std::string files;
      if (db.GetProperty(family, Properties::kNumFilesAtLevelPrefix + std::to_string(level), &files))
        figures.table_files[level] += std::stoull(files);
    }
  }
}

void count_log_files(rocksdb::DB& db, EngineFigures& figures) {
  rocksdb::VectorLogPtr files;
  if (!db.GetSortedWalFiles(files).ok()) return;  // one was removed meanwhile: the next look will do
  for (const auto& file : files) {
    if (file->Type() != rocksdb::kAliveLogFile) continue;
    ++figures.wal_files;
    figures.wal_bytes += file->SizeFileBytes();
  }
}

}  // namespace

EngineFigures engine_figures(const Store& store) {
  rocksdb::DB& db = store.db();
  EngineFigures figures;
  figures.memtable_bytes = of_all(db, Properties::kCurSizeAllMemTables);
  figures.live_data_bytes = of_all(db, Properties::kEstimateLiveDataSize);
  figures.table_file_bytes = of_all(db, Properties::kTotalSstFilesSize);
  figures.block_cache_bytes = of_one(db, Properties::kBlockCacheUsage);
  figures.block_cache_bytes_max = of_one(db, Properties::kBlockCacheCapacity);
  figures.compaction_pending_bytes = of_all(db, Properties::kEstimatePendingCompactionBytes);
  figures.compactions_pending = of_all(db, Properties::kCompactionPending);
  figures.compactions_running = of_one(db, Properties::kNumRunningCompactions);
  figures.flushes_pending = of_all(db, Properties::kMemTableFlushPending);
  figures.flushes_running = of_one(db, Properties::kNumRunningFlushes);
  figures.write_bytes_per_second_max = of_one(db, Properties::kActualDelayedWriteRate);
  figures.writes_stopped = of_one(db, Properties::kIsWriteStopped) != 0;
  figures.background_errors = of_all(db, Properties::kBackgroundErrors);
  count_table_files(store, figures);
  count_log_files(db, figures);
  return figures;
}

}  // namespace weir::storage::rocks
