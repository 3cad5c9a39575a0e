// Rules of snapshots among each other and of the document they belong to: bases, standing, dropping, deletion.
#include "snapshots_under_test.hpp"

namespace weir::storage::conformance {
namespace {

TEST_P(SnapshotConformance, AreListedByOffset) {
  stored(path_, "of five", {5});
  stored(path_, "of three", {3});
  stored(path_, "of five, too", {5});
  stored(path_, "of four", {4});
  EXPECT_EQ(listed(path_), "2:3,4:4,1:5,3:5");
  EXPECT_EQ(listed(path_of("s", "absent")), "");
  EXPECT_EQ(listed(path_of("absent", "absent")), "");
}

TEST_P(SnapshotConformance, NeedADocumentInTheEpochNamed) {
  EXPECT_EQ(outcome(store().begin(*path_of("s", "absent"), state(path_).epoch)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().begin(*path_of("absent", "absent"), state(path_).epoch)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().begin(*path_, {state(path_).epoch.value + 1})), "ABORTED");
  const Epoch before = state(path_).epoch;
  remove(path_);
  EXPECT_EQ(outcome(store().begin(*path_, before)), "NOT_FOUND");
  recreate(path_);
  EXPECT_EQ(outcome(store().begin(*path_, before)), "ABORTED");
  EXPECT_EQ(outcome(begin(path_)), "OK");
}

TEST_P(SnapshotConformance, AreNotStoredTwice) {
  const std::string bytes = text_of(2000);
  const Snapshot first = stored(path_, bytes, {2});
  EXPECT_EQ(outcome(store().seal(upload(path_, bytes), about(bytes, {2}))), "ALREADY_EXISTS");
  stored(path_, bytes, {3});
  stored(path_, "other", {2});
  EXPECT_EQ(listed(path_), "1:2,3:2,2:3");
  ASSERT_TRUE(store().set_standing(*path_, first.id, SnapshotStanding::quarantined, {5}, ""));
  const Snapshot again = stored(path_, bytes, {2});
  EXPECT_EQ(listed(path_), "1:2-,3:2,4:2,2:3");
  expect_whole(path_, again, bytes);
}

TEST_P(SnapshotConformance, StandOnBasesThatAreThere) {
  EXPECT_EQ(outcome(store().seal(upload(path_, "x"), about("x", {2}, {1}))), "NOT_FOUND");
  const Snapshot base = stored(path_, "base", {2});
  const Snapshot layer = stored(path_, "layer", {4}, base.id);
  EXPECT_EQ(layer.base, base.id);
  const Snapshot top = stored(path_, "top", {6}, layer.id);
  EXPECT_EQ(outcome(store().drop(*path_, base.id)), "FAILED_PRECONDITION");
  EXPECT_EQ(outcome(store().drop(*path_, layer.id)), "FAILED_PRECONDITION");
  EXPECT_EQ(listed(path_), "1:2,2:4,3:6");
  expect_whole(path_, base, "base");
  EXPECT_EQ(outcome(store().drop(*path_, top.id)), "OK");
  EXPECT_EQ(outcome(store().drop(*path_, layer.id)), "OK");
  EXPECT_EQ(outcome(store().drop(*path_, base.id)), "OK");
  EXPECT_EQ(listed(path_), "");
  EXPECT_EQ(outcome(store().seal(upload(path_, "x"), about("x", {2}, base.id))), "NOT_FOUND");
}

TEST_P(SnapshotConformance, AreGoneWhenDropped) {
  const std::string bytes = text_of(2 * part), kept = noise_of(2 * part);
  const Snapshot first = stored(path_, bytes, {2}), second = stored(path_, kept, {3});
  EXPECT_EQ(outcome(store().drop(*path_, first.id)), "OK");
  EXPECT_EQ(listed(path_), "2:3");
  EXPECT_EQ(outcome(store().read(*path_, first.id, 0, false)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().drop(*path_, first.id)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().drop(*path_of("s", "absent"), first.id)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().read(*path_of("s", "absent"), first.id, 0, false)), "NOT_FOUND");
  expect_whole(path_, second, kept);
}

TEST_P(SnapshotConformance, NeverHaveANumberThatWasAnothers) {
  stored(path_, "one", {1});
  const Snapshot second = stored(path_, "two", {2});
  ASSERT_TRUE(store().drop(*path_, second.id));
  EXPECT_EQ(stored(path_, "three", {3}).id, SnapshotId{3});
  ASSERT_TRUE(store().drop(*path_, {3}));
  ASSERT_TRUE(store().drop(*path_, {1}));
  under_test_->reopen();
  EXPECT_EQ(listed(path_), "");
  EXPECT_EQ(stored(path_, "four", {4}).id, SnapshotId{4});
}

TEST_P(SnapshotConformance, KeepTheirStanding) {
  const Snapshot snapshot = stored(path_, "bytes", {2});
  for (const auto standing : {SnapshotStanding::verified, SnapshotStanding::quarantined, SnapshotStanding::candidate}) {
    const Seconds since{1'800'000'000 + static_cast<std::uint64_t>(standing)};
    const std::string by = standing == SnapshotStanding::candidate ? "" : "ben";
    ASSERT_TRUE(store().set_standing(*path_, snapshot.id, standing, since, by));
    Snapshot expected = snapshot;
    expected.standing = standing;
    expected.by = by;
    expected.since = since;
    EXPECT_EQ(store().list(*path_).value(), std::vector{expected});
    under_test_->reopen();
    EXPECT_EQ(store().list(*path_).value(), std::vector{expected});
    expect_whole(path_, snapshot, "bytes");
  }
  EXPECT_EQ(outcome(store().set_standing(*path_, {2}, SnapshotStanding::verified, {1}, "")), "NOT_FOUND");
  EXPECT_EQ(outcome(store().set_standing(*path_of("s", "absent"), {1}, SnapshotStanding::verified, {1}, "")),
            "NOT_FOUND");
}

TEST_P(SnapshotConformance, AreThereAfterReopeningAndUploadsAreNot) {
  const std::string bytes = noise_of(2 * part + 100);
  const Snapshot snapshot = stored(path_, bytes, {2});
  const SnapshotUpload open = upload(path_, bytes);
  under_test_->reopen();
  EXPECT_EQ(store().list(*path_).value(), std::vector{snapshot});
  expect_whole(path_, snapshot, bytes);
  EXPECT_EQ(outcome(store().write(open, "x")), "NOT_FOUND");
  EXPECT_EQ(outcome(store().seal(open, about(bytes, {3}))), "NOT_FOUND");
  EXPECT_EQ(listed(path_), "1:2");
  const Snapshot next = stored(path_, bytes, {3});
  expect_whole(path_, next, bytes);
}

TEST_P(SnapshotConformance, OutliveTheStoresIncarnation) {
  const std::string bytes = text_of(part + 1);
  const Snapshot snapshot = stored(path_, bytes, {2});
  const Epoch before = state(path_).epoch;
  under_test_->restore();
  EXPECT_NE(state(path_).epoch, before);
  EXPECT_EQ(store().list(*path_).value(), std::vector{snapshot});
  expect_whole(path_, snapshot, bytes);
  EXPECT_EQ(outcome(store().begin(*path_, before)), "ABORTED");
  EXPECT_EQ(stored(path_, "next", {3}).id, SnapshotId{2});
}

TEST_P(SnapshotConformance, EndWithTheDocumentsLife) {
  const auto other = path_of("s", "other");
  write_document(other);
  const std::string bytes = text_of(2 * part);
  const Snapshot snapshot = stored(path_, bytes, {2}), kept = stored(other, bytes, {2});
  ASSERT_TRUE(store().read(*path_, snapshot.id, 0, false));
  remove(path_);  // in the middle of a reader's reading
  EXPECT_EQ(outcome(store().read(*path_, snapshot.id, part, false)), "NOT_FOUND");
  EXPECT_EQ(listed(path_), "NOT_FOUND");
  EXPECT_EQ(outcome(store().drop(*path_, snapshot.id)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().set_standing(*path_, snapshot.id, SnapshotStanding::verified, {1}, "")), "NOT_FOUND");
  recreate(path_);
  EXPECT_EQ(listed(path_), "");
  EXPECT_EQ(outcome(store().read(*path_, snapshot.id, 0, false)), "NOT_FOUND");
  EXPECT_EQ(stored(path_, "anew", {9}).id, SnapshotId{1});
  expect_whole(other, kept, bytes);
}

TEST_P(SnapshotConformance, AreNotMadeOfADocumentDeletedMeanwhile) {
  const std::string bytes = text_of(2 * part);
  const SnapshotUpload written = upload(path_, bytes), sealed = upload(path_, bytes), quiet = upload(path_, bytes);
  remove(path_);
  EXPECT_EQ(outcome(store().write(written, bytes)), "NOT_FOUND");
  EXPECT_EQ(outcome(store().write(written, "x")), "NOT_FOUND");
  EXPECT_EQ(outcome(store().seal(sealed, about(bytes, {2}))), "NOT_FOUND");
  recreate(path_);
  EXPECT_EQ(outcome(store().seal(quiet, about(bytes, {2}))), "NOT_FOUND") << "it began in another life";
  EXPECT_EQ(listed(path_), "");
  stored(path_, bytes, {2});
}

}  // namespace
}  // namespace weir::storage::conformance
