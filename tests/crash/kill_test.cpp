// A process is killed fifty times at random moments while it appends. After each kill every acknowledged delta is
// there, once, in order, and marks, notes, heads, the space's order and the chain agree with the records.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <sstream>

#include "../conformance/temporary_folder.hpp"
#include "child_process.hpp"
#include "crash_workload.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::storage::crash {
namespace {

constexpr Offset everything{~std::uint64_t{0}};

class Kill : public testing::Test {
 protected:
  struct Acknowledged {
    std::uint64_t sequence = 0;
    std::uint64_t offset = 0;
  };

  /// Lets the writer run for `lines` acknowledgements, kills it, and notes all that it told.
  void run_and_kill(std::uint64_t lines) {
    ChildProcess writer({WEIR_CRASH_WRITER, folder(), "sync", "append"});
    const auto note = [&](const std::string& line) {
      std::istringstream words(line);
      std::size_t document = 0;
      Acknowledged told;
      words >> document >> told.sequence >> told.offset;
      ASSERT_TRUE(words) << line;
      ASSERT_GT(told.sequence, acknowledged_.at(document).sequence);
      acknowledged_.at(document) = told;
    };
    for (std::uint64_t i = 0; i < lines; ++i) {
      const std::string line = writer.line();
      ASSERT_FALSE(line.empty()) << "the writer ended by itself";
      note(line);
    }
    writer.kill();
    for (std::string line = writer.line(); !line.empty(); line = writer.line()) note(line);
  }

  void check() {
    RocksOptions options;
    options.path = folder();
    auto opened = RocksLog::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    const RocksLog& log = **opened;
    std::uint64_t records = 0;
    for (int document = 0; document < documents && !HasFatalFailure(); ++document)
      records += check_document(log, document);
    const auto feed = log.read_space(path_of(0)->space, {}, everything, std::size_t{1} << 30);
    ASSERT_TRUE(feed) << feed.error().message;
    ASSERT_EQ(feed->entries.size(), records);
    for (std::size_t i = 1; i < feed->entries.size(); ++i)
      ASSERT_LT(feed->entries[i - 1].record.offset, feed->entries[i].record.offset);
  }

  std::uint64_t check_document(const RocksLog& log, int document) {
    const auto path = path_of(document);
    const auto page = log.read_document(*path, {}, everything, std::size_t{1} << 30);
    EXPECT_TRUE(page) << page.error().message;
    if (!page) return 0;
    Digest chain = chain_start(*path);
    for (std::size_t i = 0; i < page->records.size(); ++i) {
      const Record& record = page->records[i];
      EXPECT_EQ(record.sequence.value, i + 1);
      EXPECT_EQ(record.payload.view(), payload_of(document, i + 1));
      chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
    }
    const Acknowledged& told = acknowledged_.at(static_cast<std::size_t>(document));
    EXPECT_GE(page->records.size(), told.sequence) << "an acknowledged delta is gone";
    if (told.sequence > 0 && page->records.size() >= told.sequence) {
      EXPECT_EQ(page->records[told.sequence - 1].offset.value, told.offset);
    }
    const auto mark = log.mark(*path, producer()).value();
    EXPECT_EQ(mark ? mark->sequence.value : 0, page->records.size());
    if (!page->records.empty()) {
      EXPECT_EQ(log.note(*path, "last").value()->view(), std::to_string(page->records.size()));
    }
    EXPECT_EQ(log.document(*path)->records, page->records.size());
    EXPECT_EQ(log.chain(*path, everything).value(), chain);
    return page->records.size();
  }

  std::string folder() const { return (folder_.path() / "log").string(); }

  TemporaryFolder folder_;
  std::array<Acknowledged, documents> acknowledged_;
};

TEST_F(Kill, LosesNothingThatWasAcknowledged) {
  const std::uint64_t seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50 && !HasFailure(); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    run_and_kill(random() % (round % 5 == 0 ? 3 : 150));
    if (HasFailure()) return;
    check();
  }
  EXPECT_GT(acknowledged_[0].sequence, 0u);
}

}  // namespace
}  // namespace weir::storage::crash
