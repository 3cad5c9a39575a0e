#include "weir/rocksdb/run.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace weir::storage::rocks {
namespace {

constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t record_overhead_bytes = 24;  // an estimate: most are smaller

/// The head's checksum covers its key as well: a value found under another key is damage.
std::uint32_t head_checksum(DocumentId document, Life life, Offset first, std::string_view head) {
  const std::string key = keys::run(document, life, first);
  const XXH64_hash_t seed = XXH3_64bits(key.data(), key.size());
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(head.data(), head.size(), seed));
}

Error damaged(DocumentId document, Offset offset, const char* what) {
  return fail(Code::data_loss, "the stored records of document " + std::to_string(document.value) + " at offset " +
                                   std::to_string(offset.value) + " are damaged (" + what +
                                   "); restore the store from a backup");
}

}  // namespace

std::uint32_t record_checksum(const ProducerId& producer, Sequence sequence, Seconds time, Codec codec,
                              std::string_view payload) {
  std::array<std::uint64_t, 5> fixed{};
  std::memcpy(fixed.data(), producer.bytes.data(), producer.bytes.size());
  fixed[2] = sequence.value;
  fixed[3] = time.value;
  fixed[4] = codec.value;
  const XXH64_hash_t seed = XXH3_64bits(fixed.data(), sizeof fixed);
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(payload.data(), payload.size(), seed));
}

bool RunBuilder::fits(std::size_t payload_bytes) const {
  if (count_ == 0) return true;
  const std::size_t bytes = records_.size() + producers_.size() * sizeof(ProducerId) + payload_bytes_;
  return bytes + payload_bytes + record_overhead_bytes <= run_bytes_max && producers_.size() < run_producers_max;
}

std::size_t RunBuilder::producer_index(const ProducerId& producer) {
  const auto found =
      std::find_if(producers_.rbegin(), producers_.rend(), [&](const Producer& known) { return known.id == producer; });
  if (found != producers_.rend()) return static_cast<std::size_t>(producers_.rend() - found) - 1;
  producers_.push_back({producer, 1});
  return producers_.size() - 1;
}

void RunBuilder::add(Offset offset, const ProducerId& producer, Sequence sequence, Seconds time, const Delta& delta,
                     std::uint32_t checksum) {
  if (count_ == 0) first_ = previous_ = offset;
  const std::size_t index = producer_index(producer);
  put_varint(records_, offset.value - previous_.value);
  put_varint(records_, index);
  put_difference(records_, sequence.value, producers_[index].sequence_expected);
  put_difference(records_, time.value, time_.value);
  put_varint(records_, delta.codec.value);
  put_varint(records_, delta.payload.size());
  put_big_endian(records_, checksum);
  payloads_.push_back(delta.payload.view());
  payload_bytes_ += delta.payload.size();
  producers_[index].sequence_expected = sequence.value + 1;
  previous_ = offset;
  time_ = time;
  ++count_;
}

std::string RunBuilder::finish(DocumentId document, Life life) {
  std::string head;
  head.reserve(records_.size() + producers_.size() * 16 + 16);
  put_varint(head, count_);
  put_varint(head, producers_.size());
  for (const Producer& producer : producers_) head += producer.id.view();
  head += records_;

  std::string value;
  value.reserve(checksum_bytes + 5 + head.size() + payload_bytes_);
  put_big_endian(value, head_checksum(document, life, first_, head));
  put_varint(value, head.size());
  value += head;
  for (const std::string_view payload : payloads_) value += payload;
  *this = {};
  return value;
}

Result<Run> Run::parse(DocumentId document, Life life, Offset first, std::string_view value) {
  Decoder decoder(value);
  const auto checksum = decoder.big_endian<std::uint32_t>();
  const std::string_view head = decoder.take(decoder.varint());
  if (!decoder.ok() || checksum != head_checksum(document, life, first, head)) return damaged(document, first, "head");
  Run run;
  Decoder records(head);
  if (!run.parse_entries(records, first, value.size() - decoder.rest().size(), value.size()))
    return damaged(document, first, "shape");
  return run;
}

bool Run::parse_entries(Decoder& head, Offset first, std::size_t payloads_at, std::size_t value_bytes) {
  const std::uint64_t count = head.varint();
  const std::uint64_t producer_count = head.varint();
  struct Known {
    ProducerId id;
    std::uint64_t sequence_expected;
  };
  std::vector<Known> producers;
  for (std::uint64_t i = 0; i < producer_count && head.ok(); ++i) {
    Known known{{}, 1};
    const std::string_view raw = head.take(known.id.bytes.size());
    if (head.ok()) std::memcpy(known.id.bytes.data(), raw.data(), raw.size());
    producers.push_back(known);
  }
  if (!head.ok() || count == 0 || count > head.rest().size()) return false;
  entries_.reserve(count);
  Offset offset = first;
  Seconds time;
  for (std::uint64_t i = 0; i < count; ++i) {
    offset = offset.plus(head.varint());
    const std::uint64_t index = head.varint();
    if (!head.ok() || index >= producers.size()) return false;
    const Sequence sequence{head.difference(producers[index].sequence_expected)};
    time = {head.difference(time.value)};
    const Codec codec{head.varint()};
    const std::uint64_t payload_bytes = head.varint();
    const auto checksum = head.big_endian<std::uint32_t>();
    if (!head.ok() || payload_bytes > value_bytes - payloads_at) return false;
    entries_.push_back({offset, producers[index].id, sequence, time, codec, payloads_at, payload_bytes, checksum});
    producers[index].sequence_expected = sequence.value + 1;
    payloads_at += payload_bytes;
  }
  return head.done() && payloads_at == value_bytes;
}

Result<Record> Run::record(std::size_t index, const SharedBytes& buffer) const {
  const Entry& entry = entries_[index];
  const std::string_view payload = buffer.view().substr(entry.payload_at, entry.payload_bytes);
  if (record_checksum(entry.producer, entry.sequence, entry.time, entry.codec, payload) != entry.checksum)
    return fail(Code::data_loss, "the stored record at offset " + std::to_string(entry.offset.value) +
                                     " is damaged; restore the store from a backup");
  return Record{entry.offset, entry.producer, entry.sequence,
                entry.time,   entry.codec,    payload.empty() ? SharedBytes() : buffer.slice(payload)};
}

}  // namespace weir::storage::rocks
