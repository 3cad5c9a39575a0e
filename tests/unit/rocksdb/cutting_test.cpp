// What a cut makes of the store's files: what goes at once, what goes later, and that nothing of it comes back.
#include <random>
#include <thread>

#include "store_test.hpp"
#include "weir/packing/reader.hpp"
#include "weir/rocksdb/keys.hpp"
#include "weir/rocksdb/rows.hpp"

namespace weir::storage {
namespace {

class StoreCut : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    options_.durability = Durability::interval;
    options_.packing.in_background = false;
    options_.packing.settle_records = 100;
    options_.packing.level = options_.packing.settle_level = 1;
  }
  void append_many(const DocumentRef& path, int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(append(path, "a payload that is not shared: " + std::to_string(++payloads_ * 7919)));
  }
  std::size_t kept(const DocumentRef& path, Offset after = {}) {
    return log_->read_document(*path, after, everything, plenty)->records.size();
  }
  void expect_whole() {
    std::string told;
    VerifyOptions options;
    options.finding = [&](const Finding& finding) { told += finding.document + ": " + finding.what + "\n"; };
    const auto counts = log_->verify(options);
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(told, "");
  }
  std::size_t rows_in(std::size_t family, const std::string& prefix = {}) {
    std::size_t rows = 0;
    tamper([&](rocksdb::DB& db, const Families& families) {
      const std::unique_ptr<rocksdb::Iterator> scan(db.NewIterator({}, families[family]));
      for (scan->Seek(prefix); scan->Valid() && scan->key().starts_with(prefix); scan->Next()) ++rows;
    });
    return rows;
  }
  /// Of the store when it is closed: an open one removes what it has replaced a moment later.
  std::uint64_t bytes_of_tables() {
    close();
    std::uint64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(options_.path))
      if (file.path().extension() == ".sst") bytes += file.file_size();
    open();
    return bytes;
  }

  static constexpr Offset everything{~std::uint64_t{0}};
  static constexpr std::size_t plenty = std::size_t{64} << 20;
  const DocumentRef path_ = path_of("d");
  int payloads_ = 0;
};

TEST_F(StoreCut, RunsAndPacksThatLieBeforeItGoAtOnce) {
  open();
  append_many(path_, 350);
  ASSERT_TRUE(log_->compact(*path_, {}));  // packs of 100, 100, 100 and 50
  append_many(path_, 40);
  EXPECT_EQ(log_->weigh(*path_)->packs, 4u);
  ASSERT_TRUE(cut(path_, {200}));
  EXPECT_EQ(log_->weigh(*path_)->packs, 2u);
  EXPECT_EQ(log_->weigh(*path_)->cut_records, 0u) << "it ended where a pack did";
  EXPECT_EQ(kept(path_), 190u);
  ASSERT_TRUE(cut(path_, {355}));
  EXPECT_EQ(log_->weigh(*path_)->packs, 0u);
  EXPECT_EQ(log_->weigh(*path_)->runs, 35u);
  EXPECT_EQ(kept(path_), 35u);
  expect_whole();
  ASSERT_TRUE(cut(path_, {390}));
  expect_whole();
  close();
  EXPECT_EQ(rows_in(1), 0u);
  EXPECT_EQ(rows_in(2), 0u);
  open();
  EXPECT_EQ(kept(path_), 0u);
  append_many(path_, 1);
  EXPECT_EQ(kept(path_), 1u);
  expect_whole();
}

TEST_F(StoreCut, APackThatGoesOnBehindItIsGivenBackByCompacting) {
  open();
  append_many(path_, 100);
  ASSERT_TRUE(log_->compact(*path_, {}));
  ASSERT_TRUE(cut(path_, {97}));
  DocumentWeight weight = log_->weigh(*path_).value();
  EXPECT_EQ(weight.packs, 1u);
  EXPECT_EQ(weight.pack_records, 100u);
  EXPECT_EQ(weight.cut_records, 97u);
  EXPECT_FALSE(log_->read_packed(*path_, {}, everything, plenty, plenty)->pack) << "it would tell what was cut";
  expect_whole();
  const std::uint64_t bytes_before = weight.pack_bytes;
  std::vector<std::uint64_t> told;
  ASSERT_TRUE(log_->compact(*path_, [&](std::uint64_t done, std::uint64_t) { told.push_back(done); }));
  EXPECT_EQ(told, std::vector<std::uint64_t>{3});
  weight = log_->weigh(*path_).value();
  EXPECT_EQ(weight.packs, 1u);
  EXPECT_EQ(weight.pack_records, 3u);
  EXPECT_EQ(weight.cut_records, 0u);
  EXPECT_LT(weight.pack_bytes, bytes_before / 2);
  const auto page = log_->read_packed(*path_, {}, everything, plenty, plenty).value();
  ASSERT_TRUE(page.pack);
  EXPECT_EQ(page.cut, Offset{97});
  EXPECT_EQ(page.pack->first, Offset{98});
  EXPECT_EQ(packing::inspect(page.pack->bytes.view())->chain, log_->chain(*path_, {100}).value());
  expect_whole();
}

TEST_F(StoreCut, CompactingGivesUpOnWhatIsCutMeanwhile) {
  open();
  append_many(path_, 250);
  const auto compacted = log_->compact(*path_, [&](std::uint64_t, std::uint64_t) { ASSERT_TRUE(cut(path_, {150})); });
  ASSERT_FALSE(compacted) << "a pack of records 101 to 200 was put in";
  EXPECT_EQ(compacted.error().code, Code::aborted);
  EXPECT_EQ(log_->weigh(*path_)->packs, 0u);
  expect_whole();
  ASSERT_TRUE(log_->compact(*path_, {}));
  EXPECT_EQ(log_->weigh(*path_)->pack_records, 100u);
  EXPECT_EQ(kept(path_), 100u);
  expect_whole();
}

