#include "weir/packing/header.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "weir/packing/numbers.hpp"

namespace weir::packing {
namespace {

constexpr std::string_view magic = "wpk";
constexpr std::uint8_t version = 1;
constexpr std::size_t checked_from = 8;  // behind magic, version and the head's own checksum

}  // namespace

std::uint32_t checksum(std::string_view bytes, std::uint32_t seed) { return XXH32(bytes.data(), bytes.size(), seed); }

std::string encode(const PackHeader& header) {
  std::string checked;
  put_little_endian(checked, header.body_checksum);
  checked += header.chain.view();
  for (const std::uint64_t number :
       {header.first.value, header.last.value - header.first.value, header.records, header.time_min.value,
        header.time_max.value - header.time_min.value, header.payload_bytes, header.body_bytes})
    put_varint(checked, number);
  std::string head(magic);
  head.push_back(static_cast<char>(version));
  put_little_endian(head, checksum(checked));
  return head + checked;
}

Result<PackHeader> inspect(std::string_view pack) {
  ByteReader reader(pack);
  if (reader.take(magic.size()) != magic) return fail(Code::data_loss, "these bytes are no pack");
  if (const std::uint8_t found = reader.byte(); reader.ok() && found != version)
    return fail(Code::unimplemented, "the pack is of version " + std::to_string(found) + "; this code reads version " +
                                         std::to_string(version) + ": use a newer one");
  const std::uint32_t expected = reader.little_endian();
  PackHeader header;
  header.body_checksum = reader.little_endian();
  const std::string_view chain = reader.take(header.chain.bytes.size());
  header.first = {reader.varint()};
  header.last = header.first.plus(reader.varint());
  header.records = reader.varint();
  header.time_min = {reader.varint()};
  header.time_max = header.time_min.plus(reader.varint());
  header.payload_bytes = reader.varint();
  header.body_bytes = reader.varint();
  header.header_bytes = pack.size() - reader.left();
  if (!reader.ok() || checksum(pack.substr(checked_from, header.header_bytes - checked_from)) != expected)
    return fail(Code::data_loss, "the head of a pack is damaged");
  std::memcpy(header.chain.bytes.data(), chain.data(), chain.size());
  const bool sound = header.records > 0 && header.last >= header.first && header.time_max >= header.time_min &&
                     header.records - 1 <= header.last.value - header.first.value;
  if (!sound) return fail(Code::data_loss, "the head of a pack contradicts itself");
  return header;
}

}  // namespace weir::packing
