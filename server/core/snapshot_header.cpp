#include "weir/core/snapshot_header.hpp"

namespace weir::core {

frames::SnapshotHeader header_of(const Snapshot& snapshot, Offset base) {
  frames::SnapshotHeader header;
  header.offset = snapshot.offset;
  header.hash = snapshot.hash;
  header.size = snapshot.size;
  header.codec = snapshot.codec;
  header.chain = snapshot.chain;
  header.base = base;
  header.fidelity = snapshot.fidelity;
  header.verified = snapshot.standing == SnapshotStanding::verified;
  header.time = snapshot.time;
  return header;
}

}  // namespace weir::core
