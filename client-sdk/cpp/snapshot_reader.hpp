// A snapshot that is coming in: its chunks put together, and looked at before anything is taken of it.
//
//   if (auto wrong = reader.begin(header, {snapshot_bytes_max, it_was_asked_for})) return resubscribe_without(*wrong);
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
  struct Limits {
    std::uint64_t bytes_max = 0;  ///< as the relay says; 0: unlimited
    bool unpacks = false;         ///< chunks may come compressed: it was asked for
    /// Whatever was announced: the size above which no more is unpacked.
    std::uint64_t unpacked_bytes_max = std::uint64_t{1} << 30;
  };
  /// Likewise of a single chunk.
  static constexpr std::uint64_t chunk_unpacked_bytes_max = std::uint64_t{8} << 20;

  [[nodiscard]] Result<void> begin(const frames::SnapshotHeader& header, const Limits& limits);
  /// True when it is whole, and what its hash says.
  [[nodiscard]] Result<bool> add(const frames::SnapshotChunk& chunk);
  [[nodiscard]] bool reading() const { return header_.has_value(); }
  [[nodiscard]] const frames::SnapshotHeader& header() const { return *header_; }
  /// Where the next chunk begins.
  [[nodiscard]] std::uint64_t position() const { return bytes_.size(); }
  /// The bytes; nothing is being read from then on.
  [[nodiscard]] SharedBytes take();
  void reset();

 private:
  [[nodiscard]] Result<std::string> inflated(const frames::SnapshotChunk& chunk) const;

  std::optional<frames::SnapshotHeader> header_;
  Limits limits_;
  std::string bytes_;
};

}  // namespace weir::client
