#include "weir/rocksdb/replacement.hpp"

#include "weir/rocksdb/deleting.hpp"
#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {

Result<bool> stage(const View& view, const PackReplacement& replacement, rocksdb::WriteBatch& batch) {
  const auto& [path, document, life, begin, first, last, value] = replacement;
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row || (*row)->deleted || (*row)->id != document || (*row)->life != life) return false;
  if ((*row)->cut >= first) return false;  // cut since: what was cut must not come back
  Segments segments(view, document, life);
  segments.seek(begin);
  if (auto error = segments.error()) return *std::move(error);
  if (!segments.valid() || segments.first() != begin) return false;

  const Store& store = view.store();
  delete_stretch(batch, store.runs(), begin, last, [&](Offset at) { return keys::run(document, life, at); });
  const auto packs = delete_each(view, batch, store.packs(), keys::pack(document, life, begin),
                                 keys::pack(document, life, last.next()));
  if (!packs) return packs.error();
  batch.Put(store.packs(), keys::pack(document, life, first), value);
  // The pack knows the chain value at its end, and the packs before it theirs.
  const auto points = delete_each(view, batch, store.rows(), keys::chain_point(document, life, begin),
                                  keys::chain_point(document, life, last.next()));
  if (!points) return points.error();
  return true;
}

Result<bool> stage(const View& view, const OrderReplacement& replacement, rocksdb::WriteBatch& batch) {
  const auto& [space, first, last, entries, value] = replacement;
  const Store& store = view.store();
  const auto deleted =
      delete_each(view, batch, store.rows(), keys::order(space, first), keys::order(space, last.next()));
  if (!deleted) return deleted.error();
  if (!value.empty()) batch.Put(store.rows(), keys::order(space, first), value);
  return true;
}

}  // namespace weir::storage::rocks
