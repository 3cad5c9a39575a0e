#include "weir/packing/pack.hpp"

#include <algorithm>

#include "weir/packing/block.hpp"
#include "weir/packing/compression.hpp"

namespace weir::packing {
namespace {

Result<PackHeader> header_of(std::span<const Record> records, const Digest& chain) {
  if (records.empty()) return fail(Code::invalid_argument, "a pack needs at least one record");
  PackHeader header;
  header.first = records.front().offset;
  header.last = records.back().offset;
  header.records = records.size();
  header.time_min = header.time_max = records.front().time;
  header.chain = chain;
  Offset before;
  for (const Record& record : records) {
    if (record.offset <= before)
      return fail(Code::invalid_argument, "the records of a pack must come with increasing offsets from 1; " +
                                              std::to_string(record.offset.value) + " follows " +
                                              std::to_string(before.value));
    if (record.payload.size() > PackLimits{}.block_payload_bytes_max)
      return fail(Code::invalid_argument,
                  "the payload at offset " + std::to_string(record.offset.value) + " is too large for a pack");
    before = record.offset;
    header.time_min = std::min(header.time_min, record.time);
    header.time_max = std::max(header.time_max, record.time);
    header.payload_bytes += record.payload.size();
  }
  return header;
}

/// How many of the records the next block takes.
std::size_t block_size(std::span<const Record> records, const PackOptions& options) {
  const std::size_t count_max = std::min<std::size_t>({records.size(), options.block_records_max, block_records_max});
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < count_max; ++count) {
    bytes += records[count].payload.size();
    if (bytes > options.block_bytes_max) break;
  }
  return std::max<std::size_t>(count, 1);
}

/// Three pieces a block: numbers, text, and what has no class.
void add(std::string prelude, BlockStreams& streams, Compressor& compressor) {
  std::string numbers = std::move(prelude);
  for (std::size_t i = 0; i < literal_stream; ++i) numbers += streams[i];
  compressor.add(std::move(numbers));
  compressor.add(std::move(streams[literal_stream]));
  compressor.add(std::move(streams[fallback_stream]));
}

Result<bool> gives_back(const SharedBytes& pack, std::span<const Record> records) {
  auto reader = PackReader::open(pack);
  if (!reader) return reader.error();
  for (;;) {
    const auto block = reader->next_block();
    if (!block) return block.error();
    if (block->empty()) return records.empty();
    if (block->size() > records.size() || !std::ranges::equal(*block, records.first(block->size()))) return false;
    records = records.subspan(block->size());
  }
}

}  // namespace

Result<SharedBytes> pack(std::span<const Record> records, const Digest& chain, const PackOptions& options) {
  auto header = header_of(records, chain);
  if (!header) return header.error();
  Compressor compressor;
  BlockEncoder encoder(header->first, header->time_min);
  for (std::span<const Record> rest = records; !rest.empty();) {
    const std::size_t count = block_size(rest, options);
    BlockStreams streams;
    std::string prelude = encoder.encode(rest.first(count), streams);
    add(std::move(prelude), streams, compressor);
    rest = rest.subspan(count);
  }
  const std::string body = compressor.compress(options.level);
  header->body_bytes = body.size();
  header->body_checksum = checksum(body);
  SharedBytes made = SharedBytes::take(encode(*header) + body);
  if (!options.verify) return made;
  const auto same = gives_back(made, records);
  if (!same) return fail(Code::internal, "a new pack cannot be read: " + same.error().message);
  if (!*same) return fail(Code::internal, "a new pack does not give its records back");
  return made;
}

}  // namespace weir::packing
