#include "weir/rocksdb/rows.hpp"

namespace weir::storage::rocks {
namespace {

// What a document's row says of its state; else it is alive and whole.
constexpr std::uint64_t state_deleted = 1;
constexpr std::uint64_t state_cut = 2;

}  // namespace

std::string encode(const SpaceRow& row) {
  std::string value;
  for (const std::uint64_t field : {row.id.value, row.head.value, row.documents}) put_varint(value, field);
  return value;
}

std::optional<SpaceRow> decode_space(std::string_view value) {
  Decoder decoder(value);
  SpaceRow row;
  row.id = {decoder.varint()};
  row.head = {decoder.varint()};
  row.documents = decoder.varint();
  return decoder.done() ? std::optional(row) : std::nullopt;
}

std::string encode(const DocumentRow& row) {
  const bool is_cut = row.cut != Offset{};
  std::string value;
  for (const std::uint64_t field : {row.id.value, row.life.value, is_cut ? state_cut : std::uint64_t{row.deleted},
                                    row.head.value, row.records, row.payload_bytes})
    put_varint(value, field);
  put_varint(value, row.first_time.value);
  put_difference(value, row.last_time.value, row.first_time.value);
  if (!is_cut) return value;
  put_varint(value, row.cut.value);
  value.append(row.cut_chain.view());
  put_varint(value, row.cut_records);
  put_varint(value, row.cut_payload_bytes);
  return value;
}

std::optional<DocumentRow> decode_document(std::string_view value) {
  Decoder decoder(value);
  DocumentRow row;
  row.id = {decoder.varint()};
  row.life = {decoder.varint()};
  const std::uint64_t state = decoder.varint();
  row.deleted = state == state_deleted;
  row.head = {decoder.varint()};
  row.records = decoder.varint();
  row.payload_bytes = decoder.varint();
  row.first_time = {decoder.varint()};
  row.last_time = {decoder.difference(row.first_time.value)};
  if (state != state_cut) return decoder.done() && state <= state_deleted ? std::optional(row) : std::nullopt;
  row.cut = {decoder.varint()};
  const auto chain = Digest::parse(decoder.take(row.cut_chain.bytes.size()));
  if (chain) row.cut_chain = *chain;
  row.cut_records = decoder.varint();
  row.cut_payload_bytes = decoder.varint();
  return decoder.done() && chain && row.cut != Offset{} ? std::optional(row) : std::nullopt;
}

std::string encode(const NameRow& row) {
  std::string value;
  put_varint(value, row.space.value);
  return value.append(row.name);
}

std::optional<NameRow> decode_name(std::string_view value) {
  Decoder decoder(value);
  NameRow row;
  row.space = {decoder.varint()};
  row.name = decoder.rest();
  return decoder.ok() ? std::optional(std::move(row)) : std::nullopt;
}

std::string encode(const MarkRow& row) {
  std::string value;
  put_varint(value, row.sequence.value);
  put_varint(value, row.time.value);
  return value.append(row.principal);
}

std::optional<MarkRow> decode_mark(std::string_view value) {
  Decoder decoder(value);
  MarkRow row;
  row.sequence = {decoder.varint()};
  row.time = {decoder.varint()};
  row.principal = decoder.rest();
  return decoder.ok() ? std::optional(std::move(row)) : std::nullopt;
}

std::string encode(const OrderEntry& entry) {
  std::string value;
  put_varint(value, entry.size());
  std::uint64_t previous = 0;
  for (const OrderItem& item : entry) {
    value.push_back(static_cast<char>(item.kind));
    put_varint(value, item.document.value);
    put_varint(value, item.life.value);
    put_varint(value, item.first.value - previous);
    put_varint(value, item.last.value - item.first.value);
    if (item.kind != AppendKind::deltas) put_varint(value, item.time.value);
    previous = item.first.value;
  }
  return value;
}

std::optional<OrderEntry> decode_order(std::string_view value) {
  Decoder decoder(value);
  OrderEntry entry;
  std::uint64_t previous = 0;
  for (std::uint64_t left = decoder.varint(); left > 0 && decoder.ok(); --left) {
    OrderItem item;
    const auto kind = decoder.big_endian<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(AppendKind::recreate)) return std::nullopt;
    item.kind = static_cast<AppendKind>(kind);
    item.document = {decoder.varint()};
    item.life = {decoder.varint()};
    item.first = {previous + decoder.varint()};
    item.last = {item.first.value + decoder.varint()};
    if (item.kind != AppendKind::deltas) item.time = {decoder.varint()};
    previous = item.first.value;
    entry.push_back(item);
  }
  return decoder.done() ? std::optional(std::move(entry)) : std::nullopt;
}

std::string encode(const LastCommit& commit) {
  std::string value;
  put_varint(value, commit.number);
  put_varint(value, commit.entries.size());
  for (const auto& [space, first] : commit.entries) {
    put_varint(value, space.value);
    put_varint(value, first.value);
  }
  return value;
}

std::optional<LastCommit> decode_last_commit(std::string_view value) {
  Decoder decoder(value);
  LastCommit commit;
  commit.number = decoder.varint();
  for (std::uint64_t left = decoder.varint(); left > 0 && decoder.ok(); --left) {
    const SpaceId space{decoder.varint()};
    commit.entries.emplace_back(space, Offset{decoder.varint()});
  }
  return decoder.done() ? std::optional(std::move(commit)) : std::nullopt;
}

std::string encode(const NextIds& ids) {
  std::string value;
  put_varint(value, ids.space.value);
  put_varint(value, ids.document.value);
  return value;
}

std::optional<NextIds> decode_next_ids(std::string_view value) {
  Decoder decoder(value);
  NextIds ids;
  ids.space = {decoder.varint()};
  ids.document = {decoder.varint()};
  return decoder.done() ? std::optional(ids) : std::nullopt;
}

}  // namespace weir::storage::rocks
