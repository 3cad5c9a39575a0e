#include "weir/rocksdb/append_queue.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t item_overhead_bytes = 256;
constexpr std::size_t items_per_commit_max = 8192;

std::size_t bytes_of(const Append& append) {
  std::size_t bytes = item_overhead_bytes + append.principal.size();
  for (const Delta& delta : append.deltas) bytes += delta.payload.size() + sizeof(Delta);
  for (const Note& note : append.notes) bytes += note.key.size() + note.value.size();
  return bytes;
}

}  // namespace

void AppendQueue::push(Queued item) {
  if (item.append) item.bytes = bytes_of(*item.append);
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (item.append) {
      std::size_t& of_space = bytes_of_space_[item.append->path->space];
      if (!closed_ && (bytes_ == 0 || of_space + item.bytes + bytes_ <= bytes_max_)) {
        of_space += item.bytes;
        bytes_ += item.bytes;
      } else {
        if (of_space == 0) bytes_of_space_.erase(item.append->path->space);
        item.append.reset();
        item.checksums = {};
        item.bytes = 0;
      }
    }
    was_empty = items_.empty();
    items_.push_back(std::move(item));
  }
  if (was_empty) wake_.notify_one();
}

std::deque<Queued> AppendQueue::take(std::size_t bytes_max, std::optional<std::chrono::milliseconds> patience) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return closed_ || !items_.empty(); };
  if (patience) {
    wake_.wait_for(lock, *patience, ready);
  } else {
    wake_.wait(lock, ready);
  }
  std::deque<Queued> taken;
  std::size_t bytes = 0;
  while (!items_.empty() && taken.size() < items_per_commit_max) {
    Queued& front = items_.front();
    if (!taken.empty() && bytes + front.bytes > bytes_max) break;
    bytes += front.bytes;
    if (front.append) {
      bytes_ -= front.bytes;
      const auto of_space = bytes_of_space_.find(front.append->path->space);
      of_space->second -= front.bytes;
      if (of_space->second == 0) bytes_of_space_.erase(of_space);
    }
    taken.push_back(std::move(front));
    items_.pop_front();
  }
  return taken;
}

void AppendQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_one();
}

bool AppendQueue::drained() const {
  const std::lock_guard lock(mutex_);
  return closed_ && items_.empty();
}

std::size_t AppendQueue::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t AppendQueue::queued_items() const {
  const std::lock_guard lock(mutex_);
  return items_.size();
}

}  // namespace weir::storage::rocks
