// What is particular to snapshots on disk: what they leave behind, who may look at them, and older stores.
#include "store_test.hpp"
#include "weir/rocksdb/snapshot_rows.hpp"

namespace weir::storage {
namespace {

constexpr std::size_t part = snapshot_part_bytes;

class SnapshotsOnDisk : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
    ASSERT_TRUE(append(path_, "one"));
  }
  /// How many rows there are of snapshots, uploads and parts.
  std::string rows() {
    std::string counts;
    tamper([&](rocksdb::DB& db, const Families& families) {
      for (const auto& [family, prefix] :
           {std::pair(families[0], "I"), std::pair(families[0], "U"), std::pair(families[2], "\xFE")}) {
        std::size_t count = 0;
        const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, family));
        for (scan->Seek(prefix); scan->Valid() && scan->key().starts_with(prefix); scan->Next()) ++count;
        counts += std::to_string(count) + " ";
      }
    });
    return counts;
  }
  std::string first_bytes(RocksLog& log, SnapshotId id, bool compressed = false) {
    const auto first = log.snapshots().read(*path_, id, 0, compressed);
    return first ? std::string(first->bytes.view().substr(0, 10)) : std::string(name(first.error().code));
  }
  void expect_whole() {
    const auto counts = log_->verify({.finding = [](const Finding& finding) { ADD_FAILURE() << finding.what; }});
    EXPECT_TRUE(counts) << counts.error().message;
  }
  /// Of the store when it is closed: an open one removes what it has replaced a moment later.
  std::uintmax_t bytes_on_disk() {
    close();
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) bytes += entry.file_size();
    open();
    return bytes;
  }

  const DocumentRef path_ = path_of("d");
};

TEST_F(SnapshotsOnDisk, LeaveNothingBehindThatIsOver) {
  const std::string bytes = noise(3 * part + 10);
  ASSERT_TRUE(store(path_, bytes, {1}));
  log_->snapshots().abandon(upload(path_, bytes));
  EXPECT_FALSE(log_->snapshots().seal(upload(path_, bytes), about("other", {2})));
  close();
  EXPECT_EQ(rows(), "2 0 4 ");  // the snapshot and the numbers
  open();
  static_cast<void>(upload(path_, bytes));
  close();
  EXPECT_EQ(rows(), "2 0 4 ") << "nobody goes on with an upload after closing";
  open();
  ASSERT_TRUE(log_->snapshots().drop(*path_, {1}));
  close();
  EXPECT_EQ(rows(), "1 0 0 ");
  open();
  ASSERT_TRUE(store(path_, bytes, {1}));
  static_cast<void>(upload(path_, bytes));
  ASSERT_TRUE(change(path_, AppendKind::tombstone));
  close();
  EXPECT_EQ(rows(), "0 0 0 ");
}

TEST_F(SnapshotsOnDisk, AreSweptOnOpeningWhenTheirUploadWasCutShort) {
  const std::string bytes = noise(2 * part);
  ASSERT_TRUE(store(path_, bytes, {1}));
  close();
  tamper([](rocksdb::DB& db, const Families& families) {
    for (std::uint64_t index = 0; index < 3; ++index)
      ASSERT_TRUE(db.Put({}, families[2], rocks::keys::snapshot_part({1}, {1}, {2}, index), "x").ok());
    const auto key = rocks::keys::upload({1}, {1}, {2});
    ASSERT_TRUE(db.Put({}, families[0], key, rocks::encode(rocks::UploadRow{3})).ok());
  });
  open();
  expect_whole();
  EXPECT_EQ(first_bytes(*log_, {1}), bytes.substr(0, 10));
  close();
  EXPECT_EQ(rows(), "2 0 2 ");
}

TEST_F(SnapshotsOnDisk, CanBeLookedAtAndNotChangedInAStoppedStore) {
  ASSERT_TRUE(store(path_, "the bytes", {1}));
  close();
  const auto log = RocksLog::open_read_only(options_).value();
  EXPECT_EQ(log->snapshots().list(*path_)->size(), 1u);
  EXPECT_EQ(first_bytes(*log, {1}), "the bytes");
  EXPECT_EQ(log->snapshots().begin(*path_, log->document(*path_)->epoch).error().code, Code::failed_precondition);
  EXPECT_EQ(log->snapshots().drop(*path_, {1}).error().code, Code::failed_precondition);
  EXPECT_EQ(log->snapshots().set_standing(*path_, {1}, SnapshotStanding::verified, {1}, "").error().code,
            Code::failed_precondition);
}

TEST_F(SnapshotsOnDisk, AreNeverServedDamaged) {
  const std::string text(2 * part, 'x');
  ASSERT_TRUE(store(path_, text, {1}));
  close();
  std::string key = rocks::keys::snapshot_part({1}, {1}, {1}, 0), value;
  tamper([&](rocksdb::DB& db, const Families& families) {
    ASSERT_TRUE(db.Get({}, families[2], key, &value).ok());
    std::string damaged = value;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    ASSERT_TRUE(db.Put({}, families[2], key, damaged).ok());
  });
  open();
  EXPECT_EQ(first_bytes(*log_, {1}), "DATA_LOSS");
  EXPECT_EQ(first_bytes(*log_, {1}, true), "DATA_LOSS");
  EXPECT_TRUE(log_->snapshots().read(*path_, {1}, part, false));
  close();
  tamper([&](rocksdb::DB& db, const Families& families) { ASSERT_TRUE(db.Delete({}, families[2], key).ok()); });
  open();
  EXPECT_EQ(first_bytes(*log_, {1}), "DATA_LOSS");
}

