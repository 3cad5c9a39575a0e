#include <algorithm>

#include "weir/packing/block.hpp"

namespace weir::packing {
namespace {

Error damaged(const char* what) {
  return fail(Code::data_loss, std::string("a block of a pack is damaged (") + what + ")");
}

}  // namespace

bool BlockDecoder::take_producers(ByteReader& meta, std::uint64_t records) {
  const std::uint64_t fresh = meta.varint_up_to(records);
  for (std::uint64_t i = 0; i < fresh && meta.ok(); ++i) {
    BlockState::Producer producer;
    const std::string_view id = meta.take(producer.id.bytes.size());
    if (meta.ok()) std::memcpy(producer.id.bytes.data(), id.data(), id.size());
    state_.producers.push_back(producer);
  }
  producer_of_.clear();
  while (producer_of_.size() < records) {
    const std::uint64_t index = meta.varint();
    const std::uint64_t run = meta.varint_up_to(records - producer_of_.size() - 1) + 1;
    if (!meta.ok() || index >= state_.producers.size()) return false;
    producer_of_.insert(producer_of_.end(), run, static_cast<std::uint32_t>(index));
  }
  return meta.ok();
}

bool BlockDecoder::take_columns(ByteReader& meta, ByteReader& gaps, ByteReader& residuals,
                                std::vector<Record>& records) {
  const auto column = [&](auto place) {
    const ColumnDescription description = ColumnDescription::take(meta);
    if (description.kind == ColumnKind::literal || description.from != guess::previous) meta.fail();
    ResidualReader reader = ResidualReader::open(description.kind, records.size(), gaps, residuals);
    for (std::size_t row = 0; row < records.size(); ++row) place(row, description.bias + reader.next());
  };
  column([&](std::size_t row, std::uint64_t step) { records[row].offset = {state_.offset += step}; });
  column([&](std::size_t row, std::uint64_t step) {
    BlockState::Producer& producer = state_.producers[producer_of_[row]];
    records[row].producer = producer.id;
    records[row].sequence = {producer.sequence += step};
  });
  column([&](std::size_t row, std::uint64_t step) { records[row].time = {state_.time += step}; });
  column([&](std::size_t row, std::uint64_t step) { records[row].codec = {state_.codec += step}; });
  bool known = true;
  column([&](std::size_t row, std::uint64_t step) {
    state_.form += step;
    known &= state_.form <= static_cast<std::uint64_t>(Form::automerge);
    forms_[row] = static_cast<Form>(state_.form);
  });
  return known && meta.done() && gaps.ok() && residuals.ok();
}

bool BlockDecoder::restore(std::string_view elided, ByteReader references, std::uint64_t payload_bytes) {
  std::uint64_t from = 0;
  for (std::size_t row = 0; row < ends_.size(); ++row) {
    const std::string_view bytes = elided.substr(from, ends_[row] - from);
    from = ends_[row];
    if (!restorer_.restore(forms_[row], bytes, references, payload_bytes - payloads_.size(), payloads_)) return false;
    ends_[row] = payloads_.size();
  }
  return references.done();
}

Result<std::vector<Record>> BlockDecoder::decode(const BlockPrelude& prelude, std::string_view content) {
  std::array<std::string_view, stream_count> streams;
  for (std::size_t i = 0; i < stream_count; ++i) {
    if (prelude.sizes[i] > content.size()) return damaged("sizes");
    streams[i] = content.substr(0, prelude.sizes[i]);
    content.remove_prefix(prelude.sizes[i]);
  }
  ByteReader meta(streams[meta_stream]);
  ByteReader gaps(streams[gap_stream]);
  ByteReader residuals(streams[residual_stream]);
  if (!take_producers(meta, prelude.records)) return damaged("producers");
  std::vector<Record> records(prelude.records);
  forms_.resize(prelude.records);
  if (!take_columns(meta, gaps, residuals, records)) return damaged("metadata");
  std::string elided;
  ends_.clear();
  const FieldInput input{streams[head_stream],
                         streams[class_stream],
                         streams[run_stream],
                         streams[literal_stream],
                         streams[fallback_stream],
                         gaps,
                         residuals};
  if (!decode_fields(producer_of_, input, prelude.payload_bytes, elided, ends_)) return damaged("fields");
  payloads_.clear();
  const bool whole = std::ranges::all_of(forms_, [](Form form) { return form == Form::plain; });
  if (whole) {
    if (!streams[reference_stream].empty()) return damaged("references");
    payloads_ = std::move(elided);
  } else if (!restore(elided, ByteReader(streams[reference_stream]), prelude.payload_bytes)) {
    return damaged("checksums left out");
  }
  if (payloads_.size() != prelude.payload_bytes) return damaged("payloads");
  const SharedBytes buffer = SharedBytes::take(std::exchange(payloads_, {}));
  std::uint64_t from = 0;
  for (std::size_t row = 0; row < records.size(); ++row) {
    if (ends_[row] > from) records[row].payload = buffer.slice(from, ends_[row] - from);
    from = ends_[row];
  }
  if (block_checksum(records, buffer.view()) != prelude.checksum) return damaged("checksum");
  return records;
}

}  // namespace weir::packing
