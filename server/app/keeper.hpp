// Looks through the documents that nobody has open, now and then: what is due in one that has snapshots (dropping what
// nobody needs, cutting what may be cut) its hub then does. A page of names at a time, at leisure.
//
//   Keeper keeper({.log = log, .snapshots = snapshots, .readers = readers, .shard = shard}, interval);
//   keeper.start();
//
// Threads: made and started before the executors run; afterwards it lives on the shard's executor and the pool.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "weir/shard/shard.hpp"

namespace weir::app {

class Keeper {
 public:
  struct Parts {
    const storage::DeltaLog& log;
    const storage::SnapshotStore& snapshots;
    runtime::BlockingPool& readers;
    shard::Shard& shard;
  };
  Keeper(Parts parts, std::chrono::milliseconds interval) : parts_(parts), interval_(interval) {}

  /// The first round begins after an interval.
  void start();

 private:
  void again_after(std::chrono::milliseconds delay);
  void look();
  [[nodiscard]] bool look_at_page();

  const Parts parts_;
  const std::chrono::milliseconds interval_;
  // Where the round is; used by one task at a time.
  std::string space_;     ///< being looked through; empty: before the first
  std::string document_;  ///< the last one seen of it
  bool in_space_ = false;
};

}  // namespace weir::app
