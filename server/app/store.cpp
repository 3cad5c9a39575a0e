#include "weir/app/store.hpp"

#include "weir/observe/log.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::app {

namespace {

std::string trouble_of(const storage::DeltaLog& log) {
  const auto counters = static_cast<const storage::RocksLog&>(log).counters();
  if (counters.broken) return "the disk failed to make a write durable: nothing is written until a restart";
  if (counters.disk_full) return "the disk is full: nothing is written until there is room";
  return {};
}

}  // namespace

Result<OpenLog> open_store(const config::Settings& settings) {
  const std::filesystem::path folder = settings.data;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(Code::failed_precondition, "the data folder " + settings.data + " cannot be made: " + error.message());
  }
  auto timings = std::make_shared<LogTimings>();
  auto log = storage::RocksLog::open(
      {.path = folder / "log",
       .durability = settings.durability == "interval" ? storage::Durability::interval : storage::Durability::sync,
       .sync_interval = settings.durability_interval,
       .queue_bytes_max = settings.storage_queue_bytes_max.value,
       .write_buffer_bytes = settings.storage_write_buffer_bytes.value,
       .block_cache_bytes = settings.storage_block_cache_bytes.value,
       .packing = {.in_background = settings.storage_packing},
       .watcher = timings,
       .file_system = {}});
  if (!log) return log.error();
  observe::log(observe::Level::info, "store opened",
               {{"data", settings.data}, {"found", (*log)->recovery().describe()}});
  storage::SnapshotStore* snapshots = &(*log)->snapshots();
  const storage::RocksLog* measured = log->get();
  return OpenLog{std::move(*log), snapshots, trouble_of, measured, std::move(timings)};
}

}  // namespace weir::app
