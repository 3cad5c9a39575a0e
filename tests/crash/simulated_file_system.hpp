// The simulated disk as RocksDB's file system. Nothing reaches the real one.
//
//   options.file_system = simulated_file_system(disk);
//
// Threads: as RocksDB asks of a file system: any.
#pragma once

#include <memory>

#include "simulated_disk.hpp"

namespace rocksdb {
class FileSystem;
}

namespace weir::storage::crash {

[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> simulated_file_system(const std::shared_ptr<SimulatedDisk>& disk);

}  // namespace weir::storage::crash
