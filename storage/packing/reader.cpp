#include "weir/packing/reader.hpp"

#include <iterator>
#include <optional>

#include "weir/packing/block.hpp"
#include "weir/packing/compression.hpp"

namespace weir::packing {

class PackReader::State {
 public:
  State(const SharedBytes& pack, const PackHeader& header, const PackLimits& limits)
      : pack_(pack),
        header_(header),
        limits_(limits),
        body_(pack.view().substr(header.header_bytes)),
        decoder_(header.first, header.time_min),
        records_left_(header.records),
        payload_bytes_left_(header.payload_bytes),
        last_(header.first.value - 1) {}

  [[nodiscard]] const PackHeader& header() const { return header_; }

  [[nodiscard]] Result<std::vector<Record>> next_block() {
    if (error_) return *error_;
    if (records_left_ == 0) return std::vector<Record>();
    auto block = read();
    if (!block) error_ = block.error();
    return block;
  }

 private:
  [[nodiscard]] Result<std::uint64_t> varint();
  [[nodiscard]] Result<BlockPrelude> prelude();
  [[nodiscard]] Result<std::vector<Record>> read();
  /// Whether the records are what the head says.
  [[nodiscard]] bool as_announced(const std::vector<Record>& records);

  SharedBytes pack_;
  PackHeader header_;
  PackLimits limits_;
  Decompressor body_;
  BlockDecoder decoder_;
  std::uint64_t records_left_;
  std::uint64_t payload_bytes_left_;
  Offset last_;
  std::optional<Error> error_;
};

Result<std::uint64_t> PackReader::State::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    const auto byte = body_.pull(1);
    if (!byte) return byte.error();
    const auto bits = static_cast<std::uint8_t>(byte->front());
    value |= static_cast<std::uint64_t>(bits & 0x7F) << shift;
    if (bits < 0x80) return value;
  }
  return fail(Code::data_loss, "a block of a pack has a size that is none");
}

Result<BlockPrelude> PackReader::State::prelude() {
  BlockPrelude block;
  const auto records = varint();
  if (!records) return records.error();
  const auto payload_bytes = varint();
  if (!payload_bytes) return payload_bytes.error();
  const auto expected = body_.pull(4);
  if (!expected) return expected.error();
  block.records = *records;
  block.payload_bytes = *payload_bytes;
  block.checksum = ByteReader(*expected).little_endian();
  if (block.records == 0 || block.records > std::min(records_left_, block_records_max))
    return fail(Code::data_loss, "a block of a pack has more records than there are, or none");
  if (block.payload_bytes > payload_bytes_left_)
    return fail(Code::data_loss, "a block of a pack is larger than its pack");
  if (block.payload_bytes > limits_.block_payload_bytes_max)
    return fail(Code::resource_exhausted, "a block of a pack has " + std::to_string(block.payload_bytes) +
                                              " bytes of payload; this reader takes " +
                                              std::to_string(limits_.block_payload_bytes_max));
  const std::uint64_t bytes_max = content_bytes_max(block.records, block.payload_bytes);
  for (std::uint64_t& size : block.sizes) {
    const auto read = varint();
    if (!read) return read.error();
    size = *read;
    if (size > bytes_max) return fail(Code::data_loss, "a stream of a pack is larger than its block may be");
  }
  if (block.content_bytes() > bytes_max) return fail(Code::data_loss, "the streams of a pack are larger than allowed");
  return block;
}

bool PackReader::State::as_announced(const std::vector<Record>& records) {
  for (const Record& record : records) {
    if (record.offset <= last_ || record.time < header_.time_min || record.time > header_.time_max) return false;
    last_ = record.offset;
  }
  return last_ <= header_.last;
}

Result<std::vector<Record>> PackReader::State::read() {
  const auto block = prelude();
  if (!block) return block.error();
  const auto content = body_.pull(block->content_bytes());
  if (!content) return content.error();
  auto records = decoder_.decode(*block, *content);
  if (!records) return records.error();
  if (!as_announced(*records)) return fail(Code::data_loss, "the records of a pack are not those of its head");
  records_left_ -= block->records;
  payload_bytes_left_ -= block->payload_bytes;
  if (records_left_ > 0) return records;
  if (payload_bytes_left_ != 0 || last_ != header_.last || !body_.at_end())
    return fail(Code::data_loss, "a pack does not end where its head says");
  return records;
}

PackReader::PackReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
PackReader::PackReader(PackReader&&) noexcept = default;
PackReader& PackReader::operator=(PackReader&&) noexcept = default;
PackReader::~PackReader() = default;

Result<PackReader> PackReader::open(const SharedBytes& pack, const PackLimits& limits) {
  const auto header = inspect(pack.view());
  if (!header) return header.error();
  const std::string_view body = pack.view().substr(header->header_bytes);
  if (body.size() != header->body_bytes || checksum(body) != header->body_checksum)
    return fail(Code::data_loss, "the body of a pack is damaged");
  return PackReader(std::make_unique<State>(pack, *header, limits));
}

const PackHeader& PackReader::header() const { return state_->header(); }
Result<std::vector<Record>> PackReader::next_block() { return state_->next_block(); }

Result<std::vector<Record>> unpack(const SharedBytes& pack, const PackLimits& limits) {
  auto reader = PackReader::open(pack, limits);
  if (!reader) return reader.error();
  std::vector<Record> all;
  for (;;) {
    auto block = reader->next_block();
    if (!block) return block.error();
    if (block->empty()) return all;
    std::move(block->begin(), block->end(), std::back_inserter(all));
  }
}

}  // namespace weir::packing
