#include "weir/shard/snapshot_cache.hpp"

namespace weir::shard {

Result<SnapshotCache::Piece> SnapshotCache::get(const Key& key, const Read& read) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) break;
    if (found->second.ready) {
      used_.splice(used_.begin(), used_, found->second.place);
      return found->second.piece;
    }
    changed_.wait(lock);
  }
  entries_[key];  // others wait for it from here on
  lock.unlock();
  Result<Piece> piece = read();
  lock.lock();
  if (piece) {
    Entry& entry = entries_[key];
    entry.piece = *piece;
    entry.ready = true;
    used_.push_front(key);
    entry.place = used_.begin();
    bytes_ += piece->bytes.size();
    trim();
  } else {
    entries_.erase(key);
  }
  lock.unlock();
  changed_.notify_all();
  return piece;
}

void SnapshotCache::trim() {
  while (bytes_ > bytes_max_ && !used_.empty()) {
    const auto last = entries_.find(used_.back());
    bytes_ -= last->second.piece.bytes.size();
    entries_.erase(last);
    used_.pop_back();
  }
}

}  // namespace weir::shard
