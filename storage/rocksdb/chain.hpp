// Chain values, computed when somebody asks and remembered at places along the way: in memory at once, on disk with the
// next commit. A place belongs to one life of a document, so a re-creation can never meet an old one.
//
// Threads: all calls from any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

struct ChainPoint {
  DocumentId document;
  Life life;
  Offset offset;
  Digest digest;
};

class ChainCache {
 public:
  /// The chain value after the last record at or before `offset`. OUT_OF_RANGE before the document's cut, except at 0.
  [[nodiscard]] Result<Digest> chain(const View& view, const DocumentPath& path, const DocumentRow& row, Offset offset);
  /// What has been computed and is worth keeping on disk, once.
  [[nodiscard]] std::vector<ChainPoint> take_unsaved();

 private:
  using Key = std::pair<DocumentId, Life>;

  [[nodiscard]] Result<ChainPoint> nearest(const View& view, const DocumentPath& path, const DocumentRow& row,
                                           Offset offset) const;
  void remember(const ChainPoint& point, bool save);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<Key, std::map<Offset, Digest>> points_;
  std::size_t point_count_ = 0;
  std::vector<ChainPoint> unsaved_;
};

}  // namespace weir::storage::rocks
