#include "weir/rocksdb/chain.hpp"

#include <tuple>

#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t records_between_points = 1024;
constexpr std::size_t points_max = 16384;  // about 2 MiB
constexpr std::size_t unsaved_max = 4096;  // what does not fit is computed again

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

using Place = std::pair<Offset, Digest>;

/// The chain value at the end of the last pack that ends at or before `offset`.
Result<std::optional<Place>> after_pack(const View& view, const DocumentRow& row, Offset offset) {
  const std::string prefix = keys::packs(row.id, row.life);
  Scan scan = view.scan(view.store().packs(), prefix, keys::behind(prefix));
  for (scan->SeekForPrev(keys::pack(row.id, row.life, offset)); scan->Valid(); scan->Prev()) {
    const auto pack = PackRow::parse(row.id, row.life, keys::offset_of(view_of(scan->key())), view_of(scan->value()));
    if (!pack) return pack.error();
    if (pack->header.last <= offset) return std::optional(Place{pack->header.last, pack->header.chain});
  }
  if (auto error = scan.error()) return *std::move(error);
  return std::optional<Place>();
}

Result<std::optional<Place>> saved_point(const View& view, const DocumentRow& row, Offset offset) {
  const std::string prefix = keys::chain_points(row.id, row.life);
  Scan scan = view.scan(view.store().rows(), prefix, keys::behind(prefix));
  scan->SeekForPrev(keys::chain_point(row.id, row.life, offset));
  if (auto error = scan.error()) return *std::move(error);
  if (!scan->Valid()) return std::optional<Place>();
  const auto digest = Digest::parse(view_of(scan->value()));
  if (!digest) return fail(Code::data_loss, "a saved chain value is damaged; restore the store from a backup");
  return std::optional(Place{keys::offset_of(view_of(scan->key())), *digest});
}

}  // namespace

Result<ChainPoint> ChainCache::nearest(const View& view, const DocumentPath& path, const DocumentRow& row,
                                       Offset offset) const {
  ChainPoint best{row.id, row.life, row.cut, row.cut == Offset{} ? chain_start(path) : row.cut_chain};
  {
    const std::lock_guard lock(mutex_);
    const auto known = points_.find({row.id, row.life});
    if (known != points_.end()) {
      const auto behind = known->second.upper_bound(offset);
      if (behind != known->second.begin() && std::prev(behind)->first > best.offset)
        std::tie(best.offset, best.digest) = *std::prev(behind);
    }
  }
  if (const auto packed = after_pack(view, row, offset); !packed)
    return packed.error();
  else if (*packed && (*packed)->first > best.offset)
    std::tie(best.offset, best.digest) = **packed;
  const auto saved = saved_point(view, row, offset);
  if (!saved) return saved.error();
  if (*saved && (*saved)->first > best.offset) std::tie(best.offset, best.digest) = **saved;
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
  if (offset == Offset{}) return chain_start(path);
  if (offset < row.cut) return cut_error(path, row.cut);
  auto from = nearest(view, path, row, offset);
  if (!from) return from.error();
  ChainPoint point = *from;
  Segments segments(view, row.id, row.life);
  std::size_t computed = 0;
  for (segments.seek(point.offset.next()); segments.valid() && segments.first() <= offset; segments.next()) {
    auto segment = segments.read();
    if (!segment) return segment.error();
    for (std::size_t i = segment->after(point.offset); i < segment->size() && segment->offset(i) <= offset; ++i) {
      const auto record = segment->record(i);
      if (!record) return record.error();
      point.digest =
          chain_next(point.digest, record->producer, record->sequence, record->codec, record->payload.view());
      point.offset = record->offset;
      if (++computed % records_between_points == 0) remember(point, true);
    }
  }
  if (auto error = segments.error()) return *std::move(error);
  if (computed > 0) remember(point, false);
  return point.digest;
}

std::vector<ChainPoint> ChainCache::take_unsaved() {
  const std::lock_guard lock(mutex_);
  return std::exchange(unsaved_, {});
}

}  // namespace weir::storage::rocks
