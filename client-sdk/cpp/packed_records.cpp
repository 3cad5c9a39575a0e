#include "weir/client/packed_records.hpp"

#include "weir/packing/reader.hpp"

namespace weir::client {
namespace {

[[nodiscard]] bool too_large(const packing::PackHeader& header) {
  return header.records > unpacked_bytes_max / unpacked_record_bytes ||
         header.payload_bytes > unpacked_bytes_max - header.records * unpacked_record_bytes;
}

}  // namespace

Result<PackedRecords> unpack_fresh(const SharedBytes& pack, const History& history) {
  auto reader = packing::PackReader::open(pack);
  if (!reader) return reader.error();
  const packing::PackHeader& header = reader->header();
  if (too_large(header))
    return fail(Code::resource_exhausted, "it becomes " + std::to_string(header.records) + " records with " +
                                              std::to_string(header.payload_bytes) + " bytes, and " +
                                              std::to_string(unpacked_bytes_max) + " bytes are taken at most");
  PackedRecords fresh;
  std::optional<Digest> chain = history.chain();
  for (;;) {
    auto block = reader->next_block();
    if (!block) return block.error();
    if (block->empty()) break;
    for (Record& record : *block) {
      if (record.offset <= history.offset()) continue;  // read before
      if (chain) {
        const Digest payload = sha256(record.payload.view());
        chain = chain_next(*chain, record.producer, record.sequence, record.codec, payload);
        fresh.chain.push_back(*chain);
      }
      fresh.bytes += unpacked_record_bytes + record.payload.size();
      fresh.records.push_back(std::move(record));
    }
  }
  if (!fresh.records.empty() && chain && *chain != header.chain)
    return fail(Code::data_loss, "its records are not of this history");
  return fresh;
}

}  // namespace weir::client
