// How something is distributed: how long it took, how large it was. A fixed row of counters, one for each bucket.
//
//   Histogram commits(bounds::seconds);                 // upper bounds of the buckets, in nanoseconds
//   commits.add(elapsed.count());                       // on the one thread that measures
//   Snapshot now = commits.read();                      // anywhere: now.buckets[i] were at most bounds::seconds[i]
//
// Neither locks nor allocates: add() is a search among a few bounds and two plain stores. A reader may see a value's
// bucket before its sum; each number by itself is right and never goes back.
//
// Threads: add() from one, add_from_any() from many; read() from any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::observe {

namespace bounds {
/// Nanoseconds, for what is told in seconds: 25 microseconds (a memory write) to 10 seconds (something is wrong).
inline constexpr std::array<std::uint64_t, 17> seconds{
    25'000,      50'000,      100'000,       250'000,       500'000,       1'000'000,
    2'500'000,   5'000'000,   10'000'000,    25'000'000,    50'000'000,    100'000'000,
    250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 10'000'000'000};
/// How many things at a time.
inline constexpr std::array<std::uint64_t, 14> counts{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
/// Bytes: 64 B to 16 MiB, times four.
inline constexpr std::array<std::uint64_t, 10> bytes{64,     256,     1024,      4096,      16'384,
                                                     65'536, 262'144, 1'048'576, 4'194'304, 16'777'216};
}  // namespace bounds

/// A moment's copy. Of one shape, several can be added up.
struct Snapshot {
  std::span<const std::uint64_t> bounds;
  std::vector<std::uint64_t> buckets;  ///< one more than the bounds: the last is for all above
  std::uint64_t sum = 0;

  [[nodiscard]] std::uint64_t count() const;
  /// Of the same bounds.
  Snapshot& operator+=(const Snapshot& other);
};

class Histogram {
 public:
  static constexpr std::size_t bounds_max = 24;

  /// `upper_bounds` rise strictly and live as long as the process.
  explicit Histogram(std::span<const std::uint64_t> upper_bounds);
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  void add(std::uint64_t value) {
    bump(buckets_[bucket_of(value)], 1);
    bump(sum_, value);
  }
  void add_from_any(std::uint64_t value) {
    buckets_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  [[nodiscard]] Snapshot read() const;

 private:
  using Cell = std::atomic<std::uint64_t>;

  /// One thread writes, so nothing can come between the two.
  static void bump(Cell& cell, std::uint64_t by) {
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t bucket_of(std::uint64_t value) const;

  const std::span<const std::uint64_t> bounds_;
  std::array<Cell, bounds_max + 1> buckets_{};
  Cell sum_{0};
};

}  // namespace weir::observe
