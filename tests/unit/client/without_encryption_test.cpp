// A client without keys and an encrypted document, and what an application may not say: keys where nothing is sealed,
// codecs that are not its own.
#include "sealed_scene.hpp"
#include "weir/client/client.hpp"
#include "wire.hpp"

namespace weir::client {
namespace {

bool mentions(const Error& error, std::string_view words) { return error.message.find(words) != std::string::npos; }

// ---- keys ----

TEST(WithoutEncryption, AKeyIsRefusedAndSaysWhatToDo) {
  Scene scene;
  const DocumentId document = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  const Result<void> refused = scene.session.set_key(document, key_of(1), scene.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::failed_precondition);
  EXPECT_TRUE(mentions(refused.error(), "SubscribeOptions::encryption")) << refused.error().message;
  scene.publish(document, "aa");
  EXPECT_EQ(scene.published(), "1: aa");  // as before
}

TEST(WithoutEncryption, ADocumentOfAClientRefusesAKeyAtOnce) {
  const auto wire = std::make_shared<Wire>();
  Client client({}, wire->transport());
  Document plain = client.subscribe({"s", "plain"}, {}).value();
  Document sealed = client.subscribe({"s", "sealed"}, {}, encrypted()).value();
  const Result<void> refused = plain.set_key(key_of(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::failed_precondition);
  EXPECT_TRUE(sealed.set_key(key_of(2)));
}

// ---- codecs ----

TEST(WithoutEncryption, CodecsThatWeirMayComeToDefineAreRefused) {
  Scene scene;
  const DocumentId document = scene.subscribe("d");
  scene.welcome();
  scene.answer_subscribe();
  Ticket ticket = 100;
  for (const std::uint64_t codec : {0ULL, 1ULL, 2ULL, 3ULL, 15ULL, 16ULL, 0xFFFF'FFFFULL, 0x1'0000'0000ULL}) {
    scene.session.publish(document, {Codec{codec}, bytes("aa")}, ++ticket, scene.now);
    scene.take();
    const bool taken = codec < 2 || (codec > 15 && codec <= UINT32_MAX);
    EXPECT_EQ(scene.outcome(ticket), taken ? "waits" : Scene::error(ErrorKind::other)) << codec;
  }
  EXPECT_EQ(scene.all<Settled>().at(1).error->error.message,
            "s/d: 3 is not a codec of yours; use 0, 1, or 16 and above, up to 2^32 - 1");
}

// ---- sealed records ----

TEST(WithoutEncryption, SealedRecordsAreLeftOutAndToldOnceForEachConnection) {
  for (const bool verify : {false, true}) {
    SealedScene scene({.verify = verify});
    scene.say(scene.sealed_record(1, 'b', 1, {"aa"}), scene.sealed_record(2, 'b', 2, {"bb"}));
    EXPECT_EQ(scene.complaint(false), ErrorKind::unknown_key);
    EXPECT_TRUE(mentions(scene.all<DocumentFailed>()[0].error.error, "SubscribeOptions::encryption"));
    scene.say(scene.plain_record(3, 'c', 1, "cc"), scene.sealed_record(4, 'b', 3, {"dd"}));
    EXPECT_EQ(scene.read(), "cc ");
    EXPECT_EQ(scene.all<DocumentFailed>().size(), 1U);
    scene.sent.clear();
    scene.reconnect({.head = {4}});
    EXPECT_EQ(scene.all<DocumentFailed>().size(), 1U);
    scene.say(scene.sealed_record(5, 'b', 4, {"ee"}), scene.sealed_record(6, 'b', 5, {"ff"}));
    EXPECT_EQ(scene.all<DocumentFailed>().size(), 2U);
    EXPECT_TRUE(scene.alive());
  }
}

// ---- publishing ----

TEST(WithoutEncryption, NothingIsPublishedOnceSomethingSealedWasSeen) {
  SealedScene scene(SubscribeOptions{});
  scene.publish(scene.document, "before");
  EXPECT_EQ(scene.published(), "1: before");  // it is not known yet
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}));
  const Ticket ticket = scene.publish(scene.document, "secret");
  EXPECT_EQ(scene.outcome(ticket), Scene::error(ErrorKind::unknown_key));
  ASSERT_FALSE(scene.all<Settled>().empty());
  const Error refused = scene.all<Settled>().back().error->error;
  EXPECT_EQ(refused.code, Code::failed_precondition);
  EXPECT_TRUE(mentions(refused, "s/d: ")) << refused.message;
  EXPECT_TRUE(mentions(refused, "SubscribeOptions::encryption")) << refused.message;
  scene.session.set_presence(scene.document, bytes("line 3"), scene.now);
  scene.take();
  EXPECT_TRUE(scene.sent.empty());
  scene.stored(1);
  EXPECT_EQ(scene.session.pending(), 0U);
}

TEST(WithoutEncryption, WhatWasOnTheWireIsNotSentAgain) {
  SealedScene scene(SubscribeOptions{});
  const Ticket ticket = scene.publish(scene.document, "before");
  scene.sent.clear();
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}));
  scene.reconnect({.head = {1}});
  EXPECT_TRUE(scene.sent.empty());
  EXPECT_EQ(scene.outcome(ticket), "waits");
  scene.session.unsubscribe(scene.document, scene.now);
  scene.take();
  EXPECT_EQ(scene.outcome(ticket), Scene::error(ErrorKind::closed));
}

