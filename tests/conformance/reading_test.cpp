// Rules of reading: pages, the feed, find, the chain, listings, and what a reopened store still knows.
#include "log_under_test.hpp"

namespace weir::storage::conformance {
namespace {

TEST_P(DeltaLogConformance, ReadsWholeRecordsBetweenOffsets) {
  const auto path = path_of("s", "d"), other = path_of("s", "o");
  std::vector<Offset> at;
  for (std::uint64_t i = 0; i < 4; ++i) {
    at.push_back(appended(deltas(path, 1, i, {std::string(1, static_cast<char>('a' + i))})).first);
    appended(deltas(other, 1, i, {"-"}));
  }
  const auto one = [&](std::size_t i) {
    return std::to_string(at[i].value) + ":1:" + std::to_string(i + 1) + ":" + static_cast<char>('a' + i);
  };
  EXPECT_EQ(read(path), one(0) + "," + one(1) + "," + one(2) + "," + one(3));
  EXPECT_EQ(read(path, at[0], at[2]), one(1) + "," + one(2));
  EXPECT_EQ(read(path, at[3]), "");
  EXPECT_EQ(read(path, at[2], at[1]), "");
  EXPECT_EQ(read(path, {at[0].value + 1}, {at[2].value + 1}), one(1) + "," + one(2));
  EXPECT_EQ(read(path_of("s", "absent")), "");
  EXPECT_EQ(read(path_of("absent", "d")), "");
  EXPECT_EQ(feed("absent"), "");

  Append full = deltas(path, 7, 0, {std::string("zero\0byte", 9)});
  full.first_sequence = {123'456'789'012};
  full.deltas[0].codec = {0xFFFFFFFF};
  full.time = {1'600'000'000};  // a clock that went back is kept as it was told
  const Offset offset = appended(full).first;
  const auto page = log().read_document(*path, at[3], everything, 1).value();
  ASSERT_EQ(page.records.size(), 1u);
  EXPECT_EQ(page.records[0],
            (Record{offset, full.producer, full.first_sequence, full.time, {0xFFFFFFFF}, full.deltas[0].payload}));
  EXPECT_EQ(state(path).first_time, Seconds{1'700'000'000});
  EXPECT_EQ(state(path).last_time, full.time);
  EXPECT_EQ(state(path).records, 5u);
  EXPECT_EQ(state(path).payload_bytes, 13u);
  EXPECT_EQ(state(path).head, offset);
}

TEST_P(DeltaLogConformance, PagesADocumentByBytes) {
  const auto path = path_of("s", "d");
  std::vector<std::string> payloads;
  for (int i = 0; i < 60; ++i)
    payloads.emplace_back(static_cast<std::size_t>(i * 37 % 500), static_cast<char>('a' + i % 26));
  appended(deltas(path, 1, 0, {payloads.begin(), payloads.begin() + 25}));
  for (std::size_t i = 25; i < 60; ++i) appended(deltas(path, 1, i, {payloads[i]}));
  for (const std::size_t bytes_max : {0ul, 1ul, 600ul, 5000ul, plenty}) {
    std::vector<std::string> got;
    Offset after;
    for (bool complete = false; !complete;) {
      const auto page = log().read_document(*path, after, everything, bytes_max).value();
      std::size_t bytes_here = 0;
      for (const Record& record : page.records) {
        EXPECT_GT(record.offset, after);
        after = record.offset;
        got.emplace_back(record.payload.view());
        bytes_here += record.payload.size();
      }
      ASSERT_TRUE(!page.records.empty() || page.complete);
      EXPECT_TRUE(page.records.size() <= 1 || bytes_here <= bytes_max) << bytes_here;
      complete = page.complete;
    }
    EXPECT_EQ(got, payloads) << bytes_max;
  }
}

TEST_P(DeltaLogConformance, KeepsLargePayloadsAndManyInOneAppend) {
  const auto path = path_of("s", "d");
  std::vector<std::string> payloads(3000, "tiny");
  payloads[1000].assign(700'000, 'L');
  payloads[2000].assign(300'000, 'M');
  appended(deltas(path, 1, 0, payloads));
  const auto page = log().read_document(*path, {}, everything, plenty).value();
  ASSERT_EQ(page.records.size(), payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i) ASSERT_EQ(page.records[i].payload.view(), payloads[i]) << i;
  EXPECT_EQ(read(path, page.records[1998].offset, page.records[1999].offset),
            std::to_string(page.records[1999].offset.value) + ":1:2000:tiny");
}

TEST_P(DeltaLogConformance, EndsADocumentWithATombstone) {
  const auto path = path_of("s", "d"), neighbour = path_of("s", "e");
  Append first = deltas(path, 1, 0, {"x", "y"});
  first.notes = {{"k", bytes("v")}};
  const Offset before = appended(std::move(first)).last;
  appended(deltas(neighbour, 1, 0, {"stays"}));
  const Epoch ended = state(path).epoch;
  const Appended tombstone = appended(change(AppendKind::tombstone, path));
  EXPECT_EQ(tombstone.first, tombstone.last);
  EXPECT_GT(tombstone.first, before);
  EXPECT_EQ(state(path).life, DocumentLife::deleted);
  EXPECT_EQ(state(path).epoch, ended);
  EXPECT_EQ(state(path).head, tombstone.first);
  EXPECT_EQ(state(path).records, 0u);
  EXPECT_EQ(state(path).payload_bytes, 0u);
  EXPECT_EQ(read(path), "NOT_FOUND");
  EXPECT_EQ(log().chain(*path, everything).error().code, Code::not_found);
  EXPECT_EQ(log().find(*path, producer_of(1), {1}, {2}, 100).error().code, Code::not_found);
  EXPECT_EQ(mark(path, 1), 0u);
  EXPECT_EQ(note(path, "k"), "(none)");
  EXPECT_EQ(log().space(path->space)->documents, 1u);
  EXPECT_EQ(read(neighbour).substr(read(neighbour).rfind(':')), ":stays");
  for (const auto& refused :
       {append(deltas(path, 2, 0, {"late"}), {5}), append(change(AppendKind::tombstone, path), {6}),
        append(noting(path, "k", "late"), {7})}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::aborted);
  }
  for (const AppendKind kind : {AppendKind::tombstone, AppendKind::recreate})
    EXPECT_EQ(append(change(kind, path_of("s", "absent")), {8}).error().code, Code::aborted);
  EXPECT_EQ(append(change(AppendKind::recreate, neighbour), {9}).error().code, Code::aborted);
}

TEST_P(DeltaLogConformance, RecreatesADocumentAsANewOne) {
  const auto path = path_of("s", "d");
  Append first = deltas(path, 1, 0, {"old"});
  first.notes = {{"k", bytes("old")}};
  appended(std::move(first));
  EXPECT_NE(log().chain(*path, everything).value(), chain_start(*path));
  const Epoch old_epoch = state(path).epoch;
  appended(change(AppendKind::tombstone, path));
  const Appended opened = appended(change(AppendKind::recreate, path));
  EXPECT_EQ(opened.epoch, derive_epoch(log().incarnation(), 2));
  EXPECT_NE(opened.epoch, old_epoch);
  EXPECT_EQ(state(path).epoch, opened.epoch);
  EXPECT_EQ(state(path).life, DocumentLife::alive);
  EXPECT_EQ(state(path).head, opened.last);
  EXPECT_EQ(state(path).first_time, Seconds{});
  EXPECT_EQ(read(path), "");
  EXPECT_EQ(mark(path, 1), 0u);
  EXPECT_EQ(note(path, "k"), "(none)");
  EXPECT_EQ(log().chain(*path, everything).value(), chain_start(*path));
  Append stale = deltas(path, 1, 0, {"stale"});
  stale.epoch = old_epoch;
  EXPECT_EQ(append(std::move(stale), {5}).error().code, Code::aborted);
  const Appended again = appended(deltas(path, 1, 0, {"new"}));
  EXPECT_EQ(read(path), std::to_string(again.first.value) + ":1:1:new");
  EXPECT_EQ(log().chain(*path, everything).value(), chain_next(chain_start(*path), producer_of(1), {1}, {0}, "new"));
}

TEST_P(DeltaLogConformance, DeletesAndRecreatesWithinOneCommit) {
  const auto path = path_of("s", "d");
  std::vector<std::pair<Lane, Append>> appends;
  appends.emplace_back(Lane{1}, deltas(path, 1, 0, {"first life"}));
  appends[0].second.notes = {{"k", bytes("first")}};
  appends.emplace_back(Lane{1}, change(AppendKind::tombstone, path));
  appends.emplace_back(Lane{1}, change(AppendKind::recreate, path));
  appends[2].second.notes = {{"k", bytes("second")}};
  appends.emplace_back(Lane{1}, deltas(path, 1, 0, {"second life"}));
  appends[3].second.epoch = derive_epoch(log().incarnation(), 2);
  const auto results = append_together(std::move(appends));
  for (const auto& result : results) ASSERT_TRUE(result) << told(result);
  const auto offset = [&](std::size_t i) { return std::to_string(results[i]->first.value); };
  EXPECT_EQ(read(path), offset(3) + ":1:1:second life");
  EXPECT_EQ(note(path, "k"), "second");
  EXPECT_EQ(feed("s"), offset(1) + "-d," + offset(2) + "*d," + offset(3) + "+d=second life");
  EXPECT_EQ(state(path).records, 1u);
}

TEST_P(DeltaLogConformance, FeedsASpaceInItsOrder) {
  const auto a = path_of("s", "a"), b = path_of("s", "b");
  const auto results = append_together({{{1}, deltas(a, 1, 0, {"a1", "a2"})},
                                        {{1}, deltas(b, 1, 0, {"b1"})},
                                        {{1}, deltas(a, 1, 2, {"a3"})},
                                        {{1}, deltas(b, 1, 1, {"b2"})}});
  for (const auto& result : results) ASSERT_TRUE(result) << told(result);
  const Offset gone = appended(change(AppendKind::tombstone, b)).first;
  const Offset back = appended(change(AppendKind::recreate, b)).first;
  const Offset last = appended(deltas(b, 1, 0, {"b3"})).first;
  const auto at = [](Offset offset) { return std::to_string(offset.value); };
  EXPECT_EQ(feed("s"), at(results[0]->first) + "+a=a1," + at(results[0]->last) + "+a=a2," + at(results[2]->first) +
                           "+a=a3," + at(gone) + "-b," + at(back) + "*b," + at(last) + "+b=b3");
  EXPECT_EQ(feed("s", results[0]->first, back),
            at(results[0]->last) + "+a=a2," + at(results[2]->first) + "+a=a3," + at(gone) + "-b," + at(back) + "*b");
  EXPECT_EQ(feed("s", last), "");
  const auto entries = log().read_space(a->space, results[3]->first, everything, plenty)->entries;
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].epoch, derive_epoch(log().incarnation(), 1));
  EXPECT_EQ(entries[0].record.time, Seconds{1'700'000'500});
  EXPECT_EQ(entries[1].epoch, derive_epoch(log().incarnation(), 2));
  EXPECT_EQ(entries[2].epoch, derive_epoch(log().incarnation(), 2));
  std::string paged;
  Offset after;
  for (bool complete = false; !complete;) {
    const auto page = log().read_space(a->space, after, everything, 1).value();
    ASSERT_EQ(page.entries.size(), 1u);
    paged += (paged.empty() ? "" : ",") + told(page.entries);
    after = page.entries[0].record.offset;
    complete = page.complete;
  }
  EXPECT_EQ(paged, feed("s"));
}

TEST_P(DeltaLogConformance, FindsStoredRecordsOfAResend) {
  const auto path = path_of("s", "d");
  for (std::uint64_t i = 0; i < 20; ++i) {
    appended(deltas(path, 1, i, {"one-" + std::to_string(i + 1)}));
    appended(deltas(path, 2, i, {"two-" + std::to_string(i + 1)}));
  }
  const auto found = [&](std::uint64_t first, std::uint64_t last, std::size_t scanned_max) {
    std::string text;
    for (const Record& record : log().find(*path, producer_of(1), {first}, {last}, scanned_max).value())
      text += std::string(record.payload.view()) + " ";
    return text;
  };
  EXPECT_EQ(found(3, 5, 1000), "one-3 one-4 one-5 ");
  EXPECT_EQ(found(20, 20, 2), "one-20 ");
  EXPECT_EQ(found(20, 20, 1), "");
  EXPECT_EQ(found(17, 20, 6), "one-18 one-19 one-20 ");
  EXPECT_EQ(found(21, 30, 1000), "");
  EXPECT_EQ(found(1, ~std::uint64_t{0}, 4), "one-19 one-20 ");
  EXPECT_EQ(found(1, 20, 0), "");
  EXPECT_TRUE(log().find(*path, producer_of(3), {1}, {20}, 1000)->empty());
  EXPECT_TRUE(log().find(*path_of("s", "absent"), producer_of(1), {1}, {20}, 1000)->empty());
}

TEST_P(DeltaLogConformance, FindsTheNewestOfOneSequence) {
  const auto path = path_of("s", "d");
  for (const char* payload : {"older", "newer"}) {
    Append append = deltas(path, 1, 0, {payload});
    append.assumed_mark.reset();
    appended(std::move(append));
  }
  const auto found = log().find(*path, producer_of(1), {1}, {1}, 10).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].payload.view(), "newer");
}

TEST_P(DeltaLogConformance, ChainsWhatItStores) {
  const auto path = path_of("s", "d");
  Digest expected = chain_start(*path);
  EXPECT_EQ(log().chain(*path, everything).value(), expected);
  std::vector<std::pair<Offset, Digest>> values = {{{0}, expected}};
  for (std::uint64_t batch = 0; batch < 30; ++batch) {
    std::vector<std::string> payloads;
    for (std::uint64_t i = 0; i < 100; ++i) payloads.push_back(std::to_string(batch * 100 + i));
    const Appended stored = appended(deltas(path, 1, batch * 100, payloads));
    appended(deltas(path_of("s", "other"), 1, batch, {"gap"}));
    for (std::uint64_t i = 0; i < 100; ++i) {
      expected = chain_next(expected, producer_of(1), {batch * 100 + i + 1}, {0}, payloads[i]);
      values.emplace_back(stored.first.plus(i), expected);
    }
  }
  EXPECT_EQ(log().chain(*path, everything).value(), expected);
  const auto compare = [&] {
    for (std::size_t i = 0; i < values.size(); i += 61)
      ASSERT_EQ(log().chain(*path, values[i].first).value(), values[i].second) << i;
    ASSERT_EQ(log().chain(*path, values[100].first.next()).value(), values[100].second) << "between two records";
  };
  compare();
  under_test_->reopen();
  compare();
  EXPECT_EQ(log().chain(*path, everything).value(), expected);
  appended(change(AppendKind::tombstone, path));
  appended(change(AppendKind::recreate, path));
  EXPECT_EQ(log().chain(*path, everything).value(), chain_start(*path));
  EXPECT_EQ(log().chain(*path, values[2000].first).value(), chain_start(*path));
}

TEST_P(DeltaLogConformance, ListsSpacesAndDocumentsInByteOrder) {
  const std::vector<std::string> names = {"A",         "a",           "a b", "a/b", "a/b/c", std::string(255, 'm'),
                                          "z\xC3\xA9", "\xE6\x97\xA5"};
  for (const std::string& space : names)
    for (const std::string& document : names) appended(deltas(path_of(space, document), 1, 0, {space + document}));
  const std::string longest = std::string(1023, 'q') + "1", longest_too = std::string(1023, 'q') + "2";
  appended(deltas(path_of("a", longest), 1, 0, {"first"}));
  appended(deltas(path_of("a", longest_too), 1, 0, {"second"}));
  appended(change(AppendKind::tombstone, path_of("a", "a/b")));

  const auto spaces = [&](const std::string& after, std::size_t count) {
    std::vector<std::string> got;
    for (const SpaceName& name : log().spaces(after, count).value())
      if (name != holding_space()) got.push_back(name.text());
    return got;
  };
  EXPECT_EQ(spaces("", 100), names);
  EXPECT_EQ(spaces("a b", 2), (std::vector<std::string>{"a/b", "a/b/c"}));
  EXPECT_EQ(spaces("a a", 1), std::vector<std::string>{"a b"});
  const auto documents = log().documents(space_name("a"), "", 100).value();
  ASSERT_EQ(documents.size(), names.size() + 2);
  for (const auto& [name, state] : documents)
    EXPECT_EQ(state.life, name.text() == "a/b" ? DocumentLife::deleted : DocumentLife::alive);
  const auto some = log().documents(space_name("a"), std::string(255, 'm'), 3).value();
  ASSERT_EQ(some.size(), 3u);
  EXPECT_EQ(some[0].name.text(), longest);
  EXPECT_EQ(some[0].state.payload_bytes, 5u);
  EXPECT_EQ(some[1].name.text(), longest_too);
  EXPECT_EQ(some[2].name.text(), "z\xC3\xA9");
  EXPECT_TRUE(log().documents(space_name("absent"), "", 3)->empty());
  EXPECT_EQ(log().space(space_name("a"))->documents, names.size() + 1);
  for (const std::string& space : names)
    for (const std::string& document : names) {
      if (space == "a" && document == "a/b") continue;
      const auto page = log().read_document(*path_of(space, document), {}, everything, plenty).value();
      ASSERT_EQ(page.records.size(), 1u);
      EXPECT_EQ(page.records[0].payload.view(), space + document);
    }
}

TEST_P(DeltaLogConformance, KnowsEverythingAfterAReopen) {
  const auto kept = path_of("s", "kept"), gone = path_of("s", "gone"), reborn = path_of("s", "reborn");
  Append noted = deltas(kept, 1, 0, {"a", "b"});
  noted.notes = {{"k", bytes("v")}};
  appended(std::move(noted));
  appended(deltas(gone, 1, 0, {"x"}));
  appended(change(AppendKind::tombstone, gone));
  appended(deltas(reborn, 1, 0, {"x"}));
  appended(change(AppendKind::tombstone, reborn));
  appended(change(AppendKind::recreate, reborn));
  const StoreIncarnation incarnation = log().incarnation();
  const std::string feed_before = feed("s"), kept_before = read(kept);
  const Offset head = log().space(kept->space)->head;
  under_test_->reopen();
  EXPECT_EQ(log().incarnation(), incarnation);
  EXPECT_EQ(feed("s"), feed_before);
  EXPECT_EQ(read(kept), kept_before);
  EXPECT_EQ(read(gone), "NOT_FOUND");
  EXPECT_EQ(read(reborn), "");
  EXPECT_EQ(note(kept, "k"), "v");
  EXPECT_EQ(mark(kept, 1), 2u);
  EXPECT_EQ(log().space(kept->space)->head, head);
  const auto refused = append(deltas(kept, 1, 1, {"wrong"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::aborted);
  log().reset({1});
  EXPECT_GT(appended(deltas(kept, 1, 2, {"c"})).first, head);
  EXPECT_GT(appended(deltas(reborn, 1, 0, {"y"})).first, head);
}

}  // namespace
}  // namespace weir::storage::conformance
