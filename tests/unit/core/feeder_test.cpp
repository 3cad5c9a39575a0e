// A feeder and nothing else: the test is its session and its log. What it holds while it merges many documents,
// whatever the size of their records.
#include "weir/core/feeder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <sstream>

namespace weir::core {
namespace {

/// A pack of the test's: the numbers of its offsets, a line each, with room for more.
std::string pack_of(std::span<const Record> records) {
  std::string text;
  for (const Record& record : records) text += std::to_string(record.offset.value) + std::string(7, ' ');
  return text;
}

/// Says which records it was given, instead of their bytes.
class Notebook final : public DeliveryEncoder {
 public:
  [[nodiscard]] SharedBytes records(DocumentHandle, std::span<const Record> records, bool) const override {
    std::string bytes;
    for (const Record& record : records) {
      order.push_back(record.offset.value);
      bytes += record.payload.view();
    }
    return SharedBytes::take(std::move(bytes));
  }
  [[nodiscard]] SharedBytes pack(DocumentHandle, const SharedBytes& pack) const override {
    std::istringstream in{std::string(pack.view())};
    for (std::uint64_t offset = 0; in >> offset;) order.push_back(offset);
    ++packs;
    return pack;
  }
  [[nodiscard]] SharedBytes snapshot(DocumentHandle, const Snapshot&, Offset, const SnapshotPart& part) const override {
    return part.bytes;
  }
  [[nodiscard]] SharedBytes presence(const frames::PresenceUpdate&) const override { return {}; }
  mutable std::vector<std::uint64_t> order;
  mutable std::size_t packs = 0;
};

class FeederTest : public testing::Test, private FeederHost {
 protected:
  explicit FeederTest(bool unpacks = false)
      : feeder({.session = {1}, .space = *SpaceName::parse("acme"), .unpacks = unpacks}, limits, notebook, queue,
               *this) {
    limits.session_queue_bytes_max = 64 << 10;
  }

  /// Every document gets some of the space's offsets.
  void fill(std::size_t documents, std::size_t records, const std::function<std::size_t(std::size_t)>& size_of) {
    logs.resize(documents);
    for (std::size_t i = 0; i < records; ++i) {
      Record record;
      record.offset = {i + 1};
      record.payload = SharedBytes::copy(std::string(size_of(i), 'x'));
      logs[random() % documents].push_back(std::move(record));
    }
    head = {records};
  }
  void subscribe_all() {
    for (std::size_t i = 0; i < logs.size(); ++i) {
      SubscribeAnswer answer;
      answer.subscribed.document = {i + 1};
      answer.subscribed.head = logs[i].empty() ? Offset{} : logs[i].back().offset;
      answer.path = std::make_shared<const DocumentPath>(
          DocumentPath{*SpaceName::parse("acme"), *DocumentName::parse("d" + std::to_string(i))});
      answer.position = head;
      feeder.add(answer);
    }
  }
  /// Answers reads in any order, and now and then takes what is queued.
  void run() {
    while (!joining) {
      ASSERT_FALSE(reads.empty() && queue.empty());
      reads_most = std::max(reads_most, reads.size());
      if (!reads.empty() && (queue.empty() || random() % 3 != 0)) {
        const std::size_t which = random() % reads.size();
        ReadRequest request = std::move(reads[which]);
        reads.erase(reads.begin() + static_cast<std::ptrdiff_t>(which));
        feeder.have_read(answer(request));
        held_most = std::max(held_most, feeder.page_bytes());
      } else {
        std::vector<SharedBytes> out;
        queue.take(8 << 10, out, [](DocumentHandle, Offset) {});
        feeder.drained();
      }
    }
  }

  /// What lies at `at` in the document's log, packed, if a pack begins there and may be sent.
  std::optional<PackedRecords> pack_at(const ReadRequest& request, std::size_t at) {
    const std::vector<Record>& log = logs[request.document.value - 1];
    if (pack_records == 0 || request.pack_bytes_max == 0 || at % pack_records != 0 || at + pack_records > log.size())
      return std::nullopt;
    const std::span<const Record> records(&log[at], pack_records);
    const std::string bytes = pack_of(records);
    if (records.back().offset > request.upto || bytes.size() > request.pack_bytes_max) return std::nullopt;
    return PackedRecords{records.front().offset, records.back().offset, SharedBytes::copy(bytes)};
  }

  ReadAnswer answer(const ReadRequest& request) {
    std::vector<Record> page;
    std::size_t bytes = 0;
    bool complete = true;
    const std::vector<Record>& log = logs[request.document.value - 1];
    for (std::size_t i = 0; i < log.size(); ++i) {
      const Record& record = log[i];
      if (record.offset <= request.after || record.offset > request.upto) continue;
      if (auto pack = pack_at(request, i)) {
        complete = false;
        if (!page.empty()) break;
        ++reads_answered;
        return {request.session, request.space,  request.number, request.document, request.upto, {},
                false,           std::move(pack)};
      }
      if (!page.empty() && bytes + record.payload.size() + 32 > request.bytes_max) {
        complete = false;
        break;
      }
      bytes += record.payload.size() + 32;
      page.push_back(record);
    }
    ++reads_answered;
    return {request.session, request.space,   request.number, request.document,
            request.upto,    std::move(page), complete,       {}};
  }

  void expect_everything_in_order() {
    ASSERT_EQ(notebook.order.size(), head.value);
    for (std::size_t i = 0; i < notebook.order.size(); ++i) ASSERT_EQ(notebook.order[i], i + 1);
  }

