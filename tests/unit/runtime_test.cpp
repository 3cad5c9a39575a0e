#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "weir/runtime/io_thread.hpp"
#include "weir/runtime/reader_pool.hpp"
#include "weir/runtime/system_random.hpp"

namespace weir::runtime {
namespace {

using namespace std::chrono_literals;

TEST(IoThread, runs_what_one_thread_posts_in_order) {
  IoThread thread("test");
  std::vector<int> seen;
  std::promise<void> done;
  for (int i = 0; i < 1000; ++i) thread.post([&seen, i] { seen.push_back(i); });
  thread.post([&done] { done.set_value(); });
  thread.start();
  done.get_future().wait();
  thread.stop();
  ASSERT_EQ(seen.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(IoThread, takes_work_from_many_threads_and_runs_it_on_its_own) {
  IoThread thread("test");
  thread.start();
  std::set<std::thread::id> where;  // touched on the thread alone
  int count = 0;
  {
    std::vector<std::jthread> posters;
    for (int i = 0; i < 4; ++i) {
      posters.emplace_back([&] {
        for (int k = 0; k < 250; ++k) {
          thread.post([&] {
            where.insert(std::this_thread::get_id());
            ++count;
          });
        }
      });
    }
  }
  std::promise<void> done;
  thread.post([&done] { done.set_value(); });
  done.get_future().wait();
  thread.stop();
  EXPECT_EQ(count, 1000);
  EXPECT_EQ(where.size(), 1U);
}

/// What the two delays of one task came to.
struct Delays {
  std::vector<int> order;
  std::chrono::milliseconds asked_within{};  ///< between asking for the first and having asked for both
  std::chrono::milliseconds passed{};        ///< from then to the longer one's end
};

Delays call_after_20_and_1() {
  IoThread thread("test");
  Delays delays;
  std::promise<void> first, second;
  thread.post([&] {
    const auto begin = thread.steady_now();
    thread.call_after(20ms, [&, begin] {
      delays.order.push_back(2);
      delays.passed = thread.steady_now() - begin;
      second.set_value();
    });
    thread.call_after(1ms, [&] {
      delays.order.push_back(1);
      first.set_value();
    });
    delays.asked_within = thread.steady_now() - begin;
  });
  thread.start();
  first.get_future().wait();
  second.get_future().wait();
  thread.stop();
  return delays;
}

TEST(IoThread, calls_after_the_delay_in_the_order_of_their_times) {
  // Where the thread stood still between the two calls, the time of the second is not the earlier one: then once more.
  Delays delays;
  do delays = call_after_20_and_1();
  while (delays.asked_within >= 18ms);
  EXPECT_EQ(delays.order, (std::vector<int>{1, 2}));
  EXPECT_GE(delays.passed, 19ms);  // never before the delay; both ends are rounded down
}

TEST(IoThread, drops_what_has_not_run_when_it_stops) {
  auto held = std::make_shared<int>(0);
  {
    IoThread thread("test");
    thread.post([held] {});
    thread.call_after(1h, [held] {});
    thread.stop();
    thread.post([held] {});
    EXPECT_GT(held.use_count(), 1);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(IoThread, tells_the_time) {
  IoThread thread("test");
  EXPECT_GT(thread.wall_now().value, 1'700'000'000U);
  EXPECT_GE(thread.steady_now().count(), 0);
  thread.stop();
}

TEST(ReaderPool, runs_everything_before_it_stops) {
  std::atomic<int> count = 0;
  ReaderPool pool(3);
  for (int i = 0; i < 500; ++i) pool.submit([&] { ++count; });
  pool.stop();
  EXPECT_EQ(count, 500);
  pool.submit([&] { ++count; });
  EXPECT_EQ(count, 500);
}

TEST(ReaderPool, runs_as_many_at_once_as_it_has_threads) {
  ReaderPool pool(2);
  std::promise<void> first;
  std::promise<void> second;
  pool.submit([&] {
    first.set_value();
    second.get_future().wait();  // returns only because the other task runs at the same time
  });
  pool.submit([&] {
    first.get_future().wait();
    second.set_value();
  });
  pool.stop();
}

TEST(SystemRandom, fills_every_byte_and_never_repeats) {
  SystemRandom random;
  std::set<std::array<unsigned char, 16>> seen;
  std::array<unsigned char, 16> changed{};
  for (int i = 0; i < 200; ++i) {
    std::array<unsigned char, 16> bytes{};
    random.fill(bytes.data(), bytes.size());
    EXPECT_TRUE(seen.insert(bytes).second);
    for (std::size_t k = 0; k < bytes.size(); ++k) changed[k] = static_cast<unsigned char>(changed[k] | bytes[k]);
  }
  for (const unsigned char byte : changed) EXPECT_NE(byte, 0);
}

}  // namespace
}  // namespace weir::runtime
