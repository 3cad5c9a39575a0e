#include "weir/rocksdb/replacement.hpp"

#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {
namespace {

/// Deletes the rows there are in [first, last], each by itself: every later look into the family would pay for a
/// deleted range. They are few, or at most order_entries_max.
template <class KeyOf>
Result<void> delete_each(const View& view, rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family,
                         Offset first, Offset last, const KeyOf& key_of) {
  Scan scan = view.scan(family, key_of(first), key_of(last.next()));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) batch.Delete(family, scan->key());
  if (auto error = scan.error()) return *std::move(error);
  return {};
}

}  // namespace

Result<bool> stage(const View& view, const PackReplacement& replacement, rocksdb::WriteBatch& batch) {
  const auto& [path, document, life, first, last, value] = replacement;
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row || (*row)->deleted || (*row)->id != document || (*row)->life != life) return false;
  Segments segments(view, document, life);
  segments.seek(first);
  if (auto error = segments.error()) return *std::move(error);
  if (!segments.valid() || segments.first() != first) return false;

  const Store& store = view.store();
  // The start of the range is a byte longer than any key, since it must not be taken for one (database_options.cpp,
  // BeforeTheOffset).
  batch.DeleteRange(store.runs(), keys::run(document, life, {first.value - 1}).append(1, '\0'),
                    keys::run(document, life, last.next()));
  const auto packs =
      delete_each(view, batch, store.packs(), first, last, [&](Offset at) { return keys::pack(document, life, at); });
  if (!packs) return packs.error();
  batch.Put(store.packs(), keys::pack(document, life, first), value);
  // The pack knows the chain value at its end, and the packs before it theirs.
  const auto points = delete_each(view, batch, store.rows(), first, last,
                                  [&](Offset at) { return keys::chain_point(document, life, at); });
  if (!points) return points.error();
  return true;
}

Result<bool> stage(const View& view, const OrderReplacement& replacement, rocksdb::WriteBatch& batch) {
  const auto& [space, first, last, entries, value] = replacement;
  const Store& store = view.store();
  const auto deleted =
      delete_each(view, batch, store.rows(), first, last, [&](Offset at) { return keys::order(space, at); });
  if (!deleted) return deleted.error();
  if (!value.empty()) batch.Put(store.rows(), keys::order(space, first), value);
  return true;
}

}  // namespace weir::storage::rocks
