// Parts of snapshots on their way to readers, encoded once for each dialect: a thousand who join at a time share the
// bytes and cost one read.
//
//   const SnapshotCache::Key key{handle, epoch, id, standing, position, dialect, unpacks};
//   auto piece = cache.get(key, [&] { return read_and_encode(); });
//
// Who asks for what somebody is reading at that moment waits for it. Bounded by bytes, the least recently used leave
// first; what readers still hold they go on sharing with who comes, however large it is.
//
// Threads: any; get() may block.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "weir/core/messages.hpp"

namespace weir::shard {

class SnapshotCache {
 public:
  struct Key {
    DocumentHandle document;
    Epoch epoch;  ///< numbers of snapshots begin anew with a document's life
    SnapshotId snapshot;
    SnapshotStanding standing = SnapshotStanding::candidate;  ///< readers are told
    std::uint64_t position = 0;
    core::DialectKind dialect = core::DialectKind::native;
    bool compressed = false;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Piece = core::SnapshotReadAnswer::Piece;
  using Read = std::function<Result<Piece>()>;

  explicit SnapshotCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// A failed read is answered to who asked for it, and tried anew by the next.
  [[nodiscard]] Result<Piece> get(const Key& key, const Read& read);

 private:
  struct Entry {
    bool ready = false;
    Piece piece;                                      ///< without its bytes when the cache does not keep them
    std::weak_ptr<const SharedBytes> held;            ///< the bytes, as long as anybody has them
    std::optional<std::list<Key>::iterator> place{};  ///< among those that the cache keeps
  };
  /// Empty when nobody has its bytes any more.
  std::optional<Piece> share(Entry& entry);
  void keep(const Key& key, Entry entry);
  void trim();

  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::map<Key, Entry> entries_;
  std::list<Key> used_;  ///< what the cache keeps, the most recently used first
  std::size_t bytes_ = 0;
};

}  // namespace weir::shard
