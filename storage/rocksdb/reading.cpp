#include "weir/rocksdb/reading.hpp"

#include <map>

namespace weir::storage::rocks {
namespace {

/// Adds the segment's records in (after, upto] while the budget lasts; false when it ended before them.
Result<bool> add_records(Segment& segment, Offset after, Offset upto, PageBudget& budget,
                         std::vector<Record>& records) {
  for (std::size_t i = segment.after(after); i < segment.size() && segment.offset(i) <= upto; ++i) {
    if (!budget.take(segment.head(i).payload_bytes)) return false;
    auto record = segment.record(i);
    if (!record) return record.error();
    records.push_back(*std::move(record));
  }
  return true;
}

}  // namespace

bool PageBudget::take(std::size_t payload_bytes) {
  const std::size_t cost = payload_bytes + record_overhead_bytes;
  if (used_ != 0 && used_ + cost > bytes_max_) return false;
  used_ += cost;
  return true;
}

Result<DocumentPage> read_document(const View& view, const DocumentRow& row, Offset after, Offset upto,
                                   std::size_t bytes_max) {
  DocumentPage page{{}, true};
  if (after >= upto || after >= row.head) return page;
  Segments segments(view, row.id, row.life);
  PageBudget budget(bytes_max);
  for (segments.seek(after.next()); segments.valid() && segments.first() <= upto; segments.next()) {
    auto segment = segments.read();
    if (!segment) return segment.error();
    const auto all = add_records(*segment, after, upto, budget, page.records);
    if (!all) return all.error();
    page.complete = *all;
    if (!page.complete) return page;
  }
  if (auto error = segments.error()) return *std::move(error);
  return page;
}

Result<std::vector<Record>> find_records(const View& view, const DocumentRow& row, const ProducerId& producer,
                                         Sequence first, Sequence last, std::size_t records_scanned_max) {
  std::map<Sequence, Record> newest;
  Segments segments(view, row.id, row.life);
  std::size_t left = records_scanned_max;
  const auto all_found = [&] { return first > last || newest.size() > last.value - first.value; };
  for (segments.seek_to_last(); segments.valid() && left > 0 && !all_found(); segments.prev()) {
    auto segment = segments.read();
    if (!segment) return segment.error();
    for (std::size_t i = segment->size(); i > 0 && left > 0; --i, --left) {
      const Segment::Head head = segment->head(i - 1);
      if (head.producer != producer || head.sequence < first || head.sequence > last) continue;
      if (newest.contains(head.sequence)) continue;
      auto record = segment->record(i - 1);
      if (!record) return record.error();
      newest.emplace(head.sequence, *std::move(record));
    }
  }
  if (auto error = segments.error()) return *std::move(error);
  std::vector<Record> found;
  found.reserve(newest.size());
  for (auto& [sequence, record] : newest) found.push_back(std::move(record));
  return found;
}

}  // namespace weir::storage::rocks
