// The ordinary course: connect, subscribe, publish, read, resume.
#include "scene.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;

frames::Records one_record(std::uint64_t offset, const ProducerId& producer, std::uint64_t sequence,
                           std::string_view payload, bool stub = false) {
  return {handle, {Record{{offset}, producer, {sequence}, {1}, {}, bytes(payload)}}, stub};
}

TEST(ClientSession, HelloThenSubscribeThenWhatWasPublishedMeanwhileInOneMessage) {
  Scene scene({.client_name = "test/1"});
  scene.token = "secret";
  const DocumentId d = scene.subscribe("d", {.presence = true});
  scene.session.publish(d, {{}, bytes("aa")}, 1, scene.now);
  scene.session.publish(d, {{16}, bytes("bb")}, 2, scene.now);
  scene.session.when_stored(d, 3, scene.now);
  const frames::Hello hello = scene.welcome();
  EXPECT_EQ(hello.token, "secret");
  EXPECT_EQ(hello.client, "test/1");
  EXPECT_EQ(hello.producer, scene.session.producer());
  const frames::Subscribe subscribe = scene.answer_subscribe();
  EXPECT_EQ(subscribe.path, path_of("d"));
  EXPECT_EQ(subscribe.from, frames::From::start);
  EXPECT_TRUE(subscribe.presence);
  EXPECT_EQ(scene.published(), "1: aa bb");
  scene.stored(1);
  EXPECT_EQ(scene.outcome(1), "stored at 1");
  EXPECT_EQ(scene.outcome(3), "waits");
  scene.stored(2);
  EXPECT_EQ(scene.outcome(2), "stored at 2");
  EXPECT_NE(scene.outcome(3), "waits");
  EXPECT_EQ(scene.session.pending(), 0U);
}

TEST(ClientSession, WhatWasNotStoredIsSentAgainUnderTheSameSequences) {
  Scene scene;
  const DocumentId d = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  for (int i = 0; i < 3; ++i)
    scene.session.publish(d, {{}, bytes(std::string(2, static_cast<char>('a' + i)))}, 0, scene.now);
  scene.take();
  EXPECT_EQ(scene.published(), "1: aa bb cc");
  scene.stored(1);
  scene.reconnect({.head = {2}, .last_sequence = {2}});
  EXPECT_EQ(scene.published(), "2: bb cc");
}

TEST(ClientSession, TheCursorNamesWhatWasReadAlsoOnesOwnWithoutPayload) {
  Scene scene;
  const DocumentId d = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  scene.publish(d, "mine");
  scene.say(one_record(4, producer_of('b'), 1, "aa"), frames::CaughtUp{handle, {4}});
  scene.say(frames::Stored{handle, {1}, {9}}, one_record(9, scene.session.producer(), 1, "", true));
  Digest chain = chain_next(chain_start(path_of("d")), producer_of('b'), {1}, {}, "aa");
  chain = chain_next(chain, scene.session.producer(), {1}, {}, "mine");
  const std::vector<RecordsRead> read = scene.all<RecordsRead>();
  ASSERT_EQ(read.size(), 2U);
  EXPECT_TRUE(read[1].records[0].own && read[1].records[0].stub);
  EXPECT_EQ(read[1].cursor, (Cursor{epoch, {9}, chain}));
  scene.sent.clear();
  const frames::Subscribe again = scene.reconnect({.head = {9}, .last_sequence = {1}});
  EXPECT_EQ(again.from, frames::From::cursor);
  EXPECT_EQ(again.cursor, (Cursor{epoch, {9}, chain}));
  scene.say(one_record(9, scene.session.producer(), 1, "mine"), one_record(12, producer_of('b'), 2, "bb"));
  EXPECT_EQ(scene.all<RecordsRead>().back().records.size(), 1U);  // what was read before is not handed over again
}

TEST(ClientSession, AnOwnRecordWithoutPayloadThatIsNotKnownHereIsReadFromTheLog) {
  Scene scene;
  scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  scene.say(one_record(1, scene.session.producer(), 1, "", true));
  EXPECT_TRUE(scene.all<RecordsRead>().empty());
  scene.next<frames::Unsubscribe>();
  scene.answer_subscribe({.head = {1}});
  scene.say(one_record(1, scene.session.producer(), 1, "of an earlier life"));
  ASSERT_EQ(scene.all<RecordsRead>().size(), 1U);
}

