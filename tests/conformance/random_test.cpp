// An independent check: the same random operations on the log under test and on the plain one in memory, every answer
// and everything readable compared. A failure names its seed.
#include <future>
#include <random>

#include "log_under_test.hpp"
#include "weir/memory/memory_log.hpp"
#include "weir/packing/reader.hpp"

namespace weir::storage::conformance {
namespace {

class Comparison {
 public:
  Comparison(LogUnderTest& under_test, std::uint64_t seed)
      : under_test_(under_test), oracle_({.incarnation = under_test.log().incarnation()}), random_(seed) {
    for (const char* space : {"one", "two/three"})
      for (const char* document : {"a", "b", "c d"}) paths_.push_back(path_of(space, document));
  }

  void run(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      commit_some();
      if (testing::Test::HasFailure()) return;
      if (chance(4)) compare_everything();
      if (chance(12)) {
        under_test_.reopen();
        oracle_.crash();  // nothing is queued; lanes are as new
        compare_everything();
      }
    }
    compare_everything();
  }

 private:
  struct Doing {
    Result<Appended> expected = Appended{};
    std::promise<Result<Appended>> got;
    SpaceName space;
  };

  std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
  }
  bool chance(std::uint64_t in) { return below(in) == 0; }
  const DocumentRef& any_path() { return paths_[below(paths_.size())]; }

