// RocksDB's own log file, LOG, with warnings and errors alone. It would begin each with a dump of all options, 8 KB a
// column family: more than a small store; they are in OPTIONS as well.
//
// Threads: the logger's calls from any.
#pragma once

#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace weir::storage::rocks {

/// For the database in the folder `path`, which must be there. None: it goes without.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> open_info_log(const std::string& path,
                                                             const rocksdb::DBOptions& options);

}  // namespace weir::storage::rocks
