// Latencies in little space: exact to about 1.6 %, from a nanosecond to centuries.
//
//   Histogram ack;
//   ack.add(now - sent);
//   ack.quantile(0.99);     // nanoseconds, or nothing when nothing was added
//
// Each power of two is divided into 64 buckets. Threads: a plain value.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::bench {

class Histogram {
 public:
  void add(std::uint64_t value) {
    ++counts_[bucket(value)];
    ++total_;
  }
  void clear() { *this = {}; }
  [[nodiscard]] std::uint64_t total() const { return total_; }

  /// The largest value of the bucket in which the quantile lies.
  [[nodiscard]] std::optional<std::uint64_t> quantile(double part) const {
    if (total_ == 0) return std::nullopt;
    auto left = static_cast<std::uint64_t>(part * static_cast<double>(total_ - 1));
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (left < counts_[i]) return largest(i);
      left -= counts_[i];
    }
    return largest(counts_.size() - 1);
  }

 private:
  static constexpr std::size_t steps = 64;  // values below it have a bucket each

  static std::size_t bucket(std::uint64_t value) {
    if (value < steps) return value;
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 7;
    return (shift + 1) * steps + (value >> shift) - steps;
  }
  static std::uint64_t largest(std::size_t index) {
    if (index < steps) return index;
    const std::size_t shift = index / steps - 1;
    return ((index % steps + steps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, steps * 59> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace weir::bench
