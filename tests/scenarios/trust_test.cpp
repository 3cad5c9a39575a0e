// Who is believed about a snapshot, and what follows from it.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::AttestationWanted;
using frames::CaughtUp;
using frames::ErrorEvent;
using frames::SnapshotHeader;
using frames::SnapshotStored;
using frames::Stored;

const DocumentPath plan = path("plan");

/// People with names, of whom one may only read.
class People final : public core::Authorizer {
 public:
  [[nodiscard]] Result<std::string> authenticate(std::string_view token) const override { return std::string(token); }
  [[nodiscard]] Result<void> may_read(std::string_view, const DocumentPath&) const override { return {}; }
  [[nodiscard]] Result<void> may_write(std::string_view principal, const DocumentPath&) const override {
    if (principal == "reader") return fail(Code::permission_denied, "may only read");
    return {};
  }
};

void join(Talker& talker) {
  talker.hello(frames::protocol_version, {}, true);
  (void)talker.hear<frames::Welcome>();
  (void)talker.subscribe(plan);
  (void)talker.hear<CaughtUp>();
}

SnapshotStanding standing(Relay& relay) { return relay.disk.log.snapshots().list(plan)->back().standing; }

/// Ann, whose principal is "a", has offered a snapshot of three records; who joins may be asked about it.
struct Offered {
  explicit Offered(Relay& relay) : ann((prepare(relay), relay), "ann", "a", Talker::Start::silent) {
    relay.authorizer = &people;
    join(ann);
    for (std::uint64_t i = 1; i <= 3; ++i) ann.publish(plan, i, {std::to_string(i)});
    while (ann.hear<Stored>().through_sequence < Sequence{3}) {
    }
    ann.send(ann.offer_of(plan, {3}, "123"), "123");
    (void)ann.hear<SnapshotStored>();
  }
  void prepare(Relay& relay) { relay.authorizer = &people; }
  People people;
  Talker ann;
};

SCENARIO(Trust, AnotherPrincipalIsAskedAndItsWordVerifies) {
  Offered offered(relay);
  Talker ben(relay, "ben", "b", Talker::Start::silent);
  join(ben);
  const auto wanted = ben.hear<AttestationWanted>();
  EXPECT_EQ(wanted.offset, Offset{3});
  EXPECT_EQ(wanted.hash, sha256("123"));
  EXPECT_EQ(wanted.size, 3U);
  ben.attest(wanted, true);
  relay.settle();
  EXPECT_EQ(standing(relay), SnapshotStanding::verified);
}

SCENARIO(Trust, ItsMakerIsNotAskedNorBelievedOnAnotherDevice) {
  Offered offered(relay);
  Talker phone(relay, "phone", "a", Talker::Start::silent);
  join(phone);
  relay.pass(1min);
  EXPECT_FALSE(phone.has<AttestationWanted>());
  phone.attest({phone.handle(plan), {3}, sha256("123"), 3, {}, 0}, true);
  EXPECT_EQ(phone.hear<ErrorEvent>().error.code, Code::permission_denied);
  EXPECT_EQ(standing(relay), SnapshotStanding::candidate);
}

SCENARIO(Trust, WhoMayNotWriteIsNotBelieved) {
  Offered offered(relay);
  Talker reader(relay, "reader", "reader", Talker::Start::silent);
  join(reader);
  reader.attest({reader.handle(plan), {3}, sha256("123"), 3, {}, 0}, false);
  EXPECT_EQ(reader.hear<ErrorEvent>().error.code, Code::permission_denied);
  EXPECT_EQ(standing(relay), SnapshotStanding::candidate);
  EXPECT_FALSE(reader.has<AttestationWanted>());
}

SCENARIO(Trust, WhatIsReportedIsServedToNobodyAndAnotherIsAskedFor) {
  Offered offered(relay);
  Talker ben(relay, "ben", "b");
  (void)ben.subscribe(plan);
  ben.attest({ben.handle(plan), {3}, sha256("123"), 3, {}, 0}, false);
  relay.settle();
  EXPECT_EQ(standing(relay), SnapshotStanding::quarantined);
  relay.pass(2min);
  Talker eve(relay, "eve", "e");
  (void)eve.subscribe(plan, {.snapshots = true});
  (void)eve.hear<CaughtUp>();
  EXPECT_FALSE(eve.has<SnapshotHeader>());
  offered.ann.send(offered.ann.offer_of(plan, {3}, "better"), "better");
  (void)offered.ann.hear<SnapshotStored>();
}

