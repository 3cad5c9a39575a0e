#include "weir/rocksdb/pack_maker.hpp"

#include <algorithm>

#include "weir/packing/pack.hpp"
#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {
namespace {

Result<Extent> describe(const Segments& segments, const DocumentRow& row) {
  Extent extent;
  extent.is_pack = segments.is_pack();
  extent.first = segments.first();
  extent.has_cut = extent.first <= row.cut;
  extent.stored_bytes = segments.value().size();
  if (extent.is_pack) {
    const auto pack = PackRow::parse(row.id, row.life, extent.first, segments.value());
    if (!pack) return pack.error();
    extent.last = pack->header.last;
    extent.records = pack->header.records;
    extent.payload_bytes = pack->header.payload_bytes;
    return extent;
  }
  const auto run = Run::parse(row.id, row.life, extent.first, segments.value());
  if (!run) return run.error();
  extent.last = run->entries().back().offset;
  extent.records = run->entries().size();
  for (const Run::Entry& entry : run->entries()) extent.payload_bytes += entry.payload_bytes;
  return extent;
}

/// Not through the cache: nobody is going to read these again.
Result<void> read_into(const Segments& segments, const DocumentRow& row, std::vector<Record>& records) {
  if (segments.is_pack()) {
    const auto pack = PackRow::parse(row.id, row.life, segments.first(), segments.value());
    if (!pack) return pack.error();
    auto unpacked = packing::unpack(SharedBytes(nullptr, pack->pack));
    if (!unpacked) return unpacked.error();
    records.insert(records.end(), std::move_iterator(unpacked->begin()), std::move_iterator(unpacked->end()));
    return {};
  }
  auto segment = segments.read();
  if (!segment) return segment.error();
  for (std::size_t i = 0; i < segment->size(); ++i) {
    auto record = segment->record(i);
    if (!record) return record.error();
    records.push_back(*std::move(record));
  }
  return {};
}

}  // namespace

Result<std::vector<Extent>> tail_extents(const View& view, const DocumentRow& row, const PackingOptions& options) {
  std::vector<Extent> extents;
  Segments segments(view, row.id, row.life, Caching::no, Caching::no);
  for (segments.seek_to_last(); segments.valid(); segments.prev()) {
    const auto extent = describe(segments, row);
    if (!extent) return extent.error();
    if (is_settled(*extent, options)) break;
    extents.push_back(*extent);
  }
  if (auto error = segments.error()) return *std::move(error);
  std::ranges::reverse(extents);
  return extents;
}

Result<std::vector<Extent>> all_extents(const View& view, const DocumentRow& row) {
  std::vector<Extent> extents;
  Segments segments(view, row.id, row.life, Caching::no, Caching::no);
  for (segments.seek({}); segments.valid(); segments.next()) {
    const auto extent = describe(segments, row);
    if (!extent) return extent.error();
    extents.push_back(*extent);
  }
  if (auto error = segments.error()) return *std::move(error);
  return extents;
}

Result<PackReplacement> make_pack(const View& view, const DocumentPath& path, const DocumentRow& row,
                                  std::span<const Extent> extents, Digest chain, int level) {
  std::vector<Record> records;
  Segments segments(view, row.id, row.life, Caching::no, Caching::no);
  for (segments.seek(extents.front().first); segments.valid() && segments.first() <= extents.back().last;
       segments.next())
    if (auto read = read_into(segments, row, records); !read) return read.error();
  if (auto error = segments.error()) return *std::move(error);
  std::erase_if(records, [&](const Record& record) { return record.offset <= row.cut; });
  for (const Record& record : records)
    chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
  const auto pack = packing::pack(records, chain, {.level = level});
  if (!pack) return pack.error();
  return PackReplacement{path,
                         row.id,
                         row.life,
                         extents.front().first,
                         records.front().offset,
                         records.back().offset,
                         encode_pack(row.id, row.life, pack->view())};
}

}  // namespace weir::storage::rocks
