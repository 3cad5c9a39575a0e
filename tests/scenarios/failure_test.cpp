// Writes that fail: what is said, and that nothing is acknowledged which is not stored.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::ErrorEvent;
using frames::Stored;

const DocumentPath plan = path("plan");

std::uint64_t stored_records(const Relay& relay) { return relay.disk.log.document(plan)->records; }

SCENARIO(Failure, AFullDiskIsToldAndPasses) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.disk.log.inject_failure(Code::resource_exhausted);
  ann.publish(plan, 1, {"a"});
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::resource_exhausted);
  EXPECT_GT(error.retry_after_ms, 0U);
  EXPECT_EQ(error.through_sequence, Sequence{1});
  EXPECT_EQ(error.document, ann.handle(plan));
  EXPECT_EQ(stored_records(relay), 0U);
  ann.publish(plan, 1, {"a"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{1});
  EXPECT_EQ(stored_records(relay), 1U);
}

SCENARIO(Failure, WhatWasSentBehindAFailedWriteFailsToo) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.hold_disk();
  for (std::uint64_t i = 1; i <= 5; ++i) ann.publish(plan, i, {"a"});
  relay.settle();
  relay.disk.log.inject_failure(Code::resource_exhausted);
  relay.release_disk();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const auto error = ann.hear<ErrorEvent>();
    EXPECT_EQ(error.through_sequence, Sequence{i});
    EXPECT_GT(error.retry_after_ms, 0U);
  }
  EXPECT_FALSE(ann.has<Stored>());
  EXPECT_EQ(stored_records(relay), 0U);
  for (std::uint64_t i = 1; i <= 5; ++i) ann.publish(plan, i, {"a"});
  for (Sequence through; through < Sequence{5};) through = ann.hear<Stored>().through_sequence;
  EXPECT_EQ(stored_records(relay), 5U);
}

SCENARIO(Failure, AnotherProducerIsNotLeftBehind) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(path("notes"));
  relay.disk.log.inject_failure(Code::resource_exhausted);
  ann.publish(plan, 1, {"a"});
  ann.hear<ErrorEvent>();
  ben.publish(path("notes"), 1, {"b"});
  EXPECT_EQ(ben.hear<Stored>().through_sequence, Sequence{1});
}

SCENARIO(Failure, AFailedSyncIsFinalUntilARestart) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a"});
  ann.hear<Stored>();
  relay.disk.log.inject_failure(Code::unavailable);
  ann.publish(plan, 2, {"b"});
  const auto error = ann.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::unavailable);
  EXPECT_GT(error.retry_after_ms, 0U);
  relay.pass(1s);
  ann.publish(plan, 2, {"b"});
  EXPECT_EQ(ann.hear<ErrorEvent>().error.code, Code::unavailable);
  Talker ben(relay, "ben");
  ben.subscribe(plan);
  EXPECT_EQ(ben.read(1)[0].record.payload.view(), "a") << "reading goes on";
  relay.crash();
  ann.connect();
  ann.hello();
  EXPECT_EQ(ann.subscribe(plan).last_sequence, Sequence{1});
  ann.publish(plan, 2, {"b"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{2});
}

SCENARIO(Failure, AFailedSyncThatDidWriteIsFoundByTheResend) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  relay.disk.log.inject_failure(Code::unavailable, storage::MemoryLog::Afterwards::stored);
  ann.publish(plan, 1, {"a"});
  EXPECT_EQ(ann.hear<ErrorEvent>().error.code, Code::unavailable);
  relay.crash();
  ann.connect();
  ann.hello();
  EXPECT_EQ(ann.subscribe(plan).last_sequence, Sequence{1});
  ann.publish(plan, 1, {"a"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{1});
  EXPECT_EQ(stored_records(relay), 1U);
}

SCENARIO(Failure, ReadersNeverSeeWhatWasNotStored) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  relay.disk.log.inject_failure(Code::resource_exhausted);
  ann.publish(plan, 1, {"not stored"});
  ann.hear<ErrorEvent>();
  ann.publish(plan, 1, {"stored"});  // never acknowledged, so other bytes are no resend
  ann.hear<Stored>();
  EXPECT_EQ(ben.read(1)[0].record.payload.view(), "stored");
}

SCENARIO(Failure, ADeletionThatFailsLeavesTheDocumentAlive) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.publish(plan, 1, {"a"});
  ann.hear<Stored>();
  relay.disk.log.inject_failure(Code::resource_exhausted);
  EXPECT_EQ(relay.delete_document(plan).error().code, Code::resource_exhausted);
  ann.publish(plan, 2, {"b"});
  EXPECT_EQ(ann.hear<Stored>().through_sequence, Sequence{2});
}

}  // namespace
}  // namespace weir::scenarios
