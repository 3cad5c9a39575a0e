// The thread that keeps documents small: it makes packs of the runs of documents that have grown, larger packs of small
// ones, and merges the order entries of their spaces. It has the lowest priority and no part in the way of a delta: it
// reads a View, works, and hands the writer a replacement.
//
//   Packer packer(store, chains, candidates, writer, options);      // begins with what grew before the last stop
//   packer.compact(path, [](std::uint64_t records_done, std::uint64_t records) { ... });
//
// A document whose records are damaged is left as it is, and so found by whoever reads it.
//
// Threads: compact() from any, it blocks; figures() from any. The destructor waits for the pack being made.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "weir/rocksdb/candidates.hpp"
#include "weir/rocksdb/chain.hpp"
#include "weir/rocksdb/pack_plan.hpp"
#include "weir/rocksdb/rocks_log.hpp"
#include "weir/rocksdb/writer.hpp"

namespace weir::storage::rocks {

class Packer {
 public:
  Packer(const Store& store, ChainCache& chains, Candidates& candidates, Writer& writer, const PackingOptions& options);
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  ~Packer();

  /// Packs the whole document as small as it gets, and merges its space's order.
  [[nodiscard]] Result<void> compact(const DocumentPath& path, const CompactProgress& progress);
  [[nodiscard]] PackingFigures figures() const;

 private:
  void run();
  void find_grown();
  [[nodiscard]] Result<DocumentPath> path_of(const View& view, DocumentId document);
  /// One pack, if there is one to make.
  [[nodiscard]] Result<bool> improve(DocumentId document);
  [[nodiscard]] Result<bool> replace(const View& view, const DocumentPath& path, const DocumentRow& row,
                                     std::span<const Extent> extents, int level);
  [[nodiscard]] Result<void> merge_order_of(SpaceId space);
  [[nodiscard]] Result<void> merge_order_after_cut(const View& view, const DocumentRow& row);

  const Store& store_;
  ChainCache& chains_;
  Candidates& candidates_;
  Writer& writer_;
  const PackingOptions options_;

  std::mutex working_;  // one at a time makes packs: the thread, or a caller of compact()
  // Guarded by working_.
  std::unordered_map<SpaceId, Offset> order_merged_to_;
  std::unordered_map<DocumentId, Offset> cuts_merged_;  // up to which cut the order was looked at
  std::unordered_map<SpaceId, SpaceName> spaces_;

  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> packs_made_{0};
  std::atomic<std::uint64_t> records_packed_{0};
  std::atomic<std::uint64_t> bytes_before_{0};
  std::atomic<std::uint64_t> bytes_after_{0};
  std::atomic<std::uint64_t> failures_{0};

  std::thread thread_;  // last: it starts when all else is there
};

}  // namespace weir::storage::rocks
