// What the tests of verify() share: a store that is whole, copies of it that are damaged, and what is found in them.
#pragma once

#include <algorithm>

#include "store_test.hpp"
#include "weir/rocksdb/rows.hpp"

namespace weir::storage {

class VerifiedStore : public StoreTest {
 protected:
  static constexpr rocks::SpaceId space{1};

  /// Packs are small, and made when asked for.
  void open_with_small_packs() {
    options_.durability = Durability::interval;
    options_.packing.in_background = false;
    options_.packing.settle_records = 50;
    options_.packing.settle_level = 1;
    open();
  }
  /// "packed" in three packs, and beside it "other" in runs.
  void append_packed() {
    for (int i = 0; i < 60; ++i) {
      append_many("packed", 2);
      append_many("other", 1);
    }
    ASSERT_TRUE(log_->compact(*path_of("packed"), {}));
  }
  void append_many(const std::string& document, int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(append(path_of(document), document + std::to_string(i)));
  }

  /// What is found; each as "document@offset: what".
  std::vector<std::string> found(VerifyOptions options = {}) {
    std::vector<std::string> found;
    const auto log = RocksLog::open_read_only(options_);
    EXPECT_TRUE(log) << log.error().message;
    if (!log) return found;
    options.finding = [&](const Finding& finding) {
      found.push_back(finding.document + "@" + (finding.offset ? std::to_string(finding.offset->value) : "") + ": " +
                      finding.what);
    };
    const auto counts = (*log)->verify(options);
    EXPECT_TRUE(counts) << counts.error().message;
    if (!counts) return found;
    counts_ = *counts;
    EXPECT_EQ(counts_.findings, found.size());
    return found;
  }
  /// Damages a fresh copy of the store; every one of the wanted must be found, and, unless there may be more, only
  /// they.
  void expect_found(const std::function<void(rocksdb::DB&, const Families&)>& damage, std::vector<std::string> wanted,
                    bool may_be_more = false) {
    options_.path = folder_.path() / ("copy" + std::to_string(++copies_));
    std::filesystem::copy(pristine_, options_.path, std::filesystem::copy_options::recursive);
    tamper(damage);
    std::vector<std::string> told = found();
    std::string all;
    for (const std::string& one : told) all += "  " + one + "\n";
    for (const std::string& want : wanted) {
      const auto it = std::ranges::find_if(told, [&](const std::string& one) { return one.starts_with(want); });
      EXPECT_NE(it, told.end()) << "not found: " << want << "\nbut:\n" << all;
      if (it != told.end()) told.erase(it);
    }
    if (!may_be_more) {
      EXPECT_TRUE(told.empty()) << "found as well:\n" << all;
    }
    std::filesystem::remove_all(options_.path);
  }

  static rocks::DocumentRow row_of(rocksdb::DB& db, const Families& families, const std::string& document) {
    std::string value;
    EXPECT_TRUE(db.Get({}, families[0], rocks::keys::document(space, document), &value).ok());
    return rocks::decode_document(value).value();
  }
  static void change_row(rocksdb::DB& db, const Families& families, const std::string& document,
                         const std::function<void(rocks::DocumentRow&)>& change) {
    rocks::DocumentRow row = row_of(db, families, document);
    change(row);
    ASSERT_TRUE(db.Put({}, families[0], rocks::keys::document(space, document), rocks::encode(row)).ok());
  }
  /// The rows of the family whose keys begin so.
  static std::vector<std::pair<std::string, std::string>> rows(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                                               const std::string& prefix) {
    std::vector<std::pair<std::string, std::string>> rows;
    const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, family));
    for (scan->Seek(prefix); scan->Valid() && scan->key().starts_with(prefix); scan->Next())
      rows.emplace_back(scan->key().ToString(), scan->value().ToString());
    return rows;
  }

  std::filesystem::path pristine_;
  VerifyCounts counts_;
  int copies_ = 0;
};

}  // namespace weir::storage
