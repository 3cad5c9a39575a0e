// What a hub makes of answers about snapshots that come late, twice, or say that nothing could be written.
#include <algorithm>

#include "hub_alone.hpp"

namespace weir::core {
namespace {

using namespace std::chrono_literals;

class HubSnapshots : public HubAlone {
 protected:
  HubSnapshots() {
    now = {1h, {1'000'000}};
    loaded = document_with_one();
  }

  static Snapshot snapshot(std::uint64_t id, std::uint64_t offset, SnapshotStanding standing) {
    Snapshot one;
    one.id = {id};
    one.offset = {offset};
    one.hash = sha256(std::to_string(offset));
    one.standing = standing;
    one.author = "cid";
    one.payload_bytes = 1000;
    return one;
  }

  static LoadedDocument document_with_one() {
    LoadedDocument document;
    document.state.life = DocumentLife::alive;
    document.state.epoch = epoch;
    document.state.head = document.space_head = {10};
    document.snapshots.push_back(snapshot(1, 10, SnapshotStanding::verified));
    return document;
  }

  /// What a newcomer is served, and the document's handle.
  SubscribeAnswer joined(SessionRef session) {
    subscribe(session, true);
    const auto* answer = std::get_if<SubscribeAnswer>(&told.back().message);
    return answer == nullptr ? SubscribeAnswer{} : *answer;
  }
  void report(SessionRef session, DocumentHandle document, const Snapshot& about, bool valid = false) {
    step(AttestRequest{session, {document, about.offset, about.hash, valid}});
  }
  static ProducerId producer_of(SessionRef session) {
    ProducerId id;
    id.bytes[0] = static_cast<std::byte>(session.id.value);
    return id;
  }
  void later(Time time) {
    now.steady += time;
    step(Tick{});
  }
  [[nodiscard]] std::size_t answered(SessionRef session) const {
    return static_cast<std::size_t>(
        std::count_if(told.begin(), told.end(), [&](const Tell& one) { return one.session.id == session.id; }));
  }
};

TEST_F(HubSnapshots, OneStoredInALifeThatIsOverIsNotOfTheNextOne) {
  loaded.snapshots.clear();
  subscribe(ann, true);
  step(SnapshotUploaded{ann, std::make_shared<const DocumentPath>(path), epoch.next(),
                        snapshot(1, 10, SnapshotStanding::verified)});
  EXPECT_TRUE(joined(ben).snapshots.empty());
}

TEST_F(HubSnapshots, WhatIsReportedIsServedToNobodyFromThenOn) {
  const DocumentHandle document = joined(ann).subscribed.document;
  report(ann, document, loaded.snapshots[0]);
  ASSERT_EQ(standings.size(), 1U);
  EXPECT_TRUE(joined(ben).snapshots.empty()) << "though the store has not answered";
  step(SnapshotChanged{standings[0].ticket, fail(Code::resource_exhausted, "the disk is full")});
  step(UnsubscribeRequest{ben, document});
  EXPECT_TRUE(joined(ben).snapshots.empty()) << "nor when it could not write it down";
  later(20s);
  ASSERT_EQ(standings.size(), 2U) << "which is tried again";
  EXPECT_EQ(standings[1].standing, SnapshotStanding::quarantined);
  step(SnapshotChanged{standings[1].ticket, {}});
  later(20s);
  EXPECT_EQ(standings.size(), 2U);
}

TEST_F(HubSnapshots, SayingItAThousandTimesWritesItOnce) {
  loaded.snapshots[0].standing = SnapshotStanding::candidate;
  const DocumentHandle document = joined(ann).subscribed.document;
  for (int i = 0; i < 1000; ++i) report(ann, document, loaded.snapshots[0], true);
  EXPECT_EQ(standings.size(), 1U);
  for (int i = 0; i < 1000; ++i) report(ann, document, loaded.snapshots[0], false);
  EXPECT_EQ(standings.size(), 2U);
}

TEST_F(HubSnapshots, AReportOutlastsAWordForItThatIsStillBeingWritten) {
  loaded.snapshots[0].standing = SnapshotStanding::candidate;
  const DocumentHandle document = joined(ann).subscribed.document;
  report(ann, document, loaded.snapshots[0], true);
  report(ann, document, loaded.snapshots[0], false);
  ASSERT_EQ(standings.size(), 2U);
  step(SnapshotChanged{standings[1].ticket, {}});
  step(SnapshotChanged{standings[0].ticket, {}});  // what the store wrote last is "verified"
  ASSERT_EQ(standings.size(), 3U);
  EXPECT_EQ(standings[2].standing, SnapshotStanding::quarantined);
  EXPECT_TRUE(joined(ben).snapshots.empty());
}

TEST_F(HubSnapshots, WhatWaitsForARecreationThatFailsIsAnswered) {
  loaded.state.life = DocumentLife::deleted;
  loaded.snapshots.clear();
  subscribe(ann, true, true);
  ASSERT_EQ(at_log.size(), 1U);
  step(WithdrawRequest{{9}, path, {10}});
  step(ReleaseRequest{{9}, path, {10}, {}});
  subscribe(ben, true);
  step(AppendFinished{at_log[0].ticket, fail(Code::unavailable, "no")});
  EXPECT_EQ(standings_finished.size(), 2U);
  EXPECT_EQ(answered(ann), 1U);
  ASSERT_EQ(answered(ben), 1U);
  const auto* refused = std::get_if<SubscribeRefused>(&told.back().message);
  ASSERT_NE(refused, nullptr);
}

TEST_F(HubSnapshots, WhatIsReleasedIsACandidateOnceItIsWritten) {
  const DocumentHandle document = joined(ann).subscribed.document;
  report(ann, document, loaded.snapshots[0]);
  EXPECT_EQ(standings.at(0).by, "producer " + producer_of(ann).hex());
  const ReleaseRequest release{{9}, path, {10}, loaded.snapshots[0].hash};
  step(release);
  ASSERT_EQ(standings_finished.size(), 1U) << "the report is being written: the store could take the two in any order";
  EXPECT_EQ(standings_finished[0].result.error().code, Code::unavailable);
  step(SnapshotChanged{standings[0].ticket, fail(Code::resource_exhausted, "the disk is full")});
  step(release);
  ASSERT_EQ(standings.size(), 2U);
  EXPECT_EQ(standings[1].standing, SnapshotStanding::candidate);
  EXPECT_EQ(standings[1].by, "");
  report(ben, document, loaded.snapshots[0], true);
  EXPECT_EQ(standings.size(), 2U) << "it is in quarantine so far";
  step(SnapshotChanged{standings[1].ticket, {}});
  EXPECT_TRUE(standings_finished.at(1).result.has_value());
  later(20s);
  EXPECT_EQ(standings.size(), 2U) << "the report that was not written is not written any more";
  joined(ben);
  report(ben, document, loaded.snapshots[0], true);
  ASSERT_EQ(standings.size(), 3U);
  EXPECT_EQ(standings[2].standing, SnapshotStanding::verified) << "it takes a word that comes after the release";
  EXPECT_EQ(standings[2].by, "producer " + producer_of(ben).hex());
}

TEST_F(HubSnapshots, WhatIsReleasedWasInQuarantine) {
  step(ReleaseRequest{{9}, path, {10}, loaded.snapshots[0].hash});
  step(ReleaseRequest{{9}, path, {11}, loaded.snapshots[0].hash});
  step(ReleaseRequest{{9}, path, {10}, sha256("another")});
  ASSERT_EQ(standings_finished.size(), 3U);
  EXPECT_EQ(standings_finished[0].result.error().code, Code::already_exists);
  EXPECT_EQ(standings_finished[1].result.error().code, Code::not_found);
  EXPECT_EQ(standings_finished[2].result.error().code, Code::not_found);
  EXPECT_TRUE(standings.empty());
}

TEST_F(HubSnapshots, WhoCannotGoOnBehindACutIsRefusedOnlyWhenNothingStandsForIt) {
  loaded.state.cut = {5};
  EXPECT_EQ(joined(ann).snapshots.size(), 1U);
  step(WithdrawRequest{{9}, path, {10}});
  subscribe(ben, true);
  const auto* refused = std::get_if<SubscribeRefused>(&told.back().message);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->error.error.code, Code::out_of_range);
}

}  // namespace
}  // namespace weir::core
