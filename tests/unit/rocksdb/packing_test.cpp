// Packs in the store: made in the background, read like runs, gone with their document, and never believed blindly.

#include <thread>

#include "store_test.hpp"
#include "weir/rocksdb/keys.hpp"

namespace weir::storage {
namespace {

class Packing : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    options_.durability = Durability::interval;
    options_.packing.in_background = false;
    options_.packing.seal_records = 20;
    options_.packing.idle_seal_records = 10;
    options_.packing.merge_records = 100;
    options_.packing.settle_records = 500;
    options_.packing.level = options_.packing.settle_level = 1;
  }
  void open_packing() {
    options_.packing.in_background = true;
    open();
  }
  void append_many(const DocumentRef& path, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string payload = "delta " + std::to_string(++payloads_);
      ASSERT_TRUE(append(path, payload));
      expected_[path->document.text()] += payload + " ";
    }
  }
  Result<Appended> stored(Append append) {
    std::promise<Result<Appended>> done;
    log_->append({1}, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }
  void wait_until_packed() {
    while (log_->packing().pending > 0) std::this_thread::yield();
  }
  DocumentWeight weigh(const DocumentRef& path) { return log_->weigh(*path).value(); }
  /// Everything readable, from every offset.
  void expect_all_there(const DocumentRef& path) {
    EXPECT_EQ(read(path), expected_[path->document.text()]);
    const std::vector<Record> all = log_->read_document(*path, {}, everything, plenty)->records;
    Digest chain = chain_start(*path);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto page = log_->read_document(*path, all[i].offset, everything, 1);
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_EQ(page->records.size(), i + 1 < all.size() ? 1u : 0u);
      ASSERT_TRUE(page->records.empty() || page->records[0] == all[i + 1]);
      chain = chain_next(chain, all[i].producer, all[i].sequence, all[i].codec, all[i].payload.view());
      ASSERT_EQ(log_->chain(*path, all[i].offset).value(), chain) << "at " << all[i].offset.value;
    }
    const auto found = log_->find(*path, producer(), {3}, {5}, all.size());
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, std::vector<Record>(all.begin() + 2, all.begin() + 5));
  }
  /// "document=payload" for every entry of the feed.
  std::string feed(std::size_t page_bytes) {
    std::string text;
    for (Offset after;;) {
      const auto page = log_->read_space(path_->space, after, everything, page_bytes);
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return text;
      for (const FeedEntry& entry : page->entries) {
        text += entry.document.text() + "=" + std::string(entry.record.payload.view()) + "\n";
        after = entry.record.offset;
      }
      if (page->complete) return text;
    }
  }
  static std::size_t rows_in(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& prefix = "") {
    const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, family));
    std::size_t rows = 0;
    for (scan->Seek(prefix); scan->Valid() && scan->key().starts_with(prefix); scan->Next()) ++rows;
    return rows;
  }

  static constexpr Offset everything{~std::uint64_t{0}};
  static constexpr std::size_t plenty = std::size_t{64} << 20;
  const DocumentRef path_ = path_of("d");
  int payloads_ = 0;
  std::map<std::string, std::string> expected_;
};

TEST_F(Packing, ADocumentThatGrowsIsPackedAndReadsTheSame) {
  open_packing();
  append_many(path_, 730);
  wait_until_packed();
  const DocumentWeight weight = weigh(path_);
  EXPECT_LT(weight.run_records, 20u);
  EXPECT_EQ(weight.pack_records + weight.run_records, 730u);
  // Whenever the packer looks, however late it comes: one pack has settled, and of the 230 records behind it ten packs
  // of ten would be merged, unless one of a hundred stands between them: 1 + 9 + 1 + 4.
  EXPECT_LE(weight.packs, 15u) << "they are merged";
  EXPECT_LT(weight.pack_bytes, 730u * 4);
  expect_all_there(path_);
  close();
  open();
  EXPECT_TRUE(log_->recovery().clean);
  expect_all_there(path_);
  append_many(path_, 50);
  wait_until_packed();
  expect_all_there(path_);
}

TEST_F(Packing, WhatGrewBeforeTheLastStopIsFoundAtTheStart) {
  open();
  append_many(path_, 90);
  EXPECT_EQ(weigh(path_).packs, 0u);
  close();
  open_packing();
  while (weigh(path_).run_records > 0) std::this_thread::yield();
  wait_until_packed();
  EXPECT_EQ(log_->packing().records, 90u);
  EXPECT_EQ(log_->packing().failures, 0u);
  expect_all_there(path_);
}