SCENARIO(Trust, TheSameBytesFromTwoVerifyEachOther) {
  Offered offered(relay);
  Talker ben(relay, "ben", "b");
  (void)ben.subscribe(plan);
  ben.send(ben.offer_of(plan, {3}, "123"), "123");
  EXPECT_EQ(ben.hear<SnapshotStored>().hash, sha256("123"));
  relay.settle();
  EXPECT_EQ(standing(relay), SnapshotStanding::verified);
  EXPECT_EQ(relay.disk.log.snapshots().list(plan)->size(), 1U);
}

SCENARIO(Trust, WhereNobodyHasANameDevicesCount) {
  relay.limits.snapshots.tail_records_min = 3;
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  for (std::uint64_t i = 1; i <= 3; ++i) ann.publish(plan, i, {std::to_string(i)});
  (void)ann.hear<frames::SnapshotWanted>();
  ann.send(ann.offer_of(plan, {3}, "123"), "123");
  (void)ann.hear<SnapshotStored>();
  Talker ben(relay, "ben", "", Talker::Start::silent);
  join(ben);
  ben.attest(ben.hear<AttestationWanted>(), true);
  relay.settle();
  EXPECT_EQ(standing(relay), SnapshotStanding::verified);
}

SCENARIO(Trust, AgeAloneServesButNeverCuts) {
  relay.limits.snapshots.serve_unverified_after = 60s;
  relay.retentions.standard = {core::Retention::Keep::since_snapshot, {}, 0s, true};
  Offered offered(relay);
  Talker early(relay, "early", "e");
  (void)early.subscribe(plan, {.snapshots = true});
  (void)early.hear<CaughtUp>();
  EXPECT_FALSE(early.has<SnapshotHeader>());
  relay.pass(70s);
  Talker late(relay, "late", "l");
  (void)late.subscribe(plan, {.snapshots = true});
  EXPECT_FALSE(late.hear<SnapshotHeader>().verified);
  relay.pass(1min);
  EXPECT_EQ(relay.disk.log.document(plan)->cut, Offset{});
}

/// Eve begins a snapshot of everything, of which not a byte comes.
void begin(Talker& eve, Offset offset) { eve.say(eve.offer_of(plan, offset, "for ever under way")); }

SCENARIO(Trust, WhoSendsOneForEverKeepsNobodyFromBeingAskedAboutAnother) {
  Offered offered(relay);
  offered.ann.publish(plan, 4, {"4"});
  Talker eve(relay, "eve", "e");
  (void)eve.subscribe(plan);
  (void)eve.read(4);
  relay.pass(2min);
  for (int i = 0; i < 3; ++i) {
    begin(eve, {4});
    relay.pass(relay.limits.snapshots.upload_max + 10s);
    ASSERT_EQ(eve.hear<ErrorEvent>().error.code, Code::aborted);
    relay.pass(2min);
  }
  begin(eve, {4});
  relay.settle();
  Talker ben(relay, "ben", "b", Talker::Start::silent);
  join(ben);
  ben.attest(ben.hear<AttestationWanted>(), true);
  relay.settle();
  EXPECT_EQ(standing(relay), SnapshotStanding::verified);
  EXPECT_FALSE(eve.has<ErrorEvent>()) << "hers is still under way";
}

SCENARIO(Trust, WhoLetsOneExpireLetsAnotherHaveATurn) {
  relay.limits.snapshots.tail_records_min = 3;
  Talker eve(relay, "eve", "e", Talker::Start::silent);
  join(eve);
  Talker ann(relay, "ann", "a", Talker::Start::silent);
  join(ann);
  ann.publish(plan, 1, {"1"});
  (void)eve.read(1);
  begin(eve, {1});
  relay.settle();
  for (std::uint64_t i = 2; i <= 3; ++i) ann.publish(plan, i, {std::to_string(i)});
  (void)eve.read(3);
  relay.pass(relay.limits.snapshots.upload_max - 20s);
  EXPECT_EQ(eve.hear<ErrorEvent>().error.code, Code::aborted);
  begin(eve, {3});
  (void)ann.hear<frames::SnapshotWanted>();
  ann.send(ann.offer_of(plan, {3}, "123"), "123");
  EXPECT_EQ(ann.hear<SnapshotStored>().hash, sha256("123"));
  EXPECT_EQ(eve.hear<ErrorEvent>().error.code, Code::resource_exhausted);
}

