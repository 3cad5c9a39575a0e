// Presence and snapshots of an encrypted document.
#include "sealed_scene.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;

struct SealedPresence : SealedScene {
  SealedPresence() : SealedScene(encrypted({.presence = true})) {}
  frames::PresenceUpdate update(char producer, std::uint64_t clock, std::string_view data, char inside = 0) {
    const ProducerId author = producer_of(inside != 0 ? inside : producer);
    Nonce nonce{};
    nonce[0] = static_cast<std::byte>(++nonces);
    return {handle, std::string(1, producer), producer_of(producer),
            bytes(sealing.seal(key_of(1), SealedPlace::presence(), nonce,
                               encode_contents(PresenceContents{author, clock, bytes(data)}))),
            false};
  }
  std::string shown() const {
    std::string text;
    for (const PresenceChanged& changed : all<PresenceChanged>())
      for (const Presence& presence : changed.changes)
        text += presence.gone ? "gone " : std::string(presence.data.view()) + ' ';
    return text;
  }
};

TEST(SealedPresence, IsSealedWithARisingClock) {
  SealedPresence scene;
  std::uint64_t last = 0;
  for (const char* data : {"here", "there"}) {
    scene.session.set_presence(scene.document, bytes(data), scene.now);
    scene.take();
    const auto sent = scene.next<frames::SetPresence>();
    const auto plain = scene.sealing.open(key_of(1), SealedPlace::presence(), sent.data.view());
    ASSERT_TRUE(plain);
    const PresenceContents contents = *decode_presence_contents(*plain);
    EXPECT_EQ(contents.data.view(), data);
    EXPECT_EQ(contents.producer, scene.session.producer());
    EXPECT_GT(contents.clock, last);
    last = contents.clock;
  }
  scene.session.set_presence(scene.document, {}, scene.now);
  scene.take();
  EXPECT_TRUE(scene.next<frames::SetPresence>().data.empty());
}

