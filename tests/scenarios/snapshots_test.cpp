// How snapshots are asked for, taken, and served to who joins.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::AttestationWanted;
using frames::CaughtUp;
using frames::ErrorEvent;
using frames::SnapshotChunk;
using frames::SnapshotHeader;
using frames::SnapshotStored;
using frames::SnapshotWanted;
using frames::Stored;
using testing::ElementsAre;
using testing::HasSubstr;

const DocumentPath plan = path("plan");
const Wish with_snapshots{.snapshots = true};

/// Three records make a snapshot wanted.
void want_early(Relay& relay) { relay.limits.snapshots.tail_records_min = 3; }

/// Says that it makes snapshots, and subscribes.
void join(Talker& talker, const DocumentPath& document = plan, const Wish& wish = {}) {
  talker.hello(frames::protocol_version, {}, true);
  (void)talker.hear<frames::Welcome>();
  (void)talker.subscribe(document, wish);
  (void)talker.hear<CaughtUp>();
}

void write(Talker& talker, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i <= last; ++i) talker.publish(plan, i, {"number " + std::to_string(i)});
  while (talker.hear<Stored>().through_sequence < Sequence{last}) {
  }
}

Offset head_of(Relay& relay) { return relay.disk.log.document(plan)->head; }

/// Ann has written three records and sent a snapshot of them.
struct Written {
  explicit Written(Relay& relay, const std::string& bytes = "1, 2, 3") : ann(relay, "ann", "", Talker::Start::silent) {
    want_early(relay);
    relay.limits.snapshots.ask = false;  // what is asked for is for other scenarios
    join(ann);
    write(ann, 1, 3);
    ann.send(ann.offer_of(plan, head_of(relay), bytes), bytes);
    (void)ann.hear<SnapshotStored>();
  }
  Talker ann;
};

/// Somebody else vouches for the newest.
void verify(Relay& relay, const std::string& bytes) {
  Talker ben(relay, "ben");
  (void)ben.subscribe(plan);
  ben.attest({ben.handle(plan), relay.disk.log.snapshots().list(plan)->back().offset, sha256(bytes), 0, {}, 0}, true);
  relay.settle();
}

/// What a newcomer hears, from "subscribed" to "caught up".
std::vector<std::string> newcomer(Relay& relay, const std::string& name, const Wish& wish = with_snapshots) {
  Talker reader(relay, name);
  reader.ask(plan, wish);
  (void)reader.hear<CaughtUp>();
  return reader.heard();
}

