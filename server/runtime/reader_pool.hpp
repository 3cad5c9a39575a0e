// The real BlockingPool: a few threads that may wait for the disk, so that no shard ever does.
//
//   ReaderPool pool(4);
//   pool.submit([&] { auto page = log.read_document(...); shard.post(...); });
//   pool.stop();        // runs what was submitted, then joins
//
// The queue has no cap of its own: each session and each HTTP request waits for at most one read, and both are counted
// and limited.
//
// Threads: submit() from any; stop() from the owner. A task submitted after stop() is dropped.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "weir/runtime/executor.hpp"

namespace weir::runtime {

class ReaderPool final : public BlockingPool {
 public:
  explicit ReaderPool(std::size_t threads);
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;
  ~ReaderPool() override { stop(); }

  void submit(Task task) override;
  void stop();
  /// Tasks that wait for a thread. From any thread.
  [[nodiscard]] std::size_t waiting() const;

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;  // mutex_
  bool stopping_ = false;   // mutex_
  std::vector<std::thread> threads_;
};

}  // namespace weir::runtime
