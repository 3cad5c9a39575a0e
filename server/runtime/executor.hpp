// A place where work runs one piece at a time, with a clock: a shard's thread, or the simulation's.
//
//   executor.post([this] { drain(); });
//   executor.call_after(100ms, [this] { tick(); });
//
// Threads: post() from any; the rest on the executor itself. Work posted from one thread runs in the order posted.
#pragma once

#include <chrono>
#include <functional>

#include "weir/vocabulary/ids.hpp"

namespace weir::runtime {

class Executor {
 public:
  using Task = std::function<void()>;
  virtual ~Executor() = default;
  virtual void post(Task task) = 0;
  /// Runs once, not before `delay` has passed, unless the executor stops first.
  virtual void call_after(std::chrono::milliseconds delay, Task task) = 0;
  /// Steady time since some start.
  [[nodiscard]] virtual std::chrono::milliseconds steady_now() const = 0;
  /// The same in nanoseconds, for measuring, of one clock for all executors of a process.
  [[nodiscard]] virtual std::chrono::nanoseconds moment() const { return steady_now(); }
  /// Unix time in whole seconds.
  [[nodiscard]] virtual Seconds wall_now() const = 0;
};

/// Where blocking reads of the store run: a small bounded pool of threads, or the simulation's event queue.
class BlockingPool {
 public:
  using Task = std::function<void()>;
  virtual ~BlockingPool() = default;
  /// From any thread. The task runs once on some thread of the pool.
  virtual void submit(Task task) = 0;
};

/// Random bytes: the system's, or the simulation's from its seed. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(void* bytes, std::size_t count) = 0;
};

}  // namespace weir::runtime