SCENARIO(Trust, WhoComesAnewHasNotWaitedLongest) {
  relay.limits.snapshots.tail_records_min = 3;
  Talker ann(relay, "ann", "a", Talker::Start::silent);
  join(ann);
  for (std::uint64_t i = 1; i <= 3; ++i) ann.publish(plan, i, {std::to_string(i)});
  (void)ann.hear<frames::SnapshotWanted>();  // once, she does not answer
  relay.pass(40s);
  std::unique_ptr<Talker> eve;
  for (int i = 0; i < 3 && !ann.has<frames::SnapshotWanted>(); ++i) {
    auto another = std::make_unique<Talker>(relay, "eve" + std::to_string(i), "e", Talker::Start::silent);
    join(*another);
    eve = std::move(another);  // the one before leaves
    relay.settle();
    begin(*eve, {3});
    relay.pass(9min);
  }
  ann.send(ann.offer_of(plan, {3}, "123"), "123");
  EXPECT_EQ(ann.hear<SnapshotStored>().hash, sha256("123"));
}

SCENARIO(Trust, AnOperatorWithdrawsOne) {
  Offered offered(relay);
  std::optional<Result<void>> answer;
  relay.server().shard(0).withdraw_snapshot(plan, {3}, [&](Result<void> result) { answer = std::move(result); });
  ASSERT_TRUE(relay.until([&] { return answer.has_value(); }));
  EXPECT_TRUE(answer->has_value());
  EXPECT_EQ(standing(relay), SnapshotStanding::quarantined);
  answer.reset();
  relay.server().shard(0).withdraw_snapshot(plan, {3}, [&](Result<void> result) { answer = std::move(result); });
  ASSERT_TRUE(relay.until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, Code::not_found);
}

SCENARIO(Trust, WhatIsReleasedHasToGetOldAnew) {
  relay.limits.snapshots.serve_unverified_after = 60s;
  Offered offered(relay);
  Talker ben(relay, "ben", "b");
  (void)ben.subscribe(plan);
  relay.pass(2min);
  ben.attest({ben.handle(plan), {3}, sha256("123"), 3, {}, 0}, false);
  relay.settle();
  std::optional<Result<void>> answer;
  relay.server().shard(0).release_snapshot(plan, {3}, sha256("123"),
                                           [&](Result<void> result) { answer = std::move(result); });
  ASSERT_TRUE(relay.until([&] { return answer && answer->has_value(); }));
  Talker early(relay, "early", "e");
  (void)early.subscribe(plan, {.snapshots = true});
  (void)early.hear<CaughtUp>();
  EXPECT_FALSE(early.has<SnapshotHeader>()) << "whoever may write may release: others have time to report it again";
  relay.pass(70s);
  Talker late(relay, "late", "l");
  (void)late.subscribe(plan, {.snapshots = true});
  EXPECT_FALSE(late.hear<SnapshotHeader>().verified);
}

SCENARIO(Trust, WhatAnOperatorReleasesIsCutBehindOnlyWhenItIsConfirmedAnew) {
  relay.limits.snapshots.volunteer_interval = 0s;
  relay.limits.snapshots.maintain_interval = 500ms;
  relay.retentions.standard = {core::Retention::Keep::since_snapshot, {}, 0s, true};
  Offered offered(relay);
  const auto stored = [&] { return *relay.disk.log.snapshots().list(plan); };
  Talker ben(relay, "ben", "b");
  (void)ben.subscribe(plan);
  const auto says = [&](Offset offset, const std::string& bytes, bool valid) {
    ben.attest({ben.handle(plan), offset, sha256(bytes), bytes.size(), {}, 0}, valid);
    relay.settle();
  };
  says({3}, "123", true);
  says({3}, "123", false);
  ASSERT_EQ(stored()[0].standing, SnapshotStanding::quarantined);
  EXPECT_EQ(stored()[0].by, "b");
  offered.ann.publish(plan, 4, {"4"});
  relay.settle();
  offered.ann.send(offered.ann.offer_of(plan, {4}, "1234"), "1234");
  (void)offered.ann.hear<SnapshotStored>();
  says({4}, "1234", true);
  std::optional<Result<void>> answer;
  relay.server().shard(0).release_snapshot(plan, {3}, sha256("123"),
                                           [&](Result<void> result) { answer = std::move(result); });
  ASSERT_TRUE(relay.until([&] { return answer.has_value(); }));
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(stored()[0].standing, SnapshotStanding::candidate);
  EXPECT_EQ(stored()[0].by, "");
  relay.pass(30s);
  EXPECT_EQ(relay.disk.log.document(plan)->cut, Offset{});
  says({3}, "123", true);
  EXPECT_TRUE(relay.until([&] { return relay.disk.log.document(plan)->cut == Offset{3}; }));
}

}  // namespace
}  // namespace weir::scenarios
