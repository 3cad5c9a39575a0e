// What readers of every kind see of a document whose beginning is gone.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::CaughtUp;
using frames::SnapshotStored;
using frames::Stored;
using testing::ElementsAre;

const DocumentPath plan = path("plan");

/// Ann has written four records and made snapshots of two and of four of them, ben vouched for both; what the older one
/// stands for is gone.
struct CutDocument {
  explicit CutDocument(Relay& relay) : ann((prepare(relay), relay), "ann"), ben(relay, "ben") {
    epoch = ann.subscribe(plan).epoch;
    (void)ben.subscribe(plan);
    for (std::uint64_t i = 1; i <= 4; ++i) {
      ann.publish(plan, i, {"number " + std::to_string(i)});
      (void)ann.hear<Stored>();
      chains.push_back(relay.disk.log.chain(plan, {i}).value());
      if (i % 2 == 0) snapshot(relay, {i}, "up to " + std::to_string(i));
    }
    (void)ann.read(4);
    EXPECT_TRUE(relay.until([&] { return relay.disk.log.document(plan)->cut == Offset{2}; }));
    (void)ann.heard();
  }
  static void prepare(Relay& relay) {
    relay.limits.snapshots.ask = false;
    relay.limits.snapshots.volunteer_interval = 0s;
    relay.limits.snapshots.maintain_interval = 500ms;
    relay.retentions.standard = {core::Retention::Keep::since_snapshot, {}, 0s, false};
  }
  void snapshot(Relay& relay, Offset offset, const std::string& bytes) {
    ann.send(ann.offer_of(plan, offset, bytes), bytes);
    (void)ann.hear<SnapshotStored>();
    ben.attest({ben.handle(plan), offset, sha256(bytes), bytes.size(), {}, 0}, true);
    relay.settle();
  }
  [[nodiscard]] Cursor cursor(std::uint64_t offset) const { return {epoch, {offset}, chains.at(offset - 1)}; }

  Talker ann;
  Talker ben;
  Epoch epoch;
  std::vector<Digest> chains;
};

std::vector<std::string> heard_by(Talker& reader, const Wish& wish) {
  reader.ask(plan, wish);
  (void)reader.hear<CaughtUp>();
  return reader.heard();
}

SCENARIO(Cutting, ANewcomerIsSentTheSnapshot) {
  CutDocument document(relay);
  Talker eve(relay, "eve");
  EXPECT_THAT(heard_by(eve, {.snapshots = true}), ElementsAre("subscribed plan", "snapshot plan up to 4, verified",
                                                              "chunk at 0: up to 4, the last", "caught up plan"));
}

SCENARIO(Cutting, WhoTakesNoSnapshotsIsToldWhatIsGone) {
  CutDocument document(relay);
  Talker eve(relay, "eve");
  EXPECT_THAT(heard_by(eve, {}), ElementsAre("subscribed plan", "cut plan", "record plan ann/3 number 3",
                                             "record plan ann/4 number 4", "caught up plan"));
}

SCENARIO(Cutting, AReaderFromBeforeIsBelievedAndSentTheSnapshot) {
  CutDocument document(relay);
  Talker eve(relay, "eve");
  EXPECT_THAT(heard_by(eve, {.from = frames::From::cursor, .cursor = document.cursor(1), .snapshots = true}),
              ElementsAre("subscribed plan", "snapshot plan up to 4, verified", "chunk at 0: up to 4, the last",
                          "caught up plan"));
}

SCENARIO(Cutting, AReaderFromTheCutOnNeedsNothing) {
  CutDocument document(relay);
  Talker eve(relay, "eve");
  EXPECT_THAT(
      heard_by(eve, {.from = frames::From::cursor, .cursor = document.cursor(2), .snapshots = true}),
      ElementsAre("subscribed plan", "record plan ann/3 number 3", "record plan ann/4 number 4", "caught up plan"));
}

SCENARIO(Cutting, AForgedCursorAtTheCutIsFoundOut) {
  CutDocument document(relay);
  Cursor forged = document.cursor(2);
  forged.chain = sha256("another history");
  Talker eve(relay, "eve");
  EXPECT_TRUE(eve.subscribe(plan, {.from = frames::From::cursor, .cursor = forged}).lost_history);
}

SCENARIO(Cutting, MarksOutliveIt) {
  CutDocument document(relay);
  Talker again(relay, "ann");
  EXPECT_EQ(again.subscribe(plan).last_sequence, Sequence{4});
  again.publish(plan, 1, {"number 1"});
  const auto error = again.hear<frames::ErrorEvent>();
  EXPECT_EQ(error.reason, frames::Reason::not_comparable);
  again.publish(plan, 5, {"number 5"});
  EXPECT_EQ(again.hear<Stored>().through_sequence, Sequence{5});
}

SCENARIO(Cutting, ItSurvivesARestart) {
  CutDocument document(relay);
  document.ann.hang_up();
  document.ben.hang_up();
  relay.crash();
  Talker eve(relay, "eve");
  EXPECT_THAT(heard_by(eve, {.snapshots = true}), ElementsAre("subscribed plan", "snapshot plan up to 4, verified",
                                                              "chunk at 0: up to 4, the last", "caught up plan"));
}

SCENARIO(Cutting, ADocumentThatNobodyHasOpenIsCutWhenItIsMaintained) {
  CutDocument::prepare(relay);
  relay.limits.document_idle_max = 100ms;
  relay.retentions.standard.grace = 60s;
  {
    Talker ann(relay, "ann");
    Talker ben(relay, "ben");
    (void)ann.subscribe(plan);
    (void)ben.subscribe(plan);
    for (std::uint64_t i = 1; i <= 2; ++i) {
      ann.publish(plan, i, {"number " + std::to_string(i)});
      (void)ann.hear<Stored>();
      ann.send(ann.offer_of(plan, {i}, "s"), "s");
      (void)ann.hear<SnapshotStored>();
      ben.attest({ben.handle(plan), {i}, sha256("s"), 1, {}, 0}, true);
      relay.settle();
    }
  }
  relay.pass(70s);
  EXPECT_EQ(relay.disk.log.document(plan)->cut, Offset{});
  relay.server().shard(0).maintain(plan);
  EXPECT_TRUE(relay.until([&] { return relay.disk.log.document(plan)->cut == Offset{1}; }));
}

SCENARIO(Cutting, HistoryBeginsWithWhatIsLeft) {
  CutDocument document(relay);
  Talker eve(relay, "eve");
  eve.say(frames::ReadHistory{.request = 1, .path = plan});
  auto page = eve.hear<frames::History>();
  EXPECT_EQ(page.cut, Offset{2});
  EXPECT_EQ(page.records.size(), 2U);
  eve.say(frames::ReadHistory{.request = 1, .path = plan, .as_of_offset = {3}, .snapshots = true});
  page = eve.hear<frames::History>();
  ASSERT_EQ(page.snapshots.size(), 1U);
  EXPECT_EQ(page.snapshots[0].offset, Offset{2});
  EXPECT_EQ(page.cut, Offset{});
  ASSERT_EQ(page.records.size(), 1U);
  EXPECT_EQ(page.records[0].payload.view(), "number 3");
}

}  // namespace
}  // namespace weir::scenarios
