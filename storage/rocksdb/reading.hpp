// The longer questions a DeltaLog answers: a document's records, a space's order, a resend's originals.
//
// Threads: pure functions over a View.
#pragma once

#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {

/// Decides what still fits into a page: at least one record, then as many as the budget holds. A record counts a little
/// more than its payload, so that a page of empty payloads ends as well.
class PageBudget {
 public:
  explicit PageBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  [[nodiscard]] bool take(std::size_t payload_bytes);

 private:
  static constexpr std::size_t record_overhead_bytes = 32;
  const std::size_t bytes_max_;
  std::size_t used_ = 0;
};

[[nodiscard]] Result<DocumentPage> read_document(const View& view, const DocumentRow& row, Offset after, Offset upto,
                                                 std::size_t bytes_max);
/// DeltaLog::read_packed. `pack_bytes_max` 0: records alone.
[[nodiscard]] Result<PackedPage> read_packed(const View& view, const DocumentRow& row, Offset after, Offset upto,
                                             std::size_t bytes_max, std::size_t pack_bytes_max);
/// DeltaLog::prefix, but for the chain value. `offset` is not before the cut.
[[nodiscard]] Result<DocumentPrefix> measure_prefix(const View& view, const DocumentRow& row, Offset offset);
[[nodiscard]] Result<std::vector<Record>> find_records(const View& view, const DocumentRow& row,
                                                       const ProducerId& producer, Sequence first, Sequence last,
                                                       std::size_t records_scanned_max);
[[nodiscard]] Result<FeedPage> read_space(const View& view, const SpaceRow& row, Offset after, Offset upto,
                                          std::size_t bytes_max);

}  // namespace weir::storage::rocks
