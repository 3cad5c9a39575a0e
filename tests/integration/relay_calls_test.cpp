// client::Relay, the blocking calls for tools, against the real gRPC transport with a log in memory.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stop_token>

#include "grpc_fixture.hpp"
#include "weir/client/relay.hpp"

namespace weir::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RelayCalls : public GrpcRelay {
 protected:
  void begin(rpc::Options options = {}) {
    start(std::move(options));
    relay_ = std::make_unique<client::Relay>(client::RelayOptions{.grpc = {.address = address()}});
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(transport_->port()); }
  Result<Offset> append(const DocumentPath& path, const std::vector<std::string>& payloads, std::uint64_t first = 0) {
    std::vector<Delta> deltas;
    for (const std::string& payload : payloads) deltas.push_back({{3}, SharedBytes::copy(payload)});
    return relay_->append(path, {.producer = producer_number(1), .first_sequence = {first}}, deltas);
  }
  std::vector<std::string> payloads(const DocumentPath& path, const client::ReadFrom& from = {}) {
    std::vector<std::string> all;
    const auto end = relay_->read(path, from, [&](const Record& record) {
      all.emplace_back(record.payload.view());
      return true;
    });
    EXPECT_TRUE(end && *end);
    return all;
  }

  std::unique_ptr<client::Relay> relay_;
  const DocumentPath plan_ = path_of("notes", "plan");
};

TEST_F(RelayCalls, WhatIsAppendedIsReadWithEverythingKnownOfIt) {
  begin();
  EXPECT_EQ(append(plan_, {"one", "two"}).value(), Offset{2});
  EXPECT_EQ(append(plan_, {"one", "two"}, 1).value(), Offset{2});  // a call that is repeated
  std::vector<Record> records;
  const auto end = relay_->read(plan_, {}, [&](const Record& record) {
    records.push_back(record);
    return true;
  });
  ASSERT_TRUE(end && *end);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].offset, Offset{2});
  EXPECT_EQ(records[1].producer, producer_number(1));
  EXPECT_EQ(records[1].sequence, Sequence{2});
  EXPECT_EQ(records[1].codec, Codec{3});
  EXPECT_GT(records[1].time, Seconds{0});
  EXPECT_EQ(records[1].payload.view(), "two");
  EXPECT_EQ((*end)->chain, log_.chain(plan_, {2}).value());
  EXPECT_THAT(payloads(plan_, {(*end)->epoch, Offset{1}}), ElementsAre("two"));
  EXPECT_THAT(payloads(plan_, {(*end)->epoch, Offset{2}}), ElementsAre());
}

TEST_F(RelayCalls, AReadEndsWhenItsCallbackSaysSo) {
  begin({.page_bytes = 1});
  ASSERT_TRUE(append(plan_, {"one", "two", "three"}));
  int seen = 0;
  const auto end = relay_->read(plan_, {}, [&](const Record&) { return ++seen < 2; });
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->has_value());
  EXPECT_EQ(seen, 2);
  EXPECT_THAT(payloads(plan_), ElementsAre("one", "two", "three"));  // the connection is as good as before
}

TEST_F(RelayCalls, ListsPageByPage) {
  begin();
  for (const char* space : {"a", "b", "c"})
    for (const char* document : {"x", "y", "z"}) ASSERT_TRUE(append(path_of(space, document), {"1"}));
  const auto first = relay_->spaces("", 2).value();
  ASSERT_EQ(first.entries.size(), 2U);
  EXPECT_EQ(first.entries[1].name.text(), "b");
  EXPECT_EQ(first.entries[1].documents, 3U);
  EXPECT_EQ(first.entries[1].head, Offset{3});
  EXPECT_EQ(first.next_after, "b");
  const auto last = relay_->spaces(*first.next_after, 2).value();
  EXPECT_EQ(last.entries.size(), 1U);
  EXPECT_FALSE(last.next_after);

  const auto documents = relay_->documents(SpaceName::parse("a").value(), "x", 1).value();
  ASSERT_EQ(documents.entries.size(), 1U);
  EXPECT_EQ(documents.entries[0].name.text(), "y");
  EXPECT_EQ(documents.entries[0].state.records, 1U);
  EXPECT_EQ(documents.next_after, "y");
  EXPECT_EQ(relay_->spaces("", 1001).error().code, Code::invalid_argument);
  EXPECT_EQ(relay_->store().value(), log_.incarnation());
}

TEST_F(RelayCalls, ADocumentIsDeletedAndMadeAnew) {
  begin();
  EXPECT_EQ(relay_->document(plan_).error().code, Code::not_found);
  EXPECT_EQ(relay_->remove(plan_).error().code, Code::not_found);
  ASSERT_TRUE(append(plan_, {"one"}));
  const auto before = relay_->document(plan_).value().state;
  EXPECT_EQ(before.life, DocumentLife::alive);
  EXPECT_EQ(before.head, Offset{1});
  EXPECT_EQ(relay_->remove(plan_).value(), Offset{2});
  EXPECT_EQ(relay_->document(plan_).value().state.life, DocumentLife::deleted);
  const auto gone = relay_->read(plan_, {}, [](const Record&) { return true; });
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().message, HasSubstr("was deleted"));
  const Epoch epoch = relay_->recreate(plan_).value();
  EXPECT_NE(epoch, before.epoch);
  const std::vector<Delta> deltas{{{}, SharedBytes::copy("late")}};
  EXPECT_EQ(relay_->append(plan_, {.producer = producer_number(1), .epoch = before.epoch}, deltas).error().code,
            Code::failed_precondition);
  EXPECT_TRUE(relay_->append(plan_, {.producer = producer_number(1), .epoch = epoch}, deltas));
}

