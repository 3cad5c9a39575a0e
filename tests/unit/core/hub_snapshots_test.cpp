// A hub and nothing else: the test is the store and the sessions. What a hub makes of answers about snapshots that come
// late, twice, or say that nothing could be written.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "weir/core/hub.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::core {
namespace {

using namespace std::chrono_literals;

class Anyone final : public Authorizer {
 public:
  [[nodiscard]] Result<std::string> authenticate(std::string_view) const override { return std::string(); }
  [[nodiscard]] Result<void> may_read(std::string_view, const DocumentPath&) const override { return {}; }
  [[nodiscard]] Result<void> may_write(std::string_view, const DocumentPath&) const override { return {}; }
};

class HubSnapshots : public testing::Test {
 protected:
  static constexpr SessionRef ann{{1}, 0};
  static constexpr SessionRef ben{{2}, 0};
  static constexpr Epoch epoch{7};

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

  void step(HubInput input) {
    std::vector<HubEffect> effects;
    hub.step(std::move(input), now, effects);
    for (HubEffect& effect : effects) {
      if (auto* append = std::get_if<StartAppend>(&effect))
        at_log.push_back(std::move(*append));
      else if (auto* tell = std::get_if<Tell>(&effect))
        told.push_back(std::move(*tell));
      else if (auto* standing = std::get_if<SetStanding>(&effect))
        standings.push_back(std::move(*standing));
      else if (auto* withdrawn = std::get_if<WithdrawFinished>(&effect))
        withdrawals.push_back(std::move(*withdrawn));
      else if (auto* load = std::get_if<LoadDocument>(&effect))
        step(DocumentLoaded{load->path, loaded});
    }
  }
  void subscribe(SessionRef session, bool recreate = false) {
    SubscribeRequest request;
    request.session = session;
    request.dialect = DialectKind::yjs;
    request.producer.bytes[0] = static_cast<std::byte>(session.id.value);
    request.ephemeral = true;
    request.what.path = path;
    request.what.snapshots = true;
    request.what.recreate = recreate;
    step(std::move(request));
  }
  /// What a newcomer is served, and the document's handle.
  SubscribeAnswer joined(SessionRef session) {
    subscribe(session);
    const auto* answer = std::get_if<SubscribeAnswer>(&told.back().message);
    return answer == nullptr ? SubscribeAnswer{} : *answer;
  }
  void report(SessionRef session, DocumentHandle document, const Snapshot& about, bool valid = false) {
    step(AttestRequest{session, {document, about.offset, about.hash, valid}});
  }
  void later(Time time) {
    now.steady += time;
    step(Tick{});
  }
  [[nodiscard]] std::size_t answered(SessionRef session) const {
    return static_cast<std::size_t>(
        std::count_if(told.begin(), told.end(), [&](const Tell& one) { return one.session.id == session.id; }));
  }

  const DocumentPath path{*SpaceName::parse("acme"), *DocumentName::parse("plan")};
  Anyone anyone;
  yjs::Encoder encoder;
  yjs::CoverMerger merger;
  Hub hub{{.limits = {}, .encoders = {&encoder, &encoder}, .authorizer = &anyone, .cover_merger = &merger}};
  Now now{1h, {1'000'000}};
  LoadedDocument loaded = document_with_one();
  std::deque<StartAppend> at_log;
  std::vector<Tell> told;
  std::deque<SetStanding> standings;
  std::vector<WithdrawFinished> withdrawals;
};

TEST_F(HubSnapshots, OneStoredInALifeThatIsOverIsNotOfTheNextOne) {
  loaded.snapshots.clear();
  subscribe(ann);
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
  subscribe(ann, true);
  ASSERT_EQ(at_log.size(), 1U);
  step(WithdrawRequest{{9}, path, {10}});
  subscribe(ben);
  step(AppendFinished{at_log[0].ticket, fail(Code::unavailable, "no")});
  EXPECT_EQ(withdrawals.size(), 1U);
  EXPECT_EQ(answered(ann), 1U);
  ASSERT_EQ(answered(ben), 1U);
  const auto* refused = std::get_if<SubscribeRefused>(&told.back().message);
  ASSERT_NE(refused, nullptr);
}

TEST_F(HubSnapshots, WhoCannotGoOnBehindACutIsRefusedOnlyWhenNothingStandsForIt) {
  loaded.state.cut = {5};
  EXPECT_EQ(joined(ann).snapshots.size(), 1U);
  step(WithdrawRequest{{9}, path, {10}});
  subscribe(ben);
  const auto* refused = std::get_if<SubscribeRefused>(&told.back().message);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->error.error.code, Code::out_of_range);
}

}  // namespace
}  // namespace weir::core