TEST(WithoutEncryption, WhatWaitsIsSentWhenAllThatIsThereWasReadAndIsPlain) {
  for (const bool sealed : {false, true}) {
    Scene offline;
    const DocumentId d = offline.subscribe("d");
    offline.publish(d, "offline");
    offline.session.set_presence(d, bytes("line 3"), offline.now);
    offline.welcome();
    offline.answer_subscribe({.head = {1}});
    EXPECT_TRUE(offline.sent.empty());
    SealedScene author;
    offline.say(SealedScene::plain_record(1, 'b', 1, "aa"));  // of the time before somebody began to encrypt, perhaps
    EXPECT_TRUE(offline.sent.empty());
    if (sealed) offline.say(author.sealed_record(2, 'b', 2, {"aa"}));
    offline.caught_up(2);
    if (sealed) {
      EXPECT_TRUE(offline.sent.empty());
      continue;
    }
    EXPECT_EQ(offline.next<frames::SetPresence>().data.view(), "line 3");
    EXPECT_EQ(offline.published(), "1: offline");
  }
}

TEST(WithoutEncryption, WhatWaitsIsSentWhenThereIsNothingToReadOrItCannotBeRead) {
  for (const bool damaged : {false, true}) {
    Scene scene;
    const DocumentId d = scene.subscribe("d");
    scene.publish(d, "offline");
    scene.welcome();
    scene.answer_subscribe({.head = {1}});
    EXPECT_TRUE(scene.sent.empty());
    if (damaged) {
      scene.refuse(Code::data_loss, frames::Reason::unspecified, 0);
      scene.advance(std::chrono::seconds(1));
      scene.answer_subscribe({.head = {1}});
    } else {
      scene.caught_up(1);
    }
    EXPECT_EQ(scene.published(), "1: offline");
  }
}

TEST(WithoutEncryption, ItOffersNoStateOfWhatItCouldNotRead) {
  SealedScene scene({.offers_state = true});
  scene.say(scene.sealed_record(1, 'b', 1, {"aa"}));
  scene.sent.clear();
  scene.reconnect({.epoch = {8}, .lost_history = true});
  scene.caught_up(0);
  EXPECT_TRUE(scene.all<StateWanted>().empty());
}

TEST(WithoutEncryption, ASealedSnapshotSaysItToo) {
  SealedScene scene({.snapshots = true});
  frames::SnapshotHeader header;
  header.document = handle;
  header.offset = {50};
  header.codec = sealed_codec;
  header.size = 100;
  scene.say(header);
  EXPECT_EQ(scene.outcome(scene.publish(scene.document, "aa")), Scene::error(ErrorKind::unknown_key));
}

// ---- snapshots ----

TEST(WithoutEncryption, ItMakesNoSnapshotOfWhatItCouldNotRead) {
  for (const bool sealed : {false, true}) {
    SealedScene scene(SubscribeOptions{});
    scene.say(scene.plain_record(1, 'b', 1, "aa"));
    if (sealed) scene.say(scene.sealed_record(2, 'b', 2, {"bb"}));
    scene.say(frames::CaughtUp{handle, {2}}, frames::SnapshotWanted{.document = handle, .lease_ms = 60'000});
    EXPECT_EQ(scene.all<SnapshotAsked>().empty(), sealed);
  }
}

TEST(WithoutEncryption, ASealedSnapshotIsNotTaken) {
  SealedScene scene({.snapshots = true});
  frames::SnapshotHeader header;
  header.document = handle;
  header.offset = {50};
  header.codec = sealed_codec;
  header.size = 100;
  scene.say(header);
  EXPECT_EQ(scene.complaint(false), ErrorKind::snapshot);
  scene.next<frames::Unsubscribe>();
  EXPECT_FALSE(scene.next<frames::Subscribe>().snapshots);
}

}  // namespace
}  // namespace weir::client