TEST_F(RelayCalls, AFeedHasTheSpaceInItsOrderAndFollowsIt) {
  begin();
  ASSERT_TRUE(append(plan_, {"one"}));
  ASSERT_TRUE(append(path_of("notes", "list"), {"two"}));
  ASSERT_TRUE(relay_->remove(path_of("notes", "list")));
  std::vector<AppendKind> kinds;
  client::FeedPlace place;
  std::jthread author;
  const auto done = relay_->feed(plan_.space, {.follow = true}, [&](const client::FeedStretch& stretch) {
    for (const client::FeedItem& item : stretch.items) kinds.push_back(item.kind);
    place = stretch.place;
    if (stretch.caught_up && !author.joinable())
      author = std::jthread([this] { EXPECT_TRUE(append(plan_, {"three"})); });
    return kinds.size() < 3;
  });
  EXPECT_TRUE(done);
  EXPECT_THAT(kinds, ElementsAre(AppendKind::deltas, AppendKind::tombstone, AppendKind::deltas));
  EXPECT_EQ(place.offset, Offset{4});
  EXPECT_EQ(place.store, log_.incarnation());
  const auto wrong_store = relay_->feed(plan_.space, {.after = client::FeedPlace{{{std::byte{5}}}, {1}}},
                                        [](const client::FeedStretch&) { return true; });
  EXPECT_EQ(wrong_store.error().code, Code::failed_precondition);
}

TEST_F(RelayCalls, WhatWasCutIsSaid) {
  begin({.page_bytes = 1});
  ASSERT_TRUE(append(plan_, {"one", "two", "three"}));
  weir::Append cut;
  cut.kind = AppendKind::cut;
  cut.path = std::make_shared<const DocumentPath>(plan_);
  cut.epoch = log_.document(plan_)->epoch;
  cut.cut = {2};
  const auto prefix = log_.prefix(plan_, {2}).value();
  cut.cut_chain = prefix.chain;
  cut.cut_records = prefix.records;
  cut.cut_payload_bytes = prefix.payload_bytes;
  std::promise<Result<Appended>> done;
  log_.append({77}, std::move(cut), [&](Result<Appended> result) { done.set_value(std::move(result)); });
  ASSERT_TRUE(done.get_future().get());

  const auto state = relay_->document(plan_).value().state;
  EXPECT_EQ(state.cut, Offset{2});
  EXPECT_EQ(state.cut_records, 2U);
  EXPECT_EQ(state.cut_payload_bytes, 6U);
  EXPECT_EQ(state.records, 1U);
  const auto read_from = [&](Offset after) {
    std::string told;
    const auto end = relay_->read(
        plan_, {state.epoch, after},
        [&](const Record& record) {
          told += std::string(record.payload.view());
          return true;
        },
        {},
        [&](const Cursor& at) {
          EXPECT_EQ(at, (Cursor{state.epoch, {2}, prefix.chain}));
          told += "(cut)";
        });
    EXPECT_EQ((*end)->chain, log_.chain(plan_, {3}).value());
    return told;
  };
  EXPECT_EQ(read_from({0}), "(cut)three");
  EXPECT_EQ(read_from({1}), "(cut)three");
  EXPECT_EQ(read_from({2}), "three");
  std::string told;
  const auto fed = relay_->feed(plan_.space, {}, [&](const client::FeedStretch& stretch) {
    for (const client::FeedItem& item : stretch.items)
      told += std::to_string(item.record.offset.value) + (item.kind == AppendKind::cut ? "/" : "+");
    return true;
  });
  EXPECT_TRUE(fed);
  EXPECT_EQ(told, "2/3+");
}

TEST_F(RelayCalls, AnotherThreadEndsAFeedThatWaits) {
  begin();
  std::stop_source stop;
  std::jthread impatient;
  const auto done = relay_->feed(
      plan_.space, {.follow = true},
      [&](const client::FeedStretch&) {
        impatient = std::jthread([&] { stop.request_stop(); });
        return true;
      },
      stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::cancelled);
  const auto at_once = relay_->read(plan_, {}, [](const Record&) { return true; }, stop.get_token());
  ASSERT_FALSE(at_once);
  EXPECT_EQ(at_once.error().code, Code::cancelled);
}

TEST_F(RelayCalls, ErrorsAreTheRelaysOwnWords) {
  limits_.payload_bytes_max = 10;
  begin();
  const auto large = append(plan_, {"far too large"});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::resource_exhausted);
  EXPECT_THAT(large.error().message, HasSubstr("limits.payload_bytes_max"));
  ASSERT_TRUE(append(plan_, {"one"}));
  EXPECT_EQ(append(plan_, {"other"}, 1).error().code, Code::aborted);
  EXPECT_EQ(append(plan_, {"gap"}, 7).error().code, Code::out_of_range);
}

