// An independent check: the same random calls on the snapshots under test and on the plain ones in memory, every answer
// and everything readable compared. A failure names its seed.
#include <random>

#include "snapshots_under_test.hpp"
#include "weir/memory/memory_log.hpp"

namespace weir::storage::conformance {
namespace {

class SnapshotComparison {
 public:
  SnapshotComparison(LogUnderTest& under_test, std::uint64_t seed)
      : under_test_(under_test), oracle_({.incarnation = under_test.log().incarnation()}), random_(seed) {
    for (const char* document : {"a", "b", "c"}) paths_.push_back(path_of("random", document));
  }

  void run(int rounds) {
    for (const DocumentRef& path : paths_) change(*path);
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
      one_call();
      if (chance(30)) {
        under_test_.reopen();
        oracle_.crash();
        uploads_.clear();
      }
      if (chance(15)) compare_everything();
    }
    compare_everything();
  }

 private:
  struct Doing {
    DocumentRef path;
    SnapshotUpload here;   // the oracle's
    SnapshotUpload there;  // of the store under test
    std::string bytes;
  };

  std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
  }
  bool chance(std::uint64_t in) { return below(in) == 0; }
  SnapshotStore& here() { return oracle_.snapshots(); }
  SnapshotStore& there() { return under_test_.snapshots(); }

  void one_call() {
    const DocumentRef& path = paths_[below(paths_.size())];
    const SnapshotId id{below(6)};
    switch (below(uploads_.empty() ? 4 : 10)) {
      case 0: return change(*path);
      case 1: return begin(path);
      case 2: {
        const auto standing = static_cast<SnapshotStanding>(below(3));
        const Seconds since{below(1000)};
        const std::string by(below(3), 'b');
        return same(here().set_standing(*path, id, standing, since, by),
                    there().set_standing(*path, id, standing, since, by));
      }
      case 3: return same(here().drop(*path, id), there().drop(*path, id));
      case 4: return seal();
      case 5: {
        const std::size_t which = below(uploads_.size());
        if (!chance(4)) return;
        here().abandon(uploads_[which].here);
        there().abandon(uploads_[which].there);
        return forget(which);
      }
      default: return write();
    }
  }

  /// Gives the document a record, or ends or begins a life of it.
  void change(const DocumentPath& path) {
    Append append;
    append.path = std::make_shared<const DocumentPath>(path);
    const DocumentState state = oracle_.document(path).value();
    append.epoch = state.epoch;
    append.notes = {{"n", bytes("v")}};
    if (state.life == DocumentLife::deleted) append.kind = AppendKind::recreate;
    if (state.life == DocumentLife::alive && chance(4)) {
      append.kind = AppendKind::tombstone;
      append.notes.clear();
    }
    for (DeltaLog* log : {static_cast<DeltaLog*>(&oracle_), &under_test_.log()})
      log->append({1}, append, [](const Result<Appended>& result) { EXPECT_TRUE(result) << told(result); });
    oracle_.commit();
    under_test_.settle();
    under_test_.hold();  // with a thread of its own: everything before has been answered
    under_test_.release();
  }

  void begin(const DocumentRef& path) {
    const Epoch epoch{oracle_.document(*path)->epoch.value ^ (chance(10) ? 1 : 0)};
    const auto expected = here().begin(*path, epoch);
    const auto got = there().begin(*path, epoch);
    same(expected, got);
    if (expected && got) uploads_.push_back({path, *expected, *got, {}});
  }

  void write() {
    Doing& doing = uploads_[below(uploads_.size())];
    const std::size_t size = chance(4) ? below(2 * snapshot_part_bytes) : below(2000);
    const std::string piece = chance(2) ? text_of(size, random_()) : noise_of(size, random_());
    same(here().write(doing.here, piece), there().write(doing.there, piece));
    doing.bytes += piece;
  }

  void seal() {
    const std::size_t which = below(uploads_.size());
    const Doing& doing = uploads_[which];
    Snapshot told = about(doing.bytes, {below(5)}, chance(2) ? SnapshotId{} : SnapshotId{below(6)});
    if (chance(10)) ++told.size;
    const auto expected = here().seal(doing.here, told);
    const auto got = there().seal(doing.there, told);
    same(expected, got);
    if (expected && got) {
      EXPECT_EQ(*got, *expected);
    }
    forget(which);
  }
  void forget(std::size_t which) { uploads_.erase(uploads_.begin() + static_cast<std::ptrdiff_t>(which)); }

  template <class T>
  void same(const Result<T>& expected, const Result<T>& got) {
    EXPECT_EQ(outcome(got), outcome(expected)) << (got ? "" : got.error().message);
  }

  void compare_everything() {
    for (const DocumentRef& path : paths_) {
      const auto expected = here().list(*path), got = there().list(*path);
      same(expected, got);
      if (!expected || !got) continue;
      ASSERT_EQ(*got, *expected);
      for (const Snapshot& snapshot : *expected) {
        const std::uint64_t position = chance(2) ? 0 : below(snapshot.size + 1);
        const auto bytes = read_all(there(), *path, snapshot.id, position, chance(2));
        ASSERT_TRUE(bytes) << bytes.error().message;
        ASSERT_TRUE(*bytes == read_all(here(), *path, snapshot.id, position, false).value());
      }
    }
  }

  LogUnderTest& under_test_;
  MemoryLog oracle_;
  std::mt19937_64 random_;
  std::vector<DocumentRef> paths_;
  std::vector<Doing> uploads_;
};

TEST_P(SnapshotConformance, AgreeWithThePlainOnesOnRandomCalls) {
  for (std::uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    open(plenty);
    SnapshotComparison(*under_test_, seed).run(300);
  }
}

}  // namespace
}  // namespace weir::storage::conformance
