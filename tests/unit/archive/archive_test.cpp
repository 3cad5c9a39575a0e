// Exports: what is written is read, and nothing that was cut, changed or made up is taken for one.
#include <gmock/gmock.h>

#include <sstream>

#include "weir/archive/archive.hpp"
#include "weir/archive/format.hpp"

namespace weir::archive {
namespace {

using testing::HasSubstr;

DocumentPath example_path() {
  return {SpaceName::parse("notes").value(), DocumentName::parse("folder/plan \xE2\x9C\x93").value()};
}

Record example(std::uint64_t offset, const std::string& payload) {
  ProducerId producer;
  producer.bytes[0] = std::byte{7};
  producer.bytes[15] = static_cast<std::byte>(offset % 3);
  return {{offset}, producer, {offset * 2}, {1'700'000'000 + offset}, {offset % 4}, SharedBytes::copy(payload)};
}

std::vector<Record> examples() {
  return {example(3, "one"), example(4, ""), example(900, std::string(3000, 'x')),
          example(1ULL << 62, std::string("\0\xFF", 2))};
}

std::string written(const std::vector<Record>& records, ArchiveEnd* end = nullptr) {
  std::ostringstream out;
  ArchiveWriter writer(out, example_path(), Epoch{0xFEDCBA9876543210});
  for (const Record& record : records) EXPECT_TRUE(writer.add(record));
  const auto finished = writer.finish();
  EXPECT_TRUE(finished);
  if (end != nullptr) *end = *finished;
  return out.str();
}

/// What a reader makes of it, to the end or to the first error.
Result<std::vector<Record>> read(const std::string& bytes) {
  std::istringstream in(bytes);
  auto reader = ArchiveReader::open(in);
  if (!reader) return reader.error();
  std::vector<Record> records;
  for (;;) {
    auto record = reader->next();
    if (!record) return record.error();
    if (!*record) return records;
    records.push_back(std::move(**record));
  }
}

std::string frame(char kind, const std::string& body, std::uint32_t length) {
  std::string bytes(1, kind);
  put(bytes, length);
  return bytes + body;
}
std::string up_to_header() {
  const std::string whole = written({});
  return whole.substr(0, whole.size() - 32 - end_bytes - frame_head_bytes);
}

TEST(Archive, WhatIsWrittenIsRead) {
  ArchiveEnd end;
  const std::string bytes = written(examples(), &end);
  EXPECT_EQ(read(bytes).value(), examples());
  std::istringstream in(bytes);
  auto reader = ArchiveReader::open(in).value();
  EXPECT_EQ(reader.path(), example_path());
  EXPECT_EQ(reader.epoch(), Epoch{0xFEDCBA9876543210});
  while (reader.next().value()) {
  }
  EXPECT_FALSE(reader.next().value());  // and stays at the end
  EXPECT_EQ(reader.end(), end);
  EXPECT_EQ(end.records, 4U);
  EXPECT_EQ(end.head, Offset{1ULL << 62});
  EXPECT_EQ(end.payload_bytes, 3U + 3000 + 2);
}

TEST(Archive, TheChainIsTheDocuments) {
  ArchiveEnd end;
  written(examples(), &end);
  Digest chain = chain_start(example_path());
  for (const Record& record : examples())
    chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
  EXPECT_EQ(end.chain, chain);
}

TEST(Archive, ADocumentWithoutRecordsIsOne) { EXPECT_EQ(read(written({})).value().size(), 0U); }

TEST(Archive, ItsLastBytesAreTheDigestOfAllBefore) {
  const std::string bytes = written(examples());
  EXPECT_EQ(sha256(std::string_view(bytes).substr(0, bytes.size() - 32)).view(), bytes.substr(bytes.size() - 32));
}

TEST(Archive, CutAnywhereItIsNone) {
  const std::string bytes = written(examples());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto result = read(bytes.substr(0, length));
    ASSERT_FALSE(result) << length;
    EXPECT_EQ(result.error().code, Code::data_loss);
  }
}

TEST(Archive, ChangedAnywhereItIsNone) {
  const std::string bytes = written(examples());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {1, 128}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      ASSERT_FALSE(read(changed)) << at;
    }
  }
}

TEST(Archive, NothingMayFollow) {
  const auto result = read(written(examples()) + "x");
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("after its end"));
}

TEST(Archive, ALengthIsBelievedOnlyAsFarAsThereAreBytes) {
  // Half a gigabyte is claimed, within what a record may have; three bytes are there.
  EXPECT_EQ(read(up_to_header() + frame('R', "abc", 512U << 20)).error().code, Code::data_loss);
  for (const std::uint32_t length : {0U, 43U, (512U << 20) + 45U, 0xFFFFFFFFU})
    EXPECT_THAT(read(up_to_header() + frame('R', "abc", length)).error().message, HasSubstr("a length of"));
  for (const std::uint32_t length : {0U, 55U, 57U, 0xFFFFFFFFU})
    EXPECT_THAT(read(up_to_header() + frame('E', "abc", length)).error().message, HasSubstr("a length of"));
  EXPECT_THAT(read(up_to_header() + frame('Q', "", 0)).error().message, HasSubstr("nothing that an export has"));
  EXPECT_THAT(read(up_to_header() + frame('H', "abc", 3)).error().message, HasSubstr("second header"));
}

