#include "weir/rocksdb/run.hpp"

#include <gtest/gtest.h>

#include "weir/rocksdb/rows.hpp"

namespace weir::storage::rocks {
namespace {

constexpr DocumentId document{7};
constexpr Life life{2};

ProducerId producer_of(int number) {
  ProducerId id;
  id.bytes.fill(static_cast<std::byte>(number));
  return id;
}

std::vector<Record> sample() {
  return {{{100}, producer_of(1), {1}, {1'700'000'000}, {0}, SharedBytes::copy("first")},
          {{101}, producer_of(1), {2}, {1'700'000'000}, {1}, {}},
          {{250}, producer_of(2), {~std::uint64_t{0}}, {1'699'999'999}, {0xFFFFFFFF}, SharedBytes::copy("third")},
          {{~std::uint64_t{0}}, producer_of(1), {1}, {0}, {16}, SharedBytes::copy(std::string(300, 'x'))}};
}

std::string built(const std::vector<Record>& records) {
  RunBuilder builder;
  for (const Record& record : records)
    builder.add(record.offset, record.producer, record.sequence, record.time, {record.codec, record.payload},
                record_checksum(record.producer, record.sequence, record.time, record.codec, record.payload.view()));
  return builder.finish(document, life);
}

/// Empty when the head or any record does not check.
std::vector<Record> read(const std::string& value, Offset first = {100}) {
  const auto run = Run::parse(document, life, first, value);
  std::vector<Record> records;
  if (!run) return {};
  const SharedBytes buffer = SharedBytes::copy(value);
  for (std::size_t i = 0; i < run->entries().size(); ++i) {
    auto record = run->record(i, buffer);
    if (!record) return {};
    records.push_back(*std::move(record));
  }
  return records;
}

TEST(Run, KeepsEveryFieldOfEveryRecord) { EXPECT_EQ(read(built(sample())), sample()); }

TEST(Run, BelongsToItsKey) {
  const std::string value = built(sample());
  EXPECT_FALSE(Run::parse({8}, life, {100}, value));
  EXPECT_FALSE(Run::parse(document, {1}, {100}, value));
  EXPECT_FALSE(Run::parse(document, life, {101}, value));
}

TEST(Run, NoticesEveryFlippedBitAndEveryCut) {
  const std::string value = built(sample());
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(read(damaged), sample()) << "bit " << bit;
    EXPECT_TRUE(read(damaged).empty()) << "bit " << bit;
  }
  for (std::size_t size = 0; size < value.size(); ++size) EXPECT_TRUE(read(value.substr(0, size)).empty()) << size;
  EXPECT_TRUE(read(value + "x").empty());
}

TEST(Run, SharesOneBufferAmongItsPayloads) {
  const std::string value = built(sample());
  const SharedBytes buffer = SharedBytes::copy(value);
  const auto run = Run::parse(document, life, {100}, value);
  const auto record = run->record(0, buffer);
  EXPECT_GE(record->payload.view().data(), buffer.view().data());
  EXPECT_LT(record->payload.view().data(), buffer.view().data() + buffer.size());
}

TEST(Run, IsClosedInTime) {
  RunBuilder builder;
  EXPECT_TRUE(builder.fits(std::size_t{16} << 20)) << "a single payload may be larger than a run";
  const std::string payload(100'000, 'p');
  builder.add({1}, producer_of(1), {1}, {}, {{0}, SharedBytes::copy(payload)}, 0);
  EXPECT_TRUE(builder.fits(100'000));
  builder.add({2}, producer_of(1), {2}, {}, {{0}, SharedBytes::copy(payload)}, 0);
  EXPECT_FALSE(builder.fits(100'000));
}

TEST(Rows, RefuseWhatIsCutOrTooLong) {
  const std::string document_row =
      encode(DocumentRow{{1}, {2}, true, {300}, 4, 5000, {1'700'000'000}, {1'600'000'000}});
  const auto decoded = decode_document(document_row);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->last_time, Seconds{1'600'000'000});
  const DocumentRow cut{{1},
                        {2},
                        false,
                        {300},
                        4,
                        5000,
                        {1'700'000'000},
                        {1'700'000'009},
                        {200},
                        chain_start({SpaceName::parse("s").value(), DocumentName::parse("d").value()}),
                        70,
                        80'000};
  const std::string cut_row = encode(cut);
  const auto decoded_cut = decode_document(cut_row);
  ASSERT_TRUE(decoded_cut);
  EXPECT_FALSE(decoded_cut->deleted);
  EXPECT_EQ(decoded_cut->cut, Offset{200});
  EXPECT_EQ(decoded_cut->cut_chain, cut.cut_chain);
  EXPECT_EQ(decoded_cut->cut_records, 70u);
  EXPECT_EQ(decoded_cut->cut_payload_bytes, 80'000u);
  for (std::size_t size = 0; size < cut_row.size(); ++size) EXPECT_FALSE(decode_document(cut_row.substr(0, size)));
  EXPECT_FALSE(decode_document(cut_row + "x"));
  const std::string order = encode(
      OrderEntry{{AppendKind::deltas, {1}, {1}, {5}, {9}, {}}, {AppendKind::tombstone, {1}, {1}, {10}, {10}, {7}}});
  ASSERT_EQ(decode_order(order)->size(), 2u);
  EXPECT_EQ(decode_order(order)->at(1).time, Seconds{7});
  for (std::size_t size = 0; size < document_row.size(); ++size)
    EXPECT_FALSE(decode_document(document_row.substr(0, size)));
  for (std::size_t size = 0; size < order.size(); ++size) EXPECT_FALSE(decode_order(order.substr(0, size)));
  EXPECT_FALSE(decode_document(document_row + "x"));
  EXPECT_FALSE(decode_order(order + "x"));
}

TEST(Keys, SortAsTheirNumbersDo) {
  EXPECT_LT(keys::run({1}, {1}, {255}), keys::run({1}, {1}, {256}));
  EXPECT_LT(keys::run({1}, {1}, {~std::uint64_t{0}}), keys::run({1}, {2}, {0}));
  EXPECT_EQ(keys::offset_of(keys::run({1}, {2}, {77})), Offset{77});
  EXPECT_GT(keys::behind(keys::runs({0xFF}, {0xFFFFFFFF})), keys::run({0xFF}, {0xFFFFFFFF}, {~std::uint64_t{0}}));
}

}  // namespace
}  // namespace weir::storage::rocks
