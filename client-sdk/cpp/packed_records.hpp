// The records of a pack as a reader takes them: those that it has not read yet, all of them known to be of its history
// before any is taken (docs/protocol.md, "Packs").
//
//   Result<PackedRecords> fresh = unpack_fresh(event.data, history);        an error: nothing of it may be taken
//
// Whoever sent the pack may lie: what it says it becomes is limited before anything is unpacked, and what it becomes is
// never more.
//
// Internal. Threads: pure functions.
#pragma once

#include <vector>

#include "weir/client/history.hpp"
#include "weir/vocabulary/bytes.hpp"

namespace weir::client {

/// A pack that becomes more is refused; the relay's own have a tenth of it. Counted as payloads, and for each record
/// what it takes in memory beside.
inline constexpr std::size_t unpacked_bytes_max = std::size_t{32} << 20;
inline constexpr std::size_t unpacked_record_bytes = 128;

struct PackedRecords {
  std::vector<Record> records;
  std::vector<Digest> chain;  ///< behind each of them; none when the reader's own history cannot be followed
  std::size_t bytes = 0;      ///< as counted above
};

/// DATA_LOSS when the pack is damaged or of another history, UNIMPLEMENTED when it is of a later version.
[[nodiscard]] Result<PackedRecords> unpack_fresh(const SharedBytes& pack, const History& history);

}  // namespace weir::client
