// Who shares the parts of snapshots that are read for those who join.
#include "weir/shard/snapshot_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::shard {
namespace {

class Cache : public testing::Test {
 protected:
  SharedBytes get(std::uint64_t position, std::size_t size) {
    SnapshotCache::Key key;
    key.document = {1};
    key.snapshot = {1};
    key.position = position;
    const auto piece = cache.get(key, [&]() -> Result<SnapshotCache::Piece> {
      ++reads;
      return SnapshotCache::Piece{SharedBytes::copy(std::string(size, 'x')), position + size, false};
    });
    return piece->bytes;
  }
  SnapshotCache cache{100};
  int reads = 0;
};

TEST_F(Cache, APartIsReadOnce) {
  const SharedBytes first = get(0, 50);
  const SharedBytes second = get(0, 50);
  EXPECT_EQ(first.view().data(), second.view().data());
  EXPECT_EQ(reads, 1);
}

TEST_F(Cache, TheLeastRecentlyUsedLeaveFirst) {
  (void)get(0, 50);
  (void)get(1, 50);
  (void)get(0, 50);
  (void)get(2, 50);
  (void)get(0, 50);
  EXPECT_EQ(reads, 3);
  (void)get(1, 50);
  EXPECT_EQ(reads, 4);
}

TEST_F(Cache, WhatAReaderStillHoldsIsSharedThoughItIsTooLargeToBeKept) {
  {
    const SharedBytes first = get(0, 1000);
    const SharedBytes second = get(0, 1000);
    EXPECT_EQ(first.view().data(), second.view().data());
    EXPECT_EQ(reads, 1);
    (void)get(1, 1000);
    const SharedBytes third = get(0, 1000);
    EXPECT_EQ(first.view().data(), third.view().data());
    EXPECT_EQ(reads, 2);
  }
  (void)get(0, 1000);
  EXPECT_EQ(reads, 3) << "nobody held it any more";
}

TEST_F(Cache, AFailedReadIsTriedAnew) {
  const SnapshotCache::Key key;
  const auto failed = cache.get(key, [&]() -> Result<SnapshotCache::Piece> { return fail(Code::unavailable, "no"); });
  EXPECT_FALSE(failed);
  const auto read = cache.get(
      key, [&]() -> Result<SnapshotCache::Piece> { return SnapshotCache::Piece{SharedBytes::copy("yes"), 3, true}; });
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->last);
  EXPECT_EQ(read->bytes.view(), "yes");
}

}  // namespace
}  // namespace weir::shard
