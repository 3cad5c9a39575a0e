// verify() and documents that were cut: silent about what a cut leaves, and not about what it should have taken.
#include "verified_store.hpp"
#include "weir/rocksdb/run.hpp"

namespace weir::storage {
namespace {

using namespace rocks;

/// "packed" in three packs and a run, "runs" with a chain value saved; both are cut.
class VerifyCut : public VerifiedStore {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open_with_small_packs();
    append_packed();
    append_many("packed", 1);
    append_many("runs", 1100);
    ASSERT_TRUE(log_->chain(*path_of("runs"), {~std::uint64_t{0}}));
  }
};

TEST_F(VerifyCut, ADocumentThatWasCutIsWhole) {
  const auto packed = log_->read_document(*path_of("packed"), {}, {~std::uint64_t{0}}, 1 << 20).value();
  ASSERT_TRUE(cut(path_of("packed"), packed.records.at(69).offset));  // in the second pack
  ASSERT_TRUE(cut(path_of("runs"), log_->document(*path_of("runs"))->head));
  append_many("last", 1);
  close();
  EXPECT_EQ(found(), std::vector<std::string>());
  EXPECT_EQ(counts_.cut, 2u);
  EXPECT_EQ(counts_.packs, 2u);
  EXPECT_EQ(counts_.chain_values, 0u);
  pristine_ = options_.path;
  const auto changed = [](const std::string& document, const std::function<void(DocumentRow&)>& change) {
    return [=](rocksdb::DB& db, const Families& families) { change_row(db, families, document, change); };
  };
  expect_found(changed("packed", [](DocumentRow& row) { row.cut_chain = {}; }), {"packed@"});
  expect_found(changed("packed", [](DocumentRow& row) { row.cut = row.cut.next(); }), {"packed@"}, true);
  expect_found(changed("packed", [](DocumentRow& row) { row.cut = {row.cut.value + 200}; }), {"packed@"}, true);
  expect_found(changed("packed", [](DocumentRow& row) { --row.records; }), {"packed@: its row says"});
  expect_found(changed("runs", [](DocumentRow& row) { row.cut = {row.cut.value - 1}; }), {"runs@"}, true);
  const auto put = [](const std::string& document,
                      const std::function<void(rocksdb::DB&, const Families&, const DocumentRow&)>& put_row) {
    return [=](rocksdb::DB& db, const Families& families) { put_row(db, families, row_of(db, families, document)); };
  };
  expect_found(
      put("runs",
          [](auto& db, auto& families, auto& row) {
            RunBuilder builder;
            const auto checksum = record_checksum(producer(), {7}, {}, {0}, "cut");
            const Delta delta{{0}, SharedBytes::copy("cut")};
            builder.add(row.cut, producer(), {7}, {}, delta, checksum);
            ASSERT_TRUE(
                db.Put({}, families[1], keys::run(row.id, row.life, row.cut), builder.finish(row.id, row.life)).ok());
          }),
      {"runs@"});
  expect_found(put("runs",
                   [](auto& db, auto& families, auto& row) {
                     ASSERT_TRUE(db.Put({}, families[0], keys::chain_point(row.id, row.life, {row.cut.value - 3}),
                                        std::string(32, 'x'))
                                     .ok());
                   }),
               {"runs@"});
  expect_found(
      [](rocksdb::DB& db, const Families& families) {
        const DocumentRow row = row_of(db, families, "runs");
        for (const auto& [key, value] : rows(db, families[0], keys::orders(space))) {
          const OrderEntry entry = decode_order(value).value();
          if (entry.back().document == row.id && entry.back().last == row.cut) {
            ASSERT_TRUE(db.Delete({}, families[0], key).ok());
          }
        }
      },
      {"runs@"}, true);
}

}  // namespace
}  // namespace weir::storage
