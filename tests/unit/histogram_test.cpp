#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "weir/observe/histogram.hpp"
#include "weir/observe/published.hpp"

namespace weir::observe {
namespace {

constexpr std::array<std::uint64_t, 3> tens{10, 100, 1000};
using Buckets = std::vector<std::uint64_t>;

TEST(Histogram, a_bound_belongs_to_its_bucket) {
  Histogram histogram(tens);
  for (const std::uint64_t value : {0, 10, 11, 100, 101, 1000, 1001}) histogram.add(value);
  const Snapshot snapshot = histogram.read();
  EXPECT_EQ(snapshot.buckets, (Buckets{2, 2, 2, 1}));
  EXPECT_EQ(snapshot.sum, 2223U);
  EXPECT_EQ(snapshot.count(), 7U);
}

TEST(Histogram, begins_empty) {
  const Snapshot snapshot = Histogram(bounds::seconds).read();
  EXPECT_EQ(snapshot.buckets, Buckets(bounds::seconds.size() + 1, 0));
  EXPECT_EQ(snapshot.count(), 0U);
}

TEST(Histogram, several_threads_lose_nothing) {
  Histogram histogram(tens);
  constexpr std::uint64_t each = 20'000;
  std::vector<std::thread> threads;
  for (const std::uint64_t value : {5, 50, 500, 5000}) {
    threads.emplace_back([&histogram, value] {
      for (std::uint64_t i = 0; i < each; ++i) histogram.add_from_any(value);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(histogram.read().buckets, Buckets(4, each));
  EXPECT_EQ(histogram.read().sum, each * 5555);
}

TEST(Histogram, can_be_read_while_it_is_written) {
  Histogram histogram(tens);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 100'000; ++i) histogram.add(1);
    done = true;
  });
  std::uint64_t before = 0;
  while (!done) {
    const std::uint64_t now = histogram.read().count();
    EXPECT_GE(now, before);
    before = now;
  }
  writer.join();
  EXPECT_EQ(histogram.read().count(), 100'000U);
}

TEST(Histogram, snapshots_add_up) {
  Histogram one(tens), other(tens);
  one.add(5);
  other.add(5);
  other.add(5000);
  Snapshot sum = one.read();
  sum += other.read();
  EXPECT_EQ(sum.buckets, (Buckets{2, 0, 0, 1}));
  EXPECT_EQ(sum.sum, 5010U);
}

TEST(HistogramDeathTest, bounds_that_do_not_rise_are_a_defect) {
  static constexpr std::array<std::uint64_t, 2> wrong{10, 10};
  EXPECT_DEATH(Histogram{wrong}, "");
}

TEST(Published, shows_every_number) {
  struct Numbers {
    std::uint64_t first = 0;
    std::array<std::uint64_t, 2> more{};
  };
  Published<Numbers> shown;
  EXPECT_EQ(shown.read().more[1], 0U);
  shown.write({1, {2, 3}});
  const Numbers seen = shown.read();
  EXPECT_EQ(seen.first, 1U);
  EXPECT_EQ(seen.more, (std::array<std::uint64_t, 2>{2, 3}));
}

}  // namespace
}  // namespace weir::observe
