// Rules of writing: order, marks, epochs, lanes, notes, the queue's cap.
#include <algorithm>
#include <future>
#include <latch>
#include <thread>

#include "log_under_test.hpp"

namespace weir::storage::conformance {
namespace {

TEST_P(DeltaLogConformance, GivesOffsetsInTheOrderOfTheCalls) {
  const auto a = path_of("s", "a"), b = path_of("s", "b"), other = path_of("t", "a");
  const auto results = append_together({{{1}, deltas(a, 1, 0, {"a1", "a2"})},
                                        {{2}, deltas(b, 2, 0, {"b1"})},
                                        {{3}, deltas(other, 1, 0, {"t1"})},
                                        {{1}, deltas(a, 1, 2, {"a3"})},
                                        {{2}, deltas(b, 2, 1, {"b2", "b3"})},
                                        {{1}, deltas(a, 3, 0, {"a4"})}});
  Offset before;
  for (const std::size_t i : {0, 1, 3, 4, 5}) {
    ASSERT_TRUE(results[i]) << told(results[i]);
    EXPECT_GT(results[i]->first, before);
    EXPECT_GE(results[i]->last, results[i]->first);
    before = results[i]->last;
  }
  EXPECT_EQ(results[0]->last, results[0]->first.next());
  ASSERT_TRUE(results[2]) << told(results[2]);
  const auto payloads = [](const auto& page) {
    std::string text;
    for (const Record& record : page.records) text += record.payload.view();
    return text;
  };
  EXPECT_EQ(payloads(log().read_document(*a, {}, everything, plenty).value()), "a1a2a3a4");
  EXPECT_EQ(payloads(log().read_document(*b, {}, everything, plenty).value()), "b1b2b3");
  EXPECT_EQ(payloads(log().read_document(*other, {}, everything, plenty).value()), "t1");
  EXPECT_EQ(log().space(a->space)->head, results[5]->last);
  EXPECT_EQ(log().space(a->space)->documents, 2u);
}

TEST_P(DeltaLogConformance, RefusesAWrongMarkAndStoresNothing) {
  const auto path = path_of("s", "d");
  appended(deltas(path, 1, 0, {"one", "two"}));
  for (const std::uint64_t wrong : {0, 1, 3}) {
    const auto refused = append(deltas(path, 1, wrong, {"x"}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::aborted);
    EXPECT_NE(refused.error().message.find("\"d\""), std::string::npos);
    log().reset({1});
  }
  EXPECT_EQ(mark(path, 1), 2u);
  EXPECT_EQ(state(path).records, 2u);
  EXPECT_EQ(log().mark(*path, producer_of(1)).value()->principal, "principal-1");
  appended(deltas(path, 1, 2, {"three"}));
  EXPECT_EQ(mark(path, 1), 3u);
}

TEST_P(DeltaLogConformance, LetsABaseBeginAnywhereAboveTheMark) {
  const auto path = path_of("s", "d");
  Append base = deltas(path, 1, 0, {"full state"});
  base.first_sequence = {41};
  appended(std::move(base));
  EXPECT_EQ(mark(path, 1), 41u);
  appended(deltas(path, 1, 41, {"next"}));
  EXPECT_EQ(mark(path, 1), 42u);
  EXPECT_EQ(mark(path, 2), 0u);
}

TEST_P(DeltaLogConformance, KeepsNoMarkForAnEphemeralProducer) {
  const auto path = path_of("s", "d");
  for (int i = 0; i < 2; ++i) {
    Append append = deltas(path, 9, 0, {"e"});
    append.assumed_mark.reset();
    appended(std::move(append));
  }
  EXPECT_FALSE(log().mark(*path, producer_of(9)).value());
  EXPECT_EQ(state(path).records, 2u);
}

TEST_P(DeltaLogConformance, RefusesAnotherEpoch) {
  const auto path = path_of("s", "d");
  for (int round = 0; round < 2; ++round) {  // of an absent document, then of an existing one
    Append wrong = deltas(path, 1, static_cast<std::uint64_t>(round), {"x"});
    wrong.epoch = {wrong.epoch.value ^ 1};
    const auto refused = append(std::move(wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::aborted);
    log().reset({1});
    if (round == 0) appended(deltas(path, 1, 0, {"one"}));
  }
  EXPECT_EQ(state(path).epoch, derive_epoch(log().incarnation(), 1));
  EXPECT_EQ(state(path_of("s", "absent")).epoch, derive_epoch(log().incarnation(), 1));
}

TEST_P(DeltaLogConformance, RefusesWhatMakesNoSense) {
  const auto path = path_of("s", "d");
  appended(deltas(path, 1, 0, {"1", "2", "3"}));
  std::vector<Append> senseless(9, deltas(path, 1, 3, {"x"}));
  senseless[0].deltas.clear();
  senseless[1].first_sequence = {3};
  senseless[2].first_sequence = {0};
  senseless[2].assumed_mark.reset();
  senseless[3].first_sequence = {~std::uint64_t{0}};
  senseless[3].deltas.resize(2);
  senseless[4].producer = {};
  senseless[5].notes = {{"", bytes("no key")}};
  senseless[6].notes = {{"k", bytes(std::string((64 << 10) + 1, 'n'))}};
  senseless[7].kind = AppendKind::tombstone;
  senseless[8].deltas[0].codec = {std::uint64_t{1} << 32};
  for (Append& one : senseless) {
    const auto refused = append(std::move(one));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::invalid_argument) << told(refused);
    log().reset({1});
  }
  EXPECT_EQ(state(path).records, 3u);
  EXPECT_EQ(state(path).life, DocumentLife::alive);
}

TEST_P(DeltaLogConformance, FailsALaneUntilItIsResetAndNoOther) {
  const auto a = path_of("s", "a"), b = path_of("s", "b");
  const auto results = append_together({{{1}, deltas(a, 1, 0, {"a1"})},
                                        {{1}, deltas(a, 1, 7, {"wrong"})},
                                        {{1}, deltas(a, 1, 1, {"right, but behind a failure"})},
                                        {{2}, deltas(b, 2, 0, {"b1"})},
                                        {{1}, deltas(path_of("other", "x"), 1, 0, {"other space, same lane"})}});
  EXPECT_TRUE(results[0]) << told(results[0]);
  for (const std::size_t i : {1, 2, 4}) {
    ASSERT_FALSE(results[i]);
    EXPECT_EQ(results[i].error().code, Code::aborted);
  }
  EXPECT_TRUE(results[3]) << told(results[3]);
  EXPECT_EQ(append(deltas(a, 1, 1, {"still"})).error().code, Code::aborted);
  log().reset({2});
  EXPECT_EQ(append(deltas(a, 1, 1, {"still"})).error().code, Code::aborted);
  log().reset({1});
  appended(deltas(a, 1, 1, {"a2"}));
  EXPECT_EQ(state(a).records, 2u);
}

TEST_P(DeltaLogConformance, ResetsFromTheCallOnNotBefore) {
  const auto path = path_of("s", "d");
  std::promise<Result<Appended>> wrong, behind, after;
  under_test_->hold();
  const auto into = [](auto& promise) {
    return [&](Result<Appended> result) { promise.set_value(std::move(result)); };
  };
  log().append({1}, deltas(path, 1, 9, {"wrong"}), into(wrong));
  log().append({1}, deltas(path, 1, 0, {"behind"}), into(behind));
  log().reset({1});
  log().append({1}, deltas(path, 1, 0, {"after"}), into(after));
  under_test_->release();
  under_test_->settle();
  EXPECT_EQ(wrong.get_future().get().error().code, Code::aborted);
  EXPECT_EQ(behind.get_future().get().error().code, Code::aborted);
  const auto stored = after.get_future().get();
  ASSERT_TRUE(stored) << told(stored);
  EXPECT_EQ(log().read_document(*path, {}, everything, plenty)->records.at(0).payload.view(), "after");
}

TEST_P(DeltaLogConformance, CompletesALaneInOrderAndLetsACompletionAppend) {
  const auto path = path_of("s", "d");
  std::vector<int> order;
  std::promise<void> last;
  under_test_->hold();
  for (int i = 0; i < 20; ++i)
    log().append({1}, deltas(path, 1, i == 10 ? 99 : static_cast<std::uint64_t>(i), {"x"}),
                 [&order, i](const Result<Appended>& result) {
                   EXPECT_EQ(result.has_value(), i < 10);
                   order.push_back(i);
                 });
  Append chained = deltas(path_of("s", "chained"), 2, 0, {"from a completion"});
  log().append({2}, deltas(path, 3, 0, {"y"}), [&](const Result<Appended>& result) {
    EXPECT_TRUE(result) << told(result);
    log().append({2}, std::move(chained), [&](const Result<Appended>& second) {
      EXPECT_TRUE(second) << told(second);
      last.set_value();
    });
  });
  under_test_->release();
  under_test_->settle();
  last.get_future().get();
  std::vector<int> expected(20);
  for (int i = 0; i < 20; ++i) expected[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(order, expected);
}

TEST_P(DeltaLogConformance, StoresNotesWithTheAppendOrNotAtAll) {
  const auto path = path_of("s", "d");
  Append with_note = deltas(path, 1, 0, {"one"});
  with_note.notes = {{"state", bytes("after one")}, {"empty", {}}};
  appended(std::move(with_note));
  EXPECT_EQ(note(path, "state"), "after one");
  EXPECT_EQ(note(path, "empty"), "");
  EXPECT_EQ(note(path, "stat"), "(none)");
  Append refused = deltas(path, 1, 0, {"wrong mark"});
  refused.notes = {{"state", bytes("never")}};
  EXPECT_FALSE(append(std::move(refused)));
  EXPECT_EQ(note(path, "state"), "after one");
  log().reset({1});
  appended(noting(path, "state", "replaced"));
  EXPECT_EQ(note(path, "state"), "replaced");
  EXPECT_EQ(note(path_of("s", "other"), "state"), "(none)");
}

TEST_P(DeltaLogConformance, TakesAnAppendOfNotesAlone) {
  const auto path = path_of("s", "d");
  const Appended noted = appended(noting(path, "k", "v"));
  EXPECT_EQ(noted.first, Offset{});
  EXPECT_EQ(noted.last, Offset{});
  EXPECT_EQ(state(path).life, DocumentLife::alive);
  EXPECT_EQ(state(path).head, Offset{});
  EXPECT_EQ(read(path), "");
  EXPECT_EQ(feed("s"), "");
  const Appended first = appended(deltas(path, 1, 0, {"x"}));
  EXPECT_GT(first.first, Offset{});
  EXPECT_EQ(note(path, "k"), "v");
}

TEST_P(DeltaLogConformance, SharesTheQueueAmongSpaces) {
  open(64 << 10);
  const std::string payload(8 << 10, 'p');
  const auto greedy = path_of("greedy", "d"), modest = path_of("modest", "d");
  std::vector<std::pair<Lane, Append>> appends;
  for (std::uint64_t i = 0; i < 10; ++i) appends.emplace_back(Lane{1}, deltas(greedy, 1, i, {payload}));
  appends.emplace_back(Lane{2}, deltas(modest, 2, 0, {payload}));
  const auto results = append_together(std::move(appends));
  EXPECT_TRUE(results[0]) << told(results[0]);
  std::size_t stored = 0;
  for (std::size_t i = 0; i < 10 && results[i]; ++i) ++stored;
  EXPECT_LT(stored, 7u);
  EXPECT_EQ(results[stored].error().code, Code::resource_exhausted);
  for (std::size_t i = stored + 1; i < 10; ++i) EXPECT_EQ(results[i].error().code, Code::aborted);
  EXPECT_TRUE(results[10]) << "another space still has room: " << told(results[10]);
  log().reset({1});
  appended(deltas(greedy, 1, stored, {payload}));
  const auto larger_than_the_queue = append(deltas(modest, 2, 1, {std::string(256 << 10, 'l')}), {2});
  EXPECT_TRUE(larger_than_the_queue) << "an empty queue takes what comes: " << told(larger_than_the_queue);
}

TEST_P(DeltaLogConformance, OrdersWhatManyThreadsAppend) {
  constexpr int thread_count = 4;
  constexpr std::uint64_t each = 100;
  std::vector<std::jthread> threads;
  std::latch completed(thread_count * static_cast<std::ptrdiff_t>(each));
  std::vector<std::vector<Offset>> offsets(thread_count);
  for (int t = 0; t < thread_count; ++t)
    threads.emplace_back([&, t, epoch = derive_epoch(log().incarnation(), 1)] {
      const auto path = path_of("s", t % 2 == 0 ? "even" : "odd");
      for (std::uint64_t i = 0; i < each; ++i) {
        Append append;
        append.path = path;
        append.epoch = epoch;
        append.producer = producer_of(t + 1);
        append.first_sequence = {i + 1};
        append.assumed_mark = Sequence{i};
        append.deltas = {{{0}, bytes("x")}};
        log().append({static_cast<std::uint64_t>(t)}, std::move(append), [&, t](const Result<Appended>& result) {
          EXPECT_TRUE(result) << told(result);
          if (result) offsets[static_cast<std::size_t>(t)].push_back(result->first);
          completed.count_down();
        });
      }
    });
  threads.clear();
  under_test_->settle();
  completed.wait();
  std::vector<Offset> all;
  for (const auto& one : offsets) {
    EXPECT_TRUE(std::is_sorted(one.begin(), one.end()));
    all.insert(all.end(), one.begin(), one.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), thread_count * each);
  EXPECT_EQ(state(path_of("s", "even")).records + state(path_of("s", "odd")).records, thread_count * each);
}

}  // namespace
}  // namespace weir::storage::conformance
