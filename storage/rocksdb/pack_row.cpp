#include "weir/rocksdb/pack_row.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir::storage::rocks {
namespace {

/// Over the head, which has a checksum of the body in it, seeded with the key.
std::uint32_t checksum(DocumentId document, Life life, Offset first, std::string_view head) {
  const std::string key = keys::pack(document, life, first);
  return static_cast<std::uint32_t>(
      XXH3_64bits_withSeed(head.data(), head.size(), XXH3_64bits(key.data(), key.size())));
}

}  // namespace

std::string encode_pack(DocumentId document, Life life, std::string_view pack) {
  const packing::PackHeader header = packing::inspect(pack).value();
  std::string value;
  value.reserve(sizeof(std::uint32_t) + pack.size());
  put_big_endian(value, checksum(document, life, header.first, pack.substr(0, header.header_bytes)));
  return value.append(pack);
}

Result<PackRow> PackRow::parse(DocumentId document, Life life, Offset first, std::string_view value) {
  Decoder decoder(value);
  const auto stored = decoder.big_endian<std::uint32_t>();
  PackRow row{{}, decoder.rest()};
  if (auto header = packing::inspect(row.pack); decoder.ok() && header) {
    row.header = *std::move(header);
    if (row.header.first == first && row.header.pack_bytes() == row.pack.size() &&
        stored == checksum(document, life, first, row.pack.substr(0, row.header.header_bytes)))
      return row;
  }
  return fail(Code::data_loss, "the pack of document " + std::to_string(document.value) + " at offset " +
                                   std::to_string(first.value) + " is damaged; restore the store from a backup");
}

}  // namespace weir::storage::rocks