TEST(SealedPresence, TheClockIsUnixTimeWhereThatIsKnown) {
  Scene scene({.unix_time = 1'700'000'000'000'000});
  const DocumentId document = scene.subscribe("d", encrypted());
  scene.welcome();
  scene.answer_subscribe();
  scene.advance(3s);
  scene.session.set_presence(document, bytes("x"), scene.now);
  scene.take();
  Sealing sealing(path_of("d"));
  const auto plain = sealing.open(key_of(1), SealedPlace::presence(), scene.next<frames::SetPresence>().data.view());
  EXPECT_EQ(decode_presence_contents(*plain)->clock, 1'700'000'003'000'000U);
}

TEST(SealedPresence, AnOldValueIsNotShownAgain) {
  SealedPresence scene;
  scene.say(scene.update('b', 5, "five"), scene.update('b', 7, "seven"), scene.update('b', 5, "five"));
  scene.say(scene.update('b', 7, "seven again"), scene.update('c', 1, "another"));
  EXPECT_EQ(scene.shown(), "five seven seven again another ");
}

TEST(SealedPresence, WhatCannotBeOpenedIsLeftOut) {
  SealedPresence scene;
  frames::PresenceUpdate plain = scene.update('b', 5, "five");
  plain.data = bytes("plain");
  scene.say(plain, scene.update('b', 5, "of another", 'c'));
  EXPECT_EQ(scene.shown(), "");
  EXPECT_TRUE(scene.all<DocumentFailed>().empty());
  frames::PresenceUpdate gone = scene.update('b', 5, "five");
  scene.say(gone);
  gone.gone = true;
  scene.say(gone);
  EXPECT_EQ(scene.shown(), "five gone ");
}

struct SealedSnapshots : SealedScene {
  SealedSnapshots() : SealedScene(encrypted({.snapshots = true})) {}
  std::string sealed_snapshot(std::uint64_t offset, const Digest& chain, std::string_view state) {
    return sealing.seal(key_of(1), SealedPlace::snapshot({offset}, chain, {}), {},
                        encode_contents(SnapshotContents{{17}, bytes(state)}));
  }
  void show(const std::string& sealed, std::uint64_t offset, const Digest& chain, Codec codec = sealed_codec) {
    frames::SnapshotHeader header;
    header.document = handle;
    header.offset = {offset};
    header.hash = sha256(sealed);
    header.size = sealed.size();
    header.codec = codec;
    header.chain = chain;
    frames::SnapshotChunk chunk;
    chunk.document = handle;
    chunk.data = bytes(sealed);
    chunk.last = true;
    say(header, chunk);
  }
};

TEST(SealedSnapshot, IsOpenedAndReadOnFrom) {
  SealedSnapshots scene;
  const Digest chain = sha256("chain");
  scene.show(scene.sealed_snapshot(50, chain, "the state"), 50, chain);
  const auto read = scene.all<SnapshotRead>();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].bytes.view(), "the state");
  EXPECT_EQ(read[0].codec, Codec{17});
  // A producer may begin anywhere behind it, and may have seen it.
  scene.say(scene.sealed_record(60, 'b', 9, {"aa"}, {.seen = seen_at(read[0].cursor)}));
  EXPECT_EQ(scene.read(), "aa ");
  Seen wrong = seen_at(read[0].cursor);
  wrong.chain[3] ^= std::byte{8};
  scene.say(scene.sealed_record(70, 'b', 10, {"bb"}, {.seen = wrong}));
  EXPECT_EQ(scene.complaint(true), ErrorKind::forked);
}

TEST(SealedSnapshot, OfAnotherPlaceOrMadeUpIsNotTaken) {
  const Digest chain = sha256("chain");
  for (int way = 0; way < 4; ++way) {
    SealedSnapshots scene;
    std::string sealed = scene.sealed_snapshot(50, way == 0 ? sha256("other") : chain, "the state");
    if (way == 1) sealed.back() = static_cast<char>(sealed.back() ^ 1);
    scene.show(sealed, way == 2 ? 51 : 50, chain, way == 3 ? Codec{} : sealed_codec);
    EXPECT_TRUE(scene.all<SnapshotRead>().empty());
    EXPECT_EQ(scene.complaint(false), ErrorKind::snapshot);
    scene.next<frames::Unsubscribe>();
    EXPECT_FALSE(scene.next<frames::Subscribe>().snapshots);
  }
}

TEST(SealedSnapshot, IsMadeSealedForTheHistoryItStandsFor) {
  SealedSnapshots scene;
  scene.say(scene.sealed_record(5, 'b', 1, {"aa"}), frames::CaughtUp{handle, {5}});
  scene.session.offer_snapshot(scene.document, scene.cursor(), {bytes("state"), {17}, Fidelity::lossless}, scene.now);
  scene.take();
  const auto offer = scene.next<frames::SnapshotOffer>();
  const auto chunk = scene.next<frames::SnapshotChunk>();
  EXPECT_EQ(offer.codec, sealed_codec);
  EXPECT_EQ(offer.hash, sha256(chunk.data.view()));
  auto plain = scene.sealing.open(key_of(1), SealedPlace::snapshot({5}, scene.cursor().chain, {}), chunk.data.view());
  ASSERT_TRUE(plain);
  EXPECT_EQ(decode_snapshot_contents(std::move(*plain))->bytes.view(), "state");
}

TEST(SealedSnapshot, IsCheckedAsWhatWasSealed) {
  SealedSnapshots scene;
  scene.say(scene.sealed_record(5, 'b', 1, {"aa"}));
  const std::string sealed = scene.sealed_snapshot(5, scene.cursor().chain, "state");
  const Record later = scene.record(6, 'b', 2, {"bb", "cc"}, {});
  scene.say(scene.records(later), frames::CaughtUp{handle, {6}});
  scene.say(frames::AttestationWanted{handle, {5}, sha256(sealed), sealed.size(), sealed_codec, 10'000});
  const auto read = scene.next<frames::ReadSnapshot>();
  scene.say(frames::SnapshotChunk{handle, 0, bytes(sealed), true, 0, read.request});
  frames::History history;
  history.request = scene.next<frames::ReadHistory>().request;
  history.records = {later};
  history.offset = {6};
  history.complete = true;
  scene.say(history);
  const auto asked = scene.all<AttestationAsked>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].snapshot.bytes.view(), "state");
  EXPECT_EQ(asked[0].snapshot.codec, Codec{17});
  ASSERT_EQ(asked[0].snapshot.records.size(), 2U);
  EXPECT_EQ(asked[0].snapshot.records[1].payload.view(), "cc");
}

}  // namespace
}  // namespace weir::client
