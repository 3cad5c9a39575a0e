// Sealed records in packs, those of a relay that lies too.
#include <gmock/gmock.h>

#include "sealed_scene.hpp"
#include "weir/packing/pack.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

struct Packing : SealedScene {
  using SealedScene::SealedScene;

  void add(char producer, std::uint64_t sequence, std::vector<std::string> payloads, const Author& author) {
    past.push_back(record(past.size() + 1, producer, sequence, std::move(payloads), author));
    extend();
  }
  void add(char producer, std::uint64_t sequence, std::vector<std::string> payloads) {
    add(producer, sequence, std::move(payloads), {});
  }
  void extend() {
    const Record& last = past.back();
    chain.push_back(chain_next(chain.back(), last.producer, last.sequence, last.codec, last.payload.view()));
  }
  [[nodiscard]] Seen seen_after(std::size_t count) const { return seen_at(Cursor{epoch, {count}, chain[count]}); }
  [[nodiscard]] frames::Pack packed() const { return packed_with(chain.back()); }
  [[nodiscard]] frames::Pack packed_with(const Digest& end) const { return {handle, packing::pack(past, end).value()}; }
  void two_authors() {
    add('a', 1, {"a1"});
    add('b', 1, {"b1", "b2"}, {.seen = seen_after(1)});
    add('a', 2, {"a2"}, {.seen = seen_after(2)});
    add('b', 2, {"b3"}, {.seen = seen_after(3)});
  }
  std::vector<Record> past;
  std::vector<Digest> chain{chain_start(path_of("d"))};
};

TEST(SealedPacks, AreReadLikeTheirRecords) {
  Packing scene;
  scene.two_authors();
  scene.say(scene.packed());
  scene.caught_up(4);
  EXPECT_EQ(scene.read(), "a1 b1 b2 a2 b3 ");
  EXPECT_EQ(scene.cursor(), (Cursor{epoch, {4}, scene.chain.back()}));
  EXPECT_THAT(scene.all<DocumentFailed>(), IsEmpty());
  // What comes behind is compared with what was in it.
  scene.say(scene.sealed_record(5, 'a', 3, {"a3"}, {.seen = scene.seen_after(4)}));
  EXPECT_EQ(scene.read(), "a1 b1 b2 a2 b3 a3 ");
}

TEST(SealedPacks, OneThatLeavesSomethingOutIsNotTakenAtAll) {
  Packing scene;
  for (const std::uint64_t sequence : {1U, 2U, 4U, 5U}) scene.add('a', sequence, {"a"});
  scene.say(scene.packed());
  EXPECT_EQ(scene.read(), "");
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
  EXPECT_FALSE(scene.alive());
}

TEST(SealedPacks, WhatCameBeforeOneThatEndsTheDocumentHasItsOwnCursor) {
  Packing scene;
  scene.add('a', 1, {"a1"});
  const frames::Records first{handle, {scene.past.back()}, false};
  const Cursor after{epoch, {1}, scene.chain.back()};
  for (const std::uint64_t sequence : {2U, 4U}) scene.add('a', sequence, {"a"});
  scene.say(first, scene.packed());
  EXPECT_EQ(scene.read(), "a1 ");
  EXPECT_EQ(scene.cursor(), after);
  EXPECT_EQ(scene.complaint(true), ErrorKind::missing_records);
}

TEST(SealedPacks, OneOfAnotherHistoryThanAnAuthorInItHasSeenIsNotTakenAtAll) {
  Packing scene;
  scene.two_authors();
  Seen other = scene.seen_after(2);
  other.chain[0] ^= std::byte{1};
  scene.add('a', 3, {"a3"}, {.seen = other});
  scene.say(scene.packed());
  EXPECT_EQ(scene.read(), "");
  EXPECT_EQ(scene.complaint(true), ErrorKind::forked);
}

TEST(SealedPacks, ARecordThatWasChangedIsLeftOutAndTheRestIsRead) {
  Packing scene;
  scene.add('a', 1, {"a1"});
  scene.past.push_back(scene.record(2, 'b', 1, {"b1"}, {}));
  std::string changed(scene.past.back().payload.view());
  changed.back() = static_cast<char>(changed.back() ^ 1);
  scene.past.back().payload = bytes(changed);
  scene.extend();
  scene.add('a', 2, {"a2"});
  scene.say(scene.packed());
  EXPECT_EQ(scene.read(), "a1 a2 ");
  EXPECT_EQ(scene.complaint(false), ErrorKind::tampered);
  EXPECT_EQ(scene.cursor(), (Cursor{epoch, {3}, scene.chain.back()}));
}

TEST(SealedPacks, OneWhoseChainIsNotThatOfItsRecordsIsFetchedAsRecords) {
  Packing scene;
  scene.two_authors();
  scene.say(scene.packed_with({}));
  EXPECT_EQ(scene.read(), "");
  EXPECT_EQ(scene.complaint(false), ErrorKind::pack);
  scene.sent.clear();
  while (scene.connections == 1) scene.advance(100ms);
  EXPECT_THAT(scene.welcome().packs, IsEmpty());
  scene.answer_subscribe();
  scene.say(frames::Records{handle, scene.past, false});
  scene.caught_up(4);
  EXPECT_EQ(scene.read(), "a1 b1 b2 a2 b3 ");
  EXPECT_EQ(scene.all<DocumentFailed>().size(), 1U);
}

TEST(SealedPacks, AReaderWithoutAKeyLeavesThemOutAndIsToldOnce) {
  Packing scene(SubscribeOptions{});
  scene.two_authors();
  scene.say(scene.packed());
  scene.caught_up(4);
  EXPECT_EQ(scene.read(), "");
  EXPECT_EQ(scene.complaint(false), ErrorKind::unknown_key);
  EXPECT_EQ(scene.all<DocumentFailed>().size(), 1U);
  EXPECT_EQ(scene.session.document(scene.document)->cursor(), (Cursor{epoch, {4}, scene.chain.back()}));
}

TEST(SealedPacks, AReaderThatVerifiesWithoutAKeySeesARepetition) {
  SubscribeOptions options;
  options.verify = true;
  Packing scene(options);
  for (const std::uint64_t sequence : {1U, 2U, 1U}) {
    scene.past.push_back({{scene.past.size() + 1}, producer_of('a'), {sequence}, {1}, {}, bytes("plain")});
    scene.extend();
  }
  scene.say(scene.packed());
  EXPECT_EQ(scene.read(), "");
  EXPECT_EQ(scene.complaint(true), ErrorKind::replayed);
}

}  // namespace
}  // namespace weir::client
