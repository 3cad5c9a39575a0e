#include "weir/rocksdb/snapshot_rows.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "weir/packing/compression.hpp"

namespace weir::storage::rocks {
namespace {

constexpr int level = 9;
constexpr char plain_form = 0, zstd_form = 1;
/// Added to the number of a standing where it is said who gave it.
constexpr std::uint64_t with_by = 3;
constexpr std::size_t checksum_bytes = sizeof(std::uint32_t);

std::uint32_t checksum(std::string_view key, std::string_view form_and_bytes) {
  return static_cast<std::uint32_t>(
      XXH3_64bits_withSeed(form_and_bytes.data(), form_and_bytes.size(), XXH3_64bits(key.data(), key.size())));
}

Error damaged() { return fail(Code::data_loss, "a part of a snapshot is damaged; restore the store from a backup"); }

std::optional<Digest> take_digest(Decoder& decoder) {
  const auto digest = Digest::parse(decoder.take(sizeof(Digest)));
  return digest ? std::optional(*digest) : std::nullopt;
}

}  // namespace

std::string encode(const SnapshotRow& row) {
  const Snapshot& about = row.about;
  std::string value;
  for (const std::uint64_t field : {row.upload.value, row.stored_bytes, about.base.value, about.offset.value})
    put_varint(value, field);
  value.append(about.chain.view()).append(about.hash.view());
  for (const std::uint64_t field :
       {about.size, about.codec.value, static_cast<std::uint64_t>(about.fidelity),
        static_cast<std::uint64_t>(about.standing) + (about.by.empty() ? 0 : with_by), about.time.value})
    put_varint(value, field);
  put_difference(value, about.since.value, about.time.value);
  for (const std::uint64_t field : {about.records, about.payload_bytes, std::uint64_t{about.author.size()}})
    put_varint(value, field);
  value.append(about.author);
  if (!about.by.empty()) {
    put_varint(value, about.by.size());
    value.append(about.by);
  }
  return value.append(about.note.view());
}

std::optional<SnapshotRow> decode_snapshot(SnapshotId id, std::string_view value) {
  Decoder decoder(value);
  SnapshotRow row;
  Snapshot& about = row.about;
  about.id = id;
  row.upload = {decoder.varint()};
  row.stored_bytes = decoder.varint();
  about.base = {decoder.varint()};
  about.offset = {decoder.varint()};
  const auto chain = take_digest(decoder);
  const auto hash = take_digest(decoder);
  about.size = decoder.varint();
  about.codec = {decoder.varint()};
  const std::uint64_t fidelity = decoder.varint();
  std::uint64_t standing = decoder.varint();
  const bool says_by = standing >= with_by;
  if (says_by) standing -= with_by;
  about.time = {decoder.varint()};
  about.since = {decoder.difference(about.time.value)};
  about.records = decoder.varint();
  about.payload_bytes = decoder.varint();
  about.author = decoder.take(decoder.varint());
  if (says_by) about.by = decoder.take(decoder.varint());
  about.note = SharedBytes::copy(decoder.rest());
  if (!decoder.ok() || !chain || !hash || fidelity > static_cast<std::uint64_t>(Fidelity::lossy) ||
      standing > static_cast<std::uint64_t>(SnapshotStanding::quarantined))
    return std::nullopt;
  about.chain = *chain;
  about.hash = *hash;
  about.fidelity = static_cast<Fidelity>(fidelity);
  about.standing = static_cast<SnapshotStanding>(standing);
  return row;
}

std::string encode(const SnapshotNumbers& numbers) {
  std::string value;
  put_varint(value, numbers.snapshot.value);
  put_varint(value, numbers.upload.value);
  return value;
}

std::optional<SnapshotNumbers> decode_snapshot_numbers(std::string_view value) {
  Decoder decoder(value);
  SnapshotNumbers numbers;
  numbers.snapshot = {decoder.varint()};
  numbers.upload = {decoder.varint()};
  return decoder.done() ? std::optional(numbers) : std::nullopt;
}

std::string encode(const UploadRow& row) {
  std::string value;
  put_varint(value, row.parts);
  return value;
}

std::optional<UploadRow> decode_upload(std::string_view value) {
  Decoder decoder(value);
  const UploadRow row{decoder.varint()};
  return decoder.done() ? std::optional(row) : std::nullopt;
}

std::string encode_part(std::string_view key, std::string plain) {
  packing::Compressor compressor;
  compressor.add(plain);
  const std::string frame = compressor.compress(level);
  const bool smaller = frame.size() < plain.size();
  std::string form_and_bytes(1, smaller ? zstd_form : plain_form);
  form_and_bytes += smaller ? frame : plain;
  std::string value;
  value.reserve(checksum_bytes + form_and_bytes.size());
  put_big_endian(value, checksum(key, form_and_bytes));
  return value.append(form_and_bytes);
}

Result<StoredPart> StoredPart::parse(std::string_view key, std::string_view value) {
  Decoder decoder(value);
  const auto stored = decoder.big_endian<std::uint32_t>();
  const std::string_view form_and_bytes = decoder.rest();
  if (!decoder.ok() || form_and_bytes.empty() || stored != checksum(key, form_and_bytes) ||
      (form_and_bytes.front() != plain_form && form_and_bytes.front() != zstd_form))
    return damaged();
  return StoredPart{form_and_bytes.substr(1), form_and_bytes.front() == zstd_form};
}

Result<std::string> StoredPart::unpack(std::uint64_t plain_bytes) const {
  if (!compressed) return bytes.size() == plain_bytes ? Result<std::string>(std::string(bytes)) : damaged();
  packing::Decompressor frame(bytes);
  const auto plain = frame.pull(plain_bytes);
  if (!plain) return damaged();
  std::string unpacked(*plain);
  if (!frame.at_end()) return damaged();
  return unpacked;
}

}  // namespace weir::storage::rocks
