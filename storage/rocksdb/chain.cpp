#include "weir/rocksdb/chain.hpp"

#include "weir/rocksdb/run.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t records_between_points = 1024;
constexpr std::size_t points_max = 16384;  // about 2 MiB
constexpr std::size_t unsaved_max = 4096;  // what does not fit is computed again

}  // namespace

Result<ChainPoint> ChainCache::nearest(const View& view, const DocumentPath& path, const DocumentRow& row,
                                       Offset offset) const {
  ChainPoint best{row.id, row.life, {}, chain_start(path)};
  {
    const std::lock_guard lock(mutex_);
    const auto known = points_.find({row.id, row.life});
    if (known != points_.end()) {
      const auto behind = known->second.upper_bound(offset);
      if (behind != known->second.begin()) {
        best.offset = std::prev(behind)->first;
        best.digest = std::prev(behind)->second;
      }
    }
  }
  const std::string prefix = keys::chain_points(row.id, row.life);
  Scan scan = view.scan(view.store().rows(), prefix, keys::behind(prefix));
  scan->SeekForPrev(keys::chain_point(row.id, row.life, offset));
  if (auto error = scan.error()) return *std::move(error);
  if (!scan->Valid()) return best;
  const Offset saved = keys::offset_of({scan->key().data(), scan->key().size()});
  if (saved <= best.offset) return best;
  const auto digest = Digest::parse({scan->value().data(), scan->value().size()});
  if (!digest) return fail(Code::data_loss, "a saved chain value is damaged; restore the store from a backup");
  best.offset = saved;
  best.digest = *digest;
  return best;
}

void ChainCache::remember(const ChainPoint& point, bool save) {
  const std::lock_guard lock(mutex_);
  if (point_count_ >= points_max) {
    points_.clear();
    point_count_ = 0;
  }
  if (points_[{point.document, point.life}].insert_or_assign(point.offset, point.digest).second) ++point_count_;
  if (save && unsaved_.size() < unsaved_max) unsaved_.push_back(point);
}

Result<Digest> ChainCache::chain(const View& view, const DocumentPath& path, const DocumentRow& row, Offset offset) {
  auto from = nearest(view, path, row, offset);
  if (!from) return from.error();
  ChainPoint point = *from;
  const std::string prefix = keys::runs(row.id, row.life);
  Scan scan = view.scan(view.store().runs(), prefix, keys::behind(prefix));
  std::size_t computed = 0;
  for (scan.seek_at_or_before(keys::run(row.id, row.life, point.offset.next())); scan->Valid(); scan->Next()) {
    const Offset first = keys::offset_of({scan->key().data(), scan->key().size()});
    if (first > offset) break;
    const std::string_view value(scan->value().data(), scan->value().size());
    const auto run = Run::parse(row.id, row.life, first, value);
    if (!run) return run.error();
    const SharedBytes borrowed(nullptr, value);  // lives until the scan moves on
    for (std::size_t i = 0; i < run->entries().size(); ++i) {
      const Offset at = run->entries()[i].offset;
      if (at <= point.offset) continue;
      if (at > offset) break;
      const auto record = run->record(i, borrowed);
      if (!record) return record.error();
      point.digest =
          chain_next(point.digest, record->producer, record->sequence, record->codec, record->payload.view());
      point.offset = at;
      if (++computed % records_between_points == 0) remember(point, true);
    }
  }
  if (auto error = scan.error()) return *std::move(error);
  if (computed > 0) remember(point, false);
  return point.digest;
}

std::vector<ChainPoint> ChainCache::take_unsaved() {
  const std::lock_guard lock(mutex_);
  return std::exchange(unsaved_, {});
}

}  // namespace weir::storage::rocks
