#include "weir/rocksdb/reading.hpp"

#include <algorithm>
#include <map>

namespace weir::storage::rocks {
namespace {

/// The runs of larger documents are not kept in the cache when somebody catches up: a few such documents would fill it.
constexpr std::uint64_t cached_payload_bytes_max = std::uint64_t{4} << 20;

Caching caching_of(const DocumentRow& row) {
  return row.payload_bytes <= cached_payload_bytes_max ? Caching::yes : Caching::no;
}

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

/// The pack that the segments stand at, if all of it lies in (after, upto] and it is small enough. Its body is checked
/// here, since nobody unpacks it.
Result<std::optional<PackedRecords>> whole_pack(const Segments& segments, const DocumentRow& row, Offset after,
                                                Offset upto, std::size_t bytes_max) {
  if (!segments.is_pack() || segments.first() <= after) return std::optional<PackedRecords>();
  auto found = PackRow::parse(row.id, row.life, segments.first(), segments.value());
  if (!found) return found.error();
  const packing::PackHeader& header = found->header;
  if (header.last > upto || found->pack.size() > bytes_max) return std::optional<PackedRecords>();
  if (packing::checksum(found->pack.substr(header.header_bytes)) != header.body_checksum)
    return fail(Code::data_loss, "the pack of document " + std::to_string(row.id.value) + " at offset " +
                                     std::to_string(header.first.value) +
                                     " is damaged; restore the store from a backup");
  return std::optional(PackedRecords{header.first, header.last, SharedBytes::copy(found->pack)});
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
  auto page = read_packed(view, row, after, upto, bytes_max, 0);
  if (!page) return page.error();
  return DocumentPage{std::move(page->records), page->complete, page->cut};
}

Result<PackedPage> read_packed(const View& view, const DocumentRow& row, Offset after, Offset upto,
                               std::size_t bytes_max, std::size_t pack_bytes_max) {
  PackedPage page{std::nullopt, {}, true, {}};
  if (after < row.cut) page.cut = after = row.cut;
  if (after >= upto || after >= row.head) return page;
  Segments segments(view, row.id, row.life, caching_of(row));
  PageBudget budget(bytes_max);
  for (segments.seek(after.next()); segments.valid() && segments.first() <= upto; segments.next()) {
    if (pack_bytes_max > 0) {
      auto pack = whole_pack(segments, row, after, upto, pack_bytes_max);
      if (!pack) return pack.error();
      if (*pack) {
        page.complete = page.records.empty() && (*pack)->last >= std::min(upto, row.head);
        if (page.records.empty()) page.pack = *std::move(pack);
        return page;
      }
    }
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

Result<DocumentPrefix> measure_prefix(const View& view, const DocumentRow& row, Offset offset) {
  DocumentPrefix prefix{row.cut, {}, row.cut_records, row.cut_payload_bytes};
  Segments segments(view, row.id, row.life, Caching::no);
  for (segments.seek(row.cut.next()); segments.valid() && segments.first() <= offset; segments.next()) {
    if (segments.is_pack() && segments.first() > row.cut) {
      const auto pack = PackRow::parse(row.id, row.life, segments.first(), segments.value());
      if (!pack) return pack.error();
      if (pack->header.last <= offset) {  // all of it counts, and its head says how much that is
        prefix.last = pack->header.last;
        prefix.records += pack->header.records;
        prefix.payload_bytes += pack->header.payload_bytes;
        continue;
      }
    }
    const auto segment = segments.read();
    if (!segment) return segment.error();
    for (std::size_t i = segment->after(row.cut); i < segment->size() && segment->offset(i) <= offset; ++i) {
      prefix.last = segment->offset(i);
      prefix.payload_bytes += segment->head(i).payload_bytes;
      ++prefix.records;
    }
  }
  if (auto error = segments.error()) return *std::move(error);
  return prefix;
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
      if (head.offset <= row.cut) break;  // and all before: they are of the first segment
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
