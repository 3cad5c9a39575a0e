#include "snapshots_under_test.hpp"

#include <random>

#include "weir/packing/compression.hpp"

namespace weir::storage::conformance {
namespace {

std::string unpacked(const SnapshotPart& part) {
  if (!part.compressed) return std::string(part.bytes.view());
  packing::Decompressor frame(part.bytes.view());
  const auto plain = frame.pull(part.size);
  EXPECT_TRUE(plain) << plain.error().message;
  const std::string bytes(plain ? *plain : "");
  EXPECT_TRUE(frame.at_end());
  return bytes;
}

}  // namespace

std::string text_of(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < size) text += "a word " + std::to_string(random() % 1000) + " ";
  text.resize(size);
  return text;
}

std::string noise_of(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

Snapshot about(const std::string& bytes, Offset offset, SnapshotId base) {
  Snapshot snapshot;
  snapshot.base = base;
  snapshot.offset = offset;
  snapshot.chain = sha256("chain at " + std::to_string(offset.value));
  snapshot.hash = sha256(bytes);
  snapshot.size = bytes.size();
  snapshot.codec = {77};
  snapshot.fidelity = Fidelity::lossless;
  snapshot.time = {1'700'000'100};
  snapshot.since = {1'700'000'090};
  snapshot.author = "principal-1";
  snapshot.records = 12;
  snapshot.payload_bytes = 3456;
  snapshot.note = SharedBytes::copy(std::string("a\0note", 6));
  return snapshot;
}

std::string told(const Result<std::vector<Snapshot>>& snapshots) {
  if (!snapshots) return std::string(name(snapshots.error().code));
  std::string text;
  for (const Snapshot& snapshot : *snapshots) {
    text += (text.empty() ? "" : ",") + std::to_string(snapshot.id.value) + ":" + std::to_string(snapshot.offset.value);
    if (snapshot.standing == SnapshotStanding::verified) text += "+";
    if (snapshot.standing == SnapshotStanding::quarantined) text += "-";
  }
  return text;
}

Result<std::string> read_all(const SnapshotStore& store, const DocumentPath& path, SnapshotId id,
                             std::uint64_t position, bool compressed) {
  std::string bytes;
  for (bool last = false; !last;) {
    auto part = store.read(path, id, position, compressed);
    if (!part) return part.error();
    EXPECT_EQ(part->position, position);
    EXPECT_LE(part->size, snapshot_part_bytes);
    EXPECT_TRUE(part->last || (position + part->size) % snapshot_part_bytes == 0) << "a part ends too early";
    if (part->compressed) {
      EXPECT_TRUE(compressed && position % snapshot_part_bytes == 0);
      EXPECT_LT(part->bytes.size(), part->size);
    }
    const std::string plain = unpacked(*part);
    EXPECT_EQ(plain.size(), part->size);
    bytes += plain;
    position += part->size;
    last = part->last;
  }
  return bytes;
}

void SnapshotConformance::SetUp() {
  DeltaLogConformance::SetUp();
  write_document(path_);
}

void SnapshotConformance::write_document(const DocumentRef& path) { appended(deltas(path, 1, 0, {"one", "two"})); }

Result<SnapshotUpload> SnapshotConformance::begin(const DocumentRef& path) {
  return store().begin(*path, state(path).epoch);
}

SnapshotUpload SnapshotConformance::upload(const DocumentRef& path, const std::string& bytes) {
  const auto upload = begin(path);
  EXPECT_TRUE(upload) << upload.error().message;
  const auto written = store().write(*upload, bytes);
  EXPECT_TRUE(written) << written.error().message;
  return *upload;
}

Snapshot SnapshotConformance::stored(const DocumentRef& path, const std::string& bytes, Offset offset,
                                     SnapshotId base) {
  const auto sealed = store().seal(upload(path, bytes), about(bytes, offset, base));
  EXPECT_TRUE(sealed) << sealed.error().message;
  return sealed ? *sealed : Snapshot{};
}

void SnapshotConformance::expect_whole(const DocumentRef& path, const Snapshot& snapshot, const std::string& bytes) {
  for (const bool compressed : {false, true}) {
    const auto read = read_all(store(), *path, snapshot.id, 0, compressed);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(*read == bytes) << "other bytes than were written";
  }
}

}  // namespace weir::storage::conformance
