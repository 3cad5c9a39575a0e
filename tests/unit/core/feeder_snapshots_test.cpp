// A feeder and nothing else: what becomes of a snapshot's part that is being read when its subscription ends.
#include <gtest/gtest.h>

#include "weir/core/feeder.hpp"

namespace weir::core {
namespace {

class Plain final : public DeliveryEncoder {
 public:
  [[nodiscard]] SharedBytes records(DocumentHandle, std::span<const Record>, bool) const override { return {}; }
  [[nodiscard]] SharedBytes snapshot(DocumentHandle, const Snapshot&, Offset, const SnapshotPart& part) const override {
    return part.bytes;
  }
  [[nodiscard]] SharedBytes presence(const frames::PresenceUpdate&) const override { return {}; }
};

class FeederOfSnapshots : public testing::Test, private FeederHost {
 protected:
  void subscribe(bool with_snapshot) {
    SubscribeAnswer answer;
    answer.subscribed.document = {1};
    answer.subscribed.head = {9};
    answer.position = {9};
    answer.path =
        std::make_shared<const DocumentPath>(DocumentPath{*SpaceName::parse("acme"), *DocumentName::parse("plan")});
    if (with_snapshot) {
      answer.snapshots.emplace_back().offset = {5};
      answer.start = {5};
    }
    feeder.add(answer);
  }
  /// The oldest read that was asked for, answered.
  void answer_snapshot(const std::string& bytes, bool last) {
    const SnapshotReadRequest request = parts.at(answered++);
    feeder.have_read(
        SnapshotReadAnswer{request.session, request.space, request.number, request.document,
                           SnapshotReadAnswer::Piece{SharedBytes::copy(bytes), request.position + bytes.size(), last}});
  }
  std::string queued() {
    std::vector<SharedBytes> out;
    queue.take(1 << 20, out, [](DocumentHandle, Offset) {});
    std::string text;
    for (const SharedBytes& bytes : out) text += bytes.view();
    return text;
  }

  Limits limits;
  OutQueue queue;
  Plain encoder;
  Feeder feeder{{.session = {1}, .space = *SpaceName::parse("acme")}, limits, encoder, queue, *this};
  std::vector<ReadRequest> reads;
  std::vector<SnapshotReadRequest> parts;
  std::size_t answered = 0;

 private:
  void read(ReadRequest request) override { reads.push_back(std::move(request)); }
  void read_snapshot(SnapshotReadRequest request) override { parts.push_back(std::move(request)); }
  void cut(DocumentHandle, Offset) override { FAIL(); }
  void join(const SpaceName&, std::uint64_t, Offset) override {}
  void ended(DocumentHandle) override { FAIL(); }
  void broken(DocumentHandle, Error) override { FAIL(); }
};

TEST_F(FeederOfSnapshots, APartOfAnEarlierSubscriptionIsNotTakenForOneOfThis) {
  subscribe(true);
  answer_snapshot("one", false);
  EXPECT_EQ(queued(), "one");
  feeder.remove({1});  // while the second part is being read
  subscribe(true);
  answer_snapshot("two", false);
  EXPECT_EQ(queued(), "");
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[2].position, 0U);
  answer_snapshot("one", false);
  EXPECT_EQ(queued(), "one");
}

TEST_F(FeederOfSnapshots, WhoSubscribesAgainWithoutSnapshotsGetsRecordsOnly) {
  subscribe(true);
  feeder.remove({1});
  subscribe(false);
  answer_snapshot("all of it", true);
  EXPECT_EQ(queued(), "");
  EXPECT_EQ(reads.size(), 1U);
}

TEST_F(FeederOfSnapshots, APartThatCannotBeReadEndsOnlyTheSubscriptionItWasFor) {
  subscribe(true);
  feeder.remove({1});
  subscribe(true);
  const SnapshotReadRequest& request = parts.at(answered++);
  feeder.have_read(SnapshotReadAnswer{request.session, request.space, request.number, request.document,
                                      fail(Code::not_found, "it was dropped")});
  ASSERT_EQ(parts.size(), 2U);
  answer_snapshot("one", true);
  EXPECT_EQ(queued(), "one");
}

}  // namespace
}  // namespace weir::core
