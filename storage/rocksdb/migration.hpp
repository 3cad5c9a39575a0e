// Stores of older formats, made into one of the present format while they are opened for writing.
//
// Until format 3 a space's order had a family of its own. It lies with the rows now: both are small, and each family
// costs every store a table file of its own.
//
// Threads: whoever opens the store, before anything else uses it.
#pragma once

#include <rocksdb/db.h>

namespace weir::storage::rocks {

/// The family that went.
inline constexpr const char* old_order_family = "order";

/// Moves a space's order in with the rows, sets the format's number, and drops the old family. A crash at any time
/// leaves what can be opened, and moved, again.
[[nodiscard]] rocksdb::Status move_order_into_rows(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* rows,
                                                   rocksdb::ColumnFamilyHandle* order, const std::string& format_key,
                                                   const std::string& format);

}  // namespace weir::storage::rocks
