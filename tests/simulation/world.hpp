// The simulated world: one thread, one seed, virtual time. Everything that takes time or chance in the real one
// (threads, timers, the disk, the reader pool, the network) is an event here, drawn from the seed, so that a run can be
// repeated exactly.
//
//   World world(seed);
//   world.after(5ms, alive, [] { ... });         // dropped if `alive` has been ended by then
//   world.run_until([&] { return done; }, 10min);
//
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "weir/runtime/executor.hpp"

namespace weir::simulation {

using namespace std::chrono_literals;
using Time = std::chrono::microseconds;

/// The life of a process: its events die with it.
class Life {
 public:
  [[nodiscard]] bool over() const { return !*alive_; }
  void end() { *alive_ = false; }

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Chance, from the seed alone. Not the standard distributions: they differ between libraries.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  /// Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  [[nodiscard]] bool one_in(std::uint64_t count) { return below(count) == 0; }
  [[nodiscard]] Time time_below(Time bound) { return Time{below(static_cast<std::uint64_t>(bound.count()) + 1)}; }

 private:
  std::mt19937_64 engine_;
};

class World {
 public:
  using Task = std::function<void()>;
  explicit World(std::uint64_t seed) : chance(seed) {}

  void after(Time delay, Life life, Task task);
  [[nodiscard]] Time now() const { return now_; }
  /// Runs events until `done` says so; false when `patience` of virtual time passed first or nothing is left.
  bool run_until(const std::function<bool()>& done, Time patience);

  /// A line of this seed's story, with the time. Kept, and printed when the seed fails.
  void tell(std::string line);
  [[nodiscard]] const std::deque<std::string>& story() const { return story_; }

  Chance chance;

 private:
  struct Event {
    Time time;
    std::uint64_t order;
    Life life;
    Task task;
  };
  struct Later {
    bool operator()(const Event& left, const Event& right) const {
      return left.time != right.time ? left.time > right.time : left.order > right.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  Time now_{0};
  std::uint64_t orders_ = 0;
  std::deque<std::string> story_;
};

/// A thread of the server: its tasks run in the order posted, interleaved with other threads by chance.
class VirtualExecutor final : public runtime::Executor {
 public:
  /// `after_each` runs after each task: the simulation's chance to look at what it has caused.
  VirtualExecutor(World& world, Life life, std::function<void()> after_each)
      : world_(world), life_(std::move(life)), after_each_(std::move(after_each)) {}
  void post(Task task) override;
  void call_after(std::chrono::milliseconds delay, Task task) override;
  [[nodiscard]] std::chrono::milliseconds steady_now() const override;
  [[nodiscard]] Seconds wall_now() const override;

 private:
  void run_one();
  World& world_;
  Life life_;
  std::function<void()> after_each_;
  std::deque<Task> tasks_;
};

/// Reads of the store: done in any order, each after a while.
class VirtualPool final : public runtime::BlockingPool {
 public:
  VirtualPool(World& world, Life life) : world_(world), life_(std::move(life)) {}
  void submit(Task task) override { world_.after(world_.chance.time_below(3ms), life_, std::move(task)); }

 private:
  World& world_;
  Life life_;
};

class VirtualRandom final : public runtime::Random {
 public:
  explicit VirtualRandom(World& world) : world_(world) {}
  void fill(void* bytes, std::size_t count) override {
    auto* out = static_cast<unsigned char*>(bytes);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(world_.chance.below(256));
  }

 private:
  World& world_;
};

}  // namespace weir::simulation