TEST_F(Packing, CompactingPacksEverythingAndTellsHowFarItIs) {
  open();
  append_many(path_, 1203);
  std::vector<std::uint64_t> told;
  const auto compacted = log_->compact(*path_, [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_EQ(all, 1203u);
    told.push_back(done);
  });
  ASSERT_TRUE(compacted) << compacted.error().message;
  EXPECT_EQ(told, (std::vector<std::uint64_t>{500, 1000, 1203}));
  EXPECT_EQ(weigh(path_).packs, 3u);
  EXPECT_EQ(weigh(path_).runs, 0u);
  expect_all_there(path_);
  EXPECT_EQ(log_->compact(*path_of("nowhere"), {}).error().code, Code::not_found);
}

TEST_F(Packing, TheSpacesOrderIsMergedAndSaysTheSame) {
  open();
  std::string expected;
  const std::vector<DocumentRef> paths{path_of("a"), path_of("b"), path_of("c")};
  for (int i = 0; i < 400; ++i) {
    const DocumentRef& path = paths[static_cast<std::size_t>(i * i % 7 % 3)];
    append_many(path, 1);
    expected += path->document.text() + "=delta " + std::to_string(payloads_) + "\n";
  }
  ASSERT_EQ(feed(plenty), expected);
  for (const DocumentRef& path : paths) ASSERT_TRUE(log_->compact(*path, {}));
  EXPECT_EQ(feed(plenty), expected);
  EXPECT_EQ(feed(1), expected) << "entry by entry";
  EXPECT_EQ(feed(700), expected);
  close();
  tamper([](rocksdb::DB& db, const Families& families) { EXPECT_LE(rows_in(db, families[0], "O"), 2u); });
  open();
  EXPECT_GT(log_->recovery().records_verified, 0u) << "the last commit is found in its pack";
  EXPECT_EQ(feed(700), expected);
}

TEST_F(Packing, PacksAreReadAsTheyLie) {
  open();
  append_many(path_, 1203);
  ASSERT_TRUE(log_->compact(*path_, {}));
  append_many(path_, 7);
  const auto next = [&](Offset after, Offset upto = everything, std::size_t pack_bytes_max = plenty) {
    return log_->read_packed(*path_, after, upto, 1, pack_bytes_max).value();
  };
  const auto first = next({});
  ASSERT_TRUE(first.pack);
  EXPECT_EQ(first.pack->first, Offset{1});
  EXPECT_EQ(first.pack->last, Offset{500});
  EXPECT_LT(first.pack->bytes.size(), 500u * 4);
  EXPECT_FALSE(first.complete);
  const auto third = next({1000}, {1203});
  ASSERT_TRUE(third.pack);
  EXPECT_EQ(third.pack->last, Offset{1203});
  EXPECT_TRUE(third.complete);
  EXPECT_FALSE(next({1203}).pack) << "there are runs";
  EXPECT_FALSE(next({1}).pack) << "the reader has its first record";
  EXPECT_FALSE(next({}, {499}).pack) << "its last record is not wanted";
  EXPECT_FALSE(next({}, everything, first.pack->bytes.size() - 1).pack) << "it is too large";
  EXPECT_FALSE(next({}, everything, 0).pack);
  const auto before = log_->read_packed(*path_, {300}, everything, plenty, plenty).value();
  EXPECT_FALSE(before.pack);
  EXPECT_EQ(before.records.back().offset, Offset{500}) << "records end before the next pack";
  EXPECT_FALSE(before.complete);
}