TEST_F(RelayCalls, SaysWhatCannotBeReached) {
  begin();
  const std::string where = address();
  ASSERT_TRUE(append(plan_, {"one"}));
  transport_->stop();
  const auto lost = relay_->document(plan_);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::unavailable);
  const client::Relay nobody({.grpc = {.address = where}});
  const auto unreached = nobody.spaces("", 1);
  ASSERT_FALSE(unreached);
  EXPECT_EQ(unreached.error().code, Code::unavailable);
  EXPECT_THAT(unreached.error().message, HasSubstr("cannot reach a relay at " + where));
}

/// In pieces.
client::NextBytes pieces_of(const std::string& bytes) {
  return [bytes, at = std::size_t{0}]() mutable -> Result<std::string> {
    std::string piece = bytes.substr(at, 100'000);
    at += piece.size();
    return piece;
  };
}

TEST_F(RelayCalls, ASnapshotIsPutListedReadAndWithdrawn) {
  limits_.snapshots.serve_unverified_after = std::chrono::seconds(0);
  begin();
  ASSERT_TRUE(append(plan_, {"one", "two", "three"}));
  const std::string bytes(1'000'000, 'x');
  client::RelaySnapshot snapshot{.producer = producer_number(2), .offset = {2}, .hash = sha256(bytes)};
  snapshot.size = bytes.size();
  snapshot.codec = {17};
  snapshot.fidelity = Fidelity::lossy;
  snapshot.chain = log_.chain(plan_, {3}).value();
  EXPECT_EQ(relay_->put_snapshot(plan_, snapshot, pieces_of(bytes)).error().code, Code::failed_precondition);
  EXPECT_THAT(relay_->snapshots(plan_).value(), ElementsAre());
  const DocumentPath other = path_of("notes", "other");  // this one was offered a moment ago
  ASSERT_TRUE(append(other, {"one", "two", "three"}));
  snapshot.offset = log_.document(other)->head;
  snapshot.chain = log_.chain(other, snapshot.offset).value();
  const auto put = relay_->put_snapshot(other, snapshot, pieces_of(bytes));
  ASSERT_TRUE(put) << put.error().message;

  const auto listed = relay_->snapshots(other).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].about.offset, snapshot.offset);
  EXPECT_EQ(listed[0].about.hash, snapshot.hash);
  EXPECT_EQ(listed[0].about.chain, *snapshot.chain);
  EXPECT_EQ(listed[0].about.fidelity, Fidelity::lossy);
  EXPECT_EQ(listed[0].about.records, 3U);
  EXPECT_TRUE(listed[0].served);
  std::string read;
  std::vector<Offset> begun;
  const client::SnapshotTaker taker{[&](const client::SnapshotInfo& info) {
                                      begun.push_back(info.about.offset);
                                      return true;
                                    },
                                    [&](std::string_view some) {
                                      read += some;
                                      return true;
                                    }};
  ASSERT_TRUE(relay_->read_snapshot(other, {}, taker));
  EXPECT_TRUE(read == bytes);
  EXPECT_THAT(begun, ElementsAre(snapshot.offset));
  EXPECT_EQ(relay_->read_snapshot(other, {.as_of = {{1}, {}}}, taker).error().code, Code::not_found);

  ASSERT_TRUE(relay_->withdraw_snapshot(other, snapshot.offset));
  EXPECT_EQ(relay_->snapshots(other)->at(0).about.standing, SnapshotStanding::quarantined);
  EXPECT_EQ(relay_->read_snapshot(other, {snapshot.offset, {}}, taker).error().code, Code::not_found);
  EXPECT_EQ(relay_->withdraw_snapshot(other, snapshot.offset).error().code, Code::not_found);
  EXPECT_EQ(relay_->release_snapshot(other, snapshot.offset, sha256("another")).error().code, Code::not_found);
  ASSERT_TRUE(relay_->release_snapshot(other, snapshot.offset, snapshot.hash));
  EXPECT_EQ(relay_->snapshots(other)->at(0).about.standing, SnapshotStanding::candidate);
  EXPECT_EQ(relay_->release_snapshot(other, snapshot.offset, snapshot.hash).error().code, Code::already_exists);
}

TEST_F(RelayCalls, ADocumentIsReadAsItStood) {
  begin({.page_bytes = 1});
  ASSERT_TRUE(append(plan_, {"one", "two", "three"}));
  EXPECT_THAT(payloads(plan_, {.as_of = {{2}, {}}}), ElementsAre("one", "two"));
  EXPECT_THAT(payloads(plan_, {.as_of = {{}, {1}}}), ElementsAre());
  const Epoch epoch = log_.document(plan_)->epoch;
  EXPECT_THAT(payloads(plan_, {.epoch = epoch, .offset = {1}, .as_of = {{2}, {}}}), ElementsAre("two"));
}

}  // namespace
}  // namespace weir::test
