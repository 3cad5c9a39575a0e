// When a snapshot is wanted, which are served, kept and cut behind.
#include "weir/core/snapshot_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::core {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Seconds now{1'000'000};
const SnapshotFilter any = [](const Snapshot&) { return true; };

class Policy : public testing::Test {
 protected:
  /// Stored so many seconds ago; ids count up.
  Snapshot& add(std::uint64_t offset, SnapshotStanding standing, std::uint64_t age = 0, SnapshotId base = {}) {
    Snapshot one;
    one.id = {all.size() + 1};
    one.base = base;
    one.offset = {offset};
    one.standing = standing;
    one.fidelity = Fidelity::lossless;
    one.time = one.since = {now.value - age};
    one.size = 1000;
    all.push_back(one);
    return all.back();
  }
  [[nodiscard]] std::vector<std::uint64_t> served(const SnapshotFilter& usable = any) const {
    std::vector<std::uint64_t> offsets;
    for (const Snapshot& one : newest_servable(all, now, rules, usable)) offsets.push_back(one.offset.value);
    return offsets;
  }
  [[nodiscard]] std::vector<std::uint64_t> dropped(std::uint64_t cut_at = 0) const {
    std::vector<std::uint64_t> ids;
    for (const SnapshotId id : surplus(all, {cut_at}, now, rules)) ids.push_back(id.value);
    return ids;
  }
  [[nodiscard]] std::uint64_t cut(const Retention& retention) const {
    const auto behind = cut_behind(all, retention, now);
    return behind ? behind->offset.value : 0;
  }

  static constexpr auto candidate = SnapshotStanding::candidate;
  static constexpr auto verified = SnapshotStanding::verified;
  static constexpr auto quarantined = SnapshotStanding::quarantined;
  SnapshotList all;
  SnapshotRules rules;
};

