// Packs: everything survives, in little room, and a reader needs little memory.
#include "weir/packing/pack.hpp"

#include <gtest/gtest.h>

#include "examples.hpp"

namespace weir::packing {
namespace {

constexpr PackOptions small_blocks{.level = 3, .block_records_max = 37, .block_bytes_max = 5000};

void expect_back(const std::vector<Record>& records, const PackOptions& options) {
  const auto made = pack(records, sha256("chain"), options);
  ASSERT_TRUE(made) << made.error().message;
  const auto again = unpack(*made);
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(*again, records);
}

TEST(Pack, GivesEverythingBack) {
  for (const int level : {1, 3, 19})
    for (const Example& example : examples()) expect_back(example.records, {.level = level});
  for (const Example& example : examples()) expect_back(example.records, small_blocks);
}

TEST(Pack, GivesAnythingBack) {
  for (unsigned seed = 0; seed < 200; ++seed)
    expect_back(anything(1 + seed, seed), seed % 2 == 0 ? small_blocks : PackOptions{.level = 3});
}

TEST(Pack, SaysWhatItHolds) {
  const Example example{"", typing(1000, 2, 5)};
  const auto made = pack(example.records, example.chain());
  ASSERT_TRUE(made);
  const auto header = inspect(made->view().substr(0, pack_header_bytes_max));
  ASSERT_TRUE(header);
  std::uint64_t payload_bytes = 0;
  for (const Record& record : example.records) payload_bytes += record.payload.size();
  EXPECT_EQ(header->first, example.records.front().offset);
  EXPECT_EQ(header->last, example.records.back().offset);
  EXPECT_EQ(header->records, 1000U);
  EXPECT_EQ(header->time_min, example.records.front().time);
  EXPECT_EQ(header->time_max, example.records.back().time);
  EXPECT_EQ(header->payload_bytes, payload_bytes);
  EXPECT_EQ(header->pack_bytes(), made->size());
  EXPECT_EQ(header->chain, example.chain());
}

TEST(Pack, TakesLittle) {
  const auto records = typing(4096, 1, 6);
  const auto made = pack(records, {}, {.level = 19});
  ASSERT_TRUE(made);
  EXPECT_LT(made->size(), records.size() * 2);  // its letters are random: 4.7 bits each
}

TEST(Pack, WhatCannotBeCompressedCostsFourBytesARecordAtMost) {
  std::mt19937_64 random(1);
  for (const std::size_t size : {8, 30, 100, 1000}) {
    auto records = typing(512, 1, 7);
    std::uint64_t payload_bytes = 0;
    for (Record& record : records) {
      record.payload = SharedBytes::copy(random_bytes(size + random() % size, random));
      payload_bytes += record.payload.size();
    }
    const auto made = pack(records, {});
    ASSERT_TRUE(made);
    EXPECT_LE(made->size(), payload_bytes + 4 * records.size()) << size;
  }
}

TEST(Pack, ALargePayloadHasABlockToItself) {
  auto records = typing(9, 1, 8);
  std::mt19937_64 random(2);
  records[4].payload = SharedBytes::copy(random_bytes(5'000'000, random));
  const auto made = pack(records, {});
  ASSERT_TRUE(made);
  auto reader = PackReader::open(*made);
  ASSERT_TRUE(reader);
  std::vector<std::size_t> sizes;
  for (auto block = reader->next_block(); block && !block->empty(); block = reader->next_block())
    sizes.push_back(block->size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 1, 4}));
}

TEST(Pack, RecordsOutliveTheReader) {
  const auto records = typing(100, 1, 9);
  std::vector<Record> kept;
  {
    const auto made = pack(records, {}, small_blocks);
    ASSERT_TRUE(made);
    auto reader = PackReader::open(*made);
    ASSERT_TRUE(reader);
    for (auto block = reader->next_block(); block && !block->empty(); block = reader->next_block())
      kept.insert(kept.end(), block->begin(), block->end());
  }
  EXPECT_EQ(kept, records);
}

TEST(Pack, OfNothingOrOutOfOrderIsRefused) {
  EXPECT_EQ(pack({}, {}).error().code, Code::invalid_argument);
  auto records = typing(3, 1, 10);
  std::swap(records[1], records[2]);
  EXPECT_EQ(pack(records, {}).error().code, Code::invalid_argument);
  records = typing(1, 1, 10);
  records[0].offset = {0};
  EXPECT_EQ(pack(records, {}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace weir::packing
