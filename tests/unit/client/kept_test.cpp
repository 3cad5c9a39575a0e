// A session with a store: nothing is sent before it is kept, and what was kept goes on after the process.
#include "sealed_scene.hpp"

namespace weir::client {
namespace {

/// A scene whose store is a value; it writes when it is told to.
struct KeptScene : Scene {
  explicit KeptScene(StoreContents contents = {producer_of('p'), {}})
      : Scene({.kept = contents}), store(std::move(contents)) {}

  /// Everything until now is durable.
  void write() {
    take();
    std::uint64_t number = 0;
    for (; written < all<Persist>().size(); ++written) {
      const Persist persist = all<Persist>()[written];
      for (const StoreChange& change : persist.changes) apply(store, change);
      number = persist.number;
    }
    if (number > 0) session.kept(number, now);
    take();
  }
  [[nodiscard]] const StoredDocument& kept() const { return store.documents.at(path_of("d")); }

  StoreContents store;
  std::size_t written = 0;
};

TEST(Kept, ADeltaIsSentWhenItIsDurable) {
  KeptScene scene;
  const DocumentId d = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  scene.publish(d, "aa");
  EXPECT_TRUE(scene.sent.empty());
  scene.session.when_kept(d, 77, scene.now);
  scene.take();
  EXPECT_EQ(scene.outcome(77), "waits");
  scene.write();
  EXPECT_NE(scene.outcome(77), "waits");
  EXPECT_EQ(scene.published(), "1: aa");
  EXPECT_EQ(scene.kept().outbox.size(), 1U);
  scene.stored(1);
  scene.write();
  EXPECT_TRUE(scene.kept().outbox.empty());
  EXPECT_EQ(scene.kept().place.stored_through, Sequence{1});
}

TEST(Kept, AfterTheProcessTheSameGoesUnderTheSameSequences) {
  KeptScene first;
  const DocumentId d = first.subscribe("d");
  first.welcome();
  first.answer_subscribe();
  for (const char* payload : {"aa", "bb", "cc"}) first.publish(d, payload);
  first.write();
  EXPECT_EQ(first.published(), "1: aa bb cc");  // and never answered
  KeptScene second(first.store);
  const DocumentId again = second.subscribe("d");
  EXPECT_EQ(second.session.pending(), 3U);
  EXPECT_EQ(second.welcome().producer, producer_of('p'));
  second.answer_subscribe({.head = {1}, .last_sequence = {1}});
  second.caught_up(1);
  EXPECT_EQ(second.published(), "1: aa bb cc");
  second.stored(3);
  second.publish(again, "dd");
  second.write();
  EXPECT_EQ(second.published(), "4: dd");
}

TEST(Kept, WhatWasPublishedOfflineIsKeptToo) {
  KeptScene first;
  const DocumentId d = first.subscribe("d");
  first.publish(d, "aa");
  first.write();
  KeptScene second(first.store);
  second.subscribe("d");
  second.welcome();
  second.answer_subscribe();
  EXPECT_EQ(second.published(), "1: aa");
}

TEST(Kept, ClosingADocumentKeepsWhatWaits) {
  KeptScene scene;
  const DocumentId d = scene.subscribe("d");
  const Ticket ticket = scene.publish(d, "aa");
  scene.write();
  scene.session.unsubscribe(d, scene.now);
  scene.take();
  EXPECT_EQ(scene.outcome(ticket), Scene::error(ErrorKind::closed));
  scene.write();
  EXPECT_EQ(scene.kept().outbox.size(), 1U);
  scene.subscribe("d");
  EXPECT_EQ(scene.session.pending(), 1U);
}

TEST(Kept, OfADeletedDocumentOnlyTheNumbersStay) {
  KeptScene scene;
  const DocumentId d = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  scene.publish(d, "aa");
  scene.write();
  scene.refuse(Code::not_found, frames::Reason::deleted, 0);
  scene.write();
  EXPECT_TRUE(scene.kept().outbox.empty());
  // A restored backup has it again, with the old records.
  KeptScene second(scene.store);
  const DocumentId again = second.subscribe("d", {.verify = true});
  second.welcome();
  second.answer_subscribe({.epoch = {8}, .head = {1}});
  second.caught_up(1);
  EXPECT_FALSE(second.all<DocumentOpened>().back().lost_history);
  second.publish(again, "bb");
  second.write();
  EXPECT_EQ(second.published(), "2 base: bb");
}

TEST(Kept, ACloneIsFoundOutEvenWhenNothingWaits) {
  KeptScene first;
  const DocumentId d = first.subscribe("d");
  first.welcome();
  first.answer_subscribe();
  first.publish(d, "aa");
  first.write();
  first.stored(1);
  first.write();
  KeptScene clone(first.store);
  clone.subscribe("d");
  clone.welcome();
  clone.answer_subscribe({.head = {9}, .last_sequence = {5}});  // the other one has published meanwhile
  clone.write();
  EXPECT_NE(clone.store.producer, producer_of('p'));
  EXPECT_EQ(clone.kept().place.producer, clone.store.producer);
}

TEST(Kept, LostHistoryIsRememberedUntilTheStateWasOffered) {
  KeptScene first;
  const DocumentId d = first.subscribe("d", {.offers_state = true});
  first.welcome();
  first.answer_subscribe();
  first.publish(d, "aa");
  first.write();
  first.stored(1);
  first.publish(d, "bb");
  first.write();
  first.sent.clear();
  first.reconnect({.epoch = {8}, .lost_history = true});
  first.write();  // and it ends here
  EXPECT_TRUE(first.kept().place.state_wanted);
  KeptScene second(first.store);
  const DocumentId again = second.subscribe("d", {.offers_state = true});
  second.welcome();
  second.answer_subscribe({.epoch = {8}});
  EXPECT_TRUE(second.sent.empty());
  second.caught_up(0);
  ASSERT_EQ(second.all<StateWanted>().size(), 1U);
  second.session.offer(again, {bytes("state")}, second.now);
  second.write();
  const auto publish = second.next<frames::Publish>();
  EXPECT_TRUE(publish.base);
  EXPECT_GT(publish.first_sequence, Sequence{1});  // no number is given again
  ASSERT_EQ(publish.deltas.size(), 2U);
  EXPECT_EQ(publish.deltas[0].payload.view(), "state");
  EXPECT_EQ(publish.deltas[1].payload.view(), "bb");
  EXPECT_FALSE(second.kept().place.state_wanted);
}

TEST(Kept, AnotherEpochIsSeenWithoutACursor) {
  KeptScene first;
  const DocumentId d = first.subscribe("d");
  first.welcome();
  first.answer_subscribe();
  first.publish(d, "aa");
  first.write();
  first.stored(1);
  first.publish(d, "bb");
  first.write();
  KeptScene second(first.store);
  second.subscribe("d");
  second.welcome();
  second.answer_subscribe({.epoch = {8}, .head = {4}});
  EXPECT_TRUE(second.all<DocumentOpened>().back().lost_history);
  second.write();
  second.caught_up(4);
  EXPECT_EQ(second.published(), "3 base: bb");
}

TEST(Kept, WhenTheStoreTakesNothingItIsSaidAndSendingGoesOn) {
  KeptScene scene;
  const DocumentId d = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  scene.publish(d, "aa");
  scene.session.when_kept(d, 77, scene.now);
  scene.session.not_kept({Code::resource_exhausted, "full"}, scene.now);
  scene.take();
  EXPECT_EQ(scene.all<SessionFailed>().back().error.kind, ErrorKind::store);
  EXPECT_EQ(scene.published(), "1: aa");
  scene.publish(d, "bb");
  EXPECT_EQ(scene.published(), "2: bb");
  EXPECT_EQ(scene.outcome(77), "waits");
  scene.write();
  EXPECT_NE(scene.outcome(77), "waits");
  scene.publish(d, "cc");
  EXPECT_TRUE(scene.sent.empty());
}

TEST(Kept, SealedBytesAreKeptAndSentAgainAsTheyWere) {
  KeptScene first;
  const DocumentId d = first.subscribe("d", encrypted());
  first.welcome();
  first.answer_subscribe();
  first.session.publish(d, {{}, bytes("aa")}, 1, first.now);
  first.session.publish(d, {{}, bytes("bb")}, 2, first.now);
  first.write();
  const auto sent = first.next<frames::Publish>();
  KeptScene second(first.store);
  second.subscribe("d", encrypted());
  EXPECT_EQ(second.session.pending(), 2U);
  second.welcome();
  second.answer_subscribe();
  EXPECT_EQ(second.next<frames::Publish>().deltas, sent.deltas);
}

TEST(Kept, NothingOfAnEncryptedDocumentIsReadableInTheStoreNorLostWithoutItsKey) {
  KeptScene first;
  const DocumentId d = first.subscribe("d", encrypted());
  first.publish(d, "secret");
  first.write();
  ASSERT_EQ(first.kept().outbox.size(), 1U);
  EXPECT_EQ(encode({KeepDelta{path_of("d"), first.kept().outbox[0]}}).find("secret"), std::string::npos);
  KeptScene second(first.store);
  SubscribeOptions options = encrypted();
  options.encryption->key = key_of(2);
  const auto refused = second.session.subscribe(path_of("d"), options, second.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::failed_precondition);
  options.encryption->find = [](std::uint32_t id) { return std::optional(key_of(id)); };
  second.subscribe("d", options);
  EXPECT_EQ(second.session.pending(), 1U);
}

TEST(Kept, WhatWasHeldForWantOfAKeyGoesOutSealed) {
  KeptScene first;
  const DocumentId d = first.subscribe("d");
  first.publish(d, "secret");
  first.welcome();
  first.answer_subscribe({.head = {1}});
  first.write();
  SealedScene author;
  first.say(author.sealed_record(1, 'b', 1, {"aa"}));
  EXPECT_TRUE(first.sent.empty());
  first.session.unsubscribe(d, first.now);
  first.write();
  first.sent.clear();
  first.subscribe("d", encrypted());
  EXPECT_EQ(first.session.pending(), 1U);
  first.answer_subscribe({.head = {1}});
  first.write();
  const auto sent = first.next<frames::Publish>();
  ASSERT_EQ(sent.deltas.size(), 1U);
  EXPECT_EQ(sent.deltas[0].codec, sealed_codec);
}

TEST(Kept, ThatADocumentIsEncryptedIsRememberedBehindItsSealedRecords) {
  for (const bool by_key : {false, true}) {
    KeptScene first;
    first.subscribe("d", by_key ? encrypted() : SubscribeOptions{});
    first.welcome();
    first.answer_subscribe({.head = {1}});
    SealedScene author;
    first.say(author.sealed_record(1, 'b', 1, {"aa"}));
    first.caught_up(1);
    first.write();
    const Cursor cursor{epoch, {1}, {}};  // the application goes on from here
    KeptScene second(first.store);
    const DocumentId again = second.subscribe("d", {.cursor = cursor});
    const Ticket ticket = second.publish(again, "secret");
    EXPECT_EQ(second.outcome(ticket), Scene::error(ErrorKind::unknown_key));
    second.session.unsubscribe(again, second.now);
    second.write();
    KeptScene third(second.store);
    third.publish(third.subscribe("d", encrypted({.cursor = cursor})), "secret");
    third.welcome();
    third.answer_subscribe({.head = {1}});
    third.write();
    EXPECT_EQ(third.next<frames::Publish>().deltas.at(0).codec, sealed_codec);
  }
}

TEST(Kept, WhatWasSealedIsNotOpenedWithoutAKey) {
  KeptScene first;
  const DocumentId d = first.subscribe("d", encrypted());
  first.publish(d, "secret");
  first.write();
  KeptScene second(first.store);
  const auto refused = second.session.subscribe(path_of("d"), {}, second.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::failed_precondition);
  EXPECT_NE(refused.error().message.find("SubscribeOptions::encryption"), std::string::npos);
  second.subscribe("d", encrypted());
  EXPECT_EQ(second.session.pending(), 1U);
}

TEST(Kept, WhatTurnsOutToBeTooLargeMakesNoGap) {
  KeptScene scene;  // its relay's limit of 500 bytes is not known yet
  const DocumentId d = scene.subscribe("d");
  scene.publish(d, "aa");
  const Ticket large = scene.publish(d, std::string(501, 'x'));
  scene.publish(d, "bb");
  scene.write();
  scene.welcome();
  scene.answer_subscribe();
  EXPECT_EQ(scene.published(), "1: aa");
  EXPECT_EQ(scene.outcome(large), Scene::error(ErrorKind::payload_too_large));
  scene.write();
  EXPECT_EQ(scene.published(), "2: bb");
  EXPECT_EQ(scene.kept().outbox.size(), 2U);
}

}  // namespace
}  // namespace weir::client