TEST_F(SnapshotsOnDisk, AreWeighed) {
  ASSERT_TRUE(store(path_, std::string(part + 5, 'x'), {1}));
  ASSERT_TRUE(store(path_, noise(100), {2}));
  const auto weight = log_->weigh(*path_).value();
  EXPECT_EQ(weight.snapshots, 2u);
  EXPECT_EQ(weight.snapshot_bytes, part + 105);
  EXPECT_GT(weight.snapshot_stored_bytes, 100u);
  EXPECT_LT(weight.snapshot_stored_bytes, 400u);
}

TEST_F(SnapshotsOnDisk, GiveTheirRoomBack) {
  const std::string bytes = noise(8 * part);
  ASSERT_TRUE(store(path_, bytes, {1}));
  ASSERT_TRUE(store(path_, bytes, {2}));
  ASSERT_TRUE(log_->reclaim());
  EXPECT_GT(bytes_on_disk(), 16 * part);
  ASSERT_TRUE(log_->snapshots().drop(*path_, {1}));
  ASSERT_TRUE(log_->reclaim());
  const std::uintmax_t left = bytes_on_disk();
  EXPECT_LT(left, 9 * part);
  EXPECT_GT(left, 8 * part);
  expect_whole();
}

TEST_F(SnapshotsOnDisk, AreInABackup) {
  const std::string bytes = noise(part + 1);
  ASSERT_TRUE(store(path_, bytes, {1}));
  static_cast<void>(upload(path_, bytes));
  const auto copy = folder_.path() / "copy";
  ASSERT_TRUE(log_->checkpoint(copy));
  close();
  options_.path = copy;
  options_.begin_incarnation = true;
  open();
  EXPECT_EQ(first_bytes(*log_, {1}), bytes.substr(0, 10));
  expect_whole();
  close();
  EXPECT_EQ(rows(), "2 0 2 ");
}

TEST_F(SnapshotsOnDisk, AStoreWithoutThemIsTakenOver) {
  close();
  tamper([](rocksdb::DB& db, const Families& families) {
    ASSERT_TRUE(db.Put({}, families[0], rocks::keys::meta("format"), std::string("\0\0\0\x03", 4)).ok());
  });
  EXPECT_EQ(RocksLog::open_read_only(options_).value()->snapshots().list(*path_)->size(), 0u);
  open();
  EXPECT_FALSE(log_->recovery().incarnation_begun);
  EXPECT_EQ(read(path_), "one ");
  EXPECT_EQ(log_->snapshots().list(*path_)->size(), 0u);
  ASSERT_TRUE(store(path_, "bytes", {1}));
  close();
  std::string format;
  tamper([&](rocksdb::DB& db, const Families& families) {
    ASSERT_TRUE(db.Get({}, families[0], rocks::keys::meta("format"), &format).ok());
  });
  EXPECT_EQ(format, std::string("\0\0\0\x04", 4));
  ASSERT_TRUE(RocksLog::open_read_only(options_));
}

TEST_F(SnapshotsOnDisk, ADeletionThatMeetsADamagedOneTakesNothingAway) {
  ASSERT_TRUE(store(path_, "a first one", {1}));
  ASSERT_TRUE(store(path_, "a second one", {1}));
  close();
  tamper([&](rocksdb::DB& db, const Families& families) {
    const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, families[0]));
    scan->SeekForPrev("I\xFF");
    ASSERT_TRUE(scan->Valid() && scan->key().starts_with("I"));
    ASSERT_TRUE(db.Put({}, families[0], scan->key(), "damaged").ok());
  });
  open();
  // While the writer tells of one append, the next two come: they share a commit.
  std::promise<Result<Appended>> deleted;
  std::promise<Result<Appended>> appended;
  const auto append_to = [&](const DocumentRef& path, AppendKind kind) {
    Append append;
    append.kind = kind;
    append.path = path;
    append.epoch = log_->document(*path)->epoch;
    append.producer = producer();
    append.assumed_mark = Sequence{};
    append.first_sequence = {1};
    if (kind == AppendKind::deltas) append.deltas.push_back({{}, SharedBytes::copy("more")});
    return append;
  };
  log_->append({2}, append_to(path_of("first"), AppendKind::deltas), [&](const Result<Appended>&) {
    log_->append({1}, append_to(path_, AppendKind::tombstone),
                 [&](Result<Appended> result) { deleted.set_value(std::move(result)); });
    log_->append({2}, append_to(path_of("second"), AppendKind::deltas),
                 [&](Result<Appended> result) { appended.set_value(std::move(result)); });
  });
  const auto refused = deleted.get_future().get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::data_loss);
  const auto other = appended.get_future().get();
  EXPECT_TRUE(other) << other.error().message;
  EXPECT_EQ(first_bytes(*log_, {1}), "a first on");
}

}  // namespace
}  // namespace weir::storage
