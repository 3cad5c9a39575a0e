#include "weir/rocksdb/segments.hpp"

#include <algorithm>

namespace weir::storage::rocks {
namespace {

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

Segment::Head Segment::head(std::size_t index) const {
  if (unpacked_) {
    const Record& record = (*unpacked_)[index];
    return {record.offset, record.producer, record.sequence, record.time, record.payload.size()};
  }
  const Run::Entry& entry = run_.entries()[index];
  return {entry.offset, entry.producer, entry.sequence, entry.time, entry.payload_bytes};
}

Result<Record> Segment::record(std::size_t index) {
  if (unpacked_) return (*unpacked_)[index];
  if (buffer_.empty()) buffer_ = SharedBytes::copy(value_);
  return run_.record(index, buffer_);
}

std::size_t Segment::after(Offset offset) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (this->offset(middle) <= offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Segments::Segments(const View& view, DocumentId document, Life life, Caching runs, Caching packs)
    : store_(view.store()),
      document_(document),
      life_(life),
      packs_(view.scan(store_.packs(), keys::packs(document, life), keys::behind(keys::packs(document, life)), packs)),
      runs_(view.scan(store_.runs(), keys::runs(document, life), keys::behind(keys::runs(document, life)), runs)) {}

Offset Segments::first_of(const Scan& scan) { return keys::offset_of(view_of(scan->key())); }

void Segments::choose_lowest() {
  if (packs_->Valid() && runs_->Valid())
    current_ = first_of(packs_) < first_of(runs_) ? &packs_ : &runs_;
  else
    current_ = packs_->Valid() ? &packs_ : runs_->Valid() ? &runs_ : nullptr;
}

void Segments::choose_highest() {
  if (packs_->Valid() && runs_->Valid())
    current_ = first_of(packs_) > first_of(runs_) ? &packs_ : &runs_;
  else
    current_ = packs_->Valid() ? &packs_ : runs_->Valid() ? &runs_ : nullptr;
}

void Segments::seek(Offset offset) {
  packs_.seek_at_or_before(keys::pack(document_, life_, offset));
  runs_.seek_at_or_before(keys::run(document_, life_, offset));
  // Of two that begin at or before the offset, only the later can hold it; the other goes to its first one behind.
  if (packs_->Valid() && runs_->Valid()) {
    Scan& earlier = first_of(packs_) < first_of(runs_) ? packs_ : runs_;
    const Scan& later = &earlier == &packs_ ? runs_ : packs_;
    if (first_of(later) <= offset) earlier->Next();
  }
  choose_lowest();
}

void Segments::seek_to_last() {
  packs_->SeekToLast();
  runs_->SeekToLast();
  choose_highest();
}

void Segments::next() {
  (*current_)->Next();
  choose_lowest();
}

void Segments::prev() {
  (*current_)->Prev();
  choose_highest();
}

std::string_view Segments::value() const { return view_of((*current_)->value()); }

Result<Segment> Segments::read() const {
  if (is_pack()) {
    auto unpacked = store_.unpacked().unpack(document_, life_, first(), value());
    if (!unpacked) return unpacked.error();
    return Segment(*std::move(unpacked));
  }
  auto run = Run::parse(document_, life_, first(), value());
  if (!run) return run.error();
  return Segment(*std::move(run), value());
}

std::optional<Error> Segments::error() const {
  if (auto error = packs_.error()) return error;
  return runs_.error();
}

}  // namespace weir::storage::rocks
