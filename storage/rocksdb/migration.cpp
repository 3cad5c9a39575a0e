#include "weir/rocksdb/migration.hpp"

#include <rocksdb/write_batch.h>

#include <memory>
#include <string>

namespace weir::storage::rocks {
namespace {

constexpr std::size_t batch_bytes_max = std::size_t{1} << 20;
constexpr char tag = 'O';

}  // namespace

rocksdb::Status move_order_into_rows(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* rows,
                                     rocksdb::ColumnFamilyHandle* order, const std::string& format_key,
                                     const std::string& format) {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, order));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    batch.Put(rows, tag + scan->key().ToString(), scan->value());
    if (batch.GetDataSize() < batch_bytes_max) continue;
    if (const auto status = db.Write({}, &batch); !status.ok()) return status;
    batch.Clear();
  }
  if (!scan->status().ok()) return scan->status();
  batch.Put(rows, format_key, format);
  rocksdb::WriteOptions durable;
  durable.sync = true;  // and with it all that was written before
  if (const auto status = db.Write(durable, &batch); !status.ok()) return status;
  return db.DropColumnFamily(order);
}

}  // namespace weir::storage::rocks
