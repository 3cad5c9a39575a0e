#include "weir/memory/memory_log.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir::storage {
namespace {

constexpr std::size_t append_overhead_bytes = 256;

std::size_t bytes_of(const Append& append) {
  std::size_t bytes = append_overhead_bytes + append.principal.size();
  for (const Delta& delta : append.deltas) bytes += delta.payload.size() + sizeof(Delta);
  for (const Note& note : append.notes) bytes += note.key.size() + note.value.size();
  return bytes;
}

}  // namespace

MemoryLog::MemoryLog(MemoryLogOptions options) : options_(options) {
  state_.incarnation = options.incarnation;
  if (options_.mode == Mode::automatic) thread_ = std::thread([this] { run_automatically(); });
}

MemoryLog::~MemoryLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

StoreIncarnation MemoryLog::incarnation() const {
  const std::lock_guard lock(mutex_);
  return state_.incarnation;
}

void MemoryLog::append(Lane lane, Append append, AppendDone done) {
  if (append.path == nullptr || !done) std::abort();  // a defect of the caller
  const std::size_t bytes = bytes_of(append);
  {
    const std::lock_guard lock(mutex_);
    Item item{lane, false, std::nullopt, 0, std::move(done)};
    const auto mine = queue_bytes_of_space_.find(append.path->space);
    const std::size_t queued = mine == queue_bytes_of_space_.end() ? 0 : mine->second;
    if (queue_bytes_ == 0 || queued + bytes + queue_bytes_ <= options_.queue_bytes_max) {
      queue_bytes_ += bytes;
      queue_bytes_of_space_[append.path->space] += bytes;
      item.bytes = bytes;
      item.append = std::move(append);
    }
    queue_.push_back(std::move(item));
  }
  wake_.notify_one();
}

void MemoryLog::reset(Lane lane) {
  const std::lock_guard lock(mutex_);
  queue_.push_back({lane, true, std::nullopt, 0, {}});
  wake_.notify_one();
}

std::size_t MemoryLog::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

std::size_t MemoryLog::pending_completions() const {
  const std::lock_guard lock(mutex_);
  return completions_.size();
}

std::size_t MemoryLog::make_durable(std::size_t count) {
  const std::lock_guard lock(mutex_);
  return make_durable_locked(count);
}

std::size_t MemoryLog::make_durable_locked(std::size_t count) {
  const bool writes =
      std::any_of(queue_.begin(), queue_.end(), [](const Item& item) { return item.append.has_value(); });
  // A failure meets the next commit that has something to write; what it would have stored goes to a copy.
  const std::optional<Injected> injected = writes ? std::exchange(injected_, std::nullopt) : std::nullopt;
  MemoryState copy;
  if (injected) copy = state_;
  MemoryState& target = injected ? copy : state_;
  std::vector<Lane> lanes_of_failed_commit;
  std::size_t taken = 0;
  while (!queue_.empty() && (queue_.front().reset || taken < count)) {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    if (item.reset) {
      failed_lanes_.erase(item.lane);
      continue;
    }
    ++taken;
    Result<Appended> result = take(item, target);
    if (injected && result) {
      lanes_of_failed_commit.push_back(item.lane);
      result = fail(injected->code, injected->code == Code::resource_exhausted ? "the disk is full; free some space"
                                                                               : "the log could not be written");
    }
    completions_.push_back({std::move(item.done), std::move(result)});
  }
  failed_lanes_.insert(lanes_of_failed_commit.begin(), lanes_of_failed_commit.end());
  if (injected && injected->code == Code::unavailable) broken_ = true;
  if (injected && injected->afterwards == Afterwards::stored) found_after_crash_ = std::move(copy);
  return taken;
}

Result<Appended> MemoryLog::take(Item& item, MemoryState& target) {
  if (item.append) {
    queue_bytes_ -= item.bytes;
    const auto mine = queue_bytes_of_space_.find(item.append->path->space);
    mine->second -= item.bytes;
    if (mine->second == 0) queue_bytes_of_space_.erase(mine);
  }
  const auto decide = [&]() -> Result<Appended> {
    if (broken_) return fail(Code::unavailable, "the log could not be written and takes no more; restart the server");
    if (failed_lanes_.contains(item.lane))
      return fail(Code::aborted, "an earlier append failed; reload and reset the lane");
    if (!item.append) return fail(Code::resource_exhausted, "too much is waiting to be stored; try again in a moment");
    return target.apply(*item.append);
  };
  Result<Appended> result = decide();
  if (!result) failed_lanes_.insert(item.lane);
  return result;
}

std::size_t MemoryLog::complete(std::size_t count) {
  std::size_t ran = 0;
  while (ran < count) {
    std::optional<Completion> next;
    {
      const std::lock_guard lock(mutex_);
      if (completions_.empty()) break;
      next = std::move(completions_.front());
      completions_.pop_front();
    }
    next->done(std::move(next->result));
    ++ran;
  }
  return ran;
}

std::size_t MemoryLog::commit(std::size_t count) {
  make_durable(count);
  return complete();
}

void MemoryLog::crash() {
  const std::lock_guard lock(mutex_);
  crash_locked();
}

void MemoryLog::crash_locked() {
  queue_.clear();
  queue_bytes_ = 0;
  queue_bytes_of_space_.clear();
  completions_.clear();
  failed_lanes_.clear();
  snapshots_.forget_uploads();
  injected_.reset();
  broken_ = false;
  if (found_after_crash_) state_ = *std::exchange(found_after_crash_, std::nullopt);
}

void MemoryLog::inject_failure(Code code, Afterwards afterwards) {
  if (code != Code::resource_exhausted && code != Code::unavailable) std::abort();
  if (afterwards == Afterwards::stored && code != Code::unavailable) std::abort();
  const std::lock_guard lock(mutex_);
  injected_ = Injected{code, afterwards};
}

void MemoryLog::set_incarnation(const StoreIncarnation& incarnation) {
  const std::lock_guard lock(mutex_);
  crash_locked();
  state_.incarnation = incarnation;
}

MemoryState MemoryLog::backup() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void MemoryLog::restore(const MemoryState& backup) {
  const std::lock_guard lock(mutex_);
  crash_locked();
  state_ = backup;
}

void MemoryLog::run_automatically() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      make_durable_locked(all);
    }
    complete();
  }
}

}  // namespace weir::storage
