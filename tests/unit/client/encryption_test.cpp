// An encrypted document: what goes out, what comes in, and what it does about a relay that lies.
#include "sealed_scene.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;

// ---- publishing ----

TEST(Encryption, WhatWaitsIsSealedTogetherOnceAndSentAgainAsItWas) {
  Scene first;  // to publish before the connection is there
  const DocumentId document = first.subscribe("d", encrypted());
  std::vector<Ticket> tickets;
  for (const char* payload : {"aa", "bb", "cc"}) tickets.push_back(first.publish(document, payload));
  EXPECT_EQ(first.session.pending(), 3U);
  first.welcome();
  first.answer_subscribe();
  const auto sent = first.next<frames::Publish>();
  ASSERT_EQ(sent.deltas.size(), 1U);
  EXPECT_EQ(sent.deltas[0].payload.view().find("aa"), std::string_view::npos);
  EXPECT_EQ(first.session.pending(), 3U);
  first.reconnect({});
  const auto again = first.next<frames::Publish>();
  EXPECT_EQ(again.first_sequence, Sequence{1});
  EXPECT_EQ(again.deltas, sent.deltas);
  first.stored(1);
  for (const Ticket ticket : tickets) EXPECT_EQ(first.outcome(ticket), "stored at 1");
  EXPECT_EQ(first.session.pending(), 0U);
}

TEST(Encryption, WhatIsSealedOpensToWhatWasPublishedAndSaysWhatWasSeen) {
  SealedScene scene;
  scene.publish(scene.document, "aa");
  const auto before = scene.opened(scene.next<frames::Publish>().deltas[0], 1);
  EXPECT_EQ(before.seen, Seen{});
  scene.say(scene.sealed_record(5, 'b', 1, {"theirs"}));
  scene.publish(scene.document, "bb");
  const auto after = scene.opened(scene.next<frames::Publish>().deltas[0], 2);
  EXPECT_EQ(after.seen, seen_at(scene.cursor()));
  EXPECT_EQ(after.seen.offset, Offset{5});
  EXPECT_EQ(after.deltas[0].payload.view(), "bb");
}

TEST(Encryption, UnderAnotherProducerItIsSealedAnew) {
  SealedScene scene;
  const Ticket one = scene.publish(scene.document, "aa");
  const auto sent = scene.next<frames::Publish>();
  const ProducerId before = scene.session.producer();
  scene.refuse(Code::aborted, frames::Reason::resend_differs, 1);
  ASSERT_NE(scene.session.producer(), before);
  scene.advance(10s);
  scene.sent.clear();
  scene.welcome();
  scene.answer_subscribe();
  const auto again = scene.next<frames::Publish>();
  EXPECT_NE(again.deltas, sent.deltas);
  EXPECT_EQ(scene.opened_text(again.deltas[0], 1), "aa ");
  scene.stored(1);
  EXPECT_EQ(scene.outcome(one), "stored at 1");
}

TEST(Encryption, AfterLostHistoryTheStateOpensTheCountAndSaysSo) {
  SubscribeOptions options = encrypted();
  options.offers_state = true;
  SealedScene scene(options);
  scene.say(scene.sealed_record(5, 'b', 1, {"theirs"}));
  scene.publish(scene.document, "mine");
  scene.sent.clear();
  scene.reconnect({.epoch = {8}, .lost_history = true});
  scene.caught_up(0);
  scene.session.offer(scene.document, {bytes("state 1"), bytes("state 2")}, scene.now);
  scene.take();
  const auto publish = scene.next<frames::Publish>();
  EXPECT_TRUE(publish.base);
  const RecordContents state = scene.opened(publish.deltas.at(0), publish.first_sequence.value);
  EXPECT_TRUE(state.base);
  EXPECT_EQ(state.deltas.size(), 2U);
  EXPECT_EQ(state.seen, Seen{});
  // What waited is not sealed together with the state: a newer state would take it along.
  const RecordContents rest = scene.opened(publish.deltas.at(1), publish.first_sequence.value + 1);
  EXPECT_FALSE(rest.base);
  EXPECT_EQ(rest.deltas.at(0).payload.view(), "mine");
}

TEST(Encryption, ALimitIsThatOfTheSealedBytes) {
  SealedScene scene;
  EXPECT_EQ(scene.outcome(scene.publish(scene.document, std::string(500, 'x'))),
            Scene::error(ErrorKind::payload_too_large));
  scene.publish(scene.document, std::string(500 - sealed_record_overhead, 'x'));
  EXPECT_LE(scene.next<frames::Publish>().deltas[0].payload.size(), 500U);
  Scene offline;  // many wait: more than one record's worth
  const DocumentId document = offline.subscribe("d", encrypted());
  for (int i = 0; i < 1500; ++i) offline.publish(document, std::to_string(i));
  offline.welcome({.in_flight_bytes_max = 1'000'000});
  offline.answer_subscribe();
  std::size_t records = 0;
  for (const frames::ClientEvent& event : offline.sent)
    for (const Delta& delta : std::get<frames::Publish>(event).deltas) {
      ++records;
      EXPECT_LE(delta.payload.size(), 500U);
    }
  EXPECT_GT(records, 10U);
  EXPECT_LT(records, 100U);
}

