// Rules of one snapshot: written in pieces, sealed or not, read in parts.
#include "snapshots_under_test.hpp"

namespace weir::storage::conformance {
namespace {

TEST_P(SnapshotConformance, IsThereAsItWasWritten) {
  const std::string bytes = text_of(1000);
  Snapshot expected = about(bytes, {2});
  expected.id = {99};  // ignored
  const auto sealed = store().seal(upload(path_, bytes), expected);
  ASSERT_TRUE(sealed) << sealed.error().message;
  expected.id = {1};
  EXPECT_EQ(*sealed, expected);
  EXPECT_EQ(store().list(*path_).value(), std::vector{expected});
  expect_whole(path_, *sealed, bytes);
}

TEST_P(SnapshotConformance, ComesInPiecesOfAnySize) {
  std::uint64_t offset = 0;
  for (const std::size_t size : {std::size_t{1}, part - 1, part, part + 1, 2 * part, 3 * part + 12'345}) {
    SCOPED_TRACE(size);
    const std::string bytes = size % 2 == 0 ? text_of(size) : noise_of(size);
    for (const std::size_t piece : {std::size_t{7'777}, part - 3, 5 * part}) {
      const SnapshotUpload upload = begin(path_).value();
      for (std::size_t at = 0; at < size; at += piece)
        ASSERT_TRUE(store().write(upload, std::string_view(bytes).substr(at, piece)));
      ASSERT_TRUE(store().write(upload, ""));
      const auto sealed = store().seal(upload, about(bytes, {++offset}));
      ASSERT_TRUE(sealed) << sealed.error().message;
      expect_whole(path_, *sealed, bytes);
    }
  }
}

TEST_P(SnapshotConformance, MayBeEmpty) {
  const Snapshot snapshot = stored(path_, "", {2});
  for (const bool compressed : {false, true}) {
    const auto all = store().read(*path_, snapshot.id, 0, compressed);
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(all->size, 0u);
    EXPECT_TRUE(all->bytes.empty());
    EXPECT_FALSE(all->compressed);
    EXPECT_TRUE(all->last);
  }
  EXPECT_EQ(outcome(store().read(*path_, snapshot.id, 1, false)), "OUT_OF_RANGE");
}

TEST_P(SnapshotConformance, IsReadFromAnyPosition) {
  const std::string bytes = text_of(2 * part + 1000);
  const Snapshot snapshot = stored(path_, bytes, {2});
  for (const std::uint64_t position :
       {std::uint64_t{1}, std::uint64_t{part - 1}, std::uint64_t{part}, std::uint64_t{part + 500},
        std::uint64_t{2 * part}, std::uint64_t{2 * part + 999}, std::uint64_t{2 * part + 1000}})
    for (const bool compressed : {false, true}) {
      SCOPED_TRACE(position);
      const auto read = read_all(store(), *path_, snapshot.id, position, compressed);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_TRUE(*read == bytes.substr(position));
    }
  for (const std::uint64_t behind : {std::uint64_t{2 * part + 1001}, ~std::uint64_t{0}})
    EXPECT_EQ(outcome(store().read(*path_, snapshot.id, behind, false)), "OUT_OF_RANGE");
}

/// At the end of a last part that is full, too.
TEST_P(SnapshotConformance, EndsWhereItEnds) {
  const Snapshot snapshot = stored(path_, text_of(2 * part), {2});
  const auto second = store().read(*path_, snapshot.id, part, false);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->size, part);
  EXPECT_TRUE(second->last);
  const auto nothing = store().read(*path_, snapshot.id, 2 * part, true);
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_EQ(nothing->size, 0u);
  EXPECT_TRUE(nothing->last);
}

TEST_P(SnapshotConformance, IsCompressedOnlyWhereThatHelps) {
  const std::string bytes = text_of(part) + noise_of(part);
  const Snapshot snapshot = stored(path_, bytes, {2});
  const auto text = store().read(*path_, snapshot.id, 0, true);
  ASSERT_TRUE(text && text->compressed);
  EXPECT_EQ(text->size, part);
  EXPECT_LT(text->bytes.size(), part / 2);
  const auto noise = store().read(*path_, snapshot.id, part, true);
  ASSERT_TRUE(noise && !noise->compressed);
  EXPECT_EQ(noise->bytes.size(), part);
  EXPECT_FALSE(store().read(*path_, snapshot.id, 0, false)->compressed) << "nobody asked for it";
  EXPECT_FALSE(store().read(*path_, snapshot.id, 1, true)->compressed) << "no part begins here";
}

TEST_P(SnapshotConformance, IsRefusedWhenItsBytesAreNotThoseTold) {
  const std::string bytes = text_of(part + 10);
  Snapshot longer = about(bytes, {2}), shorter = longer, other = longer;
  longer.size += 1;
  shorter.size -= 1;
  other.hash = sha256("something else");
  for (const Snapshot& wrong : {longer, shorter, other}) {
    const SnapshotUpload upload = this->upload(path_, bytes);
    EXPECT_EQ(outcome(store().seal(upload, wrong)), "INVALID_ARGUMENT");
    EXPECT_EQ(outcome(store().seal(upload, about(bytes, {2}))), "NOT_FOUND") << "the upload is over";
    EXPECT_EQ(outcome(store().write(upload, "x")), "NOT_FOUND");
  }
  EXPECT_EQ(listed(path_), "");
  EXPECT_EQ(stored(path_, bytes, {2}).id, SnapshotId{1}) << "what was refused takes no number";
}

TEST_P(SnapshotConformance, IsSeenByNobodyUntilItIsSealed) {
  const std::string bytes = text_of(3 * part);
  const SnapshotUpload upload = this->upload(path_, bytes);
  EXPECT_EQ(listed(path_), "");
  EXPECT_EQ(outcome(store().read(*path_, {1}, 0, false)), "NOT_FOUND");
  store().abandon(upload);
  store().abandon(upload);
  store().abandon({123'456});
  EXPECT_EQ(outcome(store().write(upload, "more")), "NOT_FOUND");
  EXPECT_EQ(outcome(store().seal(upload, about(bytes, {2}))), "NOT_FOUND");
  EXPECT_EQ(listed(path_), "");
}

TEST_P(SnapshotConformance, MayBeUploadedBesideAnother) {
  const std::string first = text_of(2 * part + 1, 1), second = noise_of(2 * part + 1, 2);
  const auto other = path_of("t", "other");
  write_document(other);
  const SnapshotUpload a = begin(path_).value(), b = begin(path_).value(), c = begin(other).value();
  for (std::size_t at = 0; at < first.size(); at += 100'000) {
    ASSERT_TRUE(store().write(a, std::string_view(first).substr(at, 100'000)));
    ASSERT_TRUE(store().write(b, std::string_view(second).substr(at, 100'000)));
    ASSERT_TRUE(store().write(c, std::string_view(second).substr(at, 100'000)));
  }
  const auto sealed_b = store().seal(b, about(second, {1}));
  const auto sealed_a = store().seal(a, about(first, {2}));
  const auto sealed_c = store().seal(c, about(second, {1}));
  ASSERT_TRUE(sealed_a && sealed_b && sealed_c);
  EXPECT_EQ(sealed_b->id, SnapshotId{1}) << "numbers go by the order of sealing";
  EXPECT_EQ(sealed_a->id, SnapshotId{2});
  EXPECT_EQ(sealed_c->id, SnapshotId{1}) << "each document has its own";
  expect_whole(path_, *sealed_a, first);
  expect_whole(path_, *sealed_b, second);
  expect_whole(other, *sealed_c, second);
}

}  // namespace
}  // namespace weir::storage::conformance
