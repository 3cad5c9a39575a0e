// What the protocol asks of a client when things go wrong.
#include "scene.hpp"

namespace weir::client {
namespace {

using frames::Reason;
using namespace std::chrono_literals;

TEST(ClientRules, LostHistoryAllThatIsLeftIsReadThenTheStateGoesAsABaseThenWhatWaited) {
  ThreePublished scene({.offers_state = true});
  scene.reconnect({.epoch = {8}, .head = {2}, .lost_history = true});
  EXPECT_TRUE(scene.sent.empty());  // nothing before the rest was read
  EXPECT_TRUE(scene.all<StateWanted>().empty());
  scene.caught_up(2);
  ASSERT_EQ(scene.all<StateWanted>().size(), 1U);
  scene.session.offer(scene.document, {bytes("state")}, scene.now);
  scene.take();
  EXPECT_EQ(scene.published(), "4 base: state bb cc");  // under numbers never used before
  // Once, also when the connection breaks: the base is resent as such.
  scene.reconnect({.epoch = {8}, .head = {2}});
  EXPECT_EQ(scene.published(), "4 base: state bb cc");
  scene.stored(6);
  scene.caught_up(6);
  EXPECT_EQ(scene.all<StateWanted>().size(), 1U);
  scene.publish(scene.document, "dd");
  EXPECT_EQ(scene.published(), "7: dd");
}

TEST(ClientRules, AnotherEpochIsLostHistoryEvenWhenTheRelayDoesNotSaySo) {
  ThreePublished scene;
  scene.reconnect({.epoch = {9}});
  EXPECT_EQ(scene.published(), "4 base: bb cc");  // nobody to ask: what waited opens the sequence
}

TEST(ClientRules, AMarkThatWentBackIsLostHistoryThatNoCursorTells) {
  ThreePublished scene({.offers_state = true});
  scene.stored(3);
  const ProducerId before = scene.session.producer();
  scene.reconnect({.last_sequence = {1}});
  scene.advance(1s);
  EXPECT_NE(scene.welcome().producer, before);
  scene.answer_subscribe();
  scene.caught_up(1);
  ASSERT_EQ(scene.all<StateWanted>().size(), 1U);
  scene.session.offer(scene.document, {bytes("state")}, scene.now);
  scene.take();
  EXPECT_EQ(scene.published(), "1: state");
}

TEST(ClientRules, AResendRefusedANewProducerPublishesItAgain) {
  for (const Reason reason : {Reason::resend_differs, Reason::not_comparable}) {
    ThreePublished scene;
    const ProducerId before = scene.session.producer();
    scene.refuse(Code::aborted, reason, 2);
    EXPECT_EQ(scene.connections, 1);  // sequence 3 is not answered yet
    scene.refuse(Code::out_of_range, Reason::sequence_gap, 3, 2);
    scene.advance(1s);
    EXPECT_NE(scene.welcome().producer, before);
    scene.answer_subscribe({.head = {1}});
    EXPECT_EQ(scene.published(), "1: bb cc");
    scene.stored(2);
    EXPECT_EQ(scene.session.pending(), 0U);
    EXPECT_EQ(scene.all<ProducerChanged>().size(), 1U);
  }
}

TEST(ClientRules, WhatTheRelayHasUnderOurSequencesMayBeOfACloneItIsSentAllTheSame) {
  ThreePublished scene;
  scene.reconnect({.head = {3}, .last_sequence = {3}});
  EXPECT_EQ(scene.published(), "2: bb cc");
  scene.publish(scene.document, "dd");
  EXPECT_EQ(scene.published(), "4: dd");
  scene.refuse(Code::aborted, Reason::resend_differs, 3);
  scene.stored(4);  // behind the clone's: "dd" is stored, "bb" and "cc" are not
  EXPECT_NE(scene.outcome(scene.last_ticket), "waits");
  EXPECT_EQ(scene.outcome(scene.tickets[1]), "waits");
  scene.advance(1s);
  scene.welcome();
  scene.answer_subscribe();
  EXPECT_EQ(scene.published(), "1: bb cc");
}

TEST(ClientRules, TheRelayHasMoreOfThisProducerThanWasPublishedHereAnotherProducer) {
  ThreePublished scene;
  const ProducerId before = scene.session.producer();
  scene.reconnect({.head = {9}, .last_sequence = {9}});
  scene.advance(1s);
  EXPECT_NE(scene.welcome().producer, before);
  scene.answer_subscribe();
  EXPECT_EQ(scene.published(), "1: bb cc");
}

TEST(ClientRules, ADocumentThatTheRelayCouldNotReadIsSubscribedAgainLaterAndLater) {
  for (const Code code : {Code::unavailable, Code::data_loss}) {
    ThreePublished scene;
    Time waited{};
    for (int i = 0; i < 3; ++i) {
      scene.sent.clear();
      const Time begun = scene.now, before = waited;
      scene.refuse(code, Reason::unspecified, 0);
      EXPECT_TRUE(scene.sent.empty());  // it is not subscribed any more
      scene.publish(scene.document, "dd");
      EXPECT_TRUE(scene.sent.empty());
      while (scene.sent.empty() && scene.now - begun < 60s) scene.advance(10ms);
      waited = scene.now - begun;
      EXPECT_GT(waited, before);
      scene.answer_subscribe({.last_sequence = {1}});
    }
    EXPECT_EQ(scene.all<DocumentFailed>().size(), 3U);
    EXPECT_EQ(scene.all<DocumentDisconnected>().size(), 3U);
    EXPECT_FALSE(scene.all<DocumentFailed>()[0].over);
    EXPECT_EQ(scene.connections, 1);
    EXPECT_EQ(scene.published(), "2: bb cc dd dd dd");
    const Time begun = scene.now;
    scene.caught_up(3);  // all that is there could be read
    scene.refuse(code, Reason::unspecified, 0);
    while (scene.sent.empty() && scene.now - begun < 60s) scene.advance(10ms);
    EXPECT_LT(scene.now - begun, waited);
  }
}

TEST(ClientRules, ADeletedDocumentIsNeverOfferedAgain) {
  ThreePublished scene;
  scene.refuse(Code::not_found, Reason::deleted, 2);
  EXPECT_EQ(scene.outcome(scene.tickets[2]), Scene::error(ErrorKind::deleted));
  ASSERT_EQ(scene.all<DocumentFailed>().size(), 1U);
  EXPECT_TRUE(scene.all<DocumentFailed>()[0].over);
  scene.sent.clear();
  scene.drop();
  scene.advance(1s);
  scene.welcome();
  EXPECT_TRUE(scene.sent.empty());
}

TEST(ClientRules, ADeletedDocumentIsOpenedAnewOnlyWhenAskedForAndOnce) {
  Scene scene;
  scene.subscribe("d", {.recreate = true});
  scene.welcome();
  EXPECT_TRUE(scene.answer_subscribe().recreate);
  EXPECT_FALSE(scene.reconnect({}).recreate);
}

TEST(ClientRules, FencedThisClientStopsWithoutAStorm) {
  ThreePublished scene;
  scene.session.when_stored(scene.document, 99, scene.now);
  frames::ErrorEvent fenced;
  fenced.error = {Code::aborted, "a newer session took over"};
  fenced.reason = Reason::fenced;
  scene.say(fenced);
  EXPECT_EQ(scene.outcome(99), Scene::error(ErrorKind::fenced));
  EXPECT_EQ(scene.session.status(), Status::stopped);
  scene.advance(1h);
  EXPECT_EQ(scene.connections, 1);
  EXPECT_FALSE(scene.session.deadline());
}

TEST(ClientRules, AGapIsSentAgainFromTheExpectedOneOnceEverythingOnTheWireWasAnswered) {
  ThreePublished scene;
  scene.refuse(Code::out_of_range, Reason::sequence_gap, 2, 2);
  EXPECT_TRUE(scene.sent.empty());
  scene.refuse(Code::out_of_range, Reason::sequence_gap, 3, 2);
  EXPECT_EQ(scene.published(), "2: bb cc");
  scene.stored(3);
  EXPECT_EQ(scene.session.pending(), 0U);
}

TEST(ClientRules, TheRelayExpectsWhatIsNotHereAnyMoreAnotherProducer) {
  ThreePublished scene;
  scene.refuse(Code::out_of_range, Reason::sequence_gap, 3, 1);
  scene.advance(1s);
  scene.welcome();
  scene.answer_subscribe();
  EXPECT_EQ(scene.published(), "1: bb cc");
}

TEST(ClientRules, BusyTriedAgainWhenTheRelaySaidNotBefore) {
  for (const Code code : {Code::resource_exhausted, Code::unavailable}) {
    ThreePublished scene;
    scene.refuse(code, Reason::unspecified, 2, 0, 5000);
    scene.refuse(Code::out_of_range, Reason::sequence_gap, 3, 2);
    scene.advance(4900ms);
    EXPECT_TRUE(scene.sent.empty());
    scene.advance(200ms);
    EXPECT_EQ(scene.published(), "2: bb cc");
  }
}

TEST(ClientRules, NoRightToPublishSaidKeptAndTriedAgainOnTheNextConnection) {
  ThreePublished scene;
  scene.refuse(Code::permission_denied, Reason::unspecified, 2);
  scene.refuse(Code::permission_denied, Reason::unspecified, 3);
  scene.publish(scene.document, "dd");
  EXPECT_TRUE(scene.sent.empty());
  EXPECT_EQ(scene.session.pending(), 3U);
  scene.reconnect({.last_sequence = {1}});
  EXPECT_EQ(scene.published(), "2: bb cc dd");
}

TEST(ClientRules, ADeltaTheRelayWillNeverTakeIsGivenUpWithItsFollowers) {
  ThreePublished scene;
  scene.refuse(Code::invalid_argument, Reason::protocol, 2);
  EXPECT_EQ(scene.outcome(scene.tickets[1]), Scene::error(ErrorKind::protocol));
  EXPECT_EQ(scene.session.pending(), 0U);
  scene.publish(scene.document, "ee");
  EXPECT_EQ(scene.published(), "2: ee");
}

TEST(ClientRules, PublishNamesAnotherEpochSubscribeAgain) {
  ThreePublished scene;
  scene.refuse(Code::failed_precondition, Reason::epoch, 2);
  scene.refuse(Code::failed_precondition, Reason::epoch, 3);
  scene.next<frames::Unsubscribe>();
  scene.answer_subscribe({.epoch = {8}, .lost_history = true});
  EXPECT_EQ(scene.published(), "4 base: bb cc");
}

}  // namespace
}  // namespace weir::client
