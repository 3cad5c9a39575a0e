// A snapshot that is coming in: its chunks put together, and looked at before anything is taken of it.
//
//   if (auto wrong = reader.begin(header, snapshot_bytes_max)) return resubscribe_without(*wrong);
//   auto added = reader.add(chunk);            // an error says what is wrong with it
//   if (added && *added) use(reader.header(), reader.take());
//
// Internal. Threads: one, the session's.
#pragma once

#include <optional>
#include <string>

#include "weir/frames/frames.hpp"

namespace weir::client {

class SnapshotReader {
 public:
  [[nodiscard]] Result<void> begin(const frames::SnapshotHeader& header, std::uint64_t bytes_max);
  /// True when it is whole, and what its hash says.
  [[nodiscard]] Result<bool> add(const frames::SnapshotChunk& chunk);
  [[nodiscard]] bool reading() const { return header_.has_value(); }
  [[nodiscard]] const frames::SnapshotHeader& header() const { return *header_; }
  /// The bytes; nothing is being read from then on.
  [[nodiscard]] SharedBytes take();
  void reset();

 private:
  std::optional<frames::SnapshotHeader> header_;
  std::string bytes_;
};

}  // namespace weir::client
