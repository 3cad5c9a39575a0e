// What is no pack, or one made to hurt: an error, never a crash, never much memory.
#include <gtest/gtest.h>

#include <functional>

#include "examples.hpp"
#include "sealing.hpp"
#include "weir/packing/compression.hpp"
#include "weir/packing/numbers.hpp"
#include "weir/packing/pack.hpp"

namespace weir::packing {
namespace {

/// The first block's prelude without its checksum, then sizes.
std::string prelude(std::uint64_t records, std::uint64_t payload_bytes, const std::vector<std::uint64_t>& sizes) {
  std::string bytes;
  put_varint(bytes, records);
  put_varint(bytes, payload_bytes);
  bytes += "sum?";
  for (const std::uint64_t size : sizes) put_varint(bytes, size);
  return bytes;
}

PackHeader header_of(std::uint64_t records, std::uint64_t payload_bytes) {
  PackHeader header;
  header.first = {1};
  header.last = {records};
  header.records = records;
  header.payload_bytes = payload_bytes;
  return header;
}

Code code_of(const SharedBytes& pack) {
  const auto records = unpack(pack);
  return records ? Code{} : records.error().code;
}

TEST(Hostile, EveryTruncationIsRefused) {
  for (const Example& example : examples()) {
    const auto made = pack(example.records, {});
    ASSERT_TRUE(made);
    for (std::size_t size = 0; size < made->size(); ++size)
      ASSERT_EQ(code_of(made->slice(0, size)), Code::data_loss) << example.name << " cut to " << size;
    ASSERT_EQ(code_of(SharedBytes::copy(std::string(made->view()) + "x")), Code::data_loss);
  }
}

TEST(Hostile, EveryFlippedBitIsRefused) {
  for (const Example& example : examples()) {
    const auto made = pack(example.records, {});
    ASSERT_TRUE(made);
    for (std::size_t at = 0; at < made->size(); ++at) {
      for (const int bit : {0, 3, 7}) {
        std::string bytes(made->view());
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
        const Code code = code_of(SharedBytes::take(std::move(bytes)));
        ASSERT_TRUE(code == Code::data_loss || (at == 3 && code == Code::unimplemented))
            << example.name << " at " << at;
      }
    }
  }
}

TEST(Hostile, EveryFlippedByteOfTheContentIsRefusedOrHarmless) {
  for (const Example& example : examples()) {
    const auto made = pack(example.records, {});
    ASSERT_TRUE(made);
    const PackHeader header = *inspect(made->view());
    const std::string content = content_of(*made);
    for (std::size_t at = 0; at < content.size(); ++at) {
      for (const int bit : {0, 6, 7}) {
        std::string damaged = content;
        damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
        const auto records = unpack(sealed(damaged, header));
        ASSERT_TRUE(!records || *records == example.records) << example.name << " at " << at;
      }
    }
  }
}

TEST(Hostile, ALaterVersionIsNamed) {
  const auto made = pack(typing(3, 1, 1), {});
  std::string bytes(made->view());
  bytes[3] = 2;
  EXPECT_EQ(inspect(bytes).error().code, Code::unimplemented);
}

TEST(Hostile, HeadsThatContradictThemselvesAreRefused) {
  const std::function<void(PackHeader&)> lies[] = {
      [](PackHeader& header) { header.records = 0; },
      [](PackHeader& header) { header.records = 50; },
      [](PackHeader& header) { header.last = {0}; },
      [](PackHeader& header) { header.records = 2; },
      [](PackHeader& header) { header.last = header.last.next(); },
      [](PackHeader& header) { header.first = header.first.next(); },
      [](PackHeader& header) { header.time_min = header.time_max; },
      [](PackHeader& header) { --header.payload_bytes; },
      [](PackHeader& header) { ++header.payload_bytes; },
  };
  const auto made = pack(typing(30, 1, 1), {});
  const PackHeader header = *inspect(made->view());
  const std::string content = content_of(*made);
  EXPECT_EQ(code_of(sealed(content, header)), Code{});
  for (const auto& lie : lies) {
    PackHeader lying = header;
    lie(lying);
    EXPECT_EQ(code_of(sealed(content, lying)), Code::data_loss);
  }
  EXPECT_EQ(code_of(sealed(content + "x", header)), Code::data_loss);
}

TEST(Hostile, SizesThatAreNotThereAreNotAllocated) {
  // A gigabyte of payload announced by a few bytes; then streams that are larger than any block's.
  EXPECT_EQ(code_of(sealed(prelude(1, 1 << 30, std::vector<std::uint64_t>(9)), header_of(1, 1 << 30))),
            Code::resource_exhausted);
  EXPECT_EQ(code_of(sealed(prelude(1, 10, {5000}), header_of(1, 10))), Code::data_loss);
  EXPECT_EQ(code_of(sealed(prelude(1, 10, std::vector<std::uint64_t>(9, 1000)), header_of(1, 10))), Code::data_loss);
  EXPECT_EQ(code_of(sealed(prelude(100'000, 10, {}), header_of(100'000, 10))), Code::data_loss);
  EXPECT_EQ(code_of(sealed(prelude(1, 10, std::vector<std::uint64_t>(9, 100)), header_of(1, 10))), Code::data_loss);
}

TEST(Hostile, AClassThatRepeatsItselfStopsAtTheLimit) {
  // 60,000 rows, each 200 bytes that a class says once; the block says that there are 1000 bytes.
  std::string meta(1, '\1');
  meta += std::string(16, 'p');
  put_varint(meta, 0);
  put_varint(meta, 59'999);
  meta += std::string("\4\2\4\2\0\0\0", 7);  // offsets and sequences: one more each; times, codecs, forms: the same
  std::string head;
  put_varint(head, 1);    // class
  put_varint(head, 0);    // no numbers
  put_varint(head, 0);    // part 0 is the longest
  put_varint(head, 201);  // and has 200 bytes in each row
  head += std::string(200, 'b') + std::string(200, '\0');
  std::string runs;
  put_varint(runs, 59'999);
  const std::string content = meta + head + "\1" + runs;
  for (const std::uint64_t payload_bytes : {std::uint64_t{1000}, std::uint64_t{12'000'000}}) {
    const SharedBytes bomb =
        sealed(prelude(60'000, payload_bytes, {meta.size(), head.size(), 1, runs.size(), 0, 0, 0, 0, 0}) + content,
               header_of(60'000, payload_bytes));
    const auto records = unpack(bomb);
    ASSERT_FALSE(records);
    EXPECT_NE(records.error().message.find(payload_bytes == 1000 ? "fields" : "checksum"), std::string::npos)
        << records.error().message;
  }
}

TEST(Hostile, AnErrorIsSaidAgain) {
  const auto made = pack(typing(30, 1, 1), {});
  std::string content = content_of(*made);
  content[2] = static_cast<char>(content[2] + 1);
  auto reader = PackReader::open(sealed(content, *inspect(made->view())));
  ASSERT_TRUE(reader);
  const auto first = reader->next_block();
  ASSERT_FALSE(first);
  EXPECT_EQ(reader->next_block().error(), first.error());
}

TEST(Hostile, RandomContentIsRefused) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    const std::string content =
        prelude(1 + random() % 3, random() % 50, {20, 20, 2, 2, 5, 5, 0, 5, 9}) + random_bytes(68, random);
    EXPECT_FALSE(unpack(sealed(content, header_of(3, 60))));
    EXPECT_FALSE(unpack(SharedBytes::take(random_bytes(100, random))));
  }
}

// A frame that stands alone, of a size that was said.
TEST(Hostile, AFrameBecomesWhatWasSaidOrNothing) {
  const std::string plain(200'000, 'x');
  Compressor compressor;
  compressor.add(plain);
  const std::string frame = compressor.compress(3);
  EXPECT_EQ(*inflate(frame, plain.size()), plain);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, plain.size() - 1, plain.size() + 1, SIZE_MAX - 1})
    EXPECT_FALSE(inflate(frame, size)) << size;
  for (std::size_t at = 0; at < frame.size(); ++at)
    EXPECT_FALSE(inflate(std::string_view(frame).substr(0, at), plain.size())) << at;
  EXPECT_FALSE(inflate(frame + '\0', plain.size()));
}

}  // namespace
}  // namespace weir::packing
