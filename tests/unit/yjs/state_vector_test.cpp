#include "weir/yjs/state_vector.hpp"

#include <gtest/gtest.h>

#include <random>

namespace weir::yjs {
namespace {

using namespace std::string_literals;

std::string vector_of(const StateVector& vector) { return encode_state_vector(vector); }

TEST(StateVectors, AreListsOfPairs) {
  const auto vector = parse_state_vector("\x02\x05\x07\xac\x02\x01"s);
  ASSERT_TRUE(vector);
  EXPECT_EQ(*vector, (StateVector{{5, 7}, {300, 1}}));
  EXPECT_EQ(encode_state_vector(*vector), "\x02\x05\x07\xac\x02\x01"s);
  EXPECT_EQ(parse_state_vector("\0"s), StateVector{});
}

TEST(StateVectors, NamedTwiceCountTheLarger) {
  EXPECT_EQ(parse_state_vector("\x03\x05\x07\x05\x09\x05\x08"s), (StateVector{{5, 9}}));
}

TEST(StateVectors, MalformedAreNothing) {
  for (const std::string& bytes :
       {""s, "\1"s, "\1\1"s, "\0\0"s, "\2\1\1"s, "\1\x80"s, "\xff\xff\xff\xff\xff\xff\xff\x0f\1\1"s}) {
    EXPECT_FALSE(parse_state_vector(bytes));
    EXPECT_FALSE(is_state_vector(bytes));
    EXPECT_FALSE(is_empty_state_vector(bytes));
  }
}

TEST(StateVectors, EmptyMeansThatNothingCounts) {
  EXPECT_TRUE(is_empty_state_vector("\0"s));
  EXPECT_TRUE(is_empty_state_vector("\1\5\0"s));
  EXPECT_FALSE(is_empty_state_vector("\1\5\1"s));
}

TEST(Covers, MergeToThePointwiseMaximum) {
  const CoverMerger merger;
  const std::string merged = merger.merge(vector_of({{1, 5}, {2, 9}}), vector_of({{2, 3}, {3, 1}, {1, 6}}));
  EXPECT_EQ(parse_state_vector(merged), (StateVector{{1, 6}, {2, 9}, {3, 1}}));
}

TEST(Covers, NothingAndRubbishCountAsNothing) {
  const CoverMerger merger;
  const std::string some = vector_of({{1, 5}});
  EXPECT_EQ(merger.merge("", ""), "");
  EXPECT_EQ(merger.merge("", "\0"s), "");
  EXPECT_EQ(merger.merge(some, ""), some);
  EXPECT_EQ(merger.merge(some, "rubbish"), some);
  EXPECT_EQ(merger.merge("rubbish", some), some);
}

// However a merge is grouped or repeated, the outcome is the same: hubs merge in any order.
TEST(Covers, MergeInAnyOrder) {
  const CoverMerger merger;
  std::mt19937 random(3);
  const auto some = [&] {
    StateVector vector;
    for (auto i = random() % 6; i > 0; --i) vector[random() % 8] = 1 + random() % 5;
    return vector.empty() ? std::string() : encode_state_vector(vector);
  };
  for (int i = 0; i < 500; ++i) {
    const std::string a = some();
    const std::string b = some();
    const std::string c = some();
    EXPECT_EQ(merger.merge(a, b), merger.merge(b, a));
    EXPECT_EQ(merger.merge(merger.merge(a, b), c), merger.merge(a, merger.merge(b, c)));
    EXPECT_EQ(merger.merge(a, a), a);
  }
}

TEST(Covers, ThatGrowTooLargeForgetWhoCountedLeast) {
  const CoverMerger merger;
  StateVector many;
  for (std::uint64_t client = 1; client <= 20'000; ++client) many[client + 4'000'000'000] = client;
  const std::string merged = merger.merge("", vector_of(many));
  EXPECT_LE(merged.size(), CoverMerger::cover_bytes_max);
  const auto kept = parse_state_vector(merged);
  ASSERT_TRUE(kept);
  EXPECT_GT(kept->size(), 5000U);
  EXPECT_EQ(kept->begin()->second, 20'001 - kept->size());                      // the largest clocks, all of them
  for (const auto& [client, clock] : *kept) EXPECT_LE(clock, many.at(client));  // never more than was said
}

}  // namespace
}  // namespace weir::yjs
