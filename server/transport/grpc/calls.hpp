// The calls of one gRPC transport: how many there are, which shard is next, and who must be told when the relay stops.
// Private to this module.
//
//   auto slot = context.calls.take();                    // null: too many
//   auto told = context.calls.when_draining([...] { ... });
//
// Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace weir::rpc {

class Calls {
 public:
  explicit Calls(std::size_t calls_max) : state_(std::make_shared<State>(calls_max)) {}

  /// Counts one call for as long as it is held; null when there are too many.
  [[nodiscard]] std::shared_ptr<void> take();
  [[nodiscard]] std::size_t open() const;

  /// `told` runs when the relay begins to stop, on the thread that stops it; at once if it has. Not after the returned
  /// handle has been destroyed, unless that happens while it runs.
  [[nodiscard]] std::shared_ptr<void> when_draining(std::function<void()> told);
  void drain();
  /// Waits until no call is open, or until `deadline`.
  void wait_until_none(std::chrono::steady_clock::time_point deadline);

 private:
  struct State {
    explicit State(std::size_t max) : calls_max(max) {}
    const std::size_t calls_max;
    std::mutex mutex;
    std::condition_variable none_open;
    std::size_t open = 0;                                               // mutex
    bool draining = false;                                              // mutex
    std::uint64_t given = 0;                                            // mutex
    std::unordered_map<std::uint64_t, std::function<void()>> watchers;  // mutex
  };
  /// Handles may outlive this object.
  std::shared_ptr<State> state_;
};

}  // namespace weir::rpc