TEST_F(StoreCut, TheRoomIsGivenBack) {
  open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(append(path_, std::string(20'000, 'a') + std::to_string(i)));
  append_many(path_of("other"), 10);
  std::mt19937_64 random(7);
  for (int i = 0; i < 60; ++i) {
    std::string noise;
    for (int k = 0; k < 2500; ++k) rocks::put_big_endian(noise, random());
    ASSERT_TRUE(append(path_, noise));
  }
  ASSERT_TRUE(log_->compact(*path_, {}));
  const std::uint64_t before = bytes_of_tables();
  EXPECT_GT(before, 1'000'000u);
  ASSERT_TRUE(cut(path_, {129}));
  ASSERT_TRUE(log_->compact(*path_, {}));
  EXPECT_LT(bytes_of_tables(), before / 20);
  EXPECT_EQ(kept(path_), 1u);
}

TEST_F(StoreCut, ASpacesOrderShrinksBehindIt) {
  open();
  std::vector<DocumentRef> paths;
  for (int i = 0; i < 40; ++i) paths.push_back(path_of("d" + std::to_string(i)));
  for (int round = 0; round < 20; ++round)
    for (const DocumentRef& path : paths) append_many(path, 1);
  ASSERT_TRUE(log_->compact(*paths[0], {}));
  for (const DocumentRef& path : paths) ASSERT_TRUE(cut(path, log_->document(*path)->head));
  append_many(paths[0], 1);
  const auto feed = [&] {
    std::map<DocumentName, std::pair<Offset, std::size_t>> told;
    for (Offset after;;) {
      const auto page = log_->read_space(path_->space, after, everything, 300).value();
      for (const FeedEntry& entry : page.entries) {
        EXPECT_GT(entry.record.offset, after);
        after = entry.record.offset;
        auto& [cut_to, records] = told[entry.document];
        if (entry.kind == AppendKind::cut)
          cut_to = after;
        else
          ++records;
      }
      if (page.complete) return told;
    }
  };
  const auto before = feed();
  ASSERT_EQ(before.size(), 40u);
  for (const DocumentRef& path : paths)
    EXPECT_EQ(before.at(path->document),
              (std::pair{log_->document(*path)->cut, std::size_t{path == paths[0] ? 1u : 0u}}));
  ASSERT_TRUE(log_->compact(*paths[0], {}));
  EXPECT_EQ(feed(), before);
  expect_whole();
  close();
  EXPECT_LE(rows_in(0, rocks::keys::orders({1})), 2u) << "one entry for all that was cut, one for the last commit";
}

/// The packer makes a pack of what the writer cuts meanwhile, again and again.
TEST_F(StoreCut, WhatIsCutWhileItIsPackedDoesNotComeBack) {
  options_.packing.in_background = true;
  options_.packing.seal_records = 4;
  options_.packing.idle_seal_records = 1;
  options_.packing.merge_records = 8;
  options_.packing.settle_records = 40;
  open();
  for (int round = 0; round < 150; ++round) {
    append_many(path_, 1 + round % 13);
    const Offset head = log_->document(*path_)->head;
    const Offset to{head.value - static_cast<std::uint64_t>(round % 5)};
    ASSERT_TRUE(cut(path_, to));
    const auto state = log_->document(*path_).value();
    ASSERT_EQ(state.cut, to);
    ASSERT_EQ(kept(path_), state.records);
    if (round % 10 == 0) expect_whole();
    if (round % 40 == 7) {
      close();
      open();
    }
  }
  while (log_->packing().pending > 0) std::this_thread::yield();
  EXPECT_EQ(log_->packing().failures, 0u);
  expect_whole();
}

TEST_F(StoreCut, ChainValuesThatWereSavedGoWithIt) {
  open();
  append_many(path_, 2500);
  ASSERT_TRUE(log_->chain(*path_, everything));  // saves some, with the next commit
  ASSERT_TRUE(cut(path_, {1500}));
  append_many(path_, 1);
  expect_whole();
  EXPECT_EQ(log_->verify({})->chain_values, 1u);
  close();
  open();
  expect_whole();
}

TEST_F(StoreCut, CountsThatCannotBeAreRefused) {
  open();
  append_many(path_, 10);
  const auto refused = [&](const std::function<void(Append&)>& change) {
    Append append;
    append.kind = AppendKind::cut;
    append.path = path_;
    append.epoch = log_->document(*path_)->epoch;
    append.cut = {5};
    const auto prefix = log_->prefix(*path_, {5}).value();
    append.cut_chain = prefix.chain;
    append.cut_records = prefix.records;
    append.cut_payload_bytes = prefix.payload_bytes;
    change(append);
    const auto result = wait_for(std::move(append));
    log_->reset({1});
    return result ? Code{} : result.error().code;
  };
  EXPECT_EQ(refused([](Append& append) { append.cut_records = 0; }), Code::invalid_argument);
  EXPECT_EQ(refused([](Append& append) { append.cut_records = 10; }), Code::invalid_argument);
  EXPECT_EQ(refused([](Append& append) { append.cut_records = 11; }), Code::invalid_argument);
  EXPECT_EQ(refused([](Append& append) { append.cut_payload_bytes = 1'000'000; }), Code::invalid_argument);
  EXPECT_EQ(refused([](Append& append) { append.cut = {10}; }), Code::invalid_argument);
  EXPECT_EQ(kept(path_), 10u);
}

}  // namespace
}  // namespace weir::storage
