// Heartbeats, draining, closing what is idle, and more than one shard.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::CaughtUp;
using frames::ErrorEvent;
using frames::Stored;
using testing::SizeIs;

const DocumentPath plan = path("plan");

SCENARIO(Heartbeat, APingComesAtLeastEveryHeartbeat) {
  relay.limits.heartbeat = 1s;
  Talker ann(relay, "ann");
  relay.pass(20s);
  EXPECT_GE(ann.pings(), 15U);
  EXPECT_TRUE(ann.connected());
}

SCENARIO(Heartbeat, WhoDoesNotAnswerIsClosedAfterOneAndAHalf) {
  relay.limits.heartbeat = 4s;
  Talker ann(relay, "ann");
  ann.be_silent();
  ASSERT_TRUE(relay.until([&] { return ann.pings() > 0; }));
  relay.pass(5s);
  EXPECT_TRUE(ann.connected());
  relay.pass(2s);
  EXPECT_EQ(ann.closed(), 1008);
}

SCENARIO(Heartbeat, AnythingSaidIsASignOfLife) {
  relay.limits.heartbeat = 1s;
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.be_silent();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ann.publish(plan, i, {"a"});
    relay.pass(500ms);
  }
  EXPECT_TRUE(ann.connected());
  EXPECT_EQ(ann.closed(), 1008) << "and then silence";
}

/// Fills the connection of a reader that does not read, so that not even a ping can be written to it.
void fill(Relay& relay, Talker& writer, Talker& reader) {
  writer.subscribe(plan);
  reader.subscribe(plan);
  reader.hear<CaughtUp>();
  reader.stall(true);
  for (std::uint64_t i = 1; i <= 40; ++i) writer.publish(plan, i, {std::string(500, 'x')});
  relay.settle();
}

SCENARIO(Heartbeat, SilenceCountsOnlyOnceThePingWasWritten) {
  relay.limits.heartbeat = 1s;
  relay.limits.session_queue_bytes_max = 2000;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  fill(relay, ann, ben);
  relay.pass(1min);
  ben.stall(false);
  EXPECT_THAT(ben.read(40), SizeIs(40));
  relay.pass(10s);
  EXPECT_TRUE(ben.connected());
}

SCENARIO(Heartbeat, AStalledSessionIsClosedAfterItsOwnLimit) {
  relay.limits.heartbeat = 1s;
  relay.limits.stall_max = 30s;
  relay.limits.session_queue_bytes_max = 2000;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  fill(relay, ann, ben);
  relay.pass(20s);
  EXPECT_EQ(relay.server().shard(0).counters().sessions, 2U);
  relay.pass(20s);
  ben.stall(false);
  EXPECT_EQ(ben.closed(), 1008);
  EXPECT_TRUE(ann.connected());
}

SCENARIO(Drain, SaysWhenToComeBackAndClosesAfterWhatWaits) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a"});
  ann.hear<Stored>();
  bool done = false;
  relay.server().shard(0).drain("restart", 1500ms, [&] { done = true; });
  for (Talker* talker : {&ann, &ben}) {
    const auto going = talker->hear<frames::GoingAway>();
    EXPECT_EQ(going.reconnect_after_ms, 1500U);
    EXPECT_EQ(going.reason, "restart");
    EXPECT_EQ(talker->closed(), 1001);
  }
  EXPECT_TRUE(relay.until([&] { return done; }));
}

SCENARIO(Drain, WhoComesMeanwhileIsSentAwayToo) {
  Talker ann(relay, "ann");
  relay.server().shard(0).drain("restart", 1500ms, [] {});
  EXPECT_EQ(ann.closed(), 1001);
  Talker ben(relay, "ben", "", Talker::Start::silent);
  ben.hear<frames::GoingAway>();
  EXPECT_EQ(ben.closed(), 1001);
}

SCENARIO(Idle, ADocumentIsClosedAndOpenedAgain) {
  relay.limits.document_idle_max = 2s;
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a"});
  ann.hear<Stored>();
  const DocumentHandle before = ann.handle(plan);
  relay.pass(10s);
  EXPECT_EQ(relay.server().shard(0).counters().documents, 1U) << "it has a subscriber";
  ann.unsubscribe(plan);
  relay.pass(10s);
  EXPECT_EQ(relay.server().shard(0).counters().documents, 0U);
  const auto again = ann.subscribe(plan);
  EXPECT_EQ(again.last_sequence, Sequence{1});
  EXPECT_EQ(again.head, Offset{1});
  EXPECT_NE(again.document, before) << "handles are never reused";
  ann.publish(plan, 2, {"b"});
  EXPECT_EQ(ann.hear<Stored>().offset, Offset{2});
}

/// A space that the shard owns.
std::string space_of(std::size_t shard, std::size_t shards) {
  for (int i = 0;; ++i) {
    const std::string name = "space " + std::to_string(i);
    if (shard::owner_of(*SpaceName::parse(name), shards) == shard) return name;
  }
}

SCENARIO(Shards, OneSessionSpeaksToSpacesOfDifferentOwners) {
  relay.shards = 2;
  const DocumentPath here = path("plan", space_of(0, 2));
  const DocumentPath there = path("plan", space_of(1, 2));
  Talker ann(relay, "ann", "", Talker::Start::greeted, 0);
  Talker ben(relay, "ben", "", Talker::Start::greeted, 1);
  for (Talker* talker : {&ann, &ben}) {
    talker->subscribe(here);
    talker->subscribe(there);
    EXPECT_NE(talker->handle(here), talker->handle(there)) << "handles are the relay's, not a shard's";
  }
  EXPECT_EQ(ann.handle(here), ben.handle(here));
  ann.publish(here, 1, {"from 0 to 0"});
  ann.publish(there, 1, {"from 0 to 1"});
  ben.publish(here, 1, {"from 1 to 0"});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{1});
  EXPECT_EQ(ben.hear<Stored>().document, ben.handle(here));
  EXPECT_THAT(ann.read(3), SizeIs(3));
  EXPECT_THAT(ben.read(3), SizeIs(3));
  EXPECT_EQ(relay.disk.log.space(here.space)->head, Offset{2}) << "each space counts for itself";
  EXPECT_EQ(relay.disk.log.space(there.space)->head, Offset{1});
}

SCENARIO(Shards, FencingReachesAcross) {
  relay.shards = 2;
  Talker older(relay, "ann", "", Talker::Start::greeted, 0);
  older.subscribe(plan);
  Talker newer(relay, "ann", "", Talker::Start::greeted, 1);
  newer.subscribe(plan);
  EXPECT_EQ(older.hear<ErrorEvent>().reason, frames::Reason::fenced);
  EXPECT_EQ(older.closed(), 1008);
}

SCENARIO(Shards, ADeletionAskedOfOneIsDoneByTheOwner) {
  relay.shards = 2;
  const DocumentPath there = path("plan", space_of(1, 2));
  Talker ann(relay, "ann", "", Talker::Start::greeted, 0);
  ann.subscribe(there);
  ann.publish(there, 1, {"a"});
  ann.hear<Stored>();
  EXPECT_EQ(relay.delete_document(there).value(), Offset{2});
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, frames::Reason::deleted);
}

}  // namespace
}  // namespace weir::scenarios