TEST(Encryption, ANewKeySealsWhatComesAfterItAndTheOldOneStillOpens) {
  SealedScene scene;
  ASSERT_TRUE(scene.session.set_key(scene.document, key_of(2), scene.now));
  scene.publish(scene.document, "new");
  const auto publish = scene.next<frames::Publish>();
  EXPECT_EQ(sealed_key_id(publish.deltas[0].payload.view()), 2U);
  EXPECT_EQ(scene.opened_text(publish.deltas[0], 1, 2), "new ");
  scene.say(scene.sealed_record(5, 'b', 1, {"old"}));
  EXPECT_EQ(scene.read(), "old ");
}

TEST(Encryption, CodecTwoIsNotTheApplications) {
  Scene scene;
  scene.session.publish(scene.subscribe("d"), {sealed_codec, bytes("aa")}, 77, scene.now);
  scene.take();
  EXPECT_EQ(scene.outcome(77), Scene::error(ErrorKind::other));
}

// ---- reading ----

TEST(Encryption, ARecordIsHandedOverAsItsDeltas) {
  SealedScene scene;
  scene.say(scene.sealed_record(5, 'b', 9, {"aa", "bb"}), scene.sealed_record(7, 'b', 10, {"cc"}));
  EXPECT_EQ(scene.read(), "aa bb cc ");
  const auto read = scene.all<RecordsRead>().at(0);
  ASSERT_EQ(read.records.size(), 3U);
  for (const auto& [record, own, stub] : {read.records[0], read.records[1]}) {
    EXPECT_EQ(record.offset, Offset{5});
    EXPECT_EQ(record.sequence, Sequence{9});
    EXPECT_EQ(record.codec, Codec{});
  }
  EXPECT_EQ(read.cursor->offset, Offset{7});
}

TEST(Encryption, TheChainIsThatOfTheSealedBytesOwnOnesIncluded) {
  SealedScene scene;
  scene.publish(scene.document, "mine");
  const auto publish = scene.next<frames::Publish>();
  frames::Records stub = scene.records({{3}, scene.session.producer(), {1}, {1}, sealed_codec, {}});
  stub.stub = true;
  scene.say(frames::Stored{handle, {1}, {3}}, stub);
  EXPECT_EQ(scene.cursor().chain, chain_next(chain_start(path_of("d")), scene.session.producer(), {1}, sealed_codec,
                                             publish.deltas[0].payload.view()));
  EXPECT_TRUE(scene.all<RecordsRead>().back().records.at(0).stub);
}

TEST(Encryption, AnOlderKeyIsAskedForAndRemembered) {
  int asked = 0;
  SubscribeOptions options = encrypted();
  options.encryption->find = [&](std::uint32_t id) {
    ++asked;
    return id == 3 ? std::optional(key_of(3)) : std::nullopt;
  };
  SealedScene scene(options);
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}, {.key = 3}), scene.sealed_record(2, 'b', 2, {"bb"}, {.key = 3}));
  EXPECT_EQ(scene.read(), "aa bb ");
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(scene.alive());
  scene.say(scene.sealed_record(3, 'b', 3, {"cc"}, {.key = 4}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::unknown_key);
  EXPECT_EQ(scene.cursor().offset, Offset{2});
  EXPECT_FALSE(scene.alive());
}

TEST(Encryption, WhatWasChangedIsLeftOutAndTheDocumentGoesOn) {
  SealedScene scene;
  Record changed = scene.record(1, 'b', 1, {"aa"}, {});
  std::string raw(changed.payload.view());
  raw.back() = static_cast<char>(raw.back() ^ 1);
  changed.payload = bytes(raw);
  Record moved = scene.record(2, 'b', 1, {"bb"}, {});
  moved.sequence = {2};
  Record other_author = scene.record(3, 'b', 1, {"cc"}, {});
  other_author.producer = producer_of('c');
  for (const Record& record : {changed, moved, other_author}) {
    scene.say(scene.records(record));
    EXPECT_EQ(scene.complaint(false), ErrorKind::tampered);
  }
  scene.say(scene.sealed_record(4, 'b', 3, {"dd"}));
  EXPECT_EQ(scene.read(), "dd ");
  EXPECT_EQ(scene.cursor().offset, Offset{4});
  EXPECT_EQ(scene.all<DocumentFailed>().size(), 3U);
}