  /// A reader that has everything up to here is live; then it falls behind by all that is in the logs.
  void fall_behind() {
    queue.push(SharedBytes::copy("an answer that waits"));
    Delivery delivery;
    delivery.document = {1};
    delivery.first = delivery.last = head;
    delivery.bytes[0] = SharedBytes::copy(std::string(limits.session_queue_bytes_max, 'x'));
    feeder.deliver(std::make_shared<const Delivery>(std::move(delivery)));
  }

  std::size_t pack_records = 0;
  core::Limits limits;
  OutQueue queue;
  Notebook notebook;
  Feeder feeder;
  std::vector<std::vector<Record>> logs;
  Offset head;
  std::vector<ReadRequest> reads;
  std::size_t reads_most = 0;
  std::size_t reads_answered = 0;
  std::size_t held_most = 0;
  bool joining = false;
  std::mt19937 random{7};

 private:
  void read(ReadRequest request) override { reads.push_back(std::move(request)); }
  void read_snapshot(SnapshotReadRequest) override { FAIL(); }
  void cut(DocumentHandle, Offset) override { FAIL(); }
  void join(const SpaceName&, std::uint64_t, Offset at) override { joining = at == head; }
  void ended(DocumentHandle) override { FAIL(); }
  void broken(DocumentHandle, Error) override { FAIL(); }
};

TEST_F(FeederTest, ManyDocumentsOfLargeRecordsCostNoMoreThanOne) {
  constexpr std::size_t large = 40 << 10;  // two of them are more than the budget for pages
  fill(50, 500, [](std::size_t) { return large; });
  subscribe_all();
  run();
  expect_everything_in_order();
  EXPECT_LE(held_most, limits.session_queue_bytes_max / 2 + large + 1024);
  EXPECT_LE(reads_most, 4U);
}

TEST_F(FeederTest, SmallRecordsAreReadOnce) {
  fill(20, 2000, [](std::size_t) { return 10; });
  subscribe_all();
  run();
  expect_everything_in_order();
  EXPECT_LE(held_most, limits.session_queue_bytes_max / 2 + 4096);
  EXPECT_LE(reads_answered, 80U);  // 2000 records of 42 bytes, in pages of a twentieth of 32 KiB
}

TEST_F(FeederTest, LargeAndSmallAmongEachOther) {
  fill(30, 3000, [](std::size_t i) { return i % 97 == 0 ? std::size_t{30} << 10 : i % 50; });
  subscribe_all();
  run();
  expect_everything_in_order();
  EXPECT_LE(held_most, limits.session_queue_bytes_max / 2 + (30 << 10) + 4096);
}

class FeederOfPacks : public FeederTest {
 protected:
  FeederOfPacks() : FeederTest(true) {}
  [[nodiscard]] std::size_t packs_there_are() const {
    std::size_t packs = 0;
    for (const auto& log : logs) packs += log.size() / pack_records;
    return packs;
  }
};

TEST_F(FeederTest, NoPackForWhoDoesNotUnpack) {
  pack_records = 100;
  fill(1, 1000, [](std::size_t) { return 10; });
  subscribe_all();
  run();
  expect_everything_in_order();
  EXPECT_EQ(notebook.packs, 0U);
}

TEST_F(FeederOfPacks, PacksAndWhatIsBehindThem) {
  pack_records = 100;
  fill(1, 1050, [](std::size_t) { return 10; });
  subscribe_all();
  run();
  expect_everything_in_order();
  EXPECT_EQ(notebook.packs, 10U);
  EXPECT_LE(reads_answered, 13U);
}

TEST_F(FeederOfPacks, OneThatIsTooLargeComesAsRecords) {
  pack_records = 100;
  limits.read_bytes_max = 900;  // a pack of this test's has some 10 bytes a record
  fill(1, 1000, [](std::size_t) { return 10; });
  subscribe_all();
  run();
  expect_everything_in_order();
  EXPECT_EQ(notebook.packs, 1U) << "the first has numbers of few digits";
}

TEST_F(FeederOfPacks, BeforeItIsCaughtUpTheyComeWholeFromManyDocuments) {
  pack_records = 50;
  fill(20, 10'000, [](std::size_t) { return 10; });
  subscribe_all();
  run();
  EXPECT_EQ(notebook.packs, packs_there_are());
  std::vector<std::size_t> at(10'001);
  for (std::size_t i = 0; i < notebook.order.size(); ++i) at[notebook.order[i]] = i;
  for (const auto& log : logs)
    for (std::size_t i = 1; i < log.size(); ++i)
      ASSERT_LT(at[log[i - 1].offset.value], at[log[i].offset.value]) << "a document's own order";
  std::sort(notebook.order.begin(), notebook.order.end());
  expect_everything_in_order();
  EXPECT_LE(held_most, limits.session_queue_bytes_max / 2 + 4096);
}

TEST_F(FeederOfPacks, OnceCaughtUpTheOrderOfTheSpaceIsKept) {
  pack_records = 50;
  logs.resize(3);
  subscribe_all();
  ASSERT_TRUE(feeder.live());
  fill(3, 3000, [](std::size_t) { return 10; });
  for (std::size_t i = 3000; i < 4000; ++i) {  // now one is written to, now another
    Record record;
    record.offset = {i + 1};
    logs[i / 250 % 3].push_back(record);
  }
  head = {4000};
  fall_behind();
  run();
  expect_everything_in_order();
  EXPECT_GE(notebook.packs, 10U);
  EXPECT_LT(notebook.packs, packs_there_are());
}

}  // namespace
}  // namespace weir::core
