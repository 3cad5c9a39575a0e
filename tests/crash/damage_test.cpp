// Reads that fail, and bits that flip, on the way from the disk or on the disk itself: what is served is what was
// stored, or an error. Never other bytes.
#include <random>
#include <thread>

#include "machine.hpp"

namespace weir::storage::crash {
namespace {

constexpr int steps = 240;
constexpr std::uint64_t always = ~std::uint64_t{0};
/// A step submits no more, and its appends may all be in the last commit: from a flipped bit there nobody can tell a
/// write that was cut short.
constexpr std::size_t appends_of_a_step_max = 6;
/// One flush makes a table of at least two column families, as every step stores records: fewer than three flushes, and
/// the one of the opening, are fewer than four, which are merged.
constexpr std::uint64_t unmerged_min = 3, unmerged_max = 5;

class Damage : public testing::Test {
 protected:
  /// A store with tables, merged ones too, and something in its write-ahead log; but not with so many that RocksDB
  /// would merge them when it is opened, whatever the background was late with here. It rests for a second when it has
  /// met damage then; and RocksDB 7.8 ends the process where ranges were deleted in tables that are not merged and
  /// damaged.
  void SetUp() override {
    machine_.start();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(machine_.work(steps));
    ASSERT_GT(machine_.snapshot_model().effects(), 5u);
    do {
      ASSERT_TRUE(machine_.log().reclaim());
      while (unmerged_tables() < unmerged_min) ASSERT_TRUE(machine_.work(1));
      while (is_flushing()) std::this_thread::yield();
    } while (unmerged_tables() > unmerged_max);
    machine_.stop();
    image_ = machine_.disk().contents();
  }

  std::uint64_t unmerged_tables() { return machine_.log().figures().engine.table_files[0]; }
  bool is_flushing() {
    const EngineFigures engine = machine_.log().figures().engine;
    return engine.flushes_pending + engine.flushes_running + engine.compactions_pending + engine.compactions_running >
           0;
  }
  static bool is_read(Operation operation, const std::string&) { return operation == Operation::read; }
  static void expect_an_error_that_says_so(const std::optional<Code>& code, const std::string& what) {
    EXPECT_TRUE(code == Code::data_loss || code == Code::unavailable) << what;
  }

  /// Reads everything while the plan is in force. False when it was never met.
  bool read_under(FaultPlan plan) {
    machine_.insert(image_);
    machine_.disk().inject(std::move(plan));
    const auto opened = machine_.open();
    if (!opened) {
      expect_an_error_that_says_so(opened.error().code, opened.error().message);
    } else if (const auto difference = machine_.model().compare_damaged(machine_.log(), appends_of_a_step_max)) {
      expect_an_error_that_says_so(difference->refused, difference->what);
    } else if (const auto snapshots =
                   machine_.snapshot_model().compare_damaged(machine_.log(), machine_.log().snapshots())) {
      expect_an_error_that_says_so(snapshots->refused, snapshots->what);
    }
    const bool met = machine_.disk().injected() > 0;
    machine_.disk().heal();
    machine_.stop();
    return met;
  }

  /// At the first read, and every `step` reads further, until there is none. How many there are is up to what RocksDB
  /// does in the background, so one round without a fault does not mean that the next would have none.
  void expect_met_at_many_reads(Fault fault, std::uint64_t step) {
    constexpr int misses_max = 5;
    std::uint64_t met = 0;
    int misses = 0;
    for (std::uint64_t at = 1; misses < misses_max && !HasFailure(); at += step) {
      SCOPED_TRACE("read " + std::to_string(at));
      if (read_under({.fault = fault, .from = at, .matches = is_read})) {
        met = at;
        misses = 0;
      } else {
        ++misses;
      }
    }
    EXPECT_GT(met, 60u);
  }

  Machine machine_{1};
  Image image_;
};

TEST_F(Damage, AReadThatFailsIsAnErrorAndPasses) {
  expect_met_at_many_reads(Fault::io_error, 3);
  // Once it is opened, an error of the disk leaves no trace: the same log reads on when the disk does.
  machine_.insert(image_);
  ASSERT_TRUE(machine_.open());
  machine_.disk().inject({.fault = Fault::io_error, .count = always, .matches = is_read});
  const auto difference = machine_.model().compare(machine_.log());
  ASSERT_TRUE(difference) << "everything was in memory";
  expect_an_error_that_says_so(difference->refused, difference->what);
  machine_.disk().heal();
  machine_.check();
}

TEST_F(Damage, ABitThatFlipsOnTheWayIsNeverServed) { expect_met_at_many_reads(Fault::flipped_bit, 1); }

TEST_F(Damage, AFlippedBitOnTheDiskIsNeverServed) {
  std::mt19937_64 random(1);
  // Not the MANIFEST: RocksDB takes damage among its last edits for a torn end, and opens without them.
  const auto matters = [](const std::string& path) {
    return path.ends_with(".log") || path.ends_with(".sst") || path.ends_with("/CURRENT");
  };
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : image_.files)
    if (matters(path) && !bytes.empty()) paths.push_back(path);
  ASSERT_GT(paths.size(), 5u);
  const Image whole = image_;
  for (int round = 0; round < 600 && !HasFailure(); ++round) {
    image_ = whole;
    const std::string& path = paths[random() % paths.size()];
    std::string& bytes = image_.files.at(path);
    const std::size_t bit = random() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    SCOPED_TRACE("round " + std::to_string(round) + ": bit " + std::to_string(bit) + " of " + path);
    read_under({.from = always});
  }
}

TEST_F(Damage, ATableThatEndsEarlyIsNeverServed) {
  const Image whole = image_;
  std::mt19937_64 random(2);
  for (const auto& [path, bytes] : whole.files) {
    if (!path.ends_with(".sst")) continue;
    SCOPED_TRACE(path);
    image_ = whole;
    image_.files.at(path).resize(random() % bytes.size());
    read_under({.from = always});
    image_.files.erase(path);
    read_under({.from = always});
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::storage::crash