TEST(Encryption, ARecordOfAnotherDocumentIsNotThisOnes) {
  SealedScene scene;
  scene.sealing = Sealing(path_of("e"));
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}));
  EXPECT_EQ(scene.complaint(false), ErrorKind::tampered);
  EXPECT_EQ(scene.read(), "");
}

TEST(Encryption, APlainDeltaIsLeftOut) {
  SealedScene scene;
  scene.say(scene.plain_record(1, 'b', 1, "plain"), scene.sealed_record(2, 'c', 1, {"aa"}));
  EXPECT_EQ(scene.complaint(false), ErrorKind::unsealed);
  EXPECT_EQ(scene.read(), "aa ");
}

TEST(Encryption, AStubOfAnothersRecordIsLeftOut) {
  SealedScene scene;
  scene.publish(scene.document, "mine");  // so that sequence 1 is known
  frames::Records stub = scene.records({{3}, producer_of('b'), {1}, {1}, sealed_codec, {}});
  stub.stub = true;
  scene.say(stub);
  EXPECT_EQ(scene.complaint(false), ErrorKind::tampered);
  EXPECT_EQ(scene.read(), "");
}

TEST(Encryption, ARecordThatComesAgainEndsTheDocument) {
  SealedScene scene;
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}), scene.sealed_record(2, 'b', 2, {"bb"}));
  scene.say(scene.sealed_record(3, 'b', 1, {"aa"}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::replayed);
  EXPECT_EQ(scene.cursor().offset, Offset{2});
  EXPECT_EQ(scene.read(), "aa bb ");
  scene.next<frames::Unsubscribe>();
}

TEST(Encryption, ARecordThatIsLeftOutEndsTheDocument) {
  SealedScene scene;
  const Ticket mine = scene.publish(scene.document, "mine");
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}), scene.sealed_record(3, 'b', 3, {"cc"}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
  EXPECT_EQ(scene.cursor().offset, Offset{1});
  EXPECT_EQ(scene.outcome(mine), Scene::error(ErrorKind::missing_records));
}

TEST(Encryption, AProducerThatOpensItsCountAnewMaySkipAheadAndNotBack) {
  SealedScene scene;
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}), scene.sealed_record(2, 'b', 7, {"bb"}, {.base = true}));
  EXPECT_EQ(scene.read(), "aa bb ");
  scene.say(scene.sealed_record(3, 'b', 7, {"cc"}, {.base = true}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::replayed);
}

