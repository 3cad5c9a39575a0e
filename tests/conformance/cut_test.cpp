// Rules of cutting: what is forgotten, what is not, and what readers and followers are told of it.
#include <algorithm>

#include "log_under_test.hpp"
#include "weir/packing/reader.hpp"

namespace weir::storage::conformance {
namespace {

std::vector<std::string> letters(int count) {
  std::vector<std::string> payloads;
  for (int i = 0; i < count; ++i) payloads.emplace_back(1, static_cast<char>('a' + i));
  return payloads;
}

std::string at(Offset offset) { return std::to_string(offset.value); }

}  // namespace

/// A document with ten records of one byte in three appends, "a" to "j", and a neighbour's between them.
class CutScene {
 public:
  explicit CutScene(DeltaLogConformance& test) : test_(test) {
    for (int begin = 0; begin < 10; begin += 4) {
      const auto all = letters(std::min(begin + 4, 10));
      const Appended stored =
          test_.appended(test_.deltas(path, 1, static_cast<std::uint64_t>(begin), {all.begin() + begin, all.end()}));
      for (Offset offset = stored.first; offset <= stored.last; offset = offset.next()) offsets.push_back(offset);
      test_.appended(test_.deltas(neighbour, 1, static_cast<std::uint64_t>(begin / 4), {"n"}));
    }
    chains = {chain_start(*path)};
    for (std::size_t i = 1; i <= 10; ++i)
      chains.push_back(chain_next(chains.back(), producer_of(1), {i}, {0}, letters(10)[i - 1]));
  }

  /// The payloads of what is kept.
  std::string kept(Offset after = {}, Offset upto = DeltaLogConformance::everything) {
    std::string text;
    const auto page = test_.log().read_document(*path, after, upto, DeltaLogConformance::plenty).value();
    for (const Record& record : page.records) text += record.payload.view();
    return text;
  }
  /// The same through packs where there are any.
  std::string kept_packed(Offset after) {
    std::string text;
    for (;;) {
      auto page = test_.log()
                      .read_packed(*path, after, DeltaLogConformance::everything, 1, DeltaLogConformance::plenty)
                      .value();
      EXPECT_EQ(page.cut, after < test_.state(path).cut ? test_.state(path).cut : Offset{});
      if (page.pack) page.records = packing::unpack(page.pack->bytes).value();
      for (const Record& record : page.records) {
        EXPECT_GT(record.offset, after);
        text += record.payload.view();
        after = record.offset;
      }
      if (page.complete) return text;
    }
  }

