#include "conversation.hpp"

namespace weir::yjs {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

TEST_F(Conversation, BeginsWithHelloAndOneSubscription) {
  dialect.opened(port);
  EXPECT_EQ(port.token, "secret");
  ASSERT_EQ(port.submitted.size(), 1U);
  const auto& subscribe = std::get<frames::Subscribe>(port.submitted[0]);
  EXPECT_EQ(subscribe.path, path());
  EXPECT_EQ(subscribe.from, frames::From::start);
  EXPECT_TRUE(subscribe.presence);
}

TEST_F(Conversation, SyncedIsNotSaidBeforeEverythingWasSent) {
  dialect.opened(port);
  say(step1(some_vector));
  subscribed(5);
  EXPECT_TRUE(port.take().empty());
  caught_up();
  EXPECT_EQ(port.take(), (std::vector{step2_of_nothing}));
  EXPECT_EQ(port.covers_asked, 1);
}

TEST_F(Conversation, ALateSyncStep1IsAnsweredWhenItComes) {
  dialect.opened(port);
  subscribed(5);
  caught_up();
  EXPECT_TRUE(port.take().empty());
  say(step1(some_vector));
  EXPECT_EQ(port.take(), (std::vector{step2_of_nothing}));
}

TEST_F(Conversation, RepeatedSyncStep1GetsAnEmptyAnswerAndNoSecondQuery) {
  open_with(some_vector);
  (void)port.take();
  say(step1(some_vector));
  say(step1(some_vector));
  EXPECT_EQ(port.take(), (std::vector{step2_of_nothing, step2_of_nothing}));
  EXPECT_EQ(port.covers_asked, 1);
}

TEST_F(Conversation, TheRelayAsksForWhatIsBeyondItsCover) {
  open_with(some_vector);
  (void)port.take();
  dialect.cover_granted(handle, encode_state_vector({{1, 3}}), port);
  EXPECT_EQ(port.take(), (std::vector{frame(put_sync_step1, encode_state_vector({{1, 3}}))}));
  dialect.cover_granted(handle, "", port);
  EXPECT_EQ(port.take(), (std::vector{frame(put_sync_step1, empty_state_vector)}));
}

TEST_F(Conversation, AnAnswerIsStoredWithWhatItCoversAndNotEchoed) {
  open_with(some_vector);
  dialect.cover_granted(handle, "", port);
  say(step2("offline edits"));
  ASSERT_EQ(port.contributions.size(), 1U);
  const core::Contribution& answer = port.contributions[0];
  EXPECT_EQ(answer.document, handle);
  EXPECT_EQ(answer.payload->view(), "offline edits");
  EXPECT_FALSE(answer.echo);
  EXPECT_EQ(answer.cover, some_vector);
}

TEST_F(Conversation, AnAnswerWithoutNewsStillCovers) {
  open_with(some_vector);
  dialect.cover_granted(handle, "", port);
  say(step2(empty_update));
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_FALSE(port.contributions[0].payload);
  EXPECT_EQ(port.contributions[0].cover, some_vector);
}

TEST_F(Conversation, AnAnswerThatWasNotAskedForCoversNothing) {
  open_with(some_vector);
  say(step2("something"));
  say(step2(empty_update));
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_FALSE(port.contributions[0].cover);
}

TEST_F(Conversation, TheCoverIsTheLastVectorSaidBeforeTheAnswer) {
  open_with(some_vector);
  dialect.cover_granted(handle, "", port);
  say(step1(encode_state_vector({{1, 8}})));
  say(step2("edits"));
  say(step1(encode_state_vector({{1, 99}})));
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_EQ(port.contributions[0].cover, encode_state_vector({{1, 8}}));
}

TEST_F(Conversation, WhoHasNothingIsNotAskedUnlessTheDocumentIsNew) {
  open_with(std::string(empty_state_vector));
  EXPECT_EQ(port.covers_asked, 0);

  Dialect other({path(), "", ""}, limits);
  frames::Subscribed answer;
  answer.document = handle;
  other.opened(port);
  other.event(answer, port);
  other.message(step1(empty_state_vector), port);
  other.event(frames::CaughtUp{handle, {}}, port);
  EXPECT_EQ(port.covers_asked, 1);
}

TEST_F(Conversation, UpdatesAreStoredAndEchoed) {
  open_and_answer();
  const SharedBytes message = update("typed");
  say(message);
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_EQ(port.contributions[0].payload->view(), "typed");
  EXPECT_GE(port.contributions[0].payload->view().data(), message.view().data());  // a slice, not a copy
  EXPECT_LT(port.contributions[0].payload->view().data(), message.view().data() + message.size());
  EXPECT_TRUE(port.contributions[0].echo);
  EXPECT_FALSE(port.contributions[0].cover);
}

TEST_F(Conversation, WhatIsTypedBeforeTheAnswerIsStoredBehindIt) {
  open_with(some_vector);
  say(update("one"));
  dialect.cover_granted(handle, "", port);
  say(update("two"));
  EXPECT_TRUE(port.contributions.empty());
  say(step2("offline edits, one and two"));
  say(update("three"));
  ASSERT_EQ(port.contributions.size(), 4U);
  EXPECT_TRUE(port.contributions[0].cover);
  EXPECT_EQ(port.contributions[1].payload->view(), "one");
  EXPECT_EQ(port.contributions[2].payload->view(), "two");
  EXPECT_TRUE(port.contributions[2].echo);
  EXPECT_EQ(port.contributions[3].payload->view(), "three");
}

TEST_F(Conversation, WhoBringsNothingIsNotHeldUp) {
  open_with(std::string(empty_state_vector));
  say(update("one"));
  EXPECT_EQ(port.contributions.size(), 1U);
}

TEST_F(Conversation, WhoNeverAnswersIsClosed) {
  open_with(some_vector);
  say(update("one"));
  tick(5000s);
  tick(5000s + limits.stall_max - 1s);
  EXPECT_EQ(port.close_code, 0);
  tick(5000s + limits.stall_max);
  EXPECT_EQ(port.close_code, 1013);
  EXPECT_TRUE(port.contributions.empty());
}

TEST_F(Conversation, WhatIsHeldIsBounded) {
  limits.payload_bytes_max = 1000;
  open_with(some_vector);
  for (int i = 0; i < 100; ++i) say(update(std::string(90, static_cast<char>('A' + i % 26))));
  dialect.cover_granted(handle, "", port);
  say(step2("all of it"));
  ASSERT_GT(port.contributions.size(), 2U);
  EXPECT_LT(port.contributions.size(), 12U);  // the answer holds the others
  EXPECT_EQ(port.contributions.back().payload->view(), std::string(90, static_cast<char>('A' + 99 % 26)));
}

TEST_F(Conversation, AfterAFailureTheAnswerComesFirst) {
  open_and_answer();
  error(Code::unavailable);
  say(update("typed meanwhile"));
  EXPECT_TRUE(port.contributions.empty());
  dialect.cover_granted(handle, "", port);
  say(step2("everything"));
  ASSERT_EQ(port.contributions.size(), 2U);
  EXPECT_TRUE(port.contributions[0].cover);
  EXPECT_EQ(port.contributions[1].payload->view(), "typed meanwhile");
}

TEST_F(Conversation, EmptyUpdatesAreNotStored) {
  open_and_answer();
  say(update(empty_update));
  say(update(""));
  EXPECT_TRUE(port.contributions.empty());
}

TEST_F(Conversation, WhatIsSaidBeforeTheDocumentIsOpenIsKept) {
  dialect.opened(port);
  say(step1(empty_state_vector));
  say(update("one"));
  say(awareness({{7, 1, "{}"}}));
  EXPECT_TRUE(port.contributions.empty());
  subscribed(5);
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_EQ(port.contributions[0].document, handle);
  EXPECT_EQ(port.presence.size(), 1U);
}

TEST_F(Conversation, ButNotWithoutEnd) {
  limits.payload_bytes_max = 1000;
  dialect.opened(port);
  for (int i = 0; i < 3 && port.close_code == 0; ++i) say(update(std::string(900, 'x')));
  EXPECT_EQ(port.close_code, 1013);
}

TEST_F(Conversation, LargeMessagesAreTakenOnceTheDocumentIsOpen) {
  dialect.opened(port);
  EXPECT_EQ(dialect.message_bytes_max(), limits.payload_bytes_max);
  subscribed(0);
  EXPECT_EQ(dialect.message_bytes_max(), limits.foreign_frame_bytes_max);
}

TEST_F(Conversation, AwarenessIsPresenceOfEachClientInIt) {
  open_with(some_vector);
  say(awareness({{7, 3, "{\"a\":1}"}, {8, 2, "null"}}));
  ASSERT_EQ(port.presence.size(), 2U);
  EXPECT_EQ(port.presence[0].key, presence_key(7));
  EXPECT_EQ(port.presence[0].clock, 3U);
  EXPECT_EQ(port.presence[0].data.view(), awareness_update({7, 3, "{\"a\":1}"}));
  EXPECT_EQ(port.presence[1].key, presence_key(8));
  EXPECT_TRUE(port.presence[1].data.empty());
}

TEST_F(Conversation, TooLargeAwarenessIsNotShownAndThatIsSaidOnce) {
  limits.presence_bytes_max = 50;
  open_with(some_vector);
  (void)port.take();
  const std::string large = "\"" + std::string(60, 'x') + "\"";
  say(awareness({{7, 3, large}}));
  say(awareness({{7, 4, large}}));
  EXPECT_TRUE(port.presence.empty());
  ASSERT_EQ(port.sent.size(), 1U);
  EXPECT_NE(port.sent[0].find("at most 50"), std::string::npos);
}

TEST_F(Conversation, WhoIsThereIsToldOnOpening) {
  dialect.opened(port);
  frames::Subscribed answer;
  answer.document = handle;
  answer.presence.push_back({handle, presence_key(7), {}, SharedBytes::copy(awareness_update({7, 3, "{}"})), false});
  dialect.event(answer, port);
  std::string wanted;
  put_awareness(wanted, {{7, 3, "{}"}});
  EXPECT_EQ(port.take(), (std::vector{wanted}));
}

TEST_F(Conversation, ClientsHearSomethingEveryTenSeconds) {
  open_with(some_vector);
  tick(1000s);
  (void)port.take();
  std::string keep_alive;
  put_awareness(keep_alive, {});
  for (core::Time at = 1001s; at < 1030s; at += 1s) tick(at);
  EXPECT_EQ(port.take(), (std::vector{keep_alive, keep_alive}));
}

TEST_F(Conversation, WhoIsIdleIsAskedNowAndThenWhatItHeardElsewhere) {
  open_and_answer();
  port.covers_asked = 0;
  core::Time at = 1000s;
  const auto pass = [&](core::Time span) {
    for (const core::Time end = at + span; at < end; at += 1s) tick(at);
  };
  pass(110s);
  say(update("typed"));  // not idle: the wait begins anew
  pass(110s);
  EXPECT_EQ(port.covers_asked, 0);
  pass(150s);
  EXPECT_EQ(port.covers_asked, 1);
  dialect.cover_granted(handle, some_vector, port);
  pass(1000s);
  EXPECT_EQ(port.covers_asked, 1) << "one question at a time";
  say(step2("from another tab"));
  ASSERT_FALSE(port.contributions.empty());
  EXPECT_EQ(port.contributions.back().payload->view(), "from another tab");
  pass(300s);
  EXPECT_EQ(port.covers_asked, 2);
}

TEST_F(Conversation, APingIsOneOfWebSocket) {
  open_with(some_vector);
  (void)port.take();
  dialect.event(frames::Ping{1}, port);
  EXPECT_EQ(port.take(), (std::vector{"\x89\0"s}));
}

TEST_F(Conversation, MalformedMessagesEndItForGood) {
  open_with(some_vector);
  say(SharedBytes::copy("\0\2\x7f"s));
  EXPECT_EQ(port.close_code, 4400);
  say(update("after that"));
  EXPECT_TRUE(port.contributions.empty());
}

TEST_F(Conversation, AMalformedStateVectorEndsItForGood) {
  open_with(some_vector);
  say(step1("\5\1"));
  EXPECT_EQ(port.close_code, 4400);
}

TEST_F(Conversation, RefusalsAtTheDoorStopTheClient) {
  const std::pair<Code, std::uint16_t> cases[] = {{Code::unauthenticated, 4401},
                                                  {Code::permission_denied, 4403},
                                                  {Code::not_found, 4404},
                                                  {Code::invalid_argument, 4400},
                                                  {Code::unavailable, 1013}};
  for (const auto& [code, wanted] : cases) {
    Port door;
    Dialect refused({path(), "", ""}, limits);
    refused.opened(door);
    frames::ErrorEvent event;
    event.error = fail(code, "because");
    refused.event(event, door);
    EXPECT_EQ(door.close_code, wanted);
    EXPECT_EQ(door.close_reason, "because");
  }
}

TEST_F(Conversation, ADeletedDocumentStopsTheClient) {
  open_with(some_vector);
  error(Code::not_found, handle, frames::Reason::deleted);
  EXPECT_EQ(port.close_code, 4404);
}

TEST_F(Conversation, ALostSubscriptionMakesItConnectAgain) {
  open_with(some_vector);
  error(Code::not_found, handle, frames::Reason::protocol);
  EXPECT_EQ(port.close_code, 1011);
}

TEST_F(Conversation, AReaderIsToldOnceAndListensOn) {
  open_with(some_vector);
  (void)port.take();
  error(Code::permission_denied);
  error(Code::permission_denied);
  EXPECT_EQ(port.take(), (std::vector{frame(put_permission_denied, "because")}));
  EXPECT_EQ(port.close_code, 0);
  say(update("more"));
  dialect.cover_granted(handle, "", port);
  say(step2("more"));
  EXPECT_TRUE(port.contributions.empty());  // and its state vector covers nothing
}

TEST_F(Conversation, WhatWasNotStoredIsAskedForAgainWithGrowingPatience) {
  open_and_answer();
  port.covers_asked = 0;
  core::Time now = 1000s;
  tick(now);
  core::Time before{};
  for (const int round : {1, 2, 3}) {
    error(Code::unavailable);
    error(Code::unavailable);
    const core::Time failed = now;
    while (port.covers_asked < round && now < failed + 9min) tick(now += 1s);
    EXPECT_EQ(port.covers_asked, round);
    EXPECT_GT(now - failed, before);
    before = now - failed;
  }
  EXPECT_EQ(port.close_code, 0);
}

TEST_F(Conversation, CloseReasonsFitTheirFrame) {
  open_with(some_vector);
  frames::ErrorEvent event;
  event.error = fail(Code::not_found, std::string(122, 'a') + "日本");
  event.reason = frames::Reason::deleted;
  dialect.event(event, port);
  EXPECT_EQ(port.close_reason, std::string(122, 'a'));
}

TEST_F(Conversation, ACutDocumentCannotBeJoined) {
  dialect.opened(port);
  frames::ErrorEvent refusal;
  refusal.request = 1;
  refusal.error = fail(Code::out_of_range, "the relay no longer has the beginning");
  dialect.event(refusal, port);
  EXPECT_EQ(port.close_code, 4410);
}

TEST_F(Conversation, WhoMeetsACutWhileJoiningComesAgain) {
  dialect.opened(port);
  subscribed(5);
  dialect.event(frames::Cut{handle, {3}}, port);
  EXPECT_EQ(port.close_code, 1013) << "it was cut since: what stands for those records is there";
}

}  // namespace
}  // namespace weir::yjs