TEST_F(Packing, StretchesOfOneDocumentInOneCommitAreMergedToo) {
  open();
  for (int i = 0; i < 16;
       ++i) {  // tombstones stay: they fill the first merged entry, and the next commit opens another
    const DocumentRef gone = path_of("gone " + std::to_string(i));
    append_many(gone, 1);
    Append tombstone;
    tombstone.kind = AppendKind::tombstone;
    tombstone.path = gone;
    tombstone.epoch = log_->document(*gone)->epoch;
    ASSERT_TRUE(stored(std::move(tombstone)));
  }
  for (std::uint64_t i = 0; i < 3; ++i) {
    Append large;  // too much for one run
    large.path = path_;
    large.epoch = log_->document(*path_)->epoch;
    large.producer = producer();
    large.first_sequence = {1 + 3 * i};
    large.assumed_mark = Sequence{3 * i};
    for (int k = 0; k < 3; ++k) large.deltas.push_back({{0}, SharedBytes::copy(std::string(200'000, 'a'))});
    ASSERT_TRUE(stored(std::move(large)));
  }
  append_many(path_of("last"), 1);
  const std::string before = feed(plenty);
  ASSERT_TRUE(log_->compact(*path_, {}));
  EXPECT_TRUE(feed(plenty) == before) << "some records are missing, or there twice";
}

TEST_F(Packing, ADeletedDocumentLeavesNoPack) {
  open_packing();
  append_many(path_, 130);
  wait_until_packed();
  ASSERT_TRUE(change(path_, AppendKind::tombstone));
  wait_until_packed();
  EXPECT_EQ(log_->weigh(*path_).error().code, Code::not_found);
  EXPECT_EQ(log_->compact(*path_, {}).error().code, Code::not_found);
  close();
  tamper([](rocksdb::DB& db, const Families& families) {
    EXPECT_EQ(rows_in(db, families[1]), 0u);
    EXPECT_EQ(rows_in(db, families[2]), 0u);
  });
}

TEST_F(Packing, ADamagedPackIsNoticedWhereverItIs) {
  open();
  append_many(path_, 600);
  append_many(path_of("other"), 3);
  ASSERT_TRUE(log_->compact(*path_, {}));
  close();
  std::string key, value;
  tamper([&](rocksdb::DB& db, const Families& families) {
    const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, families[2]));
    scan->SeekToFirst();
    key = scan->key().ToString();
    value = scan->value().ToString();
  });
  for (std::size_t at = 0; at < value.size(); at += 1 + value.size() / 40) {
    std::string damaged = value;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    tamper([&](rocksdb::DB& db, const Families& families) { ASSERT_TRUE(db.Put({}, families[2], key, damaged).ok()); });
    open();
    EXPECT_EQ(read(path_), "DATA_LOSS") << "byte " << at;
    const auto unread = log_->read_packed(*path_, {}, everything, plenty, plenty);
    ASSERT_FALSE(unread) << "byte " << at;
    EXPECT_EQ(unread.error().code, Code::data_loss);
    EXPECT_EQ(read(path_of("other")), expected_["other"]);
    close();
  }
  tamper([&](rocksdb::DB& db, const Families& families) {  // whole, but another document's
    key[7] = static_cast<char>(key[7] + 1);
    ASSERT_TRUE(db.Put({}, families[2], key, value).ok());
  });
  open();
  EXPECT_EQ(read(path_of("other")), "DATA_LOSS");
}

/// As format 2 had it: the space's order in a family of its own.
void make_format_2(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
  rocksdb::ColumnFamilyHandle* order = nullptr;
  ASSERT_TRUE(db.CreateColumnFamily({}, "order", &order).ok());
  const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, families[0]));
  for (scan->Seek("O"); scan->Valid() && scan->key().starts_with("O"); scan->Next()) {
    ASSERT_TRUE(db.Put({}, order, rocksdb::Slice(scan->key().data() + 1, scan->key().size() - 1), scan->value()).ok());
    ASSERT_TRUE(db.Delete({}, families[0], scan->key()).ok());
  }
  ASSERT_TRUE(db.Put({}, families[0], rocks::keys::meta("format"), std::string("\0\0\0\x02", 4)).ok());
  db.DestroyColumnFamilyHandle(order);
}

TEST_F(Packing, AStoreOfAnOlderFormatIsTakenOver) {
  for (const bool without_packs : {false, true}) {
    SCOPED_TRACE(without_packs ? "format 1" : "format 2");
    open();
    append_many(path_, 40);
    const std::string before = feed(plenty);
    close();
    tamper([&](rocksdb::DB& db, const Families& families) {
      make_format_2(db, families);
      if (!without_packs) return;
      ASSERT_TRUE(db.Put({}, families[0], rocks::keys::meta("format"), std::string("\0\0\0\x01", 4)).ok());
      ASSERT_TRUE(db.DropColumnFamily(families[2]).ok());
    });
    const auto looked_at = RocksLog::open_read_only(options_);
    ASSERT_FALSE(looked_at);
    EXPECT_EQ(looked_at.error().code, Code::failed_precondition);
    EXPECT_NE(looked_at.error().message.find("start the server"), std::string::npos) << looked_at.error().message;
    open();
    EXPECT_GT(log_->recovery().records_verified, 0u);
    EXPECT_EQ(feed(plenty), before);
    expect_all_there(path_);
    EXPECT_EQ(log_->verify({})->findings, 0u);
    close();
    ASSERT_TRUE(RocksLog::open_read_only(options_));
  }
}

TEST_F(Packing, AStoreWithoutPacksGetsThem) {
  open();
  append_many(path_, 40);
  close();
  tamper([](rocksdb::DB& db, const Families& families) {
    make_format_2(db, families);
    ASSERT_TRUE(db.DropColumnFamily(families[2]).ok());
  });
  open_packing();
  while (weigh(path_).run_records > 0) std::this_thread::yield();
  expect_all_there(path_);
}

}  // namespace
}  // namespace weir::storage