  /// The first `count` of the ten are cut, and all that can be asked says so.
  void expect_cut(std::size_t count) {
    const std::string all = "abcdefghij";
    const DocumentState now = test_.state(path);
    EXPECT_EQ(now.life, DocumentLife::alive);
    EXPECT_EQ(now.head, offsets[10]);
    EXPECT_EQ(now.cut, offsets[count]);
    EXPECT_EQ(now.cut_records, count);
    EXPECT_EQ(now.cut_payload_bytes, count);
    EXPECT_EQ(now.records, 10 - count);
    EXPECT_EQ(now.payload_bytes, 10 - count);
    EXPECT_EQ(now.first_time, count < 10 ? Seconds{1'700'000'000} : Seconds{});
    EXPECT_EQ(now.last_time, Seconds{1'700'000'000});
    EXPECT_EQ(test_.mark(path, 1), 10u);
    for (std::size_t after = 0; after <= 10; ++after) {
      EXPECT_EQ(kept(offsets[after]), all.substr(std::max(after, count)));
      EXPECT_EQ(kept_packed(offsets[after]), all.substr(std::max(after, count)));
      EXPECT_EQ(test_.log().read_document(*path, offsets[after], DeltaLogConformance::everything, 1)->cut,
                after < count ? offsets[count] : Offset{});
      expect_prefix(after, count);
    }
    const auto found = test_.log().find(*path, producer_of(1), {1}, {10}, 1000).value();
    EXPECT_EQ(found.size(), 10 - count);
    expect_feed(count);
  }

  void expect_prefix(std::size_t records, std::size_t count) {
    const auto chain = test_.log().chain(*path, offsets[records]);
    const auto prefix = test_.log().prefix(*path, offsets[records]);
    if (records == 0 || records >= count) {
      EXPECT_EQ(chain.value(), chains[records]);
      EXPECT_EQ(prefix->chain, chains[records]);
      EXPECT_EQ(prefix->last, offsets[records]);
      EXPECT_EQ(prefix->records, records);
      EXPECT_EQ(prefix->payload_bytes, records);
    } else {
      EXPECT_EQ(chain.error().code, Code::out_of_range);
      EXPECT_EQ(prefix.error().code, Code::out_of_range);
    }
  }

  /// From every offset a follower gets every record that is kept, and hears of the cut before.
  void expect_feed(std::size_t count) {
    for (std::size_t after = 0; after <= 10; ++after) {
      std::string payloads;
      Offset cut, last = offsets[after];
      for (bool complete = false; !complete;) {
        const auto page = test_.log().read_space(path->space, last, DeltaLogConformance::everything, 1).value();
        for (const FeedEntry& entry : page.entries) {
          EXPECT_GT(entry.record.offset, last);
          last = entry.record.offset;
          if (entry.document != path->document) continue;
          if (entry.kind == AppendKind::cut) {
            EXPECT_EQ(payloads, "") << "the cut comes first";
            EXPECT_EQ(entry.record.payload.size(), 0u);
            EXPECT_EQ(entry.epoch, test_.state(path).epoch);
            cut = entry.record.offset;
          } else {
            EXPECT_EQ(entry.kind, AppendKind::deltas);
            payloads += entry.record.payload.view();
          }
        }
        complete = page.complete;
      }
      EXPECT_EQ(payloads, std::string("abcdefghij").substr(std::max(after, count)));
      EXPECT_EQ(cut, after < count ? offsets[count] : Offset{}) << "after " << after;
    }
  }

  const DocumentRef path = path_of("s", "d"), neighbour = path_of("s", "n");
  std::vector<Offset> offsets = {{}};  // of the records, from 1; 0 at 0
  std::vector<Digest> chains;          // after so many records

 private:
  DeltaLogConformance& test_;
};

namespace {

TEST_P(DeltaLogConformance, CutsRecordsUpToAnyOffset) {
  for (std::size_t count = 0; count <= 10; ++count) {
    SCOPED_TRACE(count);
    open(plenty);
    CutScene scene(*this);
    const Appended done = appended(cut(scene.path, scene.offsets[count]));
    EXPECT_EQ(done.first, Offset{});
    EXPECT_EQ(done.last, Offset{});
    EXPECT_EQ(done.epoch, state(scene.path).epoch);
    scene.expect_cut(count);
    EXPECT_EQ(read(scene.neighbour).size(), read(scene.neighbour, {}, everything).size());
    EXPECT_EQ(state(scene.neighbour).records, 3u);
    under_test_->reopen();
    scene.expect_cut(count);
  }
}

TEST_P(DeltaLogConformance, CutsOnWhereAnEarlierCutEnded) {
  CutScene scene(*this);
  for (std::size_t count = 1; count <= 10; ++count) {
    SCOPED_TRACE(count);
    appended(cut(scene.path, scene.offsets[count]));
    scene.expect_cut(count);
  }
}

TEST_P(DeltaLogConformance, CutsNothingWhereEverythingIsCutAlready) {
  CutScene scene(*this);
  appended(cut(scene.path, scene.offsets[6]));
  for (const Offset offset : {scene.offsets[6], scene.offsets[5], scene.offsets[1], Offset{}}) {
    appended(cut(scene.path, offset));
    scene.expect_cut(6);
  }
  const auto together =
      append_together({{{1}, cut(scene.path, scene.offsets[3])}, {{1}, cut(scene.path, scene.offsets[6])}});
  for (const auto& result : together) EXPECT_TRUE(result) << told(result);
  scene.expect_cut(6);
}

TEST_P(DeltaLogConformance, CutsAtTheLastRecordThereIs) {
  CutScene scene(*this);
  const Offset between = log().space(scene.path->space)->head;  // the neighbour's last
  ASSERT_GT(between, scene.offsets[10]);
  appended(cut(scene.neighbour, scene.offsets[8]));
  EXPECT_LT(state(scene.neighbour).cut, scene.offsets[8]) << "no record of the neighbour is there";
  EXPECT_EQ(state(scene.neighbour).cut_records, 1u);
  EXPECT_EQ(state(scene.neighbour).records, 2u);
}

TEST_P(DeltaLogConformance, RefusesACutThatMakesNoSense) {
  CutScene scene(*this);
  const auto refused = [&](Append append) {
    const auto result = this->append(std::move(append), {5});
    log().reset({5});
    return result ? std::string("done") : std::string(name(result.error().code));
  };
  EXPECT_EQ(refused(cut(scene.path, scene.offsets[10].next())), "INVALID_ARGUMENT") << "beyond the head";
  EXPECT_EQ(refused(cut(path_of("s", "absent"), {})), "ABORTED");
  EXPECT_EQ(refused(cut(path_of("absent", "d"), {})), "ABORTED");
  Append other = cut(scene.path, scene.offsets[3]);
  other.epoch.value ^= 1;
  EXPECT_EQ(refused(other), "ABORTED");
  Append noted = cut(scene.path, scene.offsets[3]);
  noted.notes = {{"k", bytes("v")}};
  EXPECT_EQ(refused(noted), "INVALID_ARGUMENT");
  Append with_delta = cut(scene.path, scene.offsets[3]);
  with_delta.deltas = {{{0}, bytes("x")}};
  EXPECT_EQ(refused(with_delta), "INVALID_ARGUMENT");
  scene.expect_cut(0);
  appended(change(AppendKind::tombstone, scene.path));
  EXPECT_EQ(refused(cut(scene.path, scene.offsets[3])), "ABORTED");
}

TEST_P(DeltaLogConformance, LeavesWhatFollowsACutAsItWouldHaveBeen) {
  CutScene scene(*this);
  Append noted = noting(scene.path, "k", "v");
  appended(noted);
  appended(cut(scene.path, scene.offsets[10]));
  EXPECT_EQ(note(scene.path, "k"), "v");
  const auto stale = append(deltas(scene.path, 1, 9, {"again"}), {7});
  ASSERT_FALSE(stale) << "the mark is kept";
  EXPECT_EQ(stale.error().code, Code::aborted);
  Append next = deltas(scene.path, 1, 10, {"k", "l"});
  next.time = {1'700'000'100};
  const Appended stored = appended(std::move(next));
  EXPECT_GT(stored.first, scene.offsets[10]);
  EXPECT_EQ(scene.kept(), "kl");
  EXPECT_EQ(state(scene.path).records, 2u);
  EXPECT_EQ(state(scene.path).first_time, Seconds{1'700'000'100});
  const Digest k = chain_next(scene.chains[10], producer_of(1), {11}, {0}, "k");
  EXPECT_EQ(log().chain(*scene.path, stored.first).value(), k);
  EXPECT_EQ(log().chain(*scene.path, everything).value(), chain_next(k, producer_of(1), {12}, {0}, "l"));
  appended(cut(scene.path, stored.first));
  EXPECT_EQ(scene.kept(), "l");
  EXPECT_EQ(state(scene.path).cut_records, 11u);
  under_test_->reopen();
  EXPECT_EQ(scene.kept(), "l");
  EXPECT_EQ(log().chain(*scene.path, stored.first).value(), k);
  EXPECT_EQ(mark(scene.path, 1), 12u);
}

TEST_P(DeltaLogConformance, EndsACutWithTheLife) {
  CutScene scene(*this);
  appended(cut(scene.path, scene.offsets[5]));
  const Offset gone = appended(change(AppendKind::tombstone, scene.path)).first;
  EXPECT_EQ(state(scene.path).cut, Offset{});
  EXPECT_EQ(state(scene.path).cut_records, 0u);
  EXPECT_EQ(log().chain(*scene.path, {}).error().code, Code::not_found);
  const std::vector<FeedEntry> after_tombstone = log().read_space(scene.path->space, {}, everything, plenty)->entries;
  EXPECT_TRUE(
      std::ranges::none_of(after_tombstone, [](const FeedEntry& entry) { return entry.kind == AppendKind::cut; }));
  appended(change(AppendKind::recreate, scene.path));
  EXPECT_EQ(state(scene.path).cut, Offset{});
  EXPECT_EQ(state(scene.path).last_time, Seconds{});
  EXPECT_EQ(log().chain(*scene.path, scene.offsets[3]).value(), scene.chains[0]);
  appended(cut(scene.path, state(scene.path).head));
  EXPECT_EQ(state(scene.path).cut, Offset{}) << "there was nothing to cut";
  const Appended stored = appended(deltas(scene.path, 1, 0, {"A", "B"}));
  appended(cut(scene.path, stored.first));
  EXPECT_EQ(scene.kept(), "B");
  EXPECT_EQ(log().chain(*scene.path, gone).error().code, Code::out_of_range);
  EXPECT_EQ(log().chain(*scene.path, stored.first).value(), chain_next(scene.chains[0], producer_of(1), {1}, {0}, "A"));
  EXPECT_EQ(feed("s", gone.next()), at(stored.first) + "/d," + at(stored.last) + "+d=B");
}

TEST_P(DeltaLogConformance, CutsWithinTheCommitThatStoredTheRecords) {
  CutScene scene(*this);
  const Offset head = log().space(scene.path->space)->head;
  const auto more = [&](std::uint64_t mark, const std::string& payload) {
    return deltas(scene.path, 1, mark, {payload});
  };
  Append cut_all = change(AppendKind::cut, scene.path), cut_again = cut_all;
  cut_all.cut = head.next();
  cut_all.cut_chain = chain_next(scene.chains[10], producer_of(1), {11}, {0}, "k");
  cut_all.cut_records = cut_all.cut_payload_bytes = 11;
  cut_again.cut = head.plus(2);
  cut_again.cut_chain = chain_next(cut_all.cut_chain, producer_of(1), {12}, {0}, "l");
  cut_again.cut_records = cut_again.cut_payload_bytes = 12;
  const auto results = append_together(
      {{{1}, more(10, "k")}, {{1}, cut_all}, {{1}, more(11, "l")}, {{1}, cut_again}, {{1}, more(12, "m")}});
  for (const auto& result : results) ASSERT_TRUE(result) << told(result);
  const auto check = [&] {
    EXPECT_EQ(scene.kept(), "m");
    EXPECT_EQ(scene.kept_packed({}), "m");
    EXPECT_EQ(state(scene.path).cut, results[2]->first);
    EXPECT_EQ(state(scene.path).cut_records, 12u);
    EXPECT_EQ(state(scene.path).records, 1u);
    EXPECT_EQ(log().chain(*scene.path, results[2]->first).value(), cut_again.cut_chain);
    EXPECT_EQ(mark(scene.path, 1), 13u);
    const std::string told = feed("s", head);
    EXPECT_TRUE(told == at(results[2]->first) + "/d," + at(results[4]->first) + "+d=m" ||
                told == at(results[0]->first) + "/d," + at(results[2]->first) + "/d," + at(results[4]->first) + "+d=m")
        << told;
  };
  check();
  under_test_->reopen();
  check();
}

TEST_P(DeltaLogConformance, CutsManyRecordsInPacksAndRuns) {
  const auto path = path_of("s", "long");
  std::vector<Offset> offsets = {{}};
  std::vector<Digest> chains = {chain_start(*path)};
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> bytes_to = {0};
  for (std::uint64_t i = 0; i < 300;) {
    std::vector<std::string> payloads;
    for (std::uint64_t left = 1 + i % 7; left > 0; --left) payloads.push_back("payload " + std::to_string(i * left));
    const Appended stored = appended(deltas(path, 1, i, payloads));
    for (std::size_t k = 0; k < payloads.size(); ++k) {
      offsets.push_back(stored.first.plus(k));
      chains.push_back(chain_next(chains.back(), producer_of(1), {++i}, {0}, payloads[k]));
      bytes_to.push_back(bytes += payloads[k].size());
    }
  }
  const std::size_t all = offsets.size() - 1;
  for (std::size_t count = 1; count <= all; count += 1 + count / 3) {
    SCOPED_TRACE(count);
    appended(cut(path, offsets[count]));
    if (count % 5 == 0) under_test_->reopen();
    EXPECT_EQ(state(path).records, all - count);
    EXPECT_EQ(state(path).cut_payload_bytes, bytes_to[count]);
    EXPECT_EQ(state(path).payload_bytes, bytes - bytes_to[count]);
    EXPECT_EQ(log().chain(*path, offsets[count]).value(), chains[count]);
    EXPECT_EQ(log().chain(*path, everything).value(), chains.back());
    const auto page = log().read_document(*path, {}, everything, plenty).value();
    ASSERT_EQ(page.records.size(), all - count);
    for (std::size_t i = 0; i < page.records.size(); ++i) ASSERT_EQ(page.records[i].offset, offsets[count + 1 + i]);
  }
}

}  // namespace
}  // namespace weir::storage::conformance
