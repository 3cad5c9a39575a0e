// How records reach readers: after what, in which order, as what; and how reading slowly and publishing fast are paced.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::CaughtUp;
using frames::ErrorEvent;
using frames::From;
using frames::Stored;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const DocumentPath plan = path("plan");
const DocumentPath notes = path("notes");

void publish(Talker& talker, const DocumentPath& document, std::uint64_t sequence, const std::string& payload) {
  talker.publish(document, sequence, {payload});
  talker.hear<Stored>();
}

SCENARIO(Reading, CaughtUpComesAfterTheRecords) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, plan, 1, "a");
  publish(ann, plan, 2, "b");
  Talker ben(relay, "ben");
  ben.ask(plan);
  ben.hear<CaughtUp>();
  EXPECT_THAT(ben.heard(),
              ElementsAre("subscribed plan", "record plan ann/1 a", "record plan ann/2 b", "caught up plan"));
  publish(ann, plan, 3, "c");
  ben.read(3);
  EXPECT_THAT(ben.heard(), ElementsAre("record plan ann/3 c"));
}

SCENARIO(Reading, AnAuthorGetsStubsLiveAndItsRecordsWholeLater) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.hear<CaughtUp>();
  ann.heard();
  publish(ann, plan, 1, "a");
  relay.settle();
  EXPECT_THAT(ann.heard(), testing::UnorderedElementsAre("stub plan ann/1", "stored plan through 1"));
  ann.connect();
  ann.hello();
  ann.subscribe(plan);
  EXPECT_FALSE(ann.read(2)[1].stub);
  EXPECT_EQ(ann.records()[1].record.payload.view(), "a");
  EXPECT_EQ(ann.records()[1].record.offset, ann.records()[0].record.offset);
}

SCENARIO(Reading, TheChainThatAReaderComputesIsTheLogs) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, plan, 1, "a");
  publish(ann, plan, 2, "");
  Talker ben(relay, "ben");
  ben.subscribe(plan);
  ben.read(2);
  ann.read(2);
  const Digest chain = relay.disk.log.chain(plan, {2}).value();
  EXPECT_EQ(ben.cursor(plan).chain.hex(), chain.hex());
  EXPECT_EQ(ann.cursor(plan).chain.hex(), chain.hex()) << "from stubs";
}

SCENARIO(Reading, LiveOnlySkipsWhatWasBefore) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, plan, 1, "before");
  Talker ben(relay, "ben");
  ben.subscribe(plan, {.from = From::live_only});
  ben.hear<CaughtUp>();
  publish(ann, plan, 2, "after");
  EXPECT_EQ(ben.read(1)[0].record.payload.view(), "after");
}

SCENARIO(Reading, UnsubscribeStopsDeliveriesOfThatDocumentAlone) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  for (const DocumentPath& document : {plan, notes}) {
    ann.subscribe(document);
    ben.subscribe(document);
  }
  ben.unsubscribe(plan);
  relay.settle();
  publish(ann, plan, 1, "unheard");
  publish(ann, notes, 1, "heard");
  EXPECT_EQ(ben.read(1)[0].record.payload.view(), "heard");
  relay.settle();
  EXPECT_THAT(ben.records(), SizeIs(1));
  ben.subscribe(plan);
  EXPECT_EQ(ben.read(2)[1].record.payload.view(), "unheard");
}

SCENARIO(Reading, OrderHoldsAcrossTheDocumentsOfASpace) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  for (const DocumentPath& document : {plan, notes}) ann.subscribe(document);
  for (const DocumentPath& document : {plan, notes}) ben.subscribe(document);
  ben.hear<CaughtUp>();
  ben.hear<CaughtUp>();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ann.publish(plan, i, {"p"});
    ann.publish(notes, i, {"n"});
  }
  const auto& records = ben.read(40);
  for (std::size_t i = 1; i < records.size(); ++i) EXPECT_LT(records[i - 1].record.offset, records[i].record.offset);
}

SCENARIO(Reading, AReaderThatStopsReadingGetsEverythingInOrderLater) {
  relay.limits.session_queue_bytes_max = 2000;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  ben.hear<CaughtUp>();
  ben.stall(true);
  const std::string payload(500, 'x');
  for (std::uint64_t i = 1; i <= 100; ++i) publish(ann, plan, i, payload);
  relay.pass(1s);
  EXPECT_GT(relay.server().fell_behind(), 0U);
  EXPECT_TRUE(ben.connected()) << "who reads slowly is not disconnected";
  ben.stall(false);
  const auto& records = ben.read(100);
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].record.sequence, Sequence{i + 1});
  ben.hear<CaughtUp>();  // once more
  publish(ann, plan, 101, "live again");
  EXPECT_EQ(ben.read(101)[100].record.payload.view(), "live again");
}

SCENARIO(Reading, AStalledReaderHoldsUpNobodyElse) {
  relay.limits.session_queue_bytes_max = 2000;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  Talker cid(relay, "cid");
  ann.subscribe(plan);
  ben.subscribe(plan);
  cid.subscribe(plan);
  ben.stall(true);
  for (std::uint64_t i = 1; i <= 50; ++i) publish(ann, plan, i, std::string(500, 'x'));
  EXPECT_THAT(cid.read(50), SizeIs(50));
  EXPECT_THAT(ben.records(), testing::Not(SizeIs(50)));
}

SCENARIO(FlowControl, APublisherAboveItsBytesInFlightIsNotRead) {
  relay.limits.in_flight_bytes_max = 2000;
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.hold_disk();
  for (std::uint64_t i = 1; i <= 20; ++i) ann.publish(plan, i, {std::string(500, 'x')});
  relay.pass(2s);
  EXPECT_GE(relay.disk.log.queued(), 2U);
  EXPECT_LE(relay.disk.log.queued(), 5U) << "the rest waits in the connection";
  relay.release_disk();
  for (Sequence through; through < Sequence{20};) through = ann.hear<Stored>().through_sequence;
  EXPECT_FALSE(ann.has<ErrorEvent>());
}

SCENARIO(FlowControl, WhoIsNotReadIsNotSilent) {
  relay.limits.in_flight_bytes_max = 2000;
  relay.limits.heartbeat = 1s;
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.hold_disk();
  for (std::uint64_t i = 1; i <= 20; ++i) ann.publish(plan, i, {std::string(500, 'x')});
  relay.pass(20s);
  EXPECT_TRUE(ann.connected()) << "its pongs wait behind what it published";
  relay.release_disk();
  for (Sequence through; through < Sequence{20};) through = ann.hear<Stored>().through_sequence;
  relay.pass(20s);
  EXPECT_TRUE(ann.connected());
}

SCENARIO(FlowControl, OtherSessionsAreReadMeanwhile) {
  relay.limits.in_flight_bytes_max = 2000;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  relay.hold_disk();
  for (std::uint64_t i = 1; i <= 20; ++i) ann.publish(plan, i, {std::string(500, 'x')});
  relay.settle();
  EXPECT_EQ(ben.subscribe(notes).head, Offset{});
  relay.release_disk();
  publish(ben, notes, 1, "b");
}

}  // namespace
}  // namespace weir::scenarios
