#include "weir/shard/snapshot_cache.hpp"

namespace weir::shard {

Result<SnapshotCache::Piece> SnapshotCache::get(const Key& key, const Read& read) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) break;
    if (found->second.ready) {
      if (auto piece = share(found->second)) return *std::move(piece);
      found->second = {};
      break;
    }
    changed_.wait(lock);
  }
  entries_[key];  // others wait for it from here on
  lock.unlock();
  Result<Piece> piece = read();
  Entry entry{true, {}, {}};
  if (piece) {
    const auto held = std::make_shared<const SharedBytes>(std::move(piece->bytes));
    piece->bytes = SharedBytes(held, held->view());
    entry.piece = *piece;
    entry.held = held;
  }
  lock.lock();
  if (piece)
    keep(key, std::move(entry));
  else
    entries_.erase(key);
  lock.unlock();
  changed_.notify_all();
  return piece;
}

std::optional<SnapshotCache::Piece> SnapshotCache::share(Entry& entry) {
  const auto held = entry.held.lock();
  if (held == nullptr) return std::nullopt;
  if (entry.place) used_.splice(used_.begin(), used_, *entry.place);
  Piece piece = entry.piece;
  piece.bytes = SharedBytes(held, held->view());
  return piece;
}

void SnapshotCache::keep(const Key& key, Entry entry) {
  bytes_ += entry.piece.bytes.size();
  used_.push_front(key);
  entry.place = used_.begin();
  entries_[key] = std::move(entry);
  trim();
}

void SnapshotCache::trim() {
  if (bytes_ <= bytes_max_) return;
  while (bytes_ > bytes_max_ && !used_.empty()) {
    Entry& last = entries_.at(used_.back());
    bytes_ -= last.piece.bytes.size();
    last.piece.bytes = {};
    last.place.reset();
    used_.pop_back();
  }
  std::erase_if(entries_, [](const auto& one) { return one.second.ready && one.second.held.expired(); });
}

}  // namespace weir::shard
