// What a client that means ill, or a document that ends at the wrong moment, could make of snapshots and of the past.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::CaughtUp;
using frames::SnapshotStored;
using frames::Stored;
using testing::ElementsAre;

const DocumentPath plan = path("plan");

void write(Talker& talker, std::uint64_t sequence, const std::string& payload) {
  talker.publish(plan, sequence, {payload});
  (void)talker.hear<Stored>();
}

/// Ann makes one of all there is, ben vouches for it.
void snapshot(Relay& relay, Talker& ann, Talker& ben, const std::string& bytes) {
  const Offset head = relay.disk.log.document(plan)->head;
  ann.send(ann.offer_of(plan, head, bytes), bytes);
  (void)ann.hear<SnapshotStored>();
  ben.attest({ben.handle(plan), head, sha256(bytes), bytes.size(), {}, 0}, true);
  relay.settle();
}

std::vector<std::string> newcomer(Relay& relay, const std::string& name) {
  Talker reader(relay, name);
  reader.ask(plan, {.snapshots = true});
  (void)reader.hear<CaughtUp>();
  return reader.heard();
}

void make_snapshots_freely(Relay& relay) {
  relay.limits.snapshots.ask = false;
  relay.limits.snapshots.volunteer_interval = 0s;
}

SCENARIO(SnapshotTrouble, ADocumentThatIsCreatedAnewServesNothingOfTheDeletedOne) {
  make_snapshots_freely(relay);
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  (void)ann.subscribe(plan);
  (void)ben.subscribe(plan);
  write(ann, 1, "a long secret");
  snapshot(relay, ann, ben, "a secret");
  EXPECT_THAT(newcomer(relay, "cid"), ElementsAre("subscribed plan", "snapshot plan up to 1, verified",
                                                  "chunk at 0: a secret, the last", "caught up plan"));
  ASSERT_TRUE(relay.delete_document(plan).has_value());
  (void)ann.subscribe(plan, {.recreate = true});
  (void)ben.subscribe(plan);
  write(ann, 1, "something harmless");
  snapshot(relay, ann, ben, "harmless");
  EXPECT_THAT(newcomer(relay, "dan"), ElementsAre("subscribed plan", "snapshot plan up to 4, verified",
                                                  "chunk at 0: harmless, the last", "caught up plan"));
}

SCENARIO(SnapshotTrouble, WhatIsVerifiedIsSaidToBe) {
  make_snapshots_freely(relay);
  relay.limits.snapshots.serve_unverified_after = 0s;
  Talker ann(relay, "ann");
  (void)ann.subscribe(plan);
  write(ann, 1, "a long word");
  ann.send(ann.offer_of(plan, {1}, "a word"), "a word");
  (void)ann.hear<SnapshotStored>();
  EXPECT_EQ(newcomer(relay, "cid")[1], "snapshot plan up to 1");
  ann.hang_up();
  Talker ben(relay, "ben");
  (void)ben.subscribe(plan);
  ben.attest({ben.handle(plan), {1}, sha256("a word"), 6, {}, 0}, true);
  relay.settle();
  EXPECT_EQ(newcomer(relay, "dan")[1], "snapshot plan up to 1, verified");
}

SCENARIO(SnapshotTrouble, WhatStandsForRecordsThatAreGoneIsNeverDeletedOnSomebodysWord) {
  make_snapshots_freely(relay);
  relay.limits.snapshots.maintain_interval = 500ms;
  relay.limits.snapshots.drop_after = 10s;
  relay.retentions.standard = {core::Retention::Keep::since_snapshot, {}, 0s, false};
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  (void)ann.subscribe(plan);
  (void)ben.subscribe(plan);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    write(ann, i, "number " + std::to_string(i));
    snapshot(relay, ann, ben, "up to " + std::to_string(i));
  }
  ASSERT_TRUE(relay.until([&] { return relay.disk.log.document(plan)->cut == Offset{1}; }));
  Talker eve(relay, "eve");
  (void)eve.subscribe(plan);
  for (std::uint64_t i = 1; i <= 2; ++i)
    eve.attest({eve.handle(plan), {i}, sha256("up to " + std::to_string(i)), 7, {}, 0}, false);
  relay.pass(1min);
  EXPECT_EQ(relay.disk.log.snapshots().list(plan)->size(), 2U);
}

SCENARIO(SnapshotTrouble, AThousandQuestionsInOneMessageAreAnsweredAsTheyAreRead) {
  Talker ann(relay, "ann");
  (void)ann.subscribe(plan);
  write(ann, 1, std::string(100'000, 'x'));
  (void)ann.read(1);
  constexpr std::uint64_t questions = 1000;
  std::string frame;
  for (std::uint64_t i = 1; i <= questions; ++i)
    frames::encode(frames::ClientEvent(frames::ReadHistory{.request = i, .path = plan}), frame);
  ann.stall(true);
  ann.say_bytes(frame);
  relay.pass(5s);
  EXPECT_LT(relay.server().shard(0).counters().reads.history, 100U) << "nobody takes the answers";
  ann.stall(false);
  std::uint64_t answers = 0;
  for (; answers < questions; ++answers) (void)ann.hear<frames::History>();
  EXPECT_EQ(answers, questions);
}

}  // namespace
}  // namespace weir::scenarios
