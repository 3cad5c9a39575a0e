// A feeder and nothing else: the test is its session and its log. What it holds while it merges many documents,
// whatever the size of their records.
#include "weir/core/feeder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace weir::core {
namespace {

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
  [[nodiscard]] SharedBytes presence(const frames::PresenceUpdate&) const override { return {}; }
  mutable std::vector<std::uint64_t> order;
};

class FeederTest : public testing::Test, private FeederHost {
 protected:
  FeederTest() { limits.session_queue_bytes_max = 64 << 10; }

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

  ReadAnswer answer(const ReadRequest& request) {
    std::vector<Record> page;
    std::size_t bytes = 0;
    bool complete = true;
    for (const Record& record : logs[request.document.value - 1]) {
      if (record.offset <= request.after || record.offset > request.upto) continue;
      if (!page.empty() && bytes + record.payload.size() + 32 > request.bytes_max) {
        complete = false;
        break;
      }
      bytes += record.payload.size() + 32;
      page.push_back(record);
    }
    ++reads_answered;
    return {request.session, request.space, request.number, request.document, request.upto, std::move(page), complete};
  }

  void expect_everything_in_order() {
    ASSERT_EQ(notebook.order.size(), head.value);
    for (std::size_t i = 0; i < notebook.order.size(); ++i) ASSERT_EQ(notebook.order[i], i + 1);
  }

  core::Limits limits;
  OutQueue queue;
  Notebook notebook;
  Feeder feeder{{.session = {1}, .space = *SpaceName::parse("acme")}, limits, notebook, queue, *this};
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

}  // namespace
}  // namespace weir::core
