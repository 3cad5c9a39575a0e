// Numbers, columns of numbers, and tokens: what is written is read.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "examples.hpp"
#include "weir/packing/columns.hpp"
#include "weir/packing/tokens.hpp"

namespace weir::packing {
namespace {

constexpr std::uint64_t most = ~std::uint64_t{0};

TEST(Numbers, AreReadAsWritten) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, most / 2, most / 2 + 1, most}) {
    std::string bytes;
    put_varint(bytes, value);
    EXPECT_EQ(bytes.size(), varint_bytes(value));
    put_signed(bytes, value);
    put_little_endian(bytes, static_cast<std::uint32_t>(value));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), value);
    EXPECT_EQ(reader.signed_varint(), value);
    EXPECT_EQ(reader.little_endian(), static_cast<std::uint32_t>(value));
    EXPECT_TRUE(reader.done());
  }
  EXPECT_EQ(zigzag(0 - std::uint64_t{1}), 1U);
  EXPECT_EQ(zigzag(1), 2U);
}

TEST(Numbers, PastTheEndOrTooLargeAreRefused) {
  for (const std::string& bytes :
       {std::string(), std::string("\x80"), std::string(9, '\xFF') + "\2", std::string(10, '\x80') + "\1"}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
  ByteReader reader("\5\6");
  EXPECT_EQ(reader.varint_up_to(4), 0U);
  EXPECT_FALSE(reader.ok());
  ByteReader skipping("\x80\1\2");
  skipping.skip_varints(2);
  EXPECT_TRUE(skipping.done());
  skipping.skip_varints(1);
  EXPECT_FALSE(skipping.ok());
}

void expect_back(const std::vector<std::uint64_t>& column, ColumnKind expected) {
  std::string gaps;
  std::string residuals;
  const ColumnKind kind = put_residuals(column, gaps, residuals);
  EXPECT_EQ(kind, expected);
  ByteReader gap_reader(gaps);
  ByteReader residual_reader(residuals);
  ResidualReader reader = ResidualReader::open(kind, column.size(), gap_reader, residual_reader);
  EXPECT_TRUE(gap_reader.done());
  EXPECT_TRUE(residual_reader.done());
  for (const std::uint64_t value : column) EXPECT_EQ(reader.next(), value);
}

TEST(Columns, AreReadAsWritten) {
  expect_back({}, ColumnKind::exact);
  expect_back({0, 0, 0}, ColumnKind::exact);
  expect_back({1, 2, 0, most}, ColumnKind::dense);
  expect_back({5, 0, 0, 0, 0, 0, 0, 0, 5}, ColumnKind::sparse);
  expect_back({0, 0, 0, 0, most, 0, 7, 0, 0, 7, 0, 0}, ColumnKind::sparse);
}

TEST(Columns, SayTheirUsualExceptionOnce) {
  std::vector<std::uint64_t> column(100);
  for (std::size_t row = 3; row < column.size(); row += 10) column[row] = 1;
  std::string gaps;
  std::string residuals;
  (void)put_residuals(column, gaps, residuals);
  EXPECT_EQ(residuals.size(), 1U);
  EXPECT_EQ(gaps.size(), 11U);
}

TEST(Columns, MostFrequentWantsTwo) {
  std::vector<std::uint64_t> different = {9, 8, 7};
  EXPECT_EQ(most_frequent(different), 0U);
  std::vector<std::uint64_t> twice = {9, 8, 9, 7};
  EXPECT_EQ(most_frequent(twice), 9U);
}

std::string glued(std::string_view payload, const Tokens& tokens) {
  std::string again;
  for (std::size_t i = 0; i <= tokens.count; ++i) {
    again += payload.substr(tokens.plain[i].from, tokens.plain[i].size);
    if (i < tokens.count) put_varint(again, tokens.numbers[i]);
  }
  return again;
}

TEST(Tokens, GluedTogetherGiveThePayload) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 5000; ++round) {
    std::string payload = random_bytes(random() % 40, random);
    for (char& byte : payload)
      if (random() % 3 != 0) byte = static_cast<char>(byte & 0x7F & static_cast<int>(random()));
    Tokens tokens;
    if (!tokens.cut(payload)) continue;
    ASSERT_EQ(glued(payload, tokens), payload);
    for (std::size_t i = 0; i < tokens.count; ++i) ASSERT_LT(tokens.numbers[i], number_limit);
  }
}

TEST(Tokens, NumbersAreWhatLooksLikeOne) {
  Tokens tokens;
  const std::string payload("ab\x80\1cdef\xFF\0\x81\x82\3", 13);
  ASSERT_TRUE(tokens.cut(payload));
  ASSERT_EQ(tokens.count, 2U);  // FF 00 is none: 00 at the end would be lost
  EXPECT_EQ(tokens.numbers[0], 128U);
  EXPECT_EQ(tokens.numbers[1], 3U << 14 | 2U << 7 | 1U);
  EXPECT_EQ(tokens.longest, 1U);
  EXPECT_EQ(tokens.plain[1].size, 6U);
  ASSERT_TRUE(tokens.cut(std::string(7, '\x80') + "\1"));  // too long
  EXPECT_EQ(tokens.count, 0U);
  std::string many;
  for (std::size_t i = 0; i < numbers_max; ++i) many += "\x80\1";
  EXPECT_TRUE(tokens.cut(many));
  EXPECT_FALSE(tokens.cut(many + "\x80\1"));
}

}  // namespace
}  // namespace weir::packing
