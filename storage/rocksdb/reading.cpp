#include "weir/rocksdb/reading.hpp"

#include <map>

namespace weir::storage::rocks {
namespace {

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

/// Adds the run's records in (after, upto] while the budget lasts; false when it ended before them.
Result<bool> add_records(const Run& run, std::string_view value, Offset after, Offset upto, PageBudget& budget,
                         std::vector<Record>& records) {
  SharedBytes buffer;  // one copy a run, whatever the number of its records
  for (std::size_t i = 0; i < run.entries().size(); ++i) {
    const Run::Entry& entry = run.entries()[i];
    if (entry.offset <= after) continue;
    if (entry.offset > upto) break;
    if (!budget.take(entry.payload_bytes)) return false;
    if (buffer.empty()) buffer = SharedBytes::copy(value);
    auto record = run.record(i, buffer);
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
  const std::string prefix = keys::runs(row.id, row.life);
  Scan scan = view.scan(view.store().runs(), prefix, keys::behind(prefix));
  PageBudget budget(bytes_max);
  // The run that holds the first record wanted may begin before it.
  for (scan.seek_at_or_before(keys::run(row.id, row.life, after.next())); scan->Valid(); scan->Next()) {
    const Offset first = keys::offset_of(view_of(scan->key()));
    if (first > upto) break;
    const auto run = Run::parse(row.id, row.life, first, view_of(scan->value()));
    if (!run) return run.error();
    const auto all = add_records(*run, view_of(scan->value()), after, upto, budget, page.records);
    if (!all) return all.error();
    page.complete = *all;
    if (!page.complete) return page;
  }
  if (auto error = scan.error()) return *std::move(error);
  return page;
}

Result<std::vector<Record>> find_records(const View& view, const DocumentRow& row, const ProducerId& producer,
                                         Sequence first, Sequence last, std::size_t records_scanned_max) {
  std::map<Sequence, Record> newest;
  const std::string prefix = keys::runs(row.id, row.life);
  Scan scan = view.scan(view.store().runs(), prefix, keys::behind(prefix));
  std::size_t left = records_scanned_max;
  const auto all_found = [&] { return first > last || newest.size() > last.value - first.value; };
  for (scan->SeekToLast(); scan->Valid() && left > 0 && !all_found(); scan->Prev()) {
    const std::string_view value = view_of(scan->value());
    const auto run = Run::parse(row.id, row.life, keys::offset_of(view_of(scan->key())), value);
    if (!run) return run.error();
    SharedBytes buffer;
    for (std::size_t i = run->entries().size(); i > 0 && left > 0; --i, --left) {
      const Run::Entry& entry = run->entries()[i - 1];
      if (entry.producer != producer || entry.sequence < first || entry.sequence > last) continue;
      if (newest.contains(entry.sequence)) continue;
      if (buffer.empty()) buffer = SharedBytes::copy(value);
      auto record = run->record(i - 1, buffer);
      if (!record) return record.error();
      newest.emplace(entry.sequence, *std::move(record));
    }
  }
  if (auto error = scan.error()) return *std::move(error);
  std::vector<Record> found;
  found.reserve(newest.size());
  for (auto& [sequence, record] : newest) found.push_back(std::move(record));
  return found;
}

}  // namespace weir::storage::rocks
