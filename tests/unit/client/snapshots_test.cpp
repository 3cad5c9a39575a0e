// A snapshot in place of records: taken whole or not at all, and read on behind it.
#include <gmock/gmock.h>

#include "scene.hpp"
#include "weir/packing/compression.hpp"
#include "weir/packing/pack.hpp"

namespace weir::client {
namespace {

using testing::ElementsAre;

frames::SnapshotHeader header_of(std::string_view bytes, std::uint64_t offset, std::uint64_t base = 0) {
  frames::SnapshotHeader header;
  header.document = handle;
  header.offset = {offset};
  header.hash = sha256(bytes);
  header.size = bytes.size();
  header.codec = {17};
  header.chain = sha256("chain " + std::to_string(offset));
  header.base = {base};
  header.fidelity = Fidelity::lossless;
  header.verified = true;
  return header;
}

frames::SnapshotChunk chunk_of(std::string_view data, std::uint64_t position, bool last) {
  frames::SnapshotChunk chunk;
  chunk.document = handle;
  chunk.position = position;
  chunk.data = bytes(data);
  chunk.last = last;
  return chunk;
}

Record record_at(std::uint64_t offset) {
  return {{offset}, producer_of('o'), {offset}, {100}, {}, bytes("r" + std::to_string(offset))};
}

/// A document whose application takes snapshots, and which is open.
struct Reading : Scene {
  explicit Reading(SubscribeOptions options = {}) {
    options.snapshots = true;
    document = subscribe("d", std::move(options));
    welcome();
    EXPECT_TRUE(answer_subscribe().snapshots);
  }
  std::vector<std::string> taken() const {
    std::vector<std::string> all;
    for (const SnapshotRead& read : this->all<SnapshotRead>()) all.emplace_back(read.bytes.view());
    return all;
  }
  std::string complaint() const {
    const auto failed = all<DocumentFailed>();
    if (failed.empty()) return "";
    EXPECT_FALSE(failed.back().over);
    EXPECT_EQ(failed.back().error.kind, ErrorKind::snapshot);
    return failed.back().error.error.message;
  }
  DocumentId document;
};

TEST(Snapshots, AreNotAskedForUnlessTheApplicationTakesThem) {
  Scene scene;
  scene.subscribe("d");
  scene.welcome();
  EXPECT_FALSE(scene.answer_subscribe().snapshots);
}

TEST(Snapshots, StandForRecordsAndTheChainGoesOnBehindThem) {
  Reading scene;
  scene.say(header_of("whole state", 9), chunk_of("whole ", 0, false));
  EXPECT_THAT(scene.taken(), ElementsAre());
  scene.say(chunk_of("state", 6, true), frames::Records{handle, {record_at(12)}, false});
  EXPECT_THAT(scene.taken(), ElementsAre("whole state"));
  const SnapshotRead read = scene.all<SnapshotRead>().at(0);
  EXPECT_EQ(read.offset, Offset{9});
  EXPECT_EQ(read.codec, Codec{17});
  EXPECT_TRUE(read.verified);
  EXPECT_EQ(read.cursor, (Cursor{epoch, {9}, sha256("chain 9")}));
  const auto records = scene.all<RecordsRead>();
  ASSERT_EQ(records.size(), 1U);
  const Record record = record_at(12);
  EXPECT_EQ(records[0].cursor->chain,
            chain_next(sha256("chain 9"), record.producer, record.sequence, record.codec, record.payload.view()));
}

TEST(Snapshots, ComeOnThoseTheyLieOn) {
  Reading scene;
  scene.say(header_of("base", 5), chunk_of("base", 0, true), header_of("layer", 9, 5), chunk_of("layer", 0, true));
  EXPECT_THAT(scene.taken(), ElementsAre("base", "layer"));
  EXPECT_EQ(scene.all<SnapshotRead>().at(1).base, Offset{5});
  const auto resumed = scene.reconnect({.head = {9}});
  EXPECT_EQ(resumed.cursor, (Cursor{epoch, {9}, sha256("chain 9")}));
}

TEST(Snapshots, AnEmptyOneIsOneToo) {
  Reading scene;
  scene.say(header_of("", 9), chunk_of("", 0, true));
  EXPECT_THAT(scene.taken(), ElementsAre(""));
}

TEST(Snapshots, HalfOfOneIsForgottenWithItsConnection) {
  Reading scene;
  scene.say(header_of("whole state", 9), chunk_of("whole ", 0, false));
  const auto again = scene.reconnect({});
  EXPECT_TRUE(again.snapshots);
  EXPECT_EQ(again.from, frames::From::start);
  scene.say(header_of("other", 8), chunk_of("other", 0, true));
  EXPECT_THAT(scene.taken(), ElementsAre("other"));
  EXPECT_EQ(scene.complaint(), "");
}

/// Nothing of it was taken, and the document is asked for without one.
void expect_without(Reading& scene, const std::string& why) {
  EXPECT_THAT(scene.taken(), ElementsAre());
  EXPECT_THAT(scene.complaint(), testing::HasSubstr(why));
  EXPECT_EQ(scene.next<frames::Unsubscribe>().document, handle);
  const auto subscribe = scene.answer_subscribe({.document = {4}});
  EXPECT_FALSE(subscribe.snapshots);
  EXPECT_EQ(subscribe.from, frames::From::start);
  scene.say(frames::Records{{4}, {record_at(1)}, false});
  EXPECT_EQ(scene.all<RecordsRead>().size(), 1U);
}

TEST(Snapshots, AWrongOneIsNamedAndTheDocumentIsReadWithout) {
  {
    Reading scene;
    scene.say(header_of("whole state", 9), chunk_of("whole stat!", 0, true));
    expect_without(scene, "hash");
  }
  {
    Reading scene;
    scene.say(header_of("whole state", 9), chunk_of("whole", 0, true));
    expect_without(scene, "follow each other");
  }
  {
    Reading scene;
    scene.say(header_of("whole state", 9), chunk_of("whole", 0, false), chunk_of("state", 6, true));
    expect_without(scene, "follow each other");
  }
  {
    Reading scene;
    scene.say(header_of("whole state", 9), chunk_of("whole state and more", 0, true));
    expect_without(scene, "follow each other");
  }
  {
    Reading scene;
    scene.say(header_of("whole state", 9), frames::Records{handle, {record_at(12)}, false});
    expect_without(scene, "ends before");
  }
  {
    Reading scene;
    scene.say(header_of("whole state", 9), header_of("another", 9));
    expect_without(scene, "ends before");
  }
}

TEST(Snapshots, ALargerOneThanTheRelayTakesIsWrong) {
  Scene scene;
  scene.subscribe("d", {.snapshots = true});
  scene.session.opened(scene.attempt, "", scene.now);
  scene.take();
  (void)scene.next<frames::Hello>();
  frames::Welcome welcome;
  welcome.snapshot_bytes_max = 10;
  scene.say(welcome);
  scene.answer_subscribe();
  scene.say(header_of("eleven long", 9));
  EXPECT_EQ(scene.all<DocumentFailed>().at(0).error.kind, ErrorKind::snapshot);
}

TEST(Snapshots, AreAskedForOnceWhenRecordsWereCut) {
  Reading scene({.cursor = Cursor{epoch, {3}, sha256("chain 3")}});
  scene.say(frames::Cut{handle, {7}});
  EXPECT_EQ(scene.next<frames::Unsubscribe>().document, handle);
  const auto subscribe = scene.answer_subscribe({.document = {4}});
  EXPECT_TRUE(subscribe.snapshots);
  EXPECT_EQ(subscribe.cursor, (Cursor{epoch, {3}, sha256("chain 3")}));
  EXPECT_EQ(scene.all<RecordsCut>().size(), 0U);
  scene.say(frames::Cut{{4}, {7}});  // nothing stands for them
  EXPECT_EQ(scene.all<RecordsCut>().size(), 1U);
  EXPECT_TRUE(scene.sent.empty());
}

TEST(Snapshots, OneThatWasNotTakenIsNoEndOfAnything) {
  Reading scene;
  const Ticket ticket = scene.publish(scene.document, "mine");
  scene.refuse(Code::already_exists, frames::Reason::snapshot, 0);
  EXPECT_EQ(scene.all<DocumentFailed>().at(0).error.kind, ErrorKind::snapshot);
  EXPECT_FALSE(scene.all<DocumentFailed>().at(0).over);
  scene.stored(1);
  EXPECT_EQ(scene.outcome(ticket), "stored at 1");
}

// ---- compressed chunks ----

frames::SnapshotChunk frame_of(std::string_view plain, std::uint64_t position, bool last) {
  packing::Compressor compressor;
  compressor.add(std::string(plain));
  frames::SnapshotChunk chunk = chunk_of(compressor.compress(3), position, last);
  chunk.unpacked_size = plain.size();
  return chunk;
}

TEST(Snapshots, TheirChunksMayComeCompressed) {
  Reading scene;
  const std::string first(5000, 'a');
  scene.say(header_of(first + "rest", 5), frame_of(first, 0, false), chunk_of("rest", first.size(), true));
  EXPECT_THAT(scene.taken(), ElementsAre(first + "rest"));
  EXPECT_EQ(scene.complaint(), "");
}

TEST(Snapshots, OneWhoseCompressedChunkLiesIsNotTaken) {
  Reading scene;
  frames::SnapshotChunk lying = frame_of("0123456789", 0, true);
  lying.unpacked_size = 9;
  scene.say(header_of("012345678", 5), lying);
  EXPECT_THAT(scene.taken(), ElementsAre());
  EXPECT_THAT(scene.complaint(), testing::HasSubstr("cannot be unpacked"));
  (void)scene.next<frames::Unsubscribe>();
  EXPECT_FALSE(scene.answer_subscribe().snapshots);
}

TEST(Snapshots, APackInTheMiddleOfOneIsNotTaken) {
  Reading scene;
  const std::vector<Record> records{record_at(1)};
  scene.say(header_of("whole", 5), chunk_of("wh", 0, false), frames::Pack{handle, packing::pack(records, {}).value()});
  EXPECT_TRUE(scene.all<RecordsRead>().empty());
  EXPECT_THAT(scene.complaint(), testing::HasSubstr("ends before all of it has come"));
}

}  // namespace
}  // namespace weir::client
