// What a session may say and when: hello, handles, limits.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const DocumentPath plan = path("plan");

SCENARIO(Session, PublishBeforeHelloIsRefused) {
  Talker ann(relay, "ann", "", Talker::Start::silent);
  ann.say(frames::Publish{{1}, {1}, {1}, {{{}, SharedBytes::copy("a")}}, false});
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::failed_precondition);
  ann.hello();  // it is not too late
  EXPECT_EQ(ann.hear<frames::Welcome>().durability, "sync");
}

SCENARIO(Session, WelcomeTellsTheLimits) {
  relay.limits.payload_bytes_max = 1234;
  relay.limits.heartbeat = 7s;
  Talker ann(relay, "ann", "", Talker::Start::silent);
  ann.hello();
  const auto welcome = ann.hear<frames::Welcome>();
  EXPECT_EQ(welcome.payload_bytes_max, 1234U);
  EXPECT_EQ(welcome.heartbeat_ms, 7000U);
  EXPECT_EQ(welcome.in_flight_bytes_max, relay.limits.in_flight_bytes_max);
  EXPECT_EQ(welcome.subscriptions_max, relay.limits.subscriptions_max);
}

SCENARIO(Session, ASecondHelloIsRefusedAndTheSessionLivesOn) {
  Talker ann(relay, "ann");
  ann.hello();
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::failed_precondition);
  EXPECT_EQ(ann.subscribe(plan).head, Offset{});
}

SCENARIO(Session, AnotherProtocolVersionIsToldAndClosed) {
  Talker ann(relay, "ann", "", Talker::Start::silent);
  ann.hello(2);
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::unimplemented);
  EXPECT_EQ(ann.closed(), 1002);
}

SCENARIO(Session, WhoSaysNoHelloInTimeIsClosed) {
  Talker ann(relay, "ann", "", Talker::Start::silent);
  relay.pass(relay.limits.hello_wait_max - 1s);
  EXPECT_TRUE(ann.connected());
  EXPECT_EQ(ann.closed(), 1008);
  EXPECT_THAT(ann.heard(), ElementsAre("error FAILED_PRECONDITION protocol"));
}

SCENARIO(Session, HelloNeedsAProducer) {
  Talker nobody(relay, "", "", Talker::Start::silent);
  nobody.hello();
  EXPECT_EQ(nobody.hear<frames::ErrorEvent>().error.code, Code::invalid_argument);
  EXPECT_FALSE(nobody.has<frames::Welcome>());
}

SCENARIO(Session, AHandleThatIsNotSubscribedMeansNothing) {
  Talker ben(relay, "ben");
  ben.subscribe(plan);
  Talker ann(relay, "ann");
  const DocumentHandle others = ben.handle(plan);
  ann.say(frames::Publish{others, ben.epoch(plan), {1}, {{{}, SharedBytes::copy("a")}}, false});
  const auto error = ann.hear<frames::ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::not_found);
  EXPECT_EQ(error.document, others);
  EXPECT_EQ(error.through_sequence, Sequence{1}) << "an error about a publish can be matched to it";
  ann.say(frames::SetPresence{others, SharedBytes::copy("here")});
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::not_found);
  ann.say(frames::Unsubscribe{others});
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::not_found);
  relay.settle();
  EXPECT_THAT(ben.records(), IsEmpty());
}

SCENARIO(Session, SubscribingTwiceIsRefusedAndTheFirstLivesOn) {
  Talker ann(relay, "ann");
  ann.ask(plan);
  ann.ask(plan);
  const auto error = ann.hear<frames::ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::already_exists);
  EXPECT_EQ(error.request + ann.hear<frames::Subscribed>().request, 3U) << "one of the two";
  ann.publish(plan, 1, {"a"});
  EXPECT_EQ(ann.hear<frames::Stored>().through_sequence, Sequence{1});
}

SCENARIO(Session, SubscriptionsAreLimited) {
  relay.limits.subscriptions_max = 2;
  Talker ann(relay, "ann");
  ann.subscribe(path("one"));
  ann.subscribe(path("two"));
  ann.ask(path("three"));
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::resource_exhausted);
  ann.unsubscribe(path("one"));
  EXPECT_EQ(ann.subscribe(path("three")).last_sequence, Sequence{});
}

SCENARIO(Session, SubscribingCreatesNothing) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.settle();
  EXPECT_THAT(relay.disk.log.documents(plan.space, "", 10).value(), IsEmpty());
}

SCENARIO(Session, ACursorMustBeThere) {
  Talker ann(relay, "ann");
  const std::uint64_t request = ann.ask(plan, {.from = frames::From::cursor});
  const auto error = ann.hear<frames::ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::invalid_argument);
  EXPECT_EQ(error.request, request);
}

SCENARIO(Session, WhatIsNoFrameEndsThisSessionAlone) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  ann.say_bytes("\xFF\xFF\xFF");
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::invalid_argument);
  EXPECT_EQ(ann.closed(), 1002);
  ben.publish(plan, 1, {"b"});
  EXPECT_EQ(ben.hear<frames::Stored>().through_sequence, Sequence{1});
  EXPECT_THAT(ben.heard(), testing::Not(testing::Contains(testing::StartsWith("error"))));
}

SCENARIO(Session, UnknownEventsAreSkipped) {
  Talker ann(relay, "ann");
  ann.say_bytes(std::string("\x0A\x02\x7A\x00", 4));  // an event of kind 15, empty
  ann.subscribe(plan);
  EXPECT_FALSE(ann.has<frames::ErrorEvent>());
}

SCENARIO(Session, APayloadOverTheLimitIsRefusedAlone) {
  relay.limits.payload_bytes_max = 100;
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"small", std::string(101, 'x')});
  const auto error = ann.hear<frames::ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::invalid_argument);
  EXPECT_EQ(error.document, ann.handle(plan));
  EXPECT_EQ(error.through_sequence, Sequence{2});
  ann.publish(plan, 1, {std::string(100, 'x')});
  EXPECT_EQ(ann.hear<frames::Stored>().through_sequence, Sequence{1});
}

SCENARIO(Session, APublishHasDeltasAndSequencesBeginAtOne) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {});
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::invalid_argument);
  ann.publish(plan, 0, {"a"});
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().error.code, Code::invalid_argument);
  relay.settle();
  EXPECT_FALSE(ann.has<frames::Stored>());
}

SCENARIO(Session, PresenceOverTheLimitIsRefused) {
  relay.limits.presence_bytes_max = 10;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan, {.presence = true});
  ann.show(plan, std::string(11, 'x'));
  const auto error = ann.hear<frames::ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::invalid_argument);
  EXPECT_EQ(error.document, ann.handle(plan));
  ann.show(plan, std::string(10, 'x'));
  EXPECT_EQ(ben.hear<frames::PresenceUpdate>().data.size(), 10U);
}

}  // namespace
}  // namespace weir::scenarios
