// What only the log in memory can do: forget, fail and go back in time on command.
#include "log_under_test.hpp"
#include "weir/memory/memory_log.hpp"

namespace weir::storage::conformance {
namespace {

class MemoryCrash : public testing::Test {
 protected:
  void append(std::uint64_t mark, const std::string& payload, Lane lane = {1}) {
    Append append;
    append.path = path_;
    append.epoch = log_.document(*path_)->epoch;
    append.producer = producer_of(1);
    append.first_sequence = {mark + 1};
    append.assumed_mark = Sequence{mark};
    append.deltas = {{{0}, bytes(payload)}};
    log_.append(lane, std::move(append), [this](const Result<Appended>& result) {
      told_ += result ? "stored " : std::string(name(result.error().code)) + " ";
    });
  }
  std::string told() { return std::exchange(told_, ""); }
  std::string stored() {
    std::string text;
    const auto page = log_.read_document(*path_, {}, {~std::uint64_t{0}}, 1 << 20);
    for (const Record& record : page->records) text += record.payload.view();
    return text;
  }

  const DocumentRef path_ = path_of("s", "d");
  MemoryLog log_{{.incarnation = {}}};
  std::string told_;
};

TEST_F(MemoryCrash, ForgetsWhatWasNotDurable) {
  append(0, "a");
  append(1, "b");
  append(2, "c");
  EXPECT_EQ(stored(), "");
  EXPECT_EQ(log_.commit(1), 1u);
  EXPECT_EQ(told(), "stored ");
  EXPECT_EQ(log_.make_durable(1), 1u);
  EXPECT_EQ(log_.pending_completions(), 1u);
  EXPECT_EQ(log_.queued(), 1u);
  log_.crash();
  EXPECT_EQ(log_.commit(), 0u);
  EXPECT_EQ(told(), "") << "nobody is told after a crash";
  EXPECT_EQ(stored(), "ab") << "durable, though never acknowledged";
  append(2, "c");
  log_.commit();
  EXPECT_EQ(stored(), "abc");
}

TEST_F(MemoryCrash, FailsACommitThatFindsTheDiskFull) {
  append(0, "a");
  append(1, "b");
  append(5, "wrong", {2});
  log_.inject_failure(Code::resource_exhausted);
  log_.commit();
  EXPECT_EQ(told(), "RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED ABORTED ");
  append(0, "a");
  log_.commit();
  EXPECT_EQ(told(), "ABORTED ");
  log_.reset({1});
  append(0, "a");
  log_.commit();
  EXPECT_EQ(told(), "stored ");
  EXPECT_EQ(stored(), "a");
}

TEST_F(MemoryCrash, IsDoneForAfterAFailedFsync) {
  for (const auto afterwards : {MemoryLog::Afterwards::lost, MemoryLog::Afterwards::stored}) {
    append(0, "a");
    log_.inject_failure(Code::unavailable, afterwards);
    log_.commit();
    log_.reset({1});
    append(0, "a");
    log_.commit();
    EXPECT_EQ(told(), "UNAVAILABLE UNAVAILABLE ");
    EXPECT_EQ(stored(), "");
    log_.crash();
    EXPECT_EQ(stored(), afterwards == MemoryLog::Afterwards::stored ? "a" : "");
  }
  append(1, "b");
  log_.commit();
  EXPECT_EQ(stored(), "ab");
}

TEST_F(MemoryCrash, GoesBackToABackup) {
  append(0, "a");
  log_.commit();
  const MemoryState backup = log_.backup();
  const Epoch before = log_.document(*path_)->epoch;
  append(1, "b");
  log_.commit();
  log_.restore(backup);
  EXPECT_EQ(stored(), "a");
  EXPECT_EQ(log_.document(*path_)->epoch, before);
  EXPECT_EQ(log_.mark(*path_, producer_of(1)).value()->sequence, Sequence{1});
  StoreIncarnation other;
  other.bytes.fill(std::byte{9});
  log_.set_incarnation(other);
  EXPECT_EQ(stored(), "a");
  EXPECT_EQ(log_.document(*path_)->epoch, derive_epoch(other, 1));
  EXPECT_FALSE(log_.mark(*path_, producer_of(1)).value()) << "marks belong to an epoch";
  append(0, "full state");
  log_.commit();
  EXPECT_EQ(stored(), "afull state");
}

TEST_F(MemoryCrash, ForgetsWhatWasNotSealed) {
  append(0, "a");
  log_.commit();
  SnapshotStore& store = log_.snapshots();
  const auto upload = [&](const std::string& text) {
    const SnapshotUpload begun = store.begin(*path_, log_.document(*path_)->epoch).value();
    EXPECT_TRUE(store.write(begun, text));
    return begun;
  };
  const auto seal = [&](SnapshotUpload begun, const std::string& text) {
    Snapshot about;
    about.size = text.size();
    about.hash = sha256(text);
    const auto sealed = store.seal(begun, about);
    return sealed ? std::to_string(sealed->id.value) : std::string(name(sealed.error().code));
  };
  EXPECT_EQ(seal(upload("one"), "one"), "1");
  const SnapshotUpload open = upload("two");
  log_.crash();
  EXPECT_EQ(store.list(*path_)->size(), 1u);
  EXPECT_EQ(seal(open, "two"), "NOT_FOUND");
  const MemoryState backup = log_.backup();
  EXPECT_EQ(seal(upload("two"), "two"), "2");
  const SnapshotUpload broken = upload("three");
  append(1, "b");
  log_.inject_failure(Code::unavailable);
  log_.commit();
  EXPECT_EQ(seal(broken, "three"), "UNAVAILABLE");
  EXPECT_EQ(store.drop(*path_, {1}).error().code, Code::unavailable);
  EXPECT_EQ(store.list(*path_)->size(), 2u);
  log_.crash();
  EXPECT_EQ(store.list(*path_)->size(), 2u);
  log_.restore(backup);
  EXPECT_EQ(store.list(*path_)->size(), 1u);
  EXPECT_EQ(store.read(*path_, {1}, 0, false)->bytes.view(), "one");
}

}  // namespace
}  // namespace weir::storage::conformance