TEST_F(Policy, WantedWhenTheTailIsAsLargeAsTheLast) {
  EXPECT_FALSE(is_wanted(all, {100, 65'535}, 65'535, rules));
  EXPECT_TRUE(is_wanted(all, {1, 65'536}, 65'536, rules));
  EXPECT_TRUE(is_wanted(all, {500, 10'000}, 10'000, rules));
  EXPECT_FALSE(is_wanted(all, {500, 10'000}, 100'000, rules));
  add(10, candidate).size = 200'000;
  EXPECT_FALSE(is_wanted(all, {100'000, 199'999}, 1'000'000, rules));
  EXPECT_TRUE(is_wanted(all, {100'000, 200'000}, 1'000'000, rules));
}

TEST_F(Policy, TheTailIsWhatCameAfterTheNewestThatIsTrusted) {
  auto& first = add(10, candidate);
  first.records = 10;
  first.payload_bytes = 100;
  auto& bad = add(20, quarantined);
  bad.records = 20;
  bad.payload_bytes = 200;
  const Tail tail = tail_behind(all, 30, 300);
  EXPECT_EQ(tail.records, 20U);
  EXPECT_EQ(tail.bytes, 200U);
}

TEST_F(Policy, ServedIsTheNewestThatIsVerifiedOrOld) {
  EXPECT_THAT(served(), IsEmpty());
  add(10, verified);
  add(20, candidate, 3599);
  EXPECT_THAT(served(), ElementsAre(10));
  add(30, candidate, 3600);
  EXPECT_THAT(served(), ElementsAre(30));
  add(40, quarantined, 9999);
  EXPECT_THAT(served(), ElementsAre(30));
  EXPECT_THAT(served([](const Snapshot& one) { return one.offset.value < 30; }), ElementsAre(10));
}

TEST_F(Policy, ALayerIsServedWithEveryBaseOrNotAtAll) {
  add(10, verified);
  add(20, verified, 0, {1});
  add(30, verified, 0, {2});
  EXPECT_THAT(served(), ElementsAre(10, 20, 30));
  all[1].standing = candidate;
  EXPECT_THAT(served(), ElementsAre(10));
  all[0].standing = quarantined;
  EXPECT_THAT(served(), IsEmpty());
}

TEST_F(Policy, ACircleIsNoChain) {
  add(10, verified, 0, {2});
  add(20, verified, 0, {1});
  EXPECT_THAT(served(), IsEmpty());
  EXPECT_THAT(dropped(), IsEmpty());
}

TEST_F(Policy, LayersMergeUntilTheyWouldGetTooLarge) {
  auto& base = add(10, verified);
  base.note = SharedBytes::copy("vector");
  base.size = 1'000'000;
  EXPECT_EQ(base_of_next_layer(all, 100'000, rules), SnapshotId{1});
  EXPECT_EQ(base_of_next_layer(all, 500'000, rules), SnapshotId{});  // half of it is new: written anew
  all[0].size = 4'000'000;
  EXPECT_EQ(base_of_next_layer(all, 2'000'000, rules), SnapshotId{1});  // more than a layer may have
  auto& layer = add(20, verified, 0, {1});
  layer.note = SharedBytes::copy("vector");
  layer.size = 300'000;
  EXPECT_EQ(base_of_next_layer(all, 100'000, rules), SnapshotId{2});
  EXPECT_EQ(base_of_next_layer(all, 200'000, rules), SnapshotId{1});  // takes the small one's place
}

TEST_F(Policy, OnWhatHasNoNoteNothingCanLie) {
  add(10, verified).size = 1'000'000;
  EXPECT_EQ(base_of_next_layer(all, 100, rules), SnapshotId{});
}

TEST_F(Policy, TwoVerifiedOnesAreKeptAndWhatIsNewer) {
  add(10, verified, 9000);
  add(20, verified, 8000);
  add(30, verified, 7000);
  add(40, candidate, 6000);
  EXPECT_THAT(dropped(), ElementsAre(1));
  add(50, candidate, 5000);
  add(60, candidate, 4000);
  EXPECT_THAT(dropped(), ElementsAre(4, 1));
  add(70, quarantined, 3000);
  EXPECT_THAT(dropped(), ElementsAre(7, 4, 1));
}

TEST_F(Policy, BasesOfWhatIsKeptAreKept) {
  add(10, verified, 9000);
  add(20, verified, 8000, {1});
  add(30, verified, 7000, {1});
  add(40, verified, 6000, {3});
  EXPECT_THAT(dropped(), ElementsAre(2));
}

TEST_F(Policy, WhoReadsOneHasTime) {
  add(10, verified, 9000);
  add(20, verified, 8000);
  add(30, verified, 599);
  EXPECT_THAT(dropped(), IsEmpty());
  all[2].since = {now.value - 600};
  EXPECT_THAT(dropped(), ElementsAre(1));
}

TEST_F(Policy, WhereNewOnesComeAllTheTimeOldOnesGoAllTheSame) {
  for (std::uint64_t i = 1; i <= 30; ++i) add(10 * i, verified, 60 * (30 - i));
  const auto ids = dropped();
  ASSERT_EQ(ids.size(), 18U);  // two are kept; of those that came within ten minutes none goes, nor what they replaced
  EXPECT_EQ(ids.front(), 18U);
  EXPECT_EQ(ids.back(), 1U);
}

TEST_F(Policy, WhereNobodyConfirmsOnesThatAreServedAndWillBeAreKept) {
  for (std::uint64_t i = 1; i <= 30; ++i) add(10 * i, candidate, 1200 * (30 - i) + 600);
  EXPECT_THAT(served(), ElementsAre(270));  // old enough by then: 27, 4200 s ago
  const auto ids = dropped();
  ASSERT_FALSE(ids.empty());
  EXPECT_EQ(ids.front(), 26U);
  EXPECT_EQ(ids.size(), 26U);
  for (std::size_t i = 26; i >= 1; --i) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i - 1));
  add(310, candidate, 600).time = now;
  EXPECT_THAT(dropped(), ElementsAre(29)) << "28 is the next to be served";
}

TEST_F(Policy, WhatStandsForRecordsThatAreGoneStaysThoughItWasReported) {
  add(10, quarantined, 9000);
  add(20, quarantined, 9000);
  add(30, quarantined, 9000);
  EXPECT_THAT(dropped(), ElementsAre(3, 2, 1));
  EXPECT_THAT(dropped(20), ElementsAre(1));
  add(40, verified, 9000);
  EXPECT_THAT(dropped(20), ElementsAre(1));
  add(50, verified, 9000);
  EXPECT_THAT(dropped(20), ElementsAre(3, 2, 1));
}

TEST_F(Policy, ALayerThatStandsForRecordsThatAreGoneKeepsItsBases) {
  add(10, quarantined, 9000);
  add(20, verified, 9000, {1});
  EXPECT_THAT(dropped(20), IsEmpty());
}

TEST_F(Policy, ABaseIsNotDroppedBeforeWhatLiesOnIt) {
  add(10, verified, 9000);
  add(20, quarantined, 10, {1});
  add(30, verified, 8000);
  add(40, verified, 7000);
  EXPECT_THAT(dropped(), IsEmpty());
}

TEST_F(Policy, CutIsBehindTheOlderVerifiedOneAfterItsGrace) {
  const Retention keep{Retention::Keep::since_snapshot, {}, 100s, false};
  add(10, verified, 1000);
  EXPECT_EQ(cut(keep), 0U);
  add(20, candidate, 500);
  EXPECT_EQ(cut(keep), 0U);
  add(30, verified, 50);
  EXPECT_EQ(cut(keep), 10U);
  add(40, verified, 40);
  EXPECT_EQ(cut(keep), 10U);  // the grace of the one at 30 is not over
  EXPECT_EQ(cut({Retention::Keep::everything, {}, 0s, true}), 0U);
}

TEST_F(Policy, NothingIsCutBehindALossyOneUnlessTheSpaceAllowsIt) {
  add(10, verified, 1000).fidelity = Fidelity::unknown;
  add(20, verified, 500);
  EXPECT_EQ(cut({Retention::Keep::since_snapshot, {}, 0s, false}), 0U);
  EXPECT_EQ(cut({Retention::Keep::since_snapshot, {}, 0s, true}), 10U);
}

TEST_F(Policy, OfALayerEveryBaseCounts) {
  add(10, verified, 1000).fidelity = Fidelity::lossy;
  add(20, verified, 900, {1});
  add(30, verified, 800);
  EXPECT_EQ(cut({Retention::Keep::since_snapshot, {}, 0s, false}), 0U);
  EXPECT_EQ(cut({Retention::Keep::since_snapshot, {}, 0s, true}), 20U);
}

TEST_F(Policy, ForADurationOnlyWhatIsOlderGoes) {
  add(10, verified, 3000);
  add(20, verified, 1500);
  add(30, verified, 100);
  EXPECT_EQ(cut({Retention::Keep::duration, 2000s, 0s, false}), 10U);
  EXPECT_EQ(cut({Retention::Keep::duration, 1000s, 0s, false}), 20U);
  EXPECT_EQ(cut({Retention::Keep::duration, 5000s, 0s, false}), 0U);
}

}  // namespace
}  // namespace weir::core
