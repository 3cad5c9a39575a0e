// Exports with snapshots, and of documents that were cut.
#include <gmock/gmock.h>

#include <sstream>

#include "weir/archive/archive.hpp"
#include "weir/archive/format.hpp"

namespace weir::archive {
namespace {

using testing::HasSubstr;

DocumentPath example_path() { return {SpaceName::parse("notes").value(), DocumentName::parse("plan").value()}; }

Record example(std::uint64_t offset) {
  ProducerId producer;
  producer.bytes[0] = std::byte{7};
  return {{offset}, producer, {offset}, {1'700'000'000 + offset}, {0}, SharedBytes::copy("payload")};
}

ArchiveStart example_cut() { return {{10}, sha256("the chain there"), 9, 900}; }

ArchivedSnapshot example_snapshot(const std::string& bytes, std::uint64_t offset, std::uint64_t base = 0) {
  ArchivedSnapshot snapshot{{}, {base}};
  Snapshot& about = snapshot.about;
  about.offset = {offset};
  about.chain = sha256("chain");
  about.hash = sha256(bytes);
  about.size = bytes.size();
  about.codec = {17};
  about.fidelity = Fidelity::lossy;
  about.standing = SnapshotStanding::verified;
  about.time = {5};
  about.since = {6};
  about.author = "ann";
  about.records = 7;
  about.payload_bytes = 8;
  about.note = SharedBytes::copy("a note");
  return snapshot;
}

struct Put {
  ArchivedSnapshot about;
  std::string bytes;
};

std::string written(const std::vector<Put>& snapshots, const std::optional<ArchiveStart>& cut = {},
                    ArchiveEnd* end = nullptr) {
  std::ostringstream out;
  ArchiveWriter writer(out, example_path(), Epoch{3}, cut, !snapshots.empty());
  for (const std::uint64_t offset : {11U, 12U, 15U}) EXPECT_TRUE(writer.add(example(offset)));
  for (const auto& [about, bytes] : snapshots) {
    EXPECT_TRUE(writer.begin(about));
    EXPECT_TRUE(writer.add(bytes));
  }
  const auto finished = writer.finish();
  EXPECT_TRUE(finished);
  if (end != nullptr) *end = *finished;
  return out.str();
}

struct Read {
  std::optional<ArchiveStart> cut;
  std::uint64_t records = 0;
  std::vector<Put> snapshots;
  ArchiveEnd end;
};

Result<Read> read(const std::string& file, bool bytes_too = true) {
  std::istringstream in(file);
  auto reader = ArchiveReader::open(in);
  if (!reader) return reader.error();
  Read all;
  all.cut = reader->start();
  for (;; ++all.records) {
    auto record = reader->next();
    if (!record) return record.error();
    if (!*record) break;
  }
  for (;;) {
    auto snapshot = reader->next_snapshot();
    if (!snapshot) return snapshot.error();
    if (!*snapshot) break;
    all.snapshots.push_back({std::move(**snapshot), {}});
    while (bytes_too) {
      const auto bytes = reader->bytes();
      if (!bytes) return bytes.error();
      if (bytes->empty()) break;
      all.snapshots.back().bytes += *bytes;
    }
  }
  all.end = reader->end();
  return all;
}

std::vector<Put> examples() {
  const std::string large(3 * part_bytes_max / 2, 'x');
  return {
      {example_snapshot("base", 4), "base"}, {example_snapshot(large, 12, 4), large}, {example_snapshot("", 15), ""}};
}

TEST(ArchiveSnapshots, WhatIsWrittenIsRead) {
  ArchiveEnd end;
  const std::string file = written(examples(), example_cut(), &end);
  const Read back = read(file).value();
  EXPECT_EQ(back.cut, example_cut());
  EXPECT_EQ(back.records, 3U);
  EXPECT_EQ(back.end, end);
  ASSERT_EQ(back.snapshots.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back.snapshots[i].about, examples()[i].about);
    EXPECT_TRUE(back.snapshots[i].bytes == examples()[i].bytes);
  }
  EXPECT_EQ(end.snapshots, 3U);
  EXPECT_EQ(end.snapshot_bytes, 4 + 3 * part_bytes_max / 2);
  EXPECT_EQ(end.records, 3U);
  EXPECT_EQ(read(file, false).value().end, end);  // bytes that nobody asks for are looked at all the same
}

TEST(ArchiveSnapshots, TheChainGoesOnBehindTheCut) {
  ArchiveEnd end;
  written({}, example_cut(), &end);
  Digest chain = example_cut().chain;
  for (const std::uint64_t offset : {11U, 12U, 15U}) {
    const Record record = example(offset);
    chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
  }
  EXPECT_EQ(end.chain, chain);
}

TEST(ArchiveSnapshots, WithoutAnyTheFileIsAsItAlwaysWas) {
  const std::string plain = written({});
  EXPECT_EQ(plain[magic.size() + 1], 1);
  EXPECT_EQ(written(examples())[magic.size() + 1], 3);
  EXPECT_EQ(written({}, example_cut())[magic.size() + 1], 2);
  EXPECT_FALSE(read(written(examples())).value().cut);
}

TEST(ArchiveSnapshots, CutOrChangedAnywhereItIsNone) {
  const std::string file =
      written({{example_snapshot("base", 4), "base"}, {example_snapshot("top", 12, 4), "top"}}, example_cut());
  for (std::size_t length = 0; length < file.size(); ++length)
    ASSERT_EQ(read(file.substr(0, length)).error().code, Code::data_loss) << length;
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int bit : {1, 128}) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      ASSERT_FALSE(read(changed)) << at;
      ASSERT_FALSE(read(changed, false)) << at;
    }
  }
}

TEST(ArchiveSnapshots, WhatCannotBeIsNotWritten) {
  std::ostringstream out;
  ArchiveWriter plain(out, example_path(), Epoch{3});
  EXPECT_EQ(plain.begin(example_snapshot("x", 1)).error().code, Code::invalid_argument);
  ArchiveWriter writer(out, example_path(), Epoch{3}, {}, true);
  EXPECT_TRUE(writer.add(example(11)));
  EXPECT_TRUE(writer.begin(example_snapshot("four", 11)));
  EXPECT_TRUE(writer.add("fo"));
  EXPECT_EQ(writer.begin(example_snapshot("x", 11)).error().code, Code::invalid_argument);
  EXPECT_EQ(writer.add("urs").error().code, Code::invalid_argument);
  EXPECT_EQ(writer.finish().error().code, Code::invalid_argument);
}

TEST(ArchiveSnapshots, WhatCannotBeIsNotRead) {
  const auto first_error = [](const std::vector<Put>& snapshots) { return read(written(snapshots)).error().message; };
  EXPECT_THAT(first_error({{example_snapshot("x", 16), "x"}}), HasSubstr("cannot be"));  // beyond the last record
  EXPECT_THAT(first_error({{example_snapshot("x", 0), "x"}}), HasSubstr("cannot be"));
  EXPECT_THAT(first_error({{example_snapshot("x", 4, 4), "x"}}), HasSubstr("cannot be"));
  ArchivedSnapshot quarantined = example_snapshot("x", 4);
  quarantined.about.standing = SnapshotStanding::quarantined;
  EXPECT_THAT(first_error({{quarantined, "x"}}), HasSubstr("cannot be"));
  EXPECT_THAT(first_error({{example_snapshot("x", 4), "y"}}), HasSubstr("hash"));
}

}  // namespace
}  // namespace weir::archive
