// Snapshots from a relay that lies: what is wrong is refused, and memory is what came, not what was claimed.
#include "weir/client/snapshot_reader.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <random>

#include "weir/packing/compression.hpp"

namespace weir::client {
namespace {

using frames::SnapshotChunk;
using frames::SnapshotHeader;

const std::string content = "what stands for the records of a document";
constexpr SnapshotReader::Limits unlimited{};
constexpr SnapshotReader::Limits unpacking{.unpacks = true};
constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

SnapshotHeader header_of(const std::string& bytes) {
  SnapshotHeader header;
  header.offset = {5};
  header.hash = sha256(bytes);
  header.size = bytes.size();
  return header;
}

SnapshotChunk chunk(std::uint64_t position, std::string_view data, bool last) {
  return {{}, position, SharedBytes::copy(data), last, 0, 0};
}

bool refuses(SnapshotReader& reader, const SnapshotChunk& chunk) {
  const auto added = reader.add(chunk);
  return !added && added.error().code == Code::data_loss;
}

TEST(SnapshotReader, PutsAnHonestOneTogether) {
  SnapshotReader reader;
  ASSERT_TRUE(reader.begin(header_of(content), unlimited));
  EXPECT_FALSE(reader.add(chunk(0, content.substr(0, 10), false)).value());
  EXPECT_TRUE(reader.add(chunk(10, content.substr(10), true)).value());
  EXPECT_EQ(reader.take().view(), content);
  EXPECT_FALSE(reader.reading());
  ASSERT_TRUE(reader.begin(header_of(""), unlimited));
  EXPECT_TRUE(reader.add(chunk(0, "", true)).value());
}

// Whoever took memory for such a size would end the process.
TEST(SnapshotReader, TakesNoMemoryForASizeThatIsOnlyClaimed) {
  for (const std::uint64_t size : {std::uint64_t{1} << 40, std::uint64_t{1} << 62, huge}) {
    SnapshotReader reader;
    SnapshotHeader header = header_of(content);
    header.size = size;
    ASSERT_TRUE(reader.begin(header, unlimited));
    EXPECT_FALSE(reader.add(chunk(0, content, false)).value());
    EXPECT_TRUE(refuses(reader, chunk(content.size(), "the end", true)));
    SnapshotReader limited;
    EXPECT_FALSE(limited.begin(header, {.bytes_max = 1 << 20}));
    EXPECT_FALSE(limited.reading());
  }
}

TEST(SnapshotReader, RefusesChunksThatAreNotTheNext) {
  for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{4}, std::uint64_t{6}, huge, huge - 4}) {
    SnapshotReader reader;
    ASSERT_TRUE(reader.begin(header_of(content), unlimited));
    EXPECT_FALSE(reader.add(chunk(0, content.substr(0, 5), false)).value());
    EXPECT_TRUE(refuses(reader, chunk(position, content.substr(5), true)));
  }
}

TEST(SnapshotReader, RefusesAnotherEndThanWasAnnounced) {
  SnapshotReader reader;
  ASSERT_TRUE(reader.begin(header_of(content), unlimited));
  EXPECT_TRUE(refuses(reader, chunk(0, content + "!", true)));
  EXPECT_TRUE(refuses(reader, chunk(0, content + "!", false)));
  EXPECT_TRUE(refuses(reader, chunk(0, content.substr(1), true)));
  EXPECT_TRUE(refuses(reader, chunk(0, content, false)));
}

TEST(SnapshotReader, RefusesOtherBytesThanTheHashSays) {
  SnapshotReader reader;
  ASSERT_TRUE(reader.begin(header_of(content), unlimited));
  EXPECT_TRUE(refuses(reader, chunk(0, std::string(content.size(), 'x'), true)));
}

// ---- compressed chunks ----

std::string frame_of(const std::string& plain) {
  packing::Compressor compressor;
  compressor.add(plain);
  return compressor.compress(3);
}

SnapshotChunk frame(std::uint64_t position, std::string_view data, std::uint64_t unpacked_size, bool last) {
  SnapshotChunk made = chunk(position, data, last);
  made.unpacked_size = unpacked_size;
  return made;
}

/// `announced` bytes, of which this is all that comes.
bool refuses(std::uint64_t announced, const SnapshotChunk& only) {
  SnapshotReader reader;
  SnapshotHeader header = header_of(content);
  header.size = announced;
  EXPECT_TRUE(reader.begin(header, unpacking));
  return refuses(reader, only);
}

TEST(SnapshotReader, RefusesFramesThatNobodyAskedFor) {
  for (const std::uint64_t unpacked : {std::uint64_t{1}, std::uint64_t{content.size()}, huge}) {
    SnapshotReader reader;
    ASSERT_TRUE(reader.begin(header_of(content), unlimited));
    EXPECT_TRUE(refuses(reader, frame(0, frame_of(content), unpacked, true)));
  }
}

