// Epochs, cursors and lost history; deleting and creating anew.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::ErrorEvent;
using frames::From;
using frames::Reason;
using frames::Stored;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const DocumentPath plan = path("plan");

void publish(Talker& talker, std::uint64_t sequence, const std::string& payload) {
  talker.publish(plan, sequence, {payload});
  talker.hear<Stored>();
}

void reconnect(Talker& talker) {
  talker.connect();
  talker.hello();
  talker.hear<frames::Welcome>();
  talker.heard();
}

SCENARIO(History, ACursorContinuesWhereItStands) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  publish(ann, 2, "b");
  ann.read(2);
  reconnect(ann);
  Talker ben(relay, "ben");
  ben.subscribe(plan);
  publish(ben, 1, "c");
  const auto answer = ann.subscribe(plan, {.from = From::cursor, .cursor = ann.cursor(plan)});
  EXPECT_FALSE(answer.lost_history);
  EXPECT_EQ(answer.last_sequence, Sequence{2});
  EXPECT_EQ(ann.read(3)[2].record.payload.view(), "c");
}

SCENARIO(History, ACursorAtTheStartHasLostNothing) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  const Cursor start = ann.cursor(plan);
  publish(ann, 1, "a");
  reconnect(ann);
  EXPECT_FALSE(ann.subscribe(plan, {.from = From::cursor, .cursor = start}).lost_history);
  EXPECT_THAT(ann.read(2), SizeIs(2));
}

SCENARIO(History, ACursorOfAnotherEpochHasLostHistory) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  ann.read(1);
  reconnect(ann);
  Cursor cursor = ann.cursor(plan);
  cursor.epoch = cursor.epoch.next();
  EXPECT_TRUE(ann.subscribe(plan, {.from = From::cursor, .cursor = cursor}).lost_history);
  EXPECT_EQ(ann.read(2)[1].record.payload.view(), "a") << "everything is sent from the start";
}

SCENARIO(History, ACursorBeyondTheHeadHasLostHistory) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  ann.read(1);
  reconnect(ann);
  Cursor cursor = ann.cursor(plan);
  cursor.offset = cursor.offset.next();
  EXPECT_TRUE(ann.subscribe(plan, {.from = From::cursor, .cursor = cursor}).lost_history);
  EXPECT_THAT(ann.read(2), SizeIs(2));
}

SCENARIO(History, AnOlderBackupThatGrewDifferentlyIsFoundOutByTheChain) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  publish(ann, 1, "a");
  const auto backup = relay.disk.log.backup();
  publish(ann, 2, "lost");
  ben.read(2);
  relay.restore(backup);  // by copying files: the same incarnation, so the same epoch

  Talker cid(relay, "cid");
  cid.subscribe(plan);
  publish(cid, 1, "instead");
  reconnect(ben);
  const auto answer = ben.subscribe(plan, {.from = From::cursor, .cursor = ben.cursor(plan)});
  EXPECT_EQ(answer.head, Offset{2}) << "as far as ben has read";
  EXPECT_TRUE(answer.lost_history);
  EXPECT_EQ(ben.read(4)[3].record.payload.view(), "instead");
}

SCENARIO(History, AnOlderBackupThatHasNotGrownIsFoundOutByTheHead) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  const auto backup = relay.disk.log.backup();
  publish(ann, 2, "lost");
  ann.read(2);
  relay.restore(backup);
  reconnect(ann);
  const auto answer = ann.subscribe(plan, {.from = From::cursor, .cursor = ann.cursor(plan)});
  EXPECT_TRUE(answer.lost_history);
  EXPECT_EQ(answer.last_sequence, Sequence{1}) << "the relay still knows this producer";
}

SCENARIO(History, ARestoreAsAnotherIncarnationBeginsAnotherEpoch) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  const auto backup = relay.disk.log.backup();
  publish(ann, 2, "lost");
  ann.read(2);
  const Epoch before = ann.epoch(plan);
  relay.restore(backup);
  relay.disk.log.set_incarnation(incarnation(2));
  reconnect(ann);
  const auto answer = ann.subscribe(plan, {.from = From::cursor, .cursor = ann.cursor(plan)});
  EXPECT_TRUE(answer.lost_history);
  EXPECT_NE(answer.epoch, before);
  EXPECT_EQ(answer.last_sequence, Sequence{}) << "marks are the epoch's";
  EXPECT_EQ(ann.read(3)[2].record.payload.view(), "a") << "records stay";

  ann.publish(plan, 2, {"lost"}, {.epoch = before});
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::failed_precondition);
  EXPECT_EQ(error.reason, Reason::epoch);
  ann.publish(plan, 3, {"everything"}, {.base = true});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{3});
}

