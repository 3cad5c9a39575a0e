#include "weir/core/out_queue.hpp"

namespace weir::core {

void OutQueue::add(Item item) {
  bytes_ += item.bytes.size();
  ++live_items_;
  items_.push_back(std::move(item));
}

void OutQueue::push_presence(std::string slot, SharedBytes bytes, std::size_t bytes_max) {
  if (const auto waiting = presence_.find(slot); waiting != presence_.end()) {
    Item& item = items_[waiting->second - taken_];
    bytes_ = bytes_ - item.bytes.size() + bytes.size();
    item.bytes = std::move(bytes);
    return;
  }
  if (bytes_ + bytes.size() > bytes_max) return;
  presence_[slot] = taken_ + items_.size();
  add({Kind::presence, std::move(bytes), 0, {}, {}, std::move(slot)});
}

std::vector<OutQueue::Dropped> OutQueue::drop(FeederId feeder, DocumentHandle document) {
  std::vector<Dropped> dropped;
  for (Item& item : items_) {
    const bool records = item.kind == Kind::records;
    if ((!records && item.kind != Kind::caught_up) || item.feeder != feeder) continue;
    if (document.value != 0 && item.document != document) continue;
    dropped.push_back({item.document, records ? item.offset : Offset{}});
    bytes_ -= item.bytes.size();
    --live_items_;
    item.kind = Kind::dropped;
    item.bytes = {};
  }
  return dropped;
}

void OutQueue::take(std::size_t bytes_max, std::vector<SharedBytes>& out, const CaughtUp& caught_up) {
  std::size_t taken_bytes = 0;
  while (!items_.empty() && taken_bytes < bytes_max) {
    Item item = std::move(items_.front());
    items_.pop_front();
    ++taken_;
    if (item.kind == Kind::dropped) continue;
    --live_items_;
    bytes_ -= item.bytes.size();
    taken_bytes += item.bytes.size();
    if (oldest_taken_ == Moment{}) oldest_taken_ = item.since;
    if (item.kind == Kind::presence) presence_.erase(item.slot);
    if (item.kind == Kind::caught_up)
      caught_up(item.document, item.offset);
    else if (!item.bytes.empty())
      out.push_back(std::move(item.bytes));
  }
}

}  // namespace weir::core