TEST(ClientSession, NoMorePayloadIsOnTheWireThanTheRelayAllowsAndDocumentsShareIt) {
  Scene scene;
  const DocumentId a = scene.subscribe("a");
  const DocumentId b = scene.subscribe("b");
  scene.welcome({.heartbeat_ms = 1000, .in_flight_bytes_max = 100});
  scene.answer_subscribe({.document = {10}});
  scene.answer_subscribe({.document = {20}});
  scene.publish(a, std::string(80, 'a'));
  scene.publish(b, std::string(80, 'b'));
  scene.publish(a, std::string(80, 'c'));
  EXPECT_EQ(scene.next<frames::Publish>().document, DocumentHandle{10});
  EXPECT_TRUE(scene.sent.empty());
  scene.stored(1, {10});
  EXPECT_EQ(scene.sent.size(), 1U);
  scene.sent.clear();
  scene.publish(b, std::string(300, 'd'));  // larger than the whole budget: it goes alone
  scene.stored(1, {20});
  scene.stored(2, {10});
  scene.stored(1, {20});
  scene.stored(2, {20});
  EXPECT_EQ(scene.session.pending(), 0U);
}

TEST(ClientSession, WhatCanNeverBeStoredIsRefusedAtOnce) {
  Scene scene({.outbox_bytes_max = 1000});
  const DocumentId d = scene.subscribe("d");
  const Ticket early = scene.publish(d, std::string(501, 'x'));  // more than this relay takes, which is not known yet
  scene.publish(d, "aa");
  scene.welcome();
  scene.answer_subscribe();
  EXPECT_EQ(scene.outcome(early), Scene::error(ErrorKind::payload_too_large));
  EXPECT_EQ(scene.published(), "1: aa");
  EXPECT_EQ(scene.outcome(scene.publish(d, std::string(501, 'x'))), Scene::error(ErrorKind::payload_too_large));
  scene.publish(d, std::string(500, 'x'));
  EXPECT_EQ(scene.outcome(scene.publish(d, std::string(400, 'x'))), Scene::error(ErrorKind::outbox_full));
  EXPECT_FALSE(scene.session.subscribe(path_of("d"), {}, scene.now));
}

TEST(ClientSession, ClosingGivesUpWhatWaitsAndItsAnswersConcernNobodyElse) {
  Scene scene;
  const DocumentId d = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  const Ticket ticket = scene.publish(d, "aa");
  scene.session.unsubscribe(d, scene.now);
  scene.take();
  EXPECT_EQ(scene.outcome(ticket), Scene::error(ErrorKind::closed));
  scene.next<frames::Publish>();
  scene.next<frames::Unsubscribe>();
  EXPECT_EQ(scene.outcome(scene.publish(d, "bb")), Scene::error(ErrorKind::closed));
  // "aa" may still be answered on this connection, and under the number that the next delta would get.
  scene.subscribe("d");
  EXPECT_EQ(scene.session.status(), Status::connecting);
  scene.advance(1s);
  EXPECT_EQ(scene.connections, 2);
}

TEST(ClientSession, AProducerOfAnEarlierLifeGoesOnBehindItsLastSequence) {
  Scene scene({.producer = producer_of('p')});
  scene.publish(scene.subscribe("d"), "aa");
  EXPECT_EQ(scene.welcome().producer, producer_of('p'));
  scene.answer_subscribe({.head = {50}, .last_sequence = {37}});
  scene.caught_up(50);
  EXPECT_EQ(scene.published(), "38: aa");
}

TEST(ClientSession, RecordsOfSeveralDocumentsAreHandedOverInTheirOrder) {
  Scene scene;
  const DocumentId a = scene.subscribe("a");
  const DocumentId b = scene.subscribe("b");
  scene.welcome();
  scene.answer_subscribe({.document = {1}});
  scene.answer_subscribe({.document = {2}});
  const auto of = [](std::uint64_t document, std::uint64_t offset) {
    frames::Records records = one_record(offset, producer_of('b'), offset, "aa");
    records.document = {document};
    return records;
  };
  scene.say(of(1, 1), of(2, 2), of(2, 3), of(1, 4));
  std::vector<std::pair<DocumentId, std::size_t>> seen;
  for (const RecordsRead& read : scene.all<RecordsRead>()) seen.emplace_back(read.document, read.records.size());
  EXPECT_EQ(seen, (std::vector<std::pair<DocumentId, std::size_t>>{{a, 1}, {b, 2}, {a, 1}}));
}

}  // namespace
}  // namespace weir::client
