#include <algorithm>
#include <bit>

#include "weir/packing/block.hpp"
#include "weir/packing/compression.hpp"
#include "weir/packing/header.hpp"

namespace weir::packing {
namespace {

constexpr std::size_t head_bytes = 56;  // of a record, in a block's checksum

char* put_u64(char* to, std::uint64_t number) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(to, &number, sizeof number);
  } else {
    for (unsigned i = 0; i < 8; ++i) to[i] = static_cast<char>(number >> (8 * i) & 0xFF);
  }
  return to + sizeof number;
}

std::size_t total_bytes(const BlockStreams& streams) {
  std::size_t total = 0;
  for (const std::string& stream : streams) total += stream.size();
  return total;
}

std::size_t compressed_bytes_of(const BlockStreams& streams) {
  std::string all;
  for (const std::string& stream : streams) all += stream;
  return compressed_bytes(all);
}

/// The fields in the smaller of two ways. The second is tried only when the first did badly.
void put_fields(std::span<const Row> rows, std::uint64_t payload_bytes, BlockStreams& streams) {
  BlockStreams plain = streams;
  encode_fields(rows, Classes::allowed, streams);
  const std::size_t bytes = total_bytes(streams);
  if (bytes * 4 <= payload_bytes) return;
  encode_fields(rows, Classes::none, plain);
  const bool too_large = bytes > content_bytes_max(rows.size(), payload_bytes);
  if (too_large || compressed_bytes_of(plain) <= compressed_bytes_of(streams)) streams = std::move(plain);
}

void put_column(std::vector<std::uint64_t>& differences, std::string& meta, BlockStreams& streams) {
  std::vector<std::uint64_t> sample;
  for (std::size_t at = 0; at < differences.size(); at += std::max<std::size_t>(1, differences.size() / 64))
    sample.push_back(differences[at]);
  const std::uint64_t bias = most_frequent(sample);
  for (std::uint64_t& difference : differences) difference -= bias;
  const ColumnKind kind = put_residuals(differences, streams[gap_stream], streams[residual_stream]);
  ColumnDescription{kind, guess::previous, bias}.put(meta);
}

}  // namespace

std::uint64_t BlockPrelude::content_bytes() const {
  std::uint64_t total = 0;
  for (const std::uint64_t size : sizes) total += size;
  return total;
}

std::uint32_t block_checksum(std::span<const Record> records, std::string_view payloads) {
  std::string heads(records.size() * head_bytes, '\0');
  char* to = heads.data();
  for (const Record& record : records) {
    to = std::ranges::copy(record.producer.view(), to).out;
    for (const std::uint64_t number : {record.offset.value, record.sequence.value, record.time.value,
                                       record.codec.value, std::uint64_t{record.payload.size()}})
      to = put_u64(to, number);
  }
  return checksum(payloads, checksum(heads));
}

void BlockEncoder::put_producers(std::span<const Record> records, std::vector<Row>& rows, std::string& meta) {
  const std::size_t before = state_.producers.size();
  std::string runs;
  for (std::size_t at = 0; at < records.size();) {
    const ProducerId& id = records[at].producer;
    const auto [found, fresh] = known_.try_emplace(id, static_cast<std::uint32_t>(state_.producers.size()));
    if (fresh) state_.producers.push_back({id, 0});
    std::size_t end = at;
    for (; end < records.size() && records[end].producer == id; ++end) rows.push_back({found->second, {}});
    put_varint(runs, found->second);
    put_varint(runs, end - at - 1);
    at = end;
  }
  put_varint(meta, state_.producers.size() - before);
  for (std::size_t i = before; i < state_.producers.size(); ++i) meta += state_.producers[i].id.view();
  meta += runs;
}

void BlockEncoder::put_columns(std::span<const Record> records, std::span<const Row> rows, std::span<const Form> forms,
                               BlockStreams& streams) {
  std::string& meta = streams[meta_stream];
  std::vector<std::uint64_t> differences(records.size());
  const auto column = [&](auto value_of, auto previous_of) {
    for (std::size_t row = 0; row < records.size(); ++row) {
      const std::uint64_t value = value_of(row);
      std::uint64_t& previous = previous_of(row);
      differences[row] = value - previous;
      previous = value;
    }
    put_column(differences, meta, streams);
  };
  const auto one = [](std::uint64_t& previous) {
    return [&previous](std::size_t) -> std::uint64_t& { return previous; };
  };
  column([&](std::size_t row) { return records[row].offset.value; }, one(state_.offset));
  column([&](std::size_t row) { return records[row].sequence.value; },
         [&](std::size_t row) -> std::uint64_t& { return state_.producers[rows[row].producer].sequence; });
  column([&](std::size_t row) { return records[row].time.value; }, one(state_.time));
  column([&](std::size_t row) { return records[row].codec.value; }, one(state_.codec));
  column([&](std::size_t row) { return static_cast<std::uint64_t>(forms[row]); }, one(state_.form));
}

std::string BlockEncoder::encode(std::span<const Record> records, BlockStreams& streams) {
  for (std::string& stream : streams) stream.clear();
  std::string payloads;
  for (const Record& record : records) payloads += record.payload.view();
  std::vector<Row> rows;
  std::vector<Form> forms;
  put_producers(records, rows, streams[meta_stream]);
  std::string kept;  // what the elider made
  kept.reserve(payloads.size());
  for (std::size_t row = 0; row < records.size(); ++row) {
    const Elided elided = elider_.drop(records[row].payload.view(), streams[reference_stream]);
    forms.push_back(elided.form);
    rows[row].payload = elided.bytes;
    if (elided.form != Form::automerge) continue;
    rows[row].payload = {kept.data() + kept.size(), elided.bytes.size()};
    kept += elided.bytes;
  }
  put_columns(records, rows, forms, streams);
  put_fields(rows, payloads.size(), streams);
  std::string prelude;
  put_varint(prelude, records.size());
  put_varint(prelude, payloads.size());
  put_little_endian(prelude, block_checksum(records, payloads));
  for (const std::string& stream : streams) put_varint(prelude, stream.size());
  return prelude;
}

}  // namespace weir::packing
