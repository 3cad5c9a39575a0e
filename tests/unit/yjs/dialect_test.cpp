#include "weir/yjs/dialect.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::yjs {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

constexpr DocumentHandle handle{9};

// A session that writes down what is asked of it.
class Port final : public core::SessionPort {
 public:
  void submit(frames::ClientEvent event) override { submitted.push_back(std::move(event)); }
  void hello_foreign(std::string token_said, std::string) override { token = std::move(token_said); }
  void contribute(core::Contribution contribution) override { contributions.push_back(std::move(contribution)); }
  void set_presence(core::ForeignPresence one) override { presence.push_back(std::move(one)); }
  void ask_cover(DocumentHandle document) override { covers_asked += document == handle ? 1 : 0; }
  void send(SharedBytes bytes) override {
    if (!bytes.empty()) sent.emplace_back(bytes.view());
  }
  void close(std::uint16_t code, std::string reason) override {
    close_code = code;
    close_reason = std::move(reason);
  }
  /// Without the keep-alive.
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(sent, {}); }

  std::vector<frames::ClientEvent> submitted;
  std::string token;
  std::vector<core::Contribution> contributions;
  std::vector<core::ForeignPresence> presence;
  int covers_asked = 0;
  std::vector<std::string> sent;
  std::uint16_t close_code = 0;
  std::string close_reason;
};

std::string frame(void (*put)(std::string&, std::string_view), std::string_view body) {
  std::string out;
  put(out, body);
  return out;
}
const std::string step2_of_nothing = frame(put_sync_step2, empty_update);

// As a client sends it: the same bytes without the WebSocket header (masking is the transport's affair).
SharedBytes from_client(const std::string& framed) { return SharedBytes::copy(std::string_view(framed).substr(2)); }
SharedBytes step1(std::string_view state_vector) { return from_client(frame(put_sync_step1, state_vector)); }
SharedBytes step2(std::string_view update) { return from_client(frame(put_sync_step2, update)); }
SharedBytes update(std::string_view bytes) { return from_client(frame(put_update, bytes)); }
SharedBytes awareness(const std::vector<AwarenessEntry>& entries) {
  std::string out;
  put_awareness(out, entries);
  return from_client(out);
}

class Conversation : public testing::Test {
 protected:
  static DocumentPath path() { return {*SpaceName::parse("acme"), *DocumentName::parse("plan")}; }

  void say(const SharedBytes& message) { dialect.message(message, port); }
  void subscribed(std::uint64_t head) {
    frames::Subscribed answer;
    answer.request = 1;
    answer.document = handle;
    answer.head = {head};
    dialect.event(answer, port);
  }
  void caught_up() { dialect.event(frames::CaughtUp{handle, {5}}, port); }
  void error(Code code, DocumentHandle document = handle, frames::Reason reason = frames::Reason::unspecified) {
    frames::ErrorEvent event;
    event.error = fail(code, "because");
    event.document = document;
    event.reason = reason;
    dialect.event(event, port);
  }
  void tick(core::Time steady) { dialect.tick({steady, {}}, port); }
  /// A client of which the relay knows nothing yet, in a document that has records, caught up.
  void open_with(const std::string& state_vector) {
    dialect.opened(port);
    subscribed(5);
    say(step1(state_vector));
    caught_up();
  }

  core::Limits limits;
  Port port;
  Dialect dialect{{path(), "secret", "browser"}, limits};
  const std::string some_vector = encode_state_vector({{1, 5}});
};

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
  open_with(some_vector);
  const SharedBytes message = update("typed");
  say(message);
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_EQ(port.contributions[0].payload->view(), "typed");
  EXPECT_GE(port.contributions[0].payload->view().data(), message.view().data());  // a slice, not a copy
  EXPECT_LT(port.contributions[0].payload->view().data(), message.view().data() + message.size());
  EXPECT_TRUE(port.contributions[0].echo);
  EXPECT_FALSE(port.contributions[0].cover);
}

TEST_F(Conversation, EmptyUpdatesAreNotStored) {
  open_with(some_vector);
  say(update(empty_update));
  say(update(""));
  EXPECT_TRUE(port.contributions.empty());
}

TEST_F(Conversation, WhatIsSaidBeforeTheDocumentIsOpenIsKept) {
  dialect.opened(port);
  say(step1(some_vector));
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
  open_with(some_vector);
  port.covers_asked = 0;
  core::Time now = 1000s;
  tick(now);
  core::Time before{};
  for (const int round : {1, 2, 3}) {
    error(Code::unavailable);
    error(Code::unavailable);
    const core::Time failed = now;
    while (port.covers_asked < round && now < failed + 10min) tick(now += 1s);
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
  subscribed(5);
  dialect.event(frames::Cut{handle, {3}}, port);
  EXPECT_EQ(port.close_code, 4410);
}

}  // namespace
}  // namespace weir::yjs
