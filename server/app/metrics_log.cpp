#include <filesystem>

#include "weir/app/log_timings.hpp"
#include "weir/app/metrics.hpp"

namespace weir::app {

namespace {

void add_commits(Families& families, const storage::LogFigures& figures, const LogTimings& timings) {
  families.counter("weir_log_appends_total", "Appends that were stored.").add(figures.appends);
  families
      .counter("weir_log_appends_refused_total", "Appends that were refused: no room, a failed disk, or a conflict.")
      .add(figures.appends_refused);
  families.counter("weir_log_records_total", "Records that were stored.").add(figures.records);
  families.counter("weir_log_payload_bytes_total", "Bytes of these records' payloads.").add(figures.payload_bytes);
  families.seconds("weir_log_commit_seconds", "How long a commit took, its fsync included.",
                   timings.commit_duration.read());
  families.sizes("weir_log_commit_appends", "Appends gathered into one commit.", timings.commit_appends.read());
  families.sizes("weir_log_commit_records", "Records gathered into one commit.", timings.commit_records.read());
  families.sizes("weir_log_commit_payload_bytes", "Bytes of payload gathered into one commit.",
                 timings.commit_bytes.read());
  families.seconds("weir_log_fsync_seconds", "How long an fsync of the write-ahead log took.",
                   timings.sync_duration.read());
}

void add_queue(Families& families, const storage::LogFigures& figures) {
  families.gauge("weir_log_queue_appends", "Appends that wait for the next commit.").add(figures.queued_appends);
  families.gauge("weir_log_queue_bytes", "What they hold.").add(figures.queued_bytes);
  families.gauge("weir_log_queue_max_bytes", "How much may wait: storage.queue_bytes_max.")
      .add(figures.queued_bytes_max);
  families.gauge("weir_store_full", "1 while writes are refused because the disk is full.").add(figures.full ? 1 : 0);
  families.gauge("weir_store_failed", "1 after a write or fsync failed: nothing is stored until a restart.")
      .add(figures.failed ? 1 : 0);
}

void add_packing(Families& families, const storage::PackingFigures& packing) {
  families.counter("weir_packing_packs_total", "Packs that were made of runs and smaller packs.").add(packing.packs);
  families.counter("weir_packing_records_total", "Records in them; one is packed about three times in its life.")
      .add(packing.records);
  families.counter("weir_packing_replaced_bytes_total", "Bytes in the store that packs took the place of.")
      .add(packing.bytes_before);
  families.counter("weir_packing_pack_bytes_total", "Bytes of the packs.").add(packing.bytes_after);
  families.counter("weir_packing_failures_total", "Times a document could not be packed and was left as it was.")
      .add(packing.failures);
  families.gauge("weir_packing_queue_documents", "Documents that are known to be due.").add(packing.pending);
}

void add_engine(Families& families, const storage::EngineFigures& engine) {
  families.gauge("weir_rocksdb_memtable_bytes", "Written and not in table files yet.").add(engine.memtable_bytes);
  families.gauge("weir_rocksdb_live_data_bytes", "What would be left if all were compacted; an estimate.")
      .add(engine.live_data_bytes);
  families.gauge("weir_rocksdb_table_bytes", "Table files on disk.").add(engine.table_file_bytes);
  auto files = families.gauge("weir_rocksdb_table_files", "Table files, by level.");
  for (std::size_t level = 0; level < engine.levels; ++level)
    files.add(engine.table_files[level], {{"level", std::to_string(level)}});
  families.gauge("weir_rocksdb_wal_bytes", "The write-ahead log on disk: replayed at the next start.")
      .add(engine.wal_bytes);
  families.gauge("weir_rocksdb_wal_files", "Files of the write-ahead log.").add(engine.wal_files);
  families.gauge("weir_rocksdb_block_cache_bytes", "What was read and is kept.").add(engine.block_cache_bytes);
  families.gauge("weir_rocksdb_block_cache_max_bytes", "How much may be: storage.block_cache_bytes.")
      .add(engine.block_cache_bytes_max);
  families.gauge("weir_rocksdb_compactions_pending", "Parts of the store that want a compaction.")
      .add(engine.compactions_pending);
  families.gauge("weir_rocksdb_compaction_pending_bytes", "What they have to rewrite; an estimate.")
      .add(engine.compaction_pending_bytes);
  families.gauge("weir_rocksdb_compactions_running", "Compactions under way.").add(engine.compactions_running);
  families.gauge("weir_rocksdb_flushes_pending", "Parts of the store that want their memtable written.")
      .add(engine.flushes_pending);
  families.gauge("weir_rocksdb_flushes_running", "Flushes under way.").add(engine.flushes_running);
  families.gauge("weir_rocksdb_write_limit_bytes_per_second", "What writing is slowed down to; 0: it is not.")
      .add(engine.write_bytes_per_second_max);
  families.gauge("weir_rocksdb_writes_stopped", "1 while RocksDB takes no writes until it has compacted.")
      .add(engine.writes_stopped ? 1 : 0);
  families.counter("weir_rocksdb_background_errors_total", "Flushes and compactions that failed.")
      .add(engine.background_errors);
}

}  // namespace

void add_log_metrics(Families& families, const OpenLog& log, const std::string& folder) {
  if (log.measured == nullptr || log.timings == nullptr) return;
  const storage::LogFigures figures = log.measured->figures();
  add_commits(families, figures, *log.timings);
  add_queue(families, figures);
  add_packing(families, figures.packing);
  add_engine(families, figures.engine);
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  if (error) return;
  families.gauge("weir_disk_size_bytes", "Of the file system that holds the data folder.").add(space.capacity);
  families.gauge("weir_disk_free_bytes", "What the relay may still use of it.").add(space.available);
}

}  // namespace weir::app
