// A block: some records as the nine streams that go into a pack's frame one after another (docs/pack-format.md,
// "Block"). Blocks of a pack are written and read in order; a chain's state goes from each to the next.
//
//   BlockEncoder encoder(first_offset, time_min);   encoder.encode(records, streams);
//   BlockDecoder decoder(first_offset, time_min);   decoder.decode(prelude, content);
//
// Threads: an object belongs to one thread.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/packing/columns.hpp"
#include "weir/packing/elision.hpp"
#include "weir/packing/fields.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::packing {

inline constexpr std::uint64_t block_records_max = 65536;

/// What stands before a block's streams.
struct BlockPrelude {
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  std::uint32_t checksum = 0;
  std::array<std::uint64_t, stream_count> sizes{};

  /// Of all streams.
  [[nodiscard]] std::uint64_t content_bytes() const;
};

/// No block's streams may be larger.
[[nodiscard]] constexpr std::uint64_t content_bytes_max(std::uint64_t records, std::uint64_t payload_bytes) {
  return 2 * payload_bytes + 128 * records + 4096;
}

/// Where the block before ended: what the metadata's columns and the producers' numbers go on from.
struct BlockState {
  struct Producer {
    ProducerId id;
    std::uint64_t sequence = 0;
  };
  std::vector<Producer> producers;
  std::uint64_t offset = 0;
  std::uint64_t time = 0;
  std::uint64_t codec = 0;
  std::uint64_t form = 0;

  BlockState(Offset first, Seconds time_min) : offset(first.value - 1), time(time_min.value) {}
};

/// Of what is packed: each record's head as 56 bytes, then the payloads, which are given joined.
[[nodiscard]] std::uint32_t block_checksum(std::span<const Record> records, std::string_view payloads);

class BlockEncoder {
 public:
  BlockEncoder(Offset first, Seconds time_min) : state_(first, time_min) {}
  /// The prelude as bytes, and the streams.
  [[nodiscard]] std::string encode(std::span<const Record> records, BlockStreams& streams);

 private:
  void put_producers(std::span<const Record> records, std::vector<Row>& rows, std::string& meta);
  void put_columns(std::span<const Record> records, std::span<const Row> rows, std::span<const Form> forms,
                   BlockStreams& streams);

  BlockState state_;
  std::unordered_map<ProducerId, std::uint32_t> known_;
  Elider elider_;
};

class BlockDecoder {
 public:
  BlockDecoder(Offset first, Seconds time_min) : state_(first, time_min) {}
  /// The records, their payloads slices of one buffer. DATA_LOSS when the content is not what an encoder makes.
  [[nodiscard]] Result<std::vector<Record>> decode(const BlockPrelude& prelude, std::string_view content);

 private:
  [[nodiscard]] bool take_producers(ByteReader& meta, std::uint64_t records);
  [[nodiscard]] bool take_columns(ByteReader& meta, ByteReader& gaps, ByteReader& residuals,
                                  std::vector<Record>& records);
  [[nodiscard]] bool restore(std::string_view elided, ByteReader references, std::uint64_t payload_bytes);

  BlockState state_;
  Restorer restorer_;
  // Of the block being decoded.
  std::vector<std::uint32_t> producer_of_;
  std::vector<Form> forms_;
  std::vector<std::uint64_t> ends_;  // of each payload
  std::string payloads_;
};

}  // namespace weir::packing
