// verify() of snapshots: silent about whole ones, and not about any kind of damage.
#include "verified_store.hpp"
#include "weir/rocksdb/snapshot_rows.hpp"

namespace weir::storage {
namespace {

using namespace rocks;

constexpr std::size_t part = snapshot_part_bytes;

class VerifySnapshots : public VerifiedStore {
 protected:
  /// "d" with three snapshots, the second on the first, and the first's parts under upload 2; "gone" deleted.
  void SetUp() override {
    StoreTest::SetUp();
    options_.packing.in_background = false;
    open();
    for (const char* document : {"gone", "d", "last"}) ASSERT_TRUE(append(path_of(document), "one"));
    ASSERT_TRUE(store(path_of("gone"), noise(part + 1), {1}));
    ASSERT_TRUE(change(path_of("gone"), AppendKind::tombstone));
    log_->snapshots().abandon(upload(path_of("d"), noise(part)));
    ASSERT_TRUE(store(path_of("d"), noise(2 * part + 1), {1}));
    ASSERT_TRUE(store(path_of("d"), std::string(part, 'x'), {2}, {1}));
    ASSERT_TRUE(store(path_of("d"), "", {3}));
    ASSERT_TRUE(append(path_of("last"), "two"));
    close();
    pristine_ = options_.path;
  }

  using Damage = std::function<void(rocksdb::DB&, const Families&)>;
  static std::string part_key(std::uint64_t upload, std::uint64_t index) {
    return keys::snapshot_part({2}, {1}, {upload}, index);
  }
  static Damage put(std::size_t family, const std::string& key, const std::string& value) {
    return
        [=](rocksdb::DB& db, const Families& families) { ASSERT_TRUE(db.Put({}, families[family], key, value).ok()); };
  }
  static Damage remove(std::size_t family, const std::string& key) {
    return [=](rocksdb::DB& db, const Families& families) { ASSERT_TRUE(db.Delete({}, families[family], key).ok()); };
  }
  static Damage change_snapshot(SnapshotId id, const std::function<void(SnapshotRow&)>& change) {
    return [=](rocksdb::DB& db, const Families& families) {
      std::string value;
      const std::string key = keys::snapshot({2}, {1}, id);
      ASSERT_TRUE(db.Get({}, families[0], key, &value).ok());
      SnapshotRow row = decode_snapshot(id, value).value();
      change(row);
      ASSERT_TRUE(db.Put({}, families[0], key, encode(row)).ok());
    };
  }
};

TEST_F(VerifySnapshots, WholeOnesHaveNothingToTell) {
  EXPECT_EQ(found(), std::vector<std::string>());
  EXPECT_EQ(counts_.snapshots, 3u);
  EXPECT_EQ(counts_.snapshot_bytes, 3 * part + 1);
  open();
  const SnapshotUpload open_one = upload(path_of("d"), noise(2 * part));
  EXPECT_EQ(log_->verify({})->findings, 0u) << "an upload is under way";
  ASSERT_TRUE(log_->snapshots().seal(open_one, about(noise(2 * part), {4})));
  EXPECT_EQ(log_->verify({})->snapshots, 4u);
  ASSERT_TRUE(log_->snapshots().drop(*path_of("d"), {2}));
  EXPECT_EQ(log_->verify({})->findings, 0u);
}

TEST_F(VerifySnapshots, FindsPartsThatAreMissingOrDamaged) {
  expect_found(remove(2, part_key(2, 1)), {"d@: snapshot 1 misses its part 1"});
  expect_found(remove(2, part_key(2, 2)), {"d@: snapshot 1 misses its part 2"});
  expect_found(remove(2, part_key(3, 0)), {"d@: snapshot 2 misses its part 0"});
  expect_found(put(2, part_key(2, 1), "damaged"), {"d@: snapshot 1 has a damaged part, 1"});
  expect_found(put(2, part_key(2, 2), encode_part(part_key(2, 2), "xy")),
               {"d@: snapshot 1 has a part that is not as long as it should be, 2"});
  expect_found(put(2, part_key(2, 2), encode_part(part_key(2, 2), "x")),
               {"d@: snapshot 1 has other bytes than those whose SHA-256 its row has"});
  expect_found(put(2, part_key(3, 1), encode_part(part_key(3, 1), "x")),
               {"d@: snapshot 2 has more parts than it should"});
}

TEST_F(VerifySnapshots, FindsRowsThatDoNotAgree) {
  expect_found(change_snapshot({1}, [](SnapshotRow& row) { row.about.hash = sha256("other"); }),
               {"d@: snapshot 1 has other bytes"});
  expect_found(change_snapshot({1}, [](SnapshotRow& row) { ++row.stored_bytes; }), {"d@: snapshot 1 takes "});
  expect_found(change_snapshot({2}, [](SnapshotRow& row) { row.about.base = {9}; }),
               {"d@: snapshot 2 stands on snapshot 9, which is not there"});
  expect_found(change_snapshot({2}, [](SnapshotRow& row) { row.about.base = {3}; }),
               {"d@: snapshot 2 stands on one that was stored later"});
  expect_found(change_snapshot({3}, [](SnapshotRow& row) { row.upload = {3}; }),
               {"d@: snapshot 3 has the same parts as snapshot 2"});
  expect_found(put(0, keys::snapshot_numbers({2}, {1}), encode(SnapshotNumbers{{2}, {9}})),
               {"d@: snapshot 3 has a number that was never given out"});
  expect_found(put(0, keys::snapshot_numbers({2}, {1}), "x"), {"d@: the numbers given to its snapshots are damaged"});
  expect_found(put(0, keys::snapshot({2}, {1}, {3}), "x"), {"d@: the row of snapshot 3 is damaged"});
  expect_found(remove(0, keys::snapshot({2}, {1}, {1})),
               {"d@: snapshot 2 stands on snapshot 1, which is not there",
                "d@: there are parts of upload 2, which belong to no snapshot"});
}

TEST_F(VerifySnapshots, FindsWhatIsLeftOrBelongsToNothing) {
  expect_found(put(0, keys::upload({2}, {1}, {9}), encode(UploadRow{})), {"d@: an upload is left, number 9"});
  expect_found(put(0, keys::upload({2}, {1}, {9}), "\xFF"), {"d@: the row of an upload is damaged"});
  expect_found(put(2, part_key(9, 0), "x"), {"d@: there are parts of upload 9, which belong to no snapshot"});
  const std::string ended = " of its life 1, which has ended, are left";
  expect_found(put(0, keys::snapshot({1}, {1}, {1}), "x"), {"gone@: snapshots" + ended});
  expect_found(put(0, keys::upload({1}, {1}, {1}), "x"), {"gone@: uploads of snapshots" + ended});
  expect_found(put(2, keys::snapshot_part({1}, {1}, {1}, 0), "x"), {"gone@: parts of snapshots" + ended});
  const std::string nobody = " of document 77, which does not exist";
  expect_found(put(0, keys::snapshot({77}, {1}, {1}), "x"), {"@: there are snapshots" + nobody});
  expect_found(put(0, keys::upload({77}, {1}, {1}), "x"), {"@: there are uploads" + nobody});
  expect_found(put(2, keys::snapshot_part({77}, {1}, {1}, 0), "x"), {"@: there are parts of snapshots" + nobody});
}

}  // namespace
}  // namespace weir::storage