SCENARIO(Snapshots, AreAskedForWhenEnoughWasWritten) {
  want_early(relay);
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  write(ann, 1, 2);
  relay.pass(5s);
  EXPECT_FALSE(ann.has<SnapshotWanted>());
  write(ann, 3, 3);
  EXPECT_EQ(ann.hear<SnapshotWanted>().lease_ms, 30'000U);
}

SCENARIO(Snapshots, AreAskedForByBytesToo) {
  relay.limits.snapshots.tail_bytes_min = 1000;
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  ann.publish(plan, 1, {std::string(999, 'x')});
  relay.pass(5s);
  EXPECT_FALSE(ann.has<SnapshotWanted>());
  ann.publish(plan, 2, {"y"});
  (void)ann.hear<SnapshotWanted>();
}

SCENARIO(Snapshots, AreAskedOfNobodyWhoDoesNotMakeThem) {
  want_early(relay);
  Talker ann(relay, "ann");
  (void)ann.subscribe(plan);
  write(ann, 1, 5);
  relay.pass(10s);
  EXPECT_FALSE(ann.has<SnapshotWanted>());
}

SCENARIO(Snapshots, AnotherIsAskedWhenTheLeaseIsOver) {
  want_early(relay);
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  Talker ben(relay, "ben", "", Talker::Start::silent);
  join(ben);
  write(ann, 1, 3);
  relay.pass(1s);
  EXPECT_NE(ann.has<SnapshotWanted>(), ben.has<SnapshotWanted>());
  relay.pass(40s);
  EXPECT_TRUE(ann.has<SnapshotWanted>());
  EXPECT_TRUE(ben.has<SnapshotWanted>());
}

SCENARIO(Snapshots, OneWhoLeavesIsNotWaitedFor) {
  want_early(relay);
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  write(ann, 1, 3);
  (void)ann.hear<SnapshotWanted>();
  Talker ben(relay, "ben", "", Talker::Start::silent);
  join(ben);
  ann.hang_up();
  relay.pass(10s);  // the relay may have to miss its answers first
  EXPECT_TRUE(ben.has<SnapshotWanted>());
}

SCENARIO(Snapshots, OneIsServedOnceItIsVerified) {
  Written written(relay);
  EXPECT_THAT(newcomer(relay, "dan"),
              ElementsAre("subscribed plan", "record plan ann/1 number 1", "record plan ann/2 number 2",
                          "record plan ann/3 number 3", "caught up plan"));
  verify(relay, "1, 2, 3");
  write(written.ann, 4, 4);
  EXPECT_THAT(newcomer(relay, "eve"),
              ElementsAre("subscribed plan", "snapshot plan up to 3, verified", "chunk at 0: 1, 2, 3, the last",
                          "record plan ann/4 number 4", "caught up plan"));
  EXPECT_THAT(newcomer(relay, "fay", {}), testing::Not(testing::Contains(HasSubstr("snapshot"))));
}

SCENARIO(Snapshots, AReadersChainGoesOnBehindOne) {
  Written written(relay);
  verify(relay, "1, 2, 3");
  Talker eve(relay, "eve");
  const Epoch epoch = eve.subscribe(plan, with_snapshots).epoch;
  const auto header = eve.hear<SnapshotHeader>();
  EXPECT_EQ(header.chain, relay.disk.log.chain(plan, header.offset).value());
  EXPECT_EQ(header.fidelity, Fidelity::lossless);
  eve.connect();
  eve.hello();
  const auto again =
      eve.subscribe(plan, {.from = frames::From::cursor, .cursor = Cursor{epoch, header.offset, header.chain}});
  EXPECT_FALSE(again.lost_history);
}

/// What needs several parts, and is smaller than what it stands for.
std::string three_mebibytes() {
  std::string bytes;
  for (std::uint64_t i = 0; bytes.size() < (3U << 20); ++i) bytes += std::to_string(i) + ' ';
  return bytes;
}

SCENARIO(Snapshots, ManyPartsArriveInOrderAndBehindThemTheRecords) {
  relay.limits.snapshots.ask = false;
  relay.limits.in_flight_bytes_max = 8 << 20;
  const std::string bytes = three_mebibytes();
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    ann.publish(plan, i, {std::string(1'000'000, 'x')});
    (void)ann.hear<Stored>();
  }
  ann.send(ann.offer_of(plan, {4}, bytes), bytes);
  (void)ann.hear<SnapshotStored>();
  verify(relay, bytes);
  ann.publish(plan, 5, {"behind it"});
  (void)ann.hear<Stored>();
  Talker eve(relay, "eve");
  eve.ask(plan, with_snapshots);
  EXPECT_EQ(eve.hear<SnapshotHeader>().size, bytes.size());
  std::string read;
  for (bool last = false; !last;) {
    const auto chunk = eve.hear<SnapshotChunk>();
    EXPECT_EQ(chunk.position, read.size());
    read += chunk.data.view();
    last = chunk.last;
  }
  EXPECT_EQ(read, bytes);
  EXPECT_EQ(eve.read(1)[0].record.payload.view(), "behind it");
  (void)eve.hear<CaughtUp>();
}

SCENARIO(Snapshots, AreReadInPartsByWhoAsks) {
  const std::string bytes = three_mebibytes();
  Written written(relay, bytes);
  Talker eve(relay, "eve");
  std::string read;
  for (bool last = false; !last;) {
    eve.say(frames::ReadSnapshot{2, plan, head_of(relay), sha256(bytes), read.size()});
    const auto chunk = eve.hear<SnapshotChunk>();
    EXPECT_EQ(chunk.position, read.size());
    EXPECT_EQ(chunk.request, 2U);
    read += chunk.data.view();
    last = chunk.last;
  }
  EXPECT_EQ(read, bytes);
}

// ---- what is not taken ----

struct Refusal {
  std::function<void(frames::SnapshotOffer&)> spoil;
  Code code;
};

