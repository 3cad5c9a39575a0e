// The benchmark's own arithmetic: a quantile that is off would go unnoticed.
#include <gtest/gtest.h>

#include <cmath>

#include "bench/load/histogram.hpp"

namespace weir::bench {
namespace {

TEST(Histogram, HasNoQuantileOfNothing) { EXPECT_FALSE(Histogram().quantile(0.5).has_value()); }

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::uint64_t value = 0; value <= 100; ++value) histogram.add(value < 63 ? value : 63);
  EXPECT_EQ(histogram.quantile(0.0), 0u);
  EXPECT_EQ(histogram.quantile(0.5), 50u);
  EXPECT_EQ(histogram.quantile(1.0), 63u);
}

TEST(Histogram, IsWithinOneStepForAllMagnitudes) {
  for (int bit = 6; bit < 64; ++bit) {
    for (const std::uint64_t low : {0ull, 1ull, 0x2aull}) {
      const std::uint64_t value = (1ull << bit) + (low << (bit - 6));
      Histogram histogram;
      histogram.add(value);
      const auto found = histogram.quantile(0.5);
      ASSERT_TRUE(found.has_value());
      EXPECT_GE(*found, value);
      EXPECT_LE(static_cast<double>(*found - value), std::ldexp(static_cast<double>(value), -6)) << value;
    }
  }
}

TEST(Histogram, OrdersQuantiles) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 10'000; ++value) histogram.add(value * 1000);
  EXPECT_NEAR(static_cast<double>(*histogram.quantile(0.5)), 5e6, 1e5);
  EXPECT_NEAR(static_cast<double>(*histogram.quantile(0.99)), 9.9e6, 2e5);
  EXPECT_EQ(histogram.total(), 10'000u);
}

}  // namespace
}  // namespace weir::bench