TEST(Archive, AHeaderThatIsNoneIsRefused) {
  std::string begin(magic);
  put(begin, version_whole);
  const std::string good = up_to_header().substr(begin.size() + frame_head_bytes);
  const auto with_header = [&](const std::string& body) {
    return read(begin + frame('H', body, static_cast<std::uint32_t>(body.size()))).error();
  };
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_THAT(with_header(good.substr(0, length)).message, HasSubstr("no header"));
  EXPECT_THAT(with_header(good + "x").message, HasSubstr("no header"));
  EXPECT_THAT(with_header(std::string("\0\2\x01\x02", 4) + good).message, HasSubstr("no header"));  // no name
}

TEST(Archive, OffsetsRise) {
  std::ostringstream out;
  ArchiveWriter writer(out, example_path(), Epoch{1});
  EXPECT_TRUE(writer.add(example(5, "a")));
  EXPECT_EQ(writer.add(example(5, "b")).error().code, Code::invalid_argument);

  const std::string one = written({example(5, "a")}).substr(up_to_header().size());
  const std::string record = one.substr(0, frame_head_bytes + record_head_bytes + 1);
  EXPECT_THAT(read(up_to_header() + record + record).error().message, HasSubstr("cannot be"));
}

TEST(Archive, ANewerVersionSaysSo) {
  std::string bytes(magic);
  put(bytes, static_cast<std::uint16_t>(version_snapshots + 1));
  EXPECT_EQ(read(bytes + "whatever").error().code, Code::unimplemented);
  EXPECT_THAT(read("PK\3\4 something else entirely").error().message, HasSubstr("no export"));
}

TEST(Archive, OfADocumentThatWasCutItSaysWhereItBegins) {
  const ArchiveStart start{{2}, chain_next(chain_start(example_path()), {}, {1}, {0}, "cut"), 1, 3};
  const auto with_start = [&](const std::vector<Record>& records) {
    std::ostringstream out;
    ArchiveWriter writer(out, example_path(), Epoch{1}, start);
    for (const Record& record : records) EXPECT_TRUE(writer.add(record));
    EXPECT_TRUE(writer.finish());
    return out.str();
  };
  const std::string bytes = with_start(examples());
  EXPECT_EQ(read(bytes).value(), examples());
  std::istringstream in(bytes);
  auto reader = ArchiveReader::open(in).value();
  EXPECT_EQ(reader.start(), start);
  while (reader.next().value()) {
  }
  Digest chain = start.chain;
  for (const Record& record : examples())
    chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
  EXPECT_EQ(reader.end().chain, chain);
  EXPECT_EQ(reader.end().records, 4U);

  const std::string empty = with_start({});
  std::istringstream in_empty(empty);
  auto of_empty = ArchiveReader::open(in_empty).value();
  EXPECT_FALSE(of_empty.next().value());
  EXPECT_EQ(of_empty.end().head, Offset{2});
  EXPECT_EQ(of_empty.end().chain, start.chain);

  for (std::size_t length = 0; length < empty.size(); ++length) ASSERT_FALSE(read(empty.substr(0, length))) << length;
  for (std::size_t at = 0; at < empty.size(); ++at) {
    std::string changed = empty;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    ASSERT_FALSE(read(changed)) << at;
  }
  std::ostringstream out;
  ArchiveWriter writer(out, example_path(), Epoch{1}, start);
  EXPECT_EQ(writer.add(example(2, "cut")).error().code, Code::invalid_argument);
}

TEST(Archive, AStartHasItsPlace) {
  const std::string body(start_bytes, '\x01');
  EXPECT_THAT(read(up_to_header() + frame('S', body, start_bytes)).error().message,
              HasSubstr("a beginning in the middle"));
  std::string of_cut = up_to_header();
  of_cut[magic.size() + 1] = '\x02';
  EXPECT_THAT(read(of_cut + frame('R', std::string(50, 'x'), 50)).error().message, HasSubstr("where it begins"));
  EXPECT_THAT(read(of_cut + frame('S', std::string(start_bytes, '\0'), start_bytes)).error().message,
              HasSubstr("where it begins"));
}

TEST(Archive, AFullDiskIsAnError) {
  std::ostringstream out;
  ArchiveWriter writer(out, example_path(), Epoch{1});
  out.setstate(std::ios::badbit);
  EXPECT_EQ(writer.add(example(5, "a")).error().code, Code::resource_exhausted);
  EXPECT_FALSE(writer.finish());
}

}  // namespace
}  // namespace weir::archive