TEST(SnapshotReader, ChunksMayComeCompressed) {
  const std::string first(600'000, 'a');
  const std::string last = "and the rest";
  SnapshotReader reader;
  ASSERT_TRUE(reader.begin(header_of(first + last), unpacking));
  EXPECT_FALSE(reader.add(frame(0, frame_of(first), first.size(), false)).value());
  EXPECT_EQ(reader.position(), first.size());
  EXPECT_TRUE(reader.add(chunk(first.size(), last, true)).value());
  EXPECT_EQ(reader.take().view(), first + last);
  ASSERT_TRUE(reader.begin(header_of(content), unpacking));
  EXPECT_TRUE(reader.add(frame(0, frame_of(content), content.size(), true)).value());
}

TEST(SnapshotReader, RefusesFramesThatLie) {
  const std::uint64_t size = content.size();
  const std::string sound = frame_of(content);
  EXPECT_TRUE(refuses(size, frame(0, content, size, true))) << "rubbish";
  EXPECT_TRUE(refuses(size, frame(0, "", size, true)));
  EXPECT_TRUE(refuses(size, frame(0, sound.substr(0, sound.size() - 1), size, true)));
  EXPECT_TRUE(refuses(size, frame(0, sound + "!", size, true)));
  EXPECT_TRUE(refuses(size, frame(0, sound + sound, size, true)));
  EXPECT_TRUE(refuses(size, frame(0, sound, size + 1, true))) << "more than was announced";
  EXPECT_TRUE(refuses(size, frame(0, sound, huge, true)));
  EXPECT_TRUE(refuses(size + 1, frame(0, sound, size + 1, true))) << "less in it than it claims";
  EXPECT_TRUE(refuses(size - 1, frame(0, sound, size - 1, true))) << "more in it than it claims";
  EXPECT_TRUE(refuses(size, frame(0, frame_of(std::string(size, 'x')), size, true))) << "another content";
}

// A few kilobytes on the wire that would become a quarter of a gigabyte.
TEST(SnapshotReader, RefusesBombs) {
  const std::string bomb = frame_of(std::string(std::size_t{1} << 28, '\0'));
  EXPECT_LT(bomb.size(), 32'768U);
  EXPECT_TRUE(refuses(8, frame(0, bomb, 8, true)));
  EXPECT_TRUE(refuses(std::uint64_t{1} << 28, frame(0, bomb, std::uint64_t{1} << 28, true)));
  EXPECT_TRUE(refuses(std::uint64_t{8} << 20, frame(0, bomb, std::uint64_t{8} << 20, true)));
}

// Chunks of chunks of zeros: what they become together is limited, whatever the header announces.
TEST(SnapshotReader, RefusesTooManyFrames) {
  const std::string full(SnapshotReader::chunk_unpacked_bytes_max, '\0');
  const std::string packed = frame_of(full);
  SnapshotHeader header = header_of(content);
  header.size = std::uint64_t{1} << 50;
  SnapshotReader reader;
  ASSERT_TRUE(reader.begin(header, {.unpacks = true, .unpacked_bytes_max = 2 * full.size()}));
  EXPECT_FALSE(reader.add(frame(0, packed, full.size(), false)).value());
  EXPECT_FALSE(reader.add(frame(full.size(), packed, full.size(), false)).value());
  EXPECT_TRUE(refuses(reader, frame(2 * full.size(), packed, full.size(), false)));
}

TEST(SnapshotReader, RefusesChunksWithoutAHeader) {
  SnapshotReader reader;
  EXPECT_TRUE(refuses(reader, chunk(0, "", true)));
  ASSERT_TRUE(reader.begin(header_of(content), unlimited));
  EXPECT_FALSE(reader.begin(header_of(content), unlimited));
  reader.reset();
  EXPECT_TRUE(refuses(reader, chunk(0, content, true)));
}

TEST(SnapshotReader, GivesOutOnlyWhatWasAnnounced) {
  std::mt19937 random(1);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  int whole = 0;
  for (int round = 0; round < 20'000; ++round) {
    SnapshotReader reader;
    SnapshotHeader header = header_of(content);
    if (below(4) == 0) header.size = below(60);
    if (below(6) == 0) header.hash.bytes[below(32)] ^= std::byte{1};
    ASSERT_TRUE(reader.begin(header, below(2) == 0 ? unlimited : unpacking));
    for (std::size_t at = 0;;) {
      const std::size_t size = std::min(below(30), content.size() - at);
      const bool ends = at + size == content.size();
      SnapshotChunk next =
          chunk(below(15) == 0 ? below(60) : at, content.substr(at, size), below(15) == 0 ? !ends : ends);
      if (below(40) == 0) next.unpacked_size = below(100);
      if (below(10) == 0) next = frame(at, frame_of(content.substr(at, size)), size, ends);
      const auto added = reader.add(next);
      if (!added) break;
      at += size;
      if (!*added) continue;
      const SharedBytes bytes = reader.take();
      ASSERT_EQ(bytes.size(), header.size);
      ASSERT_EQ(sha256(bytes.view()), header.hash);
      ++whole;
      break;
    }
  }
  EXPECT_GT(whole, 100);
}

}  // namespace
}  // namespace weir::client
