// What the relay asks of a client: a snapshot, and whether another's is right.
#include <gmock/gmock.h>

#include "scene.hpp"
#include "weir/packing/compression.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

Record record_at(std::uint64_t offset) {
  return {{offset}, producer_of('o'), {offset}, {100}, {}, bytes("r" + std::to_string(offset))};
}

/// Open and caught up at offset 2.
struct Working : Scene {
  Working() : Scene({.makes_snapshots = true}) {
    document = subscribe("d");
    EXPECT_TRUE(welcome().makes_snapshots);
    answer_subscribe();
    say(frames::Records{handle, {record_at(1), record_at(2)}, false});
  }
  Digest chain(std::uint64_t upto) const {
    Digest chain = chain_start(path_of("d"));
    for (std::uint64_t offset = 1; offset <= upto; ++offset) {
      const Record record = record_at(offset);
      chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
    }
    return chain;
  }
  frames::AttestationWanted question(std::string_view bytes, std::uint64_t offset) {
    return {handle, {offset}, sha256(bytes), bytes.size(), {17}, 30'000};
  }
  void answer_bytes(std::string_view data, bool last) {
    const auto asked = next<frames::ReadSnapshot>();
    EXPECT_EQ(asked.path, path_of("d"));
    frames::SnapshotChunk chunk;
    chunk.request = asked.request;
    chunk.position = asked.position;
    chunk.data = bytes(data);
    chunk.last = last;
    say(chunk);
  }
  void answer_records(std::uint64_t after, const std::vector<Record>& records, bool complete) {
    const auto asked = next<frames::ReadHistory>();
    EXPECT_EQ(asked.after, Offset{after});
    frames::History page;
    page.request = asked.request;
    page.epoch = epoch;
    page.records = records;
    page.offset = records.empty() ? asked.after : records.back().offset;
    page.complete = complete;
    say(page);
  }
  DocumentId document;
};

TEST(SnapshotWork, ASnapshotIsAskedForWhenNothingIsUnderWay) {
  Working scene;
  scene.say(frames::SnapshotWanted{handle, 30'000});
  EXPECT_TRUE(scene.all<SnapshotAsked>().empty());  // not caught up
  scene.publish(scene.document, "mine");
  scene.caught_up(2);
  EXPECT_TRUE(scene.all<SnapshotAsked>().empty());  // something waits to be stored
  scene.sent.clear();
  scene.stored(1);
  const auto asked = scene.all<SnapshotAsked>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].cursor, (Cursor{epoch, {2}, scene.chain(2)}));
  scene.stored(1);
  EXPECT_EQ(scene.all<SnapshotAsked>().size(), 1U);
}

TEST(SnapshotWork, WhatIsStoredOfOnesOwnAndWasNotReadYetIsWaitedFor) {
  Working scene;
  scene.caught_up(2);
  scene.publish(scene.document, "mine");
  scene.sent.clear();
  scene.say(frames::SnapshotWanted{handle, 30'000});
  scene.say(frames::Stored{handle, {1}, {3}});
  EXPECT_TRUE(scene.all<SnapshotAsked>().empty());  // the application has it, and the cursor stands before it
  const Record mine{{3}, scene.session.producer(), {1}, {100}, {}, {}};
  scene.say(frames::Records{handle, {mine}, true});
  const auto asked = scene.all<SnapshotAsked>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].cursor.offset, Offset{3});
}

TEST(SnapshotWork, WhatIsToBeComparedMayComeCompressed) {
  Working scene;
  scene.caught_up(2);
  const std::string state(5000, 's');
  scene.say(scene.question(state + "!", 2));
  const auto asked = scene.next<frames::ReadSnapshot>();
  packing::Compressor compressor;
  compressor.add(state);
  frames::SnapshotChunk chunk;
  chunk.request = asked.request;
  chunk.data = bytes(compressor.compress(3));
  chunk.unpacked_size = state.size();
  scene.say(chunk);
  EXPECT_EQ(std::get<frames::ReadSnapshot>(scene.sent.at(0)).position, state.size());
  scene.answer_bytes("!", true);
  const auto comparing = scene.all<AttestationAsked>();
  ASSERT_EQ(comparing.size(), 1U);
  EXPECT_EQ(comparing[0].snapshot.bytes.view(), state + "!");
}

TEST(SnapshotWork, AQuestionIsForgottenAfterItsLease) {
  Working scene;
  scene.say(frames::SnapshotWanted{handle, 5'000});
  scene.advance(6s);
  scene.caught_up(2);
  EXPECT_TRUE(scene.all<SnapshotAsked>().empty());
}

TEST(SnapshotWork, AnOfferHasItsChunksBehindIt) {
  Working scene;
  scene.caught_up(2);
  scene.say(frames::SnapshotWanted{handle, 30'000});
  const std::string state(2500, 's');
  scene.session.offer_snapshot(scene.document, scene.all<SnapshotAsked>().at(0).cursor,
                               {bytes(state), {17}, Fidelity::lossless}, scene.now);
  scene.take();
  const auto offer = scene.next<frames::SnapshotOffer>();
  EXPECT_EQ(offer.document, handle);
  EXPECT_EQ(offer.epoch, epoch);
  EXPECT_EQ(offer.offset, Offset{2});
  EXPECT_EQ(offer.chain, scene.chain(2));
  EXPECT_EQ(offer.hash, sha256(state));
  EXPECT_EQ(offer.size, 2500U);
  EXPECT_EQ(offer.codec, Codec{17});
  EXPECT_EQ(offer.fidelity, Fidelity::lossless);
  std::string sent;
  for (int i = 0; i < 3; ++i) {
    const auto chunk = scene.next<frames::SnapshotChunk>();
    EXPECT_EQ(chunk.position, sent.size());
    EXPECT_EQ(chunk.last, i == 2);
    sent += chunk.data.view();
  }
  EXPECT_EQ(sent, state);
  scene.say(frames::SnapshotStored{handle, {2}, sha256(state)});
  EXPECT_EQ(scene.all<SnapshotKept>().at(0).offset, Offset{2});
}

TEST(SnapshotWork, AnotherHistoryIsNotOfferedAnything) {
  Working scene;
  scene.session.offer_snapshot(scene.document, {{99}, {2}, {}}, {bytes("state")}, scene.now);
  scene.take();
  EXPECT_TRUE(scene.sent.empty());
}

TEST(SnapshotWork, WhatIsToBeCheckedIsReadWithTheRecordsBehindIt) {
  Working scene;
  scene.caught_up(2);
  scene.say(scene.question("state of one", 1));
  scene.answer_bytes("state ", false);
  scene.answer_bytes("of one", true);
  EXPECT_TRUE(scene.all<AttestationAsked>().empty());
  scene.answer_records(1, {record_at(2)}, true);
  const auto asked = scene.all<AttestationAsked>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].offset, Offset{1});
  EXPECT_EQ(asked[0].snapshot.bytes.view(), "state of one");
  EXPECT_EQ(asked[0].snapshot.codec, Codec{17});
  EXPECT_THAT(asked[0].snapshot.records, ElementsAre(record_at(2)));
  scene.session.attest(scene.document, asked[0].offset, asked[0].hash, true, scene.now);
  scene.take();
  EXPECT_EQ(scene.next<frames::Attest>(), (frames::Attest{handle, {1}, sha256("state of one"), true}));
}

TEST(SnapshotWork, BothMustHaveTheSameRecords) {
  Working scene;
  scene.caught_up(2);
  scene.say(scene.question("state", 1));
  scene.answer_bytes("state", true);
  scene.answer_records(1, {record_at(2), record_at(3)}, true);
  EXPECT_TRUE(scene.all<AttestationAsked>().empty());  // the third is not here yet
  scene.say(frames::Records{handle, {record_at(3)}, false}, frames::Records{handle, {record_at(4)}, false});
  scene.answer_records(3, {record_at(4)}, true);
  const auto asked = scene.all<AttestationAsked>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_THAT(asked[0].snapshot.records, ElementsAre(record_at(2), record_at(3), record_at(4)));
}

TEST(SnapshotWork, NothingIsSaidOfWhatCannotBeRead) {
  Working scene;
  scene.caught_up(2);
  scene.say(scene.question("state", 1));
  scene.answer_bytes("stat!", true);
  EXPECT_TRUE(scene.sent.empty());
  scene.say(scene.question("state", 1));
  const auto asked = scene.next<frames::ReadSnapshot>();
  frames::ErrorEvent error;
  error.error = {Code::not_found, "dropped"};
  error.request = asked.request;
  scene.say(error);
  EXPECT_TRUE(scene.sent.empty());
  EXPECT_TRUE(scene.all<DocumentFailed>().empty());
  EXPECT_TRUE(scene.all<AttestationAsked>().empty());
}

}  // namespace
}  // namespace weir::client
