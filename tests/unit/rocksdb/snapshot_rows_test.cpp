// What is stored of snapshots: whole again when read, and refused when it is not what was written.
#include <gtest/gtest.h>

#include "weir/rocksdb/snapshot_rows.hpp"

namespace weir::storage::rocks {
namespace {

SnapshotRow some_row() {
  SnapshotRow row;
  Snapshot& about = row.about;
  about.id = {7};
  about.base = {3};
  about.offset = {1234567};
  about.chain = sha256("chain");
  about.hash = sha256("bytes");
  about.size = 98'765'432'100;
  about.codec = {0xFFFFFFFF};
  about.fidelity = Fidelity::lossy;
  about.standing = SnapshotStanding::quarantined;
  about.time = {1'700'000'000};
  about.since = {1'600'000'000};
  about.author = "somebody";
  about.records = 1'000'000;
  about.payload_bytes = 2'000'000'000'000;
  about.note = SharedBytes::copy(std::string(300, '\0'));
  row.upload = {9};
  row.stored_bytes = 12'345;
  return row;
}

TEST(SnapshotRows, AreReadAsTheyWereWritten) {
  SnapshotRow reported = some_row();
  reported.about.by = "somebody else";
  for (const SnapshotRow& row : {some_row(), reported, SnapshotRow{}}) {
    const auto read = decode_snapshot(row.about.id, encode(row));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->about, row.about);
    EXPECT_EQ(read->upload, row.upload);
    EXPECT_EQ(read->stored_bytes, row.stored_bytes);
  }
  EXPECT_EQ(decode_snapshot_numbers(encode(SnapshotNumbers{{5}, {700}}))->upload, UploadNumber{700});
  EXPECT_EQ(decode_upload(encode(UploadRow{300}))->parts, 300u);
}

TEST(SnapshotRows, AreRefusedWhenTheyEndEarlyOrSayWhatNobodyKnows) {
  SnapshotRow row = some_row();
  row.about.by = "somebody else";
  const std::size_t note_bytes = std::exchange(row.about.note, {}).size();
  EXPECT_EQ(note_bytes, 300u);
  const std::string value = encode(row);
  for (std::size_t size = 0; size < value.size(); ++size)
    EXPECT_FALSE(decode_snapshot({7}, std::string_view(value).substr(0, size))) << size;
  for (const auto& [fidelity, standing] : {std::pair(3, 0), std::pair(0, 6)}) {
    row.about.fidelity = static_cast<Fidelity>(fidelity);
    row.about.standing = static_cast<SnapshotStanding>(standing);
    EXPECT_FALSE(decode_snapshot({7}, encode(row)));
  }
  EXPECT_FALSE(decode_snapshot_numbers("\x01"));
  EXPECT_FALSE(decode_upload(""));
}

TEST(SnapshotParts, AreCompressedWhereThatHelps) {
  const std::string text(10'000, 'x'), nothing = "x";
  const std::string key = keys::snapshot_part({1}, {1}, {1}, 0);
  for (const std::string& plain : {text, nothing}) {
    const std::string value = encode_part(key, plain);
    const auto part = StoredPart::parse(key, value);
    ASSERT_TRUE(part) << part.error().message;
    EXPECT_EQ(part->compressed, plain == text);
    EXPECT_EQ(part->unpack(plain.size()).value(), plain);
    EXPECT_EQ(part->unpack(plain.size() - 1).error().code, Code::data_loss);
    EXPECT_EQ(part->unpack(plain.size() + 1).error().code, Code::data_loss);
  }
}

TEST(SnapshotParts, AreRefusedWhenAnyBitIsAnother) {
  const std::string key = keys::snapshot_part({1}, {1}, {1}, 0);
  const std::string value = encode_part(key, "some bytes, some bytes, some bytes, and some bytes more");
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(StoredPart::parse(key, damaged).error().code, Code::data_loss) << bit;
  }
  for (std::size_t size = 0; size < value.size(); ++size)
    EXPECT_FALSE(StoredPart::parse(key, std::string_view(value).substr(0, size))) << size;
  EXPECT_FALSE(StoredPart::parse(keys::snapshot_part({1}, {1}, {1}, 1), value)) << "whole, but another part";
}

TEST(SnapshotParts, CoverTheSnapshot) {
  EXPECT_EQ(parts_of(0), 0u);
  EXPECT_EQ(parts_of(1), 1u);
  EXPECT_EQ(parts_of(snapshot_part_bytes), 1u);
  EXPECT_EQ(parts_of(snapshot_part_bytes + 1), 2u);
  EXPECT_EQ(part_bytes(snapshot_part_bytes + 1, 0), snapshot_part_bytes);
  EXPECT_EQ(part_bytes(snapshot_part_bytes + 1, 1), 1u);
}

}  // namespace
}  // namespace weir::storage::rocks