void refused(Relay& relay, const Refusal& refusal) {
  want_early(relay);
  relay.limits.snapshots.ask = false;
  relay.limits.snapshots.bytes_max = 1000;
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  write(ann, 1, 3);
  auto offer = ann.offer_of(plan, head_of(relay), "state");
  refusal.spoil(offer);
  ann.send(offer, "state");
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, refusal.code) << error.error.message;
  EXPECT_EQ(error.reason, frames::Reason::snapshot);
  EXPECT_EQ(error.document, ann.handle(plan));
  relay.settle();
  EXPECT_TRUE(relay.disk.log.snapshots().list(plan)->empty());
  write(ann, 4, 4);  // nothing else is touched
}

SCENARIO(Snapshots, OfAnotherHistoryAreRefused) {
  refused(relay, {[](auto& offer) { offer.chain = sha256("another"); }, Code::failed_precondition});
}
SCENARIO(Snapshots, OfAnotherEpochAreRefused) {
  refused(relay, {[](auto& offer) { offer.epoch.value ^= 1; }, Code::failed_precondition});
}
SCENARIO(Snapshots, BeyondTheHeadAreRefused) {
  refused(relay, {[](auto& offer) { offer.offset = offer.offset.plus(100); }, Code::out_of_range});
}
SCENARIO(Snapshots, WhoseBytesAreNotAsSaidAreRefused) {
  refused(relay, {[](auto& offer) { offer.hash = sha256("others"); }, Code::invalid_argument});
}
SCENARIO(Snapshots, ThatEndTooEarlyAreRefused) {
  refused(relay, {[](auto& offer) { offer.size = 6; }, Code::invalid_argument});
}
SCENARIO(Snapshots, ThatAreLongerThanSaidAreRefused) {
  refused(relay, {[](auto& offer) { offer.size = 4; }, Code::invalid_argument});
}
SCENARIO(Snapshots, ThatAreTooLargeAreRefused) {
  refused(relay, {[](auto& offer) { offer.size = 1001; }, Code::invalid_argument});
}

SCENARIO(Snapshots, OlderThanTheNewestAreRefused) {
  Written written(relay);
  relay.pass(2min);
  written.ann.send(written.ann.offer_of(plan, {2}, "older"), "older");
  EXPECT_EQ(written.ann.hear<ErrorEvent>().error.code, Code::already_exists);
}

SCENARIO(Snapshots, ThatNobodyAskedForAreTakenOnceAMinute) {
  Written written(relay);
  write(written.ann, 4, 4);
  written.ann.send(written.ann.offer_of(plan, {4}, "soon"), "soon");
  const auto error = written.ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::resource_exhausted);
  EXPECT_GT(error.retry_after_ms, 0U);
  relay.pass(61s);
  written.ann.send(written.ann.offer_of(plan, {4}, "later"), "later");
  EXPECT_EQ(written.ann.hear<SnapshotStored>().offset, Offset{4});
}

SCENARIO(Snapshots, ChunksWithoutAnOfferAreIgnored) {
  Talker ann(relay, "ann");
  (void)ann.subscribe(plan);
  ann.say(SnapshotChunk{ann.handle(plan), 0, SharedBytes::copy("x"), true, 0, 0});
  write(ann, 1, 1);
  EXPECT_FALSE(ann.has<ErrorEvent>());
}

SCENARIO(Snapshots, AFasterSenderThanTheStoreIsNotRead) {
  relay.limits.in_flight_bytes_max = 100'000;
  relay.limits.session_queue_bytes_max = 100'000;
  const std::string bytes(2'000'000, 's');
  Written written(relay, bytes);
  EXPECT_EQ(relay.disk.log.snapshots().list(plan)->front().size, bytes.size());
}

SCENARIO(Snapshots, WhatACrashInterruptsIsGoneAndCanBeSentAgain) {
  want_early(relay);
  relay.limits.snapshots.ask = false;
  Talker ann(relay, "ann", "", Talker::Start::silent);
  join(ann);
  write(ann, 1, 3);
  const auto offer = ann.offer_of(plan, head_of(relay), "state");
  ann.say(offer);
  ann.say(SnapshotChunk{offer.document, 0, SharedBytes::copy("sta"), false, 0, 0});
  relay.settle();
  ann.hang_up();
  relay.crash();
  EXPECT_TRUE(relay.disk.log.snapshots().list(plan)->empty());
  ann.connect();
  join(ann);
  ann.send(ann.offer_of(plan, head_of(relay), "state"), "state");
  (void)ann.hear<SnapshotStored>();
}

