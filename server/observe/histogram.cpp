#include "weir/observe/histogram.hpp"

#include <algorithm>
#include <numeric>

#include "weir/vocabulary/assert.hpp"

namespace weir::observe {

std::uint64_t Snapshot::count() const { return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}); }

Snapshot& Snapshot::operator+=(const Snapshot& other) {
  WEIR_ASSERT(std::ranges::equal(bounds, other.bounds));
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum += other.sum;
  return *this;
}

Histogram::Histogram(std::span<const std::uint64_t> upper_bounds) : bounds_(upper_bounds) {
  WEIR_ASSERT(!bounds_.empty() && bounds_.size() <= bounds_max);
  WEIR_ASSERT(std::ranges::adjacent_find(bounds_, std::greater_equal<>()) == bounds_.end());
}

std::size_t Histogram::bucket_of(std::uint64_t value) const {
  return static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
}

Snapshot Histogram::read() const {
  Snapshot snapshot{bounds_, {}, sum_.load(std::memory_order_relaxed)};
  snapshot.buckets.reserve(bounds_.size() + 1);
  for (std::size_t i = 0; i <= bounds_.size(); ++i)
    snapshot.buckets.push_back(buckets_[i].load(std::memory_order_relaxed));
  return snapshot;
}

}  // namespace weir::observe
