#include "world.hpp"

#include <cstdio>

namespace weir::simulation {

void World::after(Time delay, Life life, Task task) {
  events_.push({now_ + delay, orders_++, std::move(life), std::move(task)});
}

bool World::run_until(const std::function<bool()>& done, Time patience) {
  const Time end = now_ + patience;
  while (!done()) {
    if (events_.empty() || events_.top().time > end) return false;
    Event event = events_.top();
    events_.pop();
    now_ = event.time;
    if (!event.life.over()) event.task();
  }
  return true;
}

void World::tell(std::string line) {
  char time[32];
  std::snprintf(time, sizeof time, "%10.3f ms  ", static_cast<double>(now_.count()) / 1000);
  story_.push_back(time + line);
  if (story_.size() > 5000) story_.pop_front();
}

void VirtualExecutor::post(Task task) {
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) world_.after(world_.chance.time_below(100us), life_, [this] { run_one(); });
}

void VirtualExecutor::run_one() {
  const Task task = std::move(tasks_.front());
  // It stays at the front while it runs, so that what it posts does not schedule a second run.
  task();
  after_each_();
  tasks_.pop_front();
  if (!tasks_.empty()) world_.after(world_.chance.time_below(100us), life_, [this] { run_one(); });
}

void VirtualExecutor::call_after(std::chrono::milliseconds delay, Task task) {
  world_.after(delay + world_.chance.time_below(1ms), life_, [this, task = std::move(task)] { post(task); });
}

std::chrono::milliseconds VirtualExecutor::steady_now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(world_.now());
}

Seconds VirtualExecutor::wall_now() const {
  constexpr std::uint64_t start = 1'700'000'000;
  return {start + static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(world_.now()).count())};
}

}  // namespace weir::simulation