SCENARIO(Snapshots, ADeletedDocumentHasNone) {
  Written written(relay);
  ASSERT_TRUE(relay.delete_document(plan));
  (void)written.ann.hear<ErrorEvent>();
  (void)written.ann.subscribe(plan, {.recreate = true, .snapshots = true});
  relay.settle();
  EXPECT_FALSE(written.ann.has<SnapshotHeader>());
  EXPECT_TRUE(relay.disk.log.snapshots().list(plan)->empty());
}

// ---- looking back ----

SCENARIO(History, IsReadAsOfAnOffsetAndAsOfATime) {
  Talker ann(relay, "ann");
  (void)ann.subscribe(plan);
  write(ann, 1, 2);
  const Seconds then = ann.read(2)[1].record.time;
  relay.pass(10s);
  write(ann, 3, 4);
  const auto ask = [&](frames::ReadHistory what) {
    what.request = 9;
    what.path = plan;
    ann.say(what);
    auto page = ann.hear<frames::History>();
    EXPECT_EQ(page.request, 9U);
    EXPECT_EQ(page.head, Offset{4});
    std::string text;
    for (const Record& record : page.records) text += record.payload.view().back();
    return text + (page.complete ? "." : "...");
  };
  EXPECT_EQ(ask({}), "1234.");
  EXPECT_EQ(ask({.as_of_offset = {3}}), "123.");
  EXPECT_EQ(ask({.as_of_time = then}), "12.");
  EXPECT_EQ(ask({.as_of_time = then.plus(1)}), "12.");
  EXPECT_EQ(ask({.after = {1}, .as_of_offset = {3}}), "23.");
  EXPECT_EQ(ask({.as_of_offset = {3}, .as_of_time = then}), "12.");
  EXPECT_EQ(ask({.as_of_offset = {99}}), "1234.");
}

SCENARIO(History, ComesInPages) {
  relay.limits.read_bytes_max = 100;
  Talker ann(relay, "ann");
  (void)ann.subscribe(plan);
  for (std::uint64_t i = 1; i <= 10; ++i) ann.publish(plan, i, {std::string(60, static_cast<char>('a' + i - 1))});
  (void)ann.read(10);
  std::string text;
  frames::ReadHistory what;
  what.path = plan;
  for (bool complete = false; !complete;) {
    ann.say(what);
    const auto page = ann.hear<frames::History>();
    ASSERT_LT(page.records.size(), 4U);
    for (const Record& record : page.records) text += record.payload.view().front();
    what.after = page.offset;
    complete = page.complete;
  }
  EXPECT_EQ(text, "abcdefghij");
}

SCENARIO(History, BeginsWithTheSnapshotOfThatTime) {
  Written written(relay);
  Talker ben(relay, "ben");
  (void)ben.subscribe(plan);
  ben.attest({ben.handle(plan), {3}, sha256("1, 2, 3"), 7, {}, 0}, true);
  relay.settle();
  write(written.ann, 4, 5);
  ben.say(frames::ReadHistory{.request = 1, .path = plan, .as_of_offset = {4}, .snapshots = true});
  const auto page = ben.hear<frames::History>();
  ASSERT_EQ(page.snapshots.size(), 1U);
  EXPECT_EQ(page.snapshots[0].offset, Offset{3});
  ASSERT_EQ(page.records.size(), 1U);
  EXPECT_EQ(page.records[0].payload.view(), "number 4");
  ben.say(frames::ReadHistory{.request = 1, .path = plan, .as_of_offset = {2}, .snapshots = true});
  const auto before = ben.hear<frames::History>();
  EXPECT_TRUE(before.snapshots.empty());
  EXPECT_EQ(before.records.size(), 2U);
}

SCENARIO(History, OfWhatIsNotThereIsAnErrorOnTheRequest) {
  Talker ann(relay, "ann");
  ann.say(frames::ReadHistory{.request = 5, .path = plan});
  auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::not_found);
  EXPECT_EQ(error.request, 5U);
  ann.say(frames::ReadSnapshot{6, plan, {3}, sha256("none"), 0});
  error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::not_found);
  EXPECT_EQ(error.request, 6U);
}

}  // namespace
}  // namespace weir::scenarios
