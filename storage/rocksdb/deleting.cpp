#include "weir/rocksdb/deleting.hpp"

namespace weir::storage::rocks {

Result<void> delete_each(const View& view, rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family,
                         const std::string& begin, const std::string& end) {
  Scan scan = view.scan(family, begin, end);
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) batch.Delete(family, scan->key());
  if (auto error = scan.error()) return *std::move(error);
  return {};
}

Result<void> delete_few_or_all(const View& view, rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family,
                               const std::string& begin, const std::string& end, std::size_t few) {
  std::vector<std::string> keys;
  Scan scan = view.scan(family, begin, end);
  for (scan->SeekToFirst(); scan->Valid() && keys.size() <= few; scan->Next()) keys.push_back(scan->key().ToString());
  if (auto error = scan.error()) return *std::move(error);
  if (keys.size() > few) {
    batch.DeleteRange(family, begin, end);
  } else {
    for (const std::string& key : keys) batch.Delete(family, key);
  }
  return {};
}

}  // namespace weir::storage::rocks