TEST(Encryption, WhatAnAuthorHasSeenMustBeThere) {
  SealedScene scene;
  scene.say(scene.sealed_record(10, 'b', 1, {"aa"}));
  const Cursor ten = scene.cursor();
  scene.say(scene.sealed_record(20, 'b', 2, {"bb"}, {.seen = seen_at(ten)}));
  Seen elsewhere = seen_at(ten);
  elsewhere.epoch = {99};  // of another history, which this reader cannot judge
  elsewhere.offset = {15};
  scene.say(scene.sealed_record(30, 'b', 3, {"cc"}, {.seen = elsewhere}));
  EXPECT_TRUE(scene.alive());
  Seen other = seen_at(ten);
  other.chain[0] ^= std::byte{1};
  scene.say(scene.sealed_record(40, 'b', 4, {"dd"}, {.seen = other}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::forked);
  EXPECT_EQ(scene.cursor().offset, Offset{30});
}

struct ForkedSeen : testing::TestWithParam<std::uint64_t> {};
TEST_P(ForkedSeen, NamesAnOffsetThatCannotBe) {
  SealedScene scene;
  scene.say(scene.sealed_record(10, 'b', 1, {"aa"}), scene.sealed_record(20, 'b', 2, {"bb"}));
  Seen seen = seen_at(scene.cursor());
  seen.offset = {GetParam()};
  scene.say(scene.sealed_record(30, 'c', 1, {"cc"}, {.seen = seen}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::forked);
}
INSTANTIATE_TEST_SUITE_P(Encryption, ForkedSeen, testing::Values(15, 25, 30, 31));

TEST(Encryption, WhatLiesBeforeWhereReadingBeganIsNotCompared) {
  const Cursor at{epoch, {100}, sha256("kept")};
  SubscribeOptions options = encrypted();
  options.cursor = at;
  SealedScene scene(options, {.head = {100}});
  scene.say(scene.sealed_record(110, 'b', 5, {"aa"}, {.seen = {epoch, {90}, {}}}));
  scene.say(scene.sealed_record(120, 'b', 6, {"bb"}, {.seen = seen_at(at)}));
  EXPECT_EQ(scene.read(), "aa bb ");
  EXPECT_TRUE(scene.alive());
}

TEST(Encryption, OnesOwnStoredRecordMustCome) {
  SealedScene scene;
  scene.publish(scene.document, "mine");
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}), frames::Stored{handle, {1}, {2}});
  EXPECT_TRUE(scene.alive());
  scene.say(scene.sealed_record(3, 'b', 2, {"bb"}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
  EXPECT_EQ(scene.cursor().offset, Offset{1});
}

TEST(Encryption, OnesOwnStoredRecordMustHaveComeWhenAllIsSaidToBeThere) {
  SealedScene scene;
  scene.publish(scene.document, "mine");
  scene.say(frames::Stored{handle, {1}, {2}}, frames::CaughtUp{handle, {2}});
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
}

TEST(Encryption, KnowledgeOfProducersBeginsAnewWithAnEpoch) {
  SealedScene scene;
  scene.say(scene.sealed_record(1, 'b', 5, {"aa"}));
  scene.sent.clear();
  scene.reconnect({.epoch = {8}, .lost_history = true});
  scene.say(scene.sealed_record(1, 'b', 2, {"bb"}));
  EXPECT_EQ(scene.read(), "aa bb ");
  EXPECT_TRUE(scene.alive());
}

TEST(Encryption, LiveOnlyProducersBeginAnywhereAfterEachSubscription) {
  SubscribeOptions options = encrypted();
  options.live_only = true;
  SealedScene scene(options, {.head = {10}});
  scene.say(scene.sealed_record(11, 'b', 5, {"aa"}, {.seen = {epoch, {7}, {}}}));
  scene.reconnect({.head = {20}});
  scene.say(scene.sealed_record(21, 'b', 9, {"bb"}));
  EXPECT_EQ(scene.read(), "aa bb ");
  scene.say(scene.sealed_record(22, 'b', 11, {"cc"}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
}

// ---- without a key ----

TEST(Verify, SeesWhatNeedsNoKey) {
  for (const std::uint64_t next : {2, 4}) {
    SealedScene scene({.verify = true});
    scene.say(frames::CaughtUp{handle, {}});
    scene.say(scene.plain_record(1, 'b', 1, "aa"), scene.plain_record(2, 'b', 2, "bb"));
    EXPECT_TRUE(scene.alive());
    scene.say(scene.plain_record(3, 'b', next, "cc"));
    EXPECT_EQ(scene.complaint(true), next == 2 ? ErrorKind::replayed : ErrorKind::missing_records);
  }
}

TEST(Verify, AGapInThePastMayBeWhereTheCountBeganAnew) {
  SealedScene scene({.verify = true});
  scene.say(scene.plain_record(1, 'b', 1, "aa"), scene.plain_record(2, 'b', 5, "bb"));
  scene.say(frames::CaughtUp{handle, {2}}, scene.plain_record(3, 'b', 9, "cc"));
  EXPECT_TRUE(scene.alive());
  scene.say(scene.plain_record(4, 'b', 11, "dd"));
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
}

TEST(Verify, WhoDoesNotKnowItsNumbersTakesAnotherIdThatNoneIsGivenTwice) {
  const auto producer_after = [](const Answer& answer, bool verify) {
    Scene scene({.producer = producer_of('p')});
    scene.subscribe("d", {.verify = verify});
    scene.welcome();
    scene.answer_subscribe(answer);
    return scene.session.producer();
  };
  EXPECT_NE(producer_after({.head = {5}}, true), producer_of('p'));
  EXPECT_EQ(producer_after({.head = {5}, .last_sequence = {3}}, true), producer_of('p'));
  EXPECT_EQ(producer_after({}, true), producer_of('p'));
  EXPECT_EQ(producer_after({.head = {5}}, false), producer_of('p'));
}

TEST(Verify, ADocumentThatIsOpenedAgainIsNotNew) {
  Scene scene;
  const DocumentId first = scene.subscribe("d", {.verify = true});
  scene.welcome();
  scene.answer_subscribe();
  scene.publish(first, "aa");
  scene.stored(1);
  const ProducerId before = scene.session.producer();
  scene.session.unsubscribe(first, scene.now);
  scene.take();
  scene.sent.clear();
  scene.subscribe("d", {.verify = true});
  scene.answer_subscribe({.epoch = {8}, .head = {1}});  // a backup was restored meanwhile
  EXPECT_NE(scene.session.producer(), before);
}

TEST(Verify, WithoutItTheRelayIsBelieved) {
  SealedScene scene(SubscribeOptions{});
  scene.say(frames::CaughtUp{handle, {}}, scene.plain_record(1, 'b', 3, "aa"), scene.plain_record(2, 'b', 1, "bb"));
  EXPECT_EQ(scene.read(), "aa bb ");
}

}  // namespace
}  // namespace weir::client
