// A run: the records of one document in one commit, as one value. Its head describes every record and is checked as a
// whole when it is read; each payload is checked when it is used, by a checksum that was computed when it was received.
//
//   RunBuilder builder;
//   builder.add(record, record_checksum(record));                builder.finish(document, life);
//   Result<Run> run = Run::parse(document, life, first, value);  run->record(3, buffer);
//
// Threads: values of one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/rocksdb/keys.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::storage::rocks {

/// A run is closed before it gets larger than this; a single payload may be.
inline constexpr std::size_t run_bytes_max = std::size_t{256} << 10;
/// And before it has more producers: each record's is looked for among them.
inline constexpr std::size_t run_producers_max = 256;

/// Covers everything of a record but its offset, which is not known yet when the record is received.
[[nodiscard]] std::uint32_t record_checksum(const ProducerId& producer, Sequence sequence, Seconds time, Codec codec,
                                            std::string_view payload);

class RunBuilder {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// Whether a record with this payload still belongs into this run.
  [[nodiscard]] bool fits(std::size_t payload_bytes) const;
  /// Records come in offset order.
  void add(Offset offset, const ProducerId& producer, Sequence sequence, Seconds time, const Delta& delta,
           std::uint32_t checksum);
  [[nodiscard]] Offset first() const { return first_; }
  [[nodiscard]] Offset last() const { return previous_; }
  /// The value; the builder is empty afterwards.
  [[nodiscard]] std::string finish(DocumentId document, Life life);

 private:
  struct Producer {
    ProducerId id;
    std::uint64_t sequence_expected;
  };
  std::size_t producer_index(const ProducerId& producer);

  std::vector<Producer> producers_;
  std::string records_;
  std::vector<std::string_view> payloads_;  // kept alive by the appends being committed
  std::size_t payload_bytes_ = 0;
  std::uint64_t count_ = 0;
  Offset first_;
  Offset previous_;
  Seconds time_;
};

/// A run's head, read and checked. Views the value it was parsed from.
class Run {
 public:
  struct Entry {
    Offset offset;
    ProducerId producer;
    Sequence sequence;
    Seconds time;
    Codec codec;
    std::size_t payload_at;
    std::size_t payload_bytes;
    std::uint32_t checksum;
  };

  /// DATA_LOSS unless the value is what was written under this key.
  [[nodiscard]] static Result<Run> parse(DocumentId document, Life life, Offset first, std::string_view value);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  /// The record, its payload a slice of `buffer`, which holds the run's value. DATA_LOSS when its checksum is wrong.
  [[nodiscard]] Result<Record> record(std::size_t index, const SharedBytes& buffer) const;

 private:
  [[nodiscard]] bool parse_entries(Decoder& head, Offset first, std::size_t payloads_at, std::size_t value_bytes);

  std::vector<Entry> entries_;
};

}  // namespace weir::storage::rocks