SCENARIO(History, AnEmptyRelayIsOfferedWhatAClientHas) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  publish(ann, 2, "b");
  ann.read(2);
  storage::MemoryState empty;
  empty.incarnation = incarnation(9);
  relay.restore(empty);
  reconnect(ann);
  const auto answer = ann.subscribe(plan, {.from = From::cursor, .cursor = ann.cursor(plan)});
  EXPECT_TRUE(answer.lost_history);
  EXPECT_EQ(answer.head, Offset{});
  ann.publish(plan, 3, {"a and b"}, {.base = true});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{3});
  publish(ann, 4, "c");
  Talker ben(relay, "ben");
  ben.subscribe(plan);
  EXPECT_EQ(ben.read(2)[0].record.payload.view(), "a and b");
}

SCENARIO(Deleting, LiveSubscribersAreToldAfterTheRecordsBefore) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  ben.hear<frames::CaughtUp>();
  ben.heard();
  publish(ann, 1, "a");
  EXPECT_EQ(relay.delete_document(plan).value(), Offset{2}) << "a tombstone has an offset of its own";
  const auto error = ben.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::not_found);
  EXPECT_EQ(error.reason, Reason::deleted);
  EXPECT_EQ(error.document, ben.handle(plan));
  EXPECT_THAT(ben.heard(), ElementsAre("record plan ann/1 a", "error NOT_FOUND deleted"));
  EXPECT_TRUE(ben.connected());
}

SCENARIO(Deleting, PublishAndSubscribeAreRefusedFromThenOn) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  ASSERT_TRUE(relay.delete_document(plan).has_value());
  ann.hear<ErrorEvent>();
  ann.publish(plan, 2, {"b"});
  EXPECT_EQ(ann.hear<ErrorEvent>().error.code, Code::not_found);
  const std::uint64_t request = ann.ask(plan);
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.reason, Reason::deleted);
  EXPECT_EQ(error.request, request);
  relay.crash();
  reconnect(ann);
  ann.ask(plan);
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::deleted) << "also after a restart";
  ann.ask(plan, {.from = From::cursor, .cursor = ann.cursor(plan)});
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::deleted) << "also with a cursor";
}

SCENARIO(Deleting, APublishBehindTheTombstoneIsRefused) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  relay.hold_disk();
  bool deleted = false;
  relay.server().shard(0).delete_document(plan, [&](const Result<Offset>& result) { deleted = result.has_value(); });
  relay.settle();
  ann.publish(plan, 2, {"b"});
  relay.settle();
  EXPECT_FALSE(deleted);
  relay.release_disk();
  relay.settle();
  EXPECT_TRUE(deleted);
  EXPECT_FALSE(ann.has<Stored>());
  EXPECT_THAT(ann.heard(), Contains("error NOT_FOUND deleted"));
}

SCENARIO(Deleting, OnlyWhatExistsAndOnlyOnce) {
  EXPECT_EQ(relay.delete_document(plan).error().code, Code::not_found);
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  EXPECT_TRUE(relay.delete_document(plan).has_value());
  EXPECT_EQ(relay.delete_document(plan).error().code, Code::not_found);
}

SCENARIO(Deleting, OnlyAnExplicitWishBeginsAnew) {
  Talker ann(relay, "ann");
  ann.subscribe(plan, {.presence = true});
  publish(ann, 1, "a");
  ann.read(1);
  ann.show(plan, "here");
  relay.settle();
  const Epoch before = ann.epoch(plan);
  const Cursor cursor = ann.cursor(plan);
  ASSERT_TRUE(relay.delete_document(plan).has_value());
  ann.hear<ErrorEvent>();

  const auto anew = ann.subscribe(plan, {.presence = true, .recreate = true});
  EXPECT_NE(anew.epoch, before);
  EXPECT_EQ(anew.last_sequence, Sequence{}) << "every mark is 0";
  EXPECT_THAT(anew.presence, IsEmpty());
  ann.publish(plan, 2, {"old"}, {.epoch = before});
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::epoch);
  publish(ann, 1, "new");

  Talker ben(relay, "ben");
  EXPECT_TRUE(ben.subscribe(plan, {.from = From::cursor, .cursor = cursor}).lost_history);
  EXPECT_EQ(ben.read(1)[0].record.payload.view(), "new") << "nothing of the deleted life";
  relay.settle();
  EXPECT_THAT(ben.records(), SizeIs(1));
}

SCENARIO(Deleting, RecreateOnALivingDocumentChangesNothing) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  publish(ann, 1, "a");
  Talker ben(relay, "ben");
  const auto answer = ben.subscribe(plan, {.recreate = true});
  EXPECT_EQ(answer.epoch, ann.epoch(plan));
  EXPECT_EQ(answer.head, Offset{1});
}

SCENARIO(Deleting, BaseOpensOnceAgainInTheNewEpoch) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 5, {"state"}, {.base = true});
  ann.hear<Stored>();
  ASSERT_TRUE(relay.delete_document(plan).has_value());
  ann.hear<ErrorEvent>();
  ann.subscribe(plan, {.recreate = true});
  ann.publish(plan, 9, {"state"}, {.base = true});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{9});
}

}  // namespace
}  // namespace weir::scenarios
