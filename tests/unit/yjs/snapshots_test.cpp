// How a client that knows nothing of snapshots is made to give one.
#include "conversation.hpp"

namespace weir::yjs {
namespace {

using namespace std::chrono_literals;

class Snapshots : public Conversation {
 protected:
  core::SnapshotTurn turn(const std::string& cover) { return {handle, {17}, 30'000, {}, {}, cover}; }
  core::AttestationTurn attestation(std::string_view bytes) {
    core::AttestationTurn out{turn(some_vector), {}};
    out.snapshot.offset = {17};
    out.snapshot.hash = sha256(bytes);
    out.snapshot.size = bytes.size();
    return out;
  }
};

TEST_F(Snapshots, WhatOnlyThisBrowserKnowsIsAskedForFirst) {
  open_and_answer();
  dialect.snapshot_wanted(turn(some_vector), port);
  EXPECT_EQ(port.take(), (std::vector{frame(put_sync_step1, some_vector), frame(put_sync_step1, empty_state_vector)}));
  say(step2("what it typed offline"));
  ASSERT_EQ(port.contributions.size(), 1U);
  EXPECT_EQ(port.contributions[0].payload->view(), "what it typed offline");
  EXPECT_TRUE(port.snapshots.empty());
  say(step2("everything"));
  ASSERT_EQ(port.snapshots.size(), 1U);
  EXPECT_EQ(port.snapshots[0].bytes.view(), "everything");
  EXPECT_EQ(port.snapshots[0].offset, Offset{17});
  EXPECT_EQ(port.snapshots[0].note.view(), some_vector);
  EXPECT_EQ(port.contributions.size(), 1U);  // it is nobody's edit
}

TEST_F(Snapshots, ALayerIsWhatIsBeyondItsBase) {
  open_and_answer();
  auto layer = turn(some_vector);
  const std::string base = encode_state_vector({{1, 2}});
  layer.base = {4};
  layer.base_note = SharedBytes::copy(base);
  dialect.snapshot_wanted(layer, port);
  EXPECT_EQ(port.take(), (std::vector{frame(put_sync_step1, some_vector), frame(put_sync_step1, base)}));
  say(step2(empty_update));
  say(step2("the layer"));
  ASSERT_EQ(port.snapshots.size(), 1U);
  EXPECT_EQ(port.snapshots[0].base, SnapshotId{4});
}

TEST_F(Snapshots, NothingIsNoSnapshot) {
  open_and_answer();
  dialect.snapshot_wanted(turn(some_vector), port);
  say(step2(empty_update));
  say(step2(empty_update));
  EXPECT_TRUE(port.snapshots.empty());
}

TEST_F(Snapshots, WhoIsNotCaughtUpIsNotAsked) {
  dialect.opened(port);
  subscribed(5);
  say(step1(some_vector));
  (void)port.take();
  dialect.snapshot_wanted(turn(some_vector), port);
  EXPECT_TRUE(port.take().empty());
}

TEST_F(Snapshots, WithoutACoverNobodyIsAsked) {
  open_and_answer();
  dialect.snapshot_wanted(turn(""), port);
  EXPECT_TRUE(port.take().empty());
}

TEST_F(Snapshots, WhoMayNotWriteIsNotAsked) {
  open_and_answer();
  error(Code::permission_denied);
  (void)port.take();
  dialect.snapshot_wanted(turn(some_vector), port);
  EXPECT_TRUE(port.take().empty());
}

TEST_F(Snapshots, OneQuestionAtATime) {
  open_and_answer();
  dialect.snapshot_wanted(turn(some_vector), port);
  (void)port.take();
  dialect.snapshot_wanted(turn(some_vector), port);
  dialect.attestation_wanted(attestation("everything"), port);
  EXPECT_TRUE(port.take().empty());
}

TEST_F(Snapshots, TheSameBytesVouchForOne) {
  open_and_answer();
  port.submitted.clear();
  dialect.attestation_wanted(attestation("everything"), port);
  EXPECT_EQ(port.take(), (std::vector{frame(put_sync_step1, empty_state_vector)}));
  say(step2("everything"));
  ASSERT_EQ(port.submitted.size(), 1U);
  const auto& attest = std::get<frames::Attest>(port.submitted[0]);
  EXPECT_EQ(attest.offset, Offset{17});
  EXPECT_EQ(attest.hash, sha256("everything"));
  EXPECT_TRUE(attest.valid);
  EXPECT_TRUE(port.contributions.empty());
}

TEST_F(Snapshots, OtherBytesSayNothing) {
  open_and_answer();
  port.submitted.clear();
  dialect.attestation_wanted(attestation("everything"), port);
  say(step2("something else"));
  EXPECT_TRUE(port.submitted.empty());
  EXPECT_TRUE(port.snapshots.empty());
  EXPECT_TRUE(port.contributions.empty());
}

TEST_F(Snapshots, BehindACutAConnectionBeginsAnew) {
  open_and_answer();
  dialect.event(frames::Cut{handle, {12}}, port);
  EXPECT_EQ(port.close_code, 1013);
}

TEST_F(Snapshots, ThatTheRelayDoesNotTakeAreNoneOfTheClientsBusiness) {
  open_and_answer();
  for (const Code code : {Code::invalid_argument, Code::not_found, Code::already_exists, Code::permission_denied,
                          Code::resource_exhausted, Code::failed_precondition, Code::aborted, Code::out_of_range,
                          Code::unavailable, Code::data_loss})
    error(code, handle, frames::Reason::snapshot);
  EXPECT_EQ(port.close_code, 0);
  say(update("typed"));
  EXPECT_EQ(port.contributions.size(), 1U);
}

TEST_F(Snapshots, AreSentAsUpdates) {
  const Encoder encoder;
  Snapshot snapshot;
  const SharedBytes bytes = SharedBytes::copy("everything");
  const SharedBytes sent = encoder.snapshot(handle, snapshot, {}, {0, bytes.size(), bytes, false, true});
  EXPECT_EQ(sent.view(), frame(put_update, "everything"));
  EXPECT_TRUE(encoder.can_send(snapshot));
  snapshot.codec = {16};
  EXPECT_FALSE(encoder.can_send(snapshot));
}

}  // namespace
}  // namespace weir::yjs
