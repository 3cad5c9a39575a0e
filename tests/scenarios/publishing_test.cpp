// Sequences and marks: what is stored once, what is a resend, what is refused.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::ErrorEvent;
using frames::Reason;
using frames::Stored;
using testing::SizeIs;

const DocumentPath plan = path("plan");

std::uint64_t stored_records(const Relay& relay, const DocumentPath& document = plan) {
  return relay.disk.log.document(document)->records;
}

SCENARIO(Publishing, StoredMeansDurable) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.hold_disk();
  ann.publish(plan, 1, {"a", "b"});
  relay.settle();
  EXPECT_FALSE(ann.has<Stored>());
  relay.release_disk();
  const auto stored = ann.hear<Stored>();
  EXPECT_EQ(stored.through_sequence, Sequence{2});
  EXPECT_EQ(stored.offset, Offset{2});
  relay.crash();
  EXPECT_EQ(stored_records(relay), 2U);
}

SCENARIO(Publishing, NothingIsAcknowledgedThatACrashForgets) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.hold_disk();
  ann.publish(plan, 1, {"a"});
  relay.settle();
  relay.crash();
  relay.disk.held = false;
  EXPECT_FALSE(ann.has<Stored>());
  ann.connect();
  ann.hello();
  EXPECT_EQ(ann.subscribe(plan).last_sequence, Sequence{});
  ann.publish(plan, 1, {"a"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{1});
}

SCENARIO(Publishing, AnEmptyPayloadIsARecordLikeAnyOther) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  ann.publish(plan, 1, {"", ""}, {.codec = Codec{77}});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{2});
  EXPECT_EQ(ben.read(2)[1].record.codec, Codec{77});
}

SCENARIO(Publishing, AResendOfTheSameBytesIsStoredOnce) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a", "b"});
  const auto first = ann.hear<Stored>();
  ann.publish(plan, 1, {"a", "b"});
  EXPECT_EQ(ann.hear<Stored>(), first);
  EXPECT_EQ(stored_records(relay), 2U);
}

SCENARIO(Publishing, AResendOfOtherBytesIsNotTakenForADuplicate) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a", "b"});
  ann.hear<Stored>();
  ann.publish(plan, 1, {"a", "B"});
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::aborted);
  EXPECT_EQ(error.reason, Reason::resend_differs);
  EXPECT_EQ(error.through_sequence, Sequence{2});
  ann.publish(plan, 1, {"a", "b"}, {.codec = Codec{1}});  // the codec counts as well
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::resend_differs);
  EXPECT_EQ(stored_records(relay), 2U);
}

SCENARIO(Publishing, AResendOfWhatIsBeingCommittedWaitsForThatCommit) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.hold_disk();
  ann.publish(plan, 1, {"a"});
  ann.publish(plan, 1, {"a"});
  ann.publish(plan, 1, {"other"});
  relay.settle();
  EXPECT_FALSE(ann.has<Stored>());
  EXPECT_FALSE(ann.has<ErrorEvent>());
  relay.release_disk();
  EXPECT_EQ(ann.hear<Stored>().offset, Offset{1});
  EXPECT_EQ(ann.hear<Stored>().offset, Offset{1});
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::resend_differs);
  EXPECT_EQ(stored_records(relay), 1U);
}

SCENARIO(Publishing, APartlyRepeatedPublishStoresOnlyTheRest) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a", "b"});
  ann.hear<Stored>();
  ann.publish(plan, 2, {"b", "c", "d"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{4});
  EXPECT_EQ(stored_records(relay), 4U);
}

SCENARIO(Publishing, APartlyRepeatedPublishWithOtherBytesStoresNothing) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a", "b"});
  ann.hear<Stored>();
  ann.publish(plan, 2, {"B", "c"});
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::resend_differs);
  EXPECT_EQ(stored_records(relay), 2U);
}

SCENARIO(Publishing, WhatIsTooOldToBeComparedIsNotTakenForADuplicate) {
  relay.limits.resend_records_scanned_max = 2;
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a", "b", "c", "d"});
  ann.hear<Stored>();
  ann.publish(plan, 1, {"a"});
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::aborted);
  EXPECT_EQ(error.reason, Reason::not_comparable);
  ann.publish(plan, 4, {"d"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{4});
}

SCENARIO(Publishing, AGapIsRefusedWithWhatIsExpected) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a"});
  ann.publish(plan, 3, {"c", "d"});
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::out_of_range);
  EXPECT_EQ(error.reason, Reason::sequence_gap);
  EXPECT_EQ(error.expected_sequence, Sequence{2});
  EXPECT_EQ(error.through_sequence, Sequence{4});
  ann.publish(plan, 2, {"b", "c", "d"});
  while (ann.hear<Stored>().through_sequence < Sequence{4}) {
  }
  EXPECT_EQ(stored_records(relay), 4U);
}

SCENARIO(Publishing, BaseOpensAnywhereOnceForEachProducer) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 7, {"state"}, {.base = true});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{7});
  ann.publish(plan, 8, {"next"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{8});
  ann.publish(plan, 20, {"again"}, {.base = true});
  EXPECT_EQ(ann.hear<ErrorEvent>().expected_sequence, Sequence{9});
  ann.publish(plan, 7, {"state"}, {.base = true});  // a resend of it is one
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{7});
  ann.publish(plan, 3, {"before"}, {.base = true});  // never stored: there is nothing to compare it with
  EXPECT_EQ(ann.hear<ErrorEvent>().reason, Reason::not_comparable);

  Talker ben(relay, "ben");
  ben.subscribe(plan);
  ben.publish(plan, 3, {"state"}, {.base = true});
  EXPECT_EQ(ben.hear<Stored>().through_sequence, Sequence{3});
}

SCENARIO(Publishing, MarksAreOfADocumentAndSurviveARestart) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.subscribe(path("other"));
  ann.publish(plan, 1, {"a", "b"});
  ann.hear<Stored>();
  relay.crash();
  ann.connect();
  ann.hello();
  EXPECT_EQ(ann.subscribe(plan).last_sequence, Sequence{2});
  EXPECT_EQ(ann.subscribe(path("other")).last_sequence, Sequence{});
  ann.publish(plan, 3, {"c"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{3});
}

SCENARIO(Publishing, MarksAreRightWhenMoreProducersCameThanAreRemembered) {
  relay.limits.producers_cached_max = 2;
  for (int round = 1; round <= 2; ++round)
    for (const std::string name : {"ann", "ben", "cid", "dot", "eve"}) {
      Talker talker(relay, name);
      EXPECT_EQ(talker.subscribe(plan).last_sequence, Sequence{static_cast<std::uint64_t>(round) - 1});
      talker.publish(plan, static_cast<std::uint64_t>(round), {name});
      talker.hear<Stored>();
    }
  EXPECT_EQ(stored_records(relay), 10U);
}

SCENARIO(Publishing, AnErrorOfOneDocumentLeavesTheOthersAlone) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.subscribe(path("other"));
  ann.publish(plan, 5, {"gap"});
  ann.publish(path("other"), 1, {"a"});
  EXPECT_EQ(ann.hear<ErrorEvent>().document, ann.handle(plan));
  EXPECT_EQ(ann.hear<Stored>().document, ann.handle(path("other")));
}

}  // namespace
}  // namespace weir::scenarios
