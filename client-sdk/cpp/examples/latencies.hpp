// Times in little room, however many there are: a percentile is exact to 6 in a hundred.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

class Latencies {
 public:
  void add(std::chrono::nanoseconds time) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
    ++buckets_[bucket(value)];
    ++count_;
    max_ = std::max(max_, value);
  }
  void add(const Latencies& others) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += others.buckets_[i];
    count_ += others.count_;
    max_ = std::max(max_, others.max_);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] double percentile_ms(double percent) const {
    std::uint64_t left = static_cast<std::uint64_t>(static_cast<double>(count_) * percent / 100);
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      if (buckets_[i] > left) return static_cast<double>(std::min(lower_bound(i + 1), max_)) / 1e6;
      left -= buckets_[i];
    }
    return static_cast<double>(max_) / 1e6;
  }

 private:
  static constexpr std::uint64_t parts = 16;  // of each power of two
  static std::size_t bucket(std::uint64_t value) {
    if (value < parts) return value;
    const auto power = static_cast<std::uint64_t>(std::bit_width(value)) - 5;  // value >> power is 16 to 31
    return power * parts + (value >> power);
  }
  static std::uint64_t lower_bound(std::size_t index) {
    if (index < 2 * parts) return index;
    const std::uint64_t power = index / parts - 1;
    return (index % parts + parts) << power;
  }

  std::array<std::uint64_t, 61 * parts> buckets_{};
  std::size_t count_ = 0;
  std::uint64_t max_ = 0;
};
