// Fields and transposition, each turned back.
#include <gtest/gtest.h>

#include "examples.hpp"
#include "weir/packing/fields.hpp"
#include "weir/packing/transpose.hpp"

namespace weir::packing {
namespace {

std::vector<std::string> decoded(const std::vector<std::uint32_t>& producers, const BlockStreams& streams,
                                 std::uint64_t bytes_max) {
  std::string out;
  std::vector<std::uint64_t> ends;
  const FieldInput input{streams[head_stream],
                         streams[class_stream],
                         streams[run_stream],
                         streams[literal_stream],
                         streams[fallback_stream],
                         ByteReader(streams[gap_stream]),
                         ByteReader(streams[residual_stream])};
  if (!decode_fields(producers, input, bytes_max, out, ends)) return {"refused"};
  std::vector<std::string> payloads;
  std::uint64_t from = 0;
  for (const std::uint64_t end : ends) {
    payloads.push_back(out.substr(from, end - from));
    from = end;
  }
  return payloads;
}

/// Encodes and decodes; returns the streams.
BlockStreams there_and_back(const std::vector<std::string>& payloads, std::size_t producer_count, Classes classes) {
  std::vector<Row> rows;
  std::vector<std::uint32_t> producers;
  std::uint64_t bytes = 0;
  for (const std::string& payload : payloads) {
    producers.push_back(static_cast<std::uint32_t>(3 + rows.size() / 4 % producer_count));
    rows.push_back({producers.back(), payload});
    bytes += payload.size();
  }
  BlockStreams streams;
  encode_fields(rows, classes, streams);
  EXPECT_EQ(decoded(producers, streams, bytes), payloads);
  if (bytes > 0) {
    EXPECT_EQ(decoded(producers, streams, bytes - 1), std::vector<std::string>{"refused"});
  }
  return streams;
}

std::vector<std::string> payloads_of(const std::vector<Record>& records) {
  std::vector<std::string> payloads;
  for (const Record& record : records) payloads.emplace_back(record.payload.view());
  return payloads;
}

TEST(Fields, AreTurnedBack) {
  for (const std::size_t producers : {1, 3}) {
    for (const Classes classes : {Classes::allowed, Classes::none}) {
      for (const Example& example : examples()) there_and_back(payloads_of(example.records), producers, classes);
      there_and_back(payloads_of(typing(3000, 2, 9)), producers, classes);
      for (unsigned seed = 0; seed < 30; ++seed)
        there_and_back(payloads_of(anything(1 + seed * 20, seed)), producers, classes);
    }
  }
}

TEST(Fields, TypingHasClassesAndLittleElse) {
  const auto payloads = payloads_of(typing(2000, 1, 4));
  const BlockStreams streams = there_and_back(payloads, 1, Classes::allowed);
  EXPECT_LT(streams[fallback_stream].size(), 600U);
  EXPECT_LT(streams[literal_stream].size(), 9000U);  // a letter each, and the longer pieces
  EXPECT_LT(streams[gap_stream].size() + streams[residual_stream].size(), 4000U);
}

/// A long part that is the same but for its end, as those of Automerge are: of two common sizes, and now and then
/// another.
TEST(Fields, SizesThatAreCommonHaveColumnsOfTheirOwn) {
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < 400; ++i)
    payloads.push_back("\x80\x01" + std::string(60, 'c') + std::string(i % 97 == 0 ? i / 97 + 3 : i % 2, 'x'));
  const BlockStreams streams = there_and_back(payloads, 1, Classes::allowed);
  EXPECT_LT(streams[literal_stream].size() + streams[fallback_stream].size(), 6 * 66U);
}

TEST(Fields, WithoutClassesAllIsFallback) {
  const BlockStreams streams = there_and_back({"one", "two", "three"}, 1, Classes::none);
  EXPECT_EQ(streams[fallback_stream], std::string("\0\3\3\5onetwothree", 15));
  EXPECT_EQ(streams[class_stream], std::string(1, '\0'));
}

TEST(Fields, LargePayloadsAreLiteral) {
  std::mt19937_64 random(1);
  const std::vector<std::string> payloads(4, std::string(100'000, 'a'));
  EXPECT_EQ(there_and_back(payloads, 1, Classes::allowed)[literal_stream].size(), 400'000U);
  there_and_back({random_bytes(300'000, random), std::string(300'000, 'x'), random_bytes(10, random)}, 1,
                 Classes::allowed);
}

TEST(Transposed, IsTurnedBack) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> payloads;
    for (std::size_t count = random() % 30; count > 0; --count)
      payloads.push_back(random_bytes(random() % 4 * 3, random));
    std::vector<Row> rows;
    std::vector<RowShape> shapes;
    std::string all;
    for (const std::string& payload : payloads) {
      rows.push_back({static_cast<std::uint32_t>(random() % 2), payload});
      shapes.push_back({rows.back().producer, payload.size()});
      all += payload;
    }
    std::string bytes;
    put_transposed(rows, bytes);
    std::string again;
    ASSERT_TRUE(take_transposed(shapes, bytes, again));
    ASSERT_EQ(again, all);
    ASSERT_FALSE(take_transposed(shapes, bytes + "x", again));
    ASSERT_TRUE(bytes.empty() || !take_transposed(shapes, bytes.substr(1), again));
  }
}

TEST(Transposed, ColumnsTakeTheBestOfFourModes) {
  std::vector<std::string> payloads;
  for (int i = 0; i < 64; ++i)
    payloads.push_back({static_cast<char>(i * 7), static_cast<char>(i * i), static_cast<char>(i % 2 * 0x55), 'c'});
  std::vector<Row> rows;
  for (const std::string& payload : payloads) rows.push_back({0, payload});
  std::string bytes;
  put_transposed(rows, bytes);
  ASSERT_EQ(bytes.size(), 4 * 65U);
  EXPECT_EQ(bytes[0], 1);    // minus the one before: 7, 7, 7
  EXPECT_EQ(bytes[65], 3);   // second difference: 2, 2, 2
  EXPECT_EQ(bytes[130], 2);  // xor: 0x55, 0x55
  EXPECT_EQ(bytes[195], 0);
}

}  // namespace
}  // namespace weir::packing