  /// What the hub would believe, most of the time: the state that the oracle is in right now.
  Append any_append() {
    Append append;
    append.path = any_path();
    append.epoch = oracle_.document(*append.path)->epoch;
    if (chance(40)) append.epoch.value ^= 1;
    append.time = {1'700'000'000 + (time_ += below(3))};
    append.principal = "principal-" + std::to_string(below(3));
    if (chance(12)) append.kind = AppendKind::tombstone;
    if (oracle_.document(*append.path)->life == DocumentLife::deleted && !chance(4)) append.kind = AppendKind::recreate;
    if (append.kind == AppendKind::deltas && chance(10)) return cut(std::move(append));
    if (append.kind != AppendKind::tombstone && chance(4))
      append.notes.push_back({"note-" + std::to_string(below(3)), bytes(std::to_string(below(1000)))});
    if (append.kind != AppendKind::deltas || (!append.notes.empty() && chance(3))) return append;
    append.producer = producer_of(static_cast<int>(below(3)) + 1);
    const auto mark = oracle_.mark(*append.path, append.producer).value();
    const std::uint64_t last = mark ? mark->sequence.value : 0;
    if (!chance(6)) append.assumed_mark = Sequence{chance(30) ? last + 1 : last};
    append.first_sequence = {last + 1 + (chance(20) ? below(100) : 0)};
    for (std::uint64_t left = 1 + below(chance(10) ? 200 : 4); left > 0; --left) {
      const std::size_t size = chance(50) ? below(100'000) : below(40);
      append.deltas.push_back({{below(3)}, bytes(std::string(size, static_cast<char>('a' + below(26))))});
    }
    return append;
  }

  /// At an offset whose number in the log under test is known already.
  Append cut(Append append) {
    append.kind = AppendKind::cut;
    const Offset head = oracle_.document(*append.path)->head;
    append.cut = chance(30) ? head.plus(1'000'000) : Offset{below(head.value + 1)};
    const auto& known = offsets_[append.path->space];
    if (append.cut <= head) append.cut = known.empty() ? Offset{} : std::min(append.cut, known.rbegin()->first);
    if (const auto prefix = oracle_.prefix(*append.path, append.cut)) {
      append.cut_chain = prefix->chain;
      append.cut_records = prefix->records;
      append.cut_payload_bytes = prefix->payload_bytes;
    }
    return append;
  }

  void commit_some() {
    std::deque<Doing> doing;
    under_test_.hold();
    for (std::uint64_t left = 1 + below(12); left > 0; --left) {
      const Lane lane{1 + below(2)};
      if (chance(5)) {
        oracle_.reset(lane);
        under_test_.log().reset(lane);
      }
      Append append = any_append();
      Doing& one = doing.emplace_back();
      one.space = append.path->space;
      oracle_.append(lane, append, [&one](Result<Appended> result) { one.expected = std::move(result); });
      if (append.kind == AppendKind::cut && append.cut.value < 1'000'000) append.cut = there(one.space, append.cut);
      under_test_.log().append(lane, append, [&one](Result<Appended> result) { one.got.set_value(std::move(result)); });
      oracle_
          .commit();  // so that what is made up next fits what came before, though the other log commits them together
    }
    under_test_.release();
    under_test_.settle();
    for (Doing& one : doing) compare(one);
  }

  void compare(Doing& one) {
    const Result<Appended> got = one.got.get_future().get();
    ASSERT_EQ(got.has_value(), one.expected.has_value()) << told(got) << " instead of " << told(one.expected);
    if (!got) {
      ASSERT_EQ(got.error().code, one.expected.error().code) << told(got) << " instead of " << told(one.expected);
      return;
    }
    ASSERT_EQ(got->epoch, one.expected->epoch);
    ASSERT_EQ(got->last.value - got->first.value, one.expected->last.value - one.expected->first.value);
    for (std::uint64_t i = 0; one.expected->first != Offset{} && one.expected->first.plus(i) <= one.expected->last; ++i)
      offsets_[one.space][one.expected->first.plus(i)] = got->first.plus(i);
  }

  /// The oracle's offset as the log under test numbered it: gaps may differ.
  Offset there(const SpaceName& space, Offset here) {
    const auto& known = offsets_[space];
    const auto at = known.upper_bound(here);
    return at == known.begin() ? Offset{} : std::prev(at)->second;
  }
  Offset any_offset(const SpaceName& space) { return {below(oracle_.space(space)->head.value + 2)}; }

  void compare_everything() {
    for (const DocumentRef& path : paths_) {
      compare_state(*path);
      if (oracle_.document(*path)->life != DocumentLife::alive) continue;
      compare_reading(*path);
      compare_finding(*path);
    }
    for (const char* space : {"one", "two/three"}) compare_space(space_name(space));
  }

  void compare_state(const DocumentPath& path) {
    const DocumentState expected = oracle_.document(path).value(), got = under_test_.log().document(path).value();
    ASSERT_EQ(got.life, expected.life);
    ASSERT_EQ(got.epoch, expected.epoch);
    ASSERT_EQ(got.head, there(path.space, expected.head));
    ASSERT_EQ(got.records, expected.records);
    ASSERT_EQ(got.payload_bytes, expected.payload_bytes);
    ASSERT_EQ(got.first_time, expected.first_time);
    ASSERT_EQ(got.last_time, expected.last_time);
    ASSERT_EQ(got.cut, there(path.space, expected.cut));
    ASSERT_EQ(got.cut_records, expected.cut_records);
    ASSERT_EQ(got.cut_payload_bytes, expected.cut_payload_bytes);
    for (int producer = 1; producer <= 3; ++producer)
      ASSERT_EQ(under_test_.log().mark(path, producer_of(producer)).value(),
                oracle_.mark(path, producer_of(producer)).value());
    for (const char* key : {"note-0", "note-1", "note-2"})
      ASSERT_EQ(under_test_.log().note(path, key).value(), oracle_.note(path, key).value());
  }

  void compare_reading(const DocumentPath& path) {
    const Offset after = any_offset(path.space), upto = chance(2) ? Offset{~std::uint64_t{0}} : any_offset(path.space);
    auto expected = oracle_.read_document(path, after, upto, std::size_t{1} << 30)->records;
    for (Record& record : expected) record.offset = there(path.space, record.offset);
    const Offset there_upto = upto.value == ~std::uint64_t{0} ? upto : there(path.space, upto);
    std::vector<Record> got, got_packed;
    Offset at = there(path.space, after);
    for (bool complete = false; !complete;) {
      const auto page = under_test_.log().read_document(path, at, there_upto, below(3000)).value();
      ASSERT_TRUE(page.complete || !page.records.empty());
      ASSERT_EQ(page.cut, cut_after(path, at));
      got.insert(got.end(), page.records.begin(), page.records.end());
      if (!page.records.empty()) at = page.records.back().offset;
      complete = page.complete;
    }
    ASSERT_EQ(got, expected);
    read_packed(path, there(path.space, after), there_upto, got_packed);
    ASSERT_EQ(got_packed, expected);
    compare_prefix(path, after);
  }

  /// What a page that begins at `at` says of a cut.
  Offset cut_after(const DocumentPath& path, Offset at) {
    const Offset cut = there(path.space, oracle_.document(path)->cut);
    return at < cut ? cut : Offset{};
  }

  void compare_prefix(const DocumentPath& path, Offset at) {
    const Offset there_at = there(path.space, at);
    const auto got = under_test_.log().prefix(path, there_at), expected = oracle_.prefix(path, at);
    ASSERT_EQ(got.has_value(), expected.has_value()) << there_at.value;
    const auto chain = under_test_.log().chain(path, there_at);
    if (!expected) {
      ASSERT_EQ(got.error().code, expected.error().code);
      ASSERT_EQ(chain.error().code, expected.error().code);
      return;
    }
    ASSERT_EQ(chain.value(), expected->chain);
    ASSERT_EQ(got->chain, expected->chain);
    ASSERT_EQ(got->last, there(path.space, expected->last));
    ASSERT_EQ(got->records, expected->records);
    ASSERT_EQ(got->payload_bytes, expected->payload_bytes);
  }

  /// Unpacks what comes in packs, and looks at how they come.
  void read_packed(const DocumentPath& path, Offset at, Offset upto, std::vector<Record>& got) {
    const DeltaLog& log = under_test_.log();
    const std::size_t pack_bytes_max = chance(3) ? 0 : chance(2) ? below(400) : 1 << 20;
    for (bool complete = false; !complete;) {
      auto page = log.read_packed(path, at, upto, below(3000), pack_bytes_max).value();
      ASSERT_TRUE(page.complete || page.pack || !page.records.empty());
      ASSERT_EQ(page.cut, cut_after(path, at));
      if (page.pack) {
        ASSERT_TRUE(page.records.empty());
        ASSERT_LE(page.pack->bytes.size(), pack_bytes_max);
        page.records = packing::unpack(page.pack->bytes).value();
        ASSERT_EQ(page.pack->first, page.records.front().offset);
        ASSERT_EQ(page.pack->last, page.records.back().offset);
        ASSERT_GT(page.pack->first, at);
        ASSERT_EQ(packing::inspect(page.pack->bytes.view())->chain, log.chain(path, page.pack->last).value());
      }
      got.insert(got.end(), page.records.begin(), page.records.end());
      if (!page.records.empty()) at = page.records.back().offset;
      complete = page.complete;
    }
  }

  void compare_finding(const DocumentPath& path) {
    const ProducerId producer = producer_of(static_cast<int>(below(4)));
    const Sequence first{below(50)}, last{first.value + below(50)};
    const std::size_t scanned_max = below(100);
    auto expected = oracle_.find(path, producer, first, last, scanned_max).value();
    for (Record& record : expected) record.offset = there(path.space, record.offset);
    ASSERT_EQ(under_test_.log().find(path, producer, first, last, scanned_max).value(), expected);
  }

  void compare_space(const SpaceName& space) {
    const SpaceState expected_state = oracle_.space(space).value(), got_state = under_test_.log().space(space).value();
    ASSERT_EQ(got_state.head, there(space, expected_state.head));
    ASSERT_EQ(got_state.documents, expected_state.documents);
    compare_order(space);
    const auto listed = under_test_.log().documents(space, "", 100).value(),
               known = oracle_.documents(space, "", 100).value();
    ASSERT_EQ(listed.size(), known.size());
    for (std::size_t i = 0; i < known.size(); ++i) ASSERT_EQ(listed[i].name, known[i].name);
  }

  /// All but the cuts is the same. Where those stand depends on how a log puts records together; but each tells the
  /// truth, and nobody misses the last.
  void compare_order(const SpaceName& space) {
    const Offset after = any_offset(space);
    auto expected = oracle_.read_space(space, after, {~std::uint64_t{0}}, std::size_t{1} << 30)->entries;
    std::erase_if(expected, [](const FeedEntry& entry) { return entry.kind == AppendKind::cut; });
    std::map<DocumentName, Offset> cut_to;
    std::size_t next = 0;
    Offset at = there(space, after);
    for (bool complete = false; !complete;) {
      const auto page = under_test_.log().read_space(space, at, {~std::uint64_t{0}}, below(3000)).value();
      ASSERT_TRUE(page.complete || !page.entries.empty());
      for (const FeedEntry& entry : page.entries) {
        ASSERT_GT(entry.record.offset, at);
        at = entry.record.offset;
        if (entry.kind == AppendKind::cut) {
          cut_to[entry.document] = at;
          ASSERT_EQ(entry.epoch, oracle_.document({space, entry.document})->epoch);
          continue;
        }
        ASSERT_LT(next, expected.size());
        Record record = expected[next].record;
        record.offset = there(space, record.offset);
        ASSERT_EQ(entry.record, record);
        ASSERT_EQ(entry.kind, expected[next].kind);
        ASSERT_EQ(entry.document, expected[next].document);
        ASSERT_EQ(entry.epoch, expected[next].epoch);
        ++next;
      }
      complete = page.complete;
    }
    ASSERT_EQ(next, expected.size());
    const auto known = oracle_.documents(space, "", 100).value();
    for (const auto& [name, state] : known)
      ASSERT_EQ(cut_to[name], state.cut > after ? there(space, state.cut) : Offset{}) << name.text();
  }

  LogUnderTest& under_test_;
  MemoryLog oracle_;
  std::mt19937_64 random_;
  std::vector<DocumentRef> paths_;
  std::map<SpaceName, std::map<Offset, Offset>> offsets_;
  std::uint64_t time_ = 0;
};

TEST_P(DeltaLogConformance, AgreesWithThePlainLogOnRandomOperations) {
  for (std::uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    open(plenty);
    Comparison(*under_test_, seed).run(60);
  }
}

}  // namespace
}  // namespace weir::storage::conformance
