// Where appends wait for the writer: in the order of the calls, bounded, shared fairly among spaces.
//
// A space may have as much queued as the queue still has free. So a single busy space gets half of it, two get a third
// each, and a newcomer always finds room. What does not fit is refused in its place in the queue, because whatever its
// lane appended after it must fail as well.
//
// Threads: push() from any thread, the rest from the writer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "weir/storage/delta_log.hpp"

namespace weir::storage::rocks {

struct Queued {
  Lane lane;
  /// Empty: a reset of the lane when there is nobody to answer, else an append refused for lack of room.
  std::optional<Append> append;
  std::vector<std::uint32_t> checksums;  ///< of the deltas, computed when they came in
  std::size_t bytes = 0;
  DeltaLog::AppendDone done;
  /// Work of the store's own, to be done between two commits: then all else is empty.
  std::function<void()> upkeep{};
  [[nodiscard]] bool is_reset() const { return !done && !upkeep; }
};

class AppendQueue {
 public:
  explicit AppendQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void push(Queued item);
  /// Waits until something is queued, the queue is closed, or `patience` is over (none: for ever); then takes about
  /// `bytes_max` from the front. Empty: closed and drained, or out of patience.
  [[nodiscard]] std::deque<Queued> take(std::size_t bytes_max, std::optional<std::chrono::milliseconds> patience);
  /// From now on push() drops the payload, so that the append is refused, and take() does not wait.
  void close();
  [[nodiscard]] bool drained() const;
  [[nodiscard]] std::size_t queued_bytes() const;
  [[nodiscard]] std::size_t queued_items() const;

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<Queued> items_;
  std::size_t bytes_ = 0;
  std::unordered_map<SpaceName, std::size_t> bytes_of_space_;
  bool closed_ = false;
};

}  // namespace weir::storage::rocks
