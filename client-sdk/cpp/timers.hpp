// Time as the session logic sees it: moments that are given to it, and what is to be done at a later one. No clock: who
// drives the logic asks for the next moment and says when it has come.
//
//   Timer retry = timers.at(now + 250ms, [this] { subscribe(); });
//   timers.cancel(retry);
//
// Threads: one, the session's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace weir::client {

/// Since any fixed moment; never goes back.
using Time = std::chrono::milliseconds;

/// A pending moment; default: none.
struct Timer {
  Time at{0};
  std::uint64_t number = 0;
  [[nodiscard]] bool pending() const { return number != 0; }
};

class Timers {
 public:
  [[nodiscard]] Timer at(Time moment, std::function<void()> run) {
    const Timer timer{moment, ++last_number_};
    pending_.emplace(std::pair(moment, timer.number), std::move(run));
    return timer;
  }
  void cancel(Timer& timer) {
    pending_.erase({timer.at, timer.number});
    timer = {};
  }
  [[nodiscard]] std::optional<Time> next() const {
    if (pending_.empty()) return std::nullopt;
    return pending_.begin()->first.first;
  }
  /// Runs what is due, also what that adds for now or before. False when nothing was.
  bool run_due(Time now) {
    bool ran = false;
    while (!pending_.empty() && pending_.begin()->first.first <= now) {
      const std::function<void()> run = std::move(pending_.begin()->second);
      pending_.erase(pending_.begin());
      run();
      ran = true;
    }
    return ran;
  }

 private:
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> pending_;
  std::uint64_t last_number_ = 0;
};

/// Full jitter: anywhere between nothing and a ceiling that doubles with each failure, so that a crowd spreads out.
/// `random` in [0, 1).
[[nodiscard]] inline Time backoff(std::uint32_t failures, double random, Time first, Time most) {
  const double ceiling =
      static_cast<double>(first.count()) * static_cast<double>(1ULL << (failures < 30 ? failures : 30));
  const double bounded = ceiling < static_cast<double>(most.count()) ? ceiling : static_cast<double>(most.count());
  return Time(static_cast<Time::rep>(random * bounded));
}

}  // namespace weir::client
