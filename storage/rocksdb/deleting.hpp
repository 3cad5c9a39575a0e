// Deleting rows that lie together. RocksDB can delete a range at once, but every later look into the family pays for
// that until it is compacted away; so a few rows are deleted one by one.
//
// Threads: pure functions; a batch belongs to one thread.
#pragma once

#include <rocksdb/write_batch.h>

#include <string>
#include <vector>

#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// Deletes what begins in [first, last], as a range. Its start is a byte longer than any key, since it must not be
/// taken for one (database_options.cpp, BeforeTheOffset).
template <class KeyOf>
void delete_stretch(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family, Offset first, Offset last,
                    const KeyOf& key_of) {
  batch.DeleteRange(family, key_of(Offset{first.value - 1}).append(1, '\0'), key_of(last.next()));
}

/// Deletes the rows there are in [begin, end), each by itself.
[[nodiscard]] Result<void> delete_each(const View& view, rocksdb::WriteBatch& batch,
                                       rocksdb::ColumnFamilyHandle* family, const std::string& begin,
                                       const std::string& end);

/// The same if they are at most `few`, else as a range; `begin` is not as long as a key.
[[nodiscard]] Result<void> delete_few_or_all(const View& view, rocksdb::WriteBatch& batch,
                                             rocksdb::ColumnFamilyHandle* family, const std::string& begin,
                                             const std::string& end, std::size_t few);

}  // namespace weir::storage::rocks
