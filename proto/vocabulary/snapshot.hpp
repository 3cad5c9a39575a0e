// A snapshot: bytes made by a client that stand for every record of a document up to an offset. What is known of it,
// not its bytes; the relay never looks into them.
//
// A snapshot with a `base` stands only for what came after that one: the two together, applied in any order, are the
// document. So a large document is not rewritten whole each time. Bases form a chain that ends at one without a base.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/vocabulary/bytes.hpp"
#include "weir/vocabulary/digest.hpp"
#include "weir/vocabulary/ids.hpp"

namespace weir {

/// Given by the store: 1, 2, ... in one life of a document, in the order in which they were stored. Never reused.
using SnapshotId = Number<struct SnapshotIdTag>;

/// An upload to a store that is under way; of one process only.
using SnapshotUpload = Number<struct SnapshotUploadTag>;

/// What its author says of it. Behind one that is not lossless, records are cut only where the space allows it.
enum class Fidelity : std::uint8_t { unknown = 0, lossless = 1, lossy = 2 };

/// How far it is trusted.
enum class SnapshotStanding : std::uint8_t {
  candidate = 0,    ///< one client's word: served once it is old enough, never cut behind
  verified = 1,     ///< another principal has compared it with its own state
  quarantined = 2,  ///< reported as bad, or withdrawn by an operator: served to nobody
};

struct Snapshot {
  SnapshotId id;
  SnapshotId base;  ///< 0: it stands alone
  Offset offset;    ///< it stands for every record up to here (those its base stands for: with the base)
  Digest chain;     ///< the chain value after the last record up to `offset`
  Digest hash;      ///< SHA-256 of its bytes
  std::uint64_t size = 0;
  Codec codec;
  Fidelity fidelity = Fidelity::unknown;
  SnapshotStanding standing = SnapshotStanding::candidate;
  Seconds time;   ///< when it was stored
  Seconds since;  ///< of its present standing
  /// Who gave it that standing: whoever verified or reported it. Nobody, for a candidate and for what an operator
  /// withdrew.
  std::string by;
  /// Who made it: a principal, or a producer where principals are not told apart.
  std::string author;
  /// All records of the document up to `offset` and their payloads, cut ones included: what the snapshot saves.
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  /// A dialect's, as small as a note: for Yjs, a state vector that the records up to `offset` contain.
  SharedBytes note;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// Consecutive bytes of a snapshot, compressed as they lie in the store or plain.
struct SnapshotPart {
  std::uint64_t position = 0;  ///< of the first, in the plain snapshot
  std::uint64_t size = 0;      ///< plain
  SharedBytes bytes;
  bool compressed = false;  ///< `bytes` is one zstd frame of `size` bytes
  bool last = false;
};

}  // namespace weir
