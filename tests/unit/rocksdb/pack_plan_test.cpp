// When runs become packs and packs larger ones: the policy by itself.
#include <gtest/gtest.h>

#include <numeric>

#include "weir/rocksdb/pack_plan.hpp"

namespace weir::storage::rocks {
namespace {

PackingOptions small() {
  PackingOptions options;
  options.seal_records = 10;
  options.seal_bytes = 1000;
  options.idle_seal_records = 4;
  options.merge_records = 40;
  options.settle_records = 320;
  options.settle_bytes = 100'000;
  options.payload_bytes_max = 10'000;
  options.level = 1;
  options.settle_level = 2;
  return options;
}

Extent run(std::uint64_t records, std::uint64_t bytes = 10) {
  return {.is_pack = false, .first = {}, .last = {}, .records = records, .payload_bytes = bytes, .stored_bytes = bytes};
}
Extent pack(std::uint64_t records, std::uint64_t payload_bytes = 100) {
  return {.is_pack = true,
          .first = {},
          .last = {},
          .records = records,
          .payload_bytes = payload_bytes,
          .stored_bytes = payload_bytes / 10};
}

std::optional<PackPlan> next(const std::vector<Extent>& extents, bool idle = false) {
  return next_pack(extents, small(), idle);
}

TEST(PackPlan, NothingIsPackedBeforeItPays) {
  EXPECT_EQ(next({}), std::nullopt);
  EXPECT_EQ(next({run(9)}), std::nullopt);
  EXPECT_EQ(next({pack(10), run(9)}), std::nullopt);
  EXPECT_EQ(next({pack(10), pack(10), pack(10)}), std::nullopt);
}

TEST(PackPlan, EnoughRunsAreSealedTogether) {
  EXPECT_EQ(next({pack(10), run(5), run(4), run(1)}), (PackPlan{1, 4, 1}));
  EXPECT_EQ(next({run(1, 999), run(1, 1)}), (PackPlan{0, 2, 1}));
}

TEST(PackPlan, AnIdleDocumentIsSealedEarlier) {
  EXPECT_EQ(next({run(3)}, true), std::nullopt);
  EXPECT_EQ(next({run(3), run(1)}, true), (PackPlan{0, 2, 1}));
}

TEST(PackPlan, SmallPacksAreMergedOnceTogetherTheyAreLarge) {
  EXPECT_EQ(next({pack(320), pack(10), pack(10), pack(10), pack(10)}), (PackPlan{1, 5, 1}));
  EXPECT_EQ(next({pack(45), pack(10), pack(10), pack(10), pack(10), run(3)}), (PackPlan{1, 5, 1}));
}

TEST(PackPlan, WhatCanSettleIsNotMergedTwice) {
  EXPECT_EQ(next({pack(100), pack(100), pack(100), pack(10), pack(10)}), (PackPlan{0, 5, 2}));
}

TEST(PackPlan, NoPackHoldsMorePayloadThanAReaderTakes) {
  EXPECT_EQ(next({run(100, 6000), run(100, 6000)}), (PackPlan{0, 1, 1}));
  EXPECT_EQ(next({pack(10, 4000), pack(10, 4000), pack(10, 4000)}), (PackPlan{0, 2, 2}));
  EXPECT_EQ(next({pack(10, 8000), pack(10, 4000)}), std::nullopt) << "the first has settled";
}

TEST(PackPlan, ARunTooLargeStaysAndPacksEndBeforeIt) {
  EXPECT_EQ(next({run(1, 10'001)}), std::nullopt);
  EXPECT_EQ(next({run(4), run(1, 10'001), run(2)}), (PackPlan{0, 1, 1})) << "nothing will be added before it";
  EXPECT_EQ(next({run(3), run(1, 10'001), run(10)}), (PackPlan{2, 3, 1}));
}

TEST(PackPlan, AWholeDocumentBecomesAsFewPacksAsFit) {
  const std::vector<Extent> extents{pack(320), pack(10), run(5), run(1, 10'001), run(2, 9000), run(2, 2000), run(1)};
  EXPECT_EQ(whole_document(extents, small()), (std::vector<PackPlan>{{1, 3, 2}, {4, 5, 2}, {5, 7, 2}}));
}

TEST(PackPlan, AskedForItPacksWhatHasCutRecordsAnew) {
  Extent cut = pack(320);
  cut.has_cut = true;
  EXPECT_FALSE(next({cut, pack(320)})) << "not in the background: it may be gone with the next cut";
  EXPECT_EQ(whole_document(std::vector<Extent>{cut, pack(320)}, small()), (std::vector<PackPlan>{{0, 1, 2}}));
}

/// A document that grows record by record, with the policy applied until it has nothing more to say.
TEST(PackPlan, AGrowingDocumentIsPackedAFewTimesAndStaysShort) {
  const PackingOptions options = small();
  std::vector<Extent> extents;
  std::uint64_t packed = 0;
  constexpr std::uint64_t records = 20'000;
  for (std::uint64_t i = 0; i < records; ++i) {
    extents.push_back(run(1, 5));
    while (const auto plan = next_pack(extents, options, false)) {
      ASSERT_LT(plan->begin, plan->end);
      Extent merged = pack(0, 0);
      for (std::size_t at = plan->begin; at < plan->end; ++at) {
        merged.records += extents[at].records;
        merged.payload_bytes += extents[at].payload_bytes;
      }
      merged.stored_bytes = merged.payload_bytes / 10;
      packed += merged.records;
      const auto begin = extents.begin() + static_cast<std::ptrdiff_t>(plan->begin);
      extents.erase(begin, extents.begin() + static_cast<std::ptrdiff_t>(plan->end));
      extents.insert(extents.begin() + static_cast<std::ptrdiff_t>(plan->begin), merged);
    }
    ASSERT_LT(extents.size(), i / options.settle_records + 32);
  }
  EXPECT_LE(packed, records * 3);
  EXPECT_EQ(std::accumulate(extents.begin(), extents.end(), std::uint64_t{0},
                            [](std::uint64_t sum, const Extent& extent) { return sum + extent.records; }),
            records);
}

}  // namespace
}  // namespace weir::storage::rocks
