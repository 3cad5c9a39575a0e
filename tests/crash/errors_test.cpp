// A full disk, a failed fsync, a disk that fails altogether: what is refused, what goes on, and what is there
// afterwards.
#include <pthread.h>

#include <array>
#include <future>

#include "machine.hpp"

namespace weir::storage::crash {
namespace {

constexpr int steps = 60;
constexpr std::uint64_t always = ~std::uint64_t{0};

class Errors : public testing::Test {
 protected:
  static bool is_sync(Operation operation, const std::string&) { return operation == Operation::sync; }
  static bool is_wal(const std::string& file) { return file.ends_with(".log"); }

  /// Resets the lane first, and waits.
  static Result<Appended> append_note(Machine& machine) {
    Append append;
    append.path = std::make_shared<const DocumentPath>(
        DocumentPath{SpaceName::parse("elsewhere").value(), DocumentName::parse("d").value()});
    append.epoch = machine.model().epoch(1);
    append.notes = {{"n", SharedBytes::copy("v")}};
    std::promise<Result<Appended>> done;
    machine.log().reset({9});
    machine.log().append({9}, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }

  /// RocksDB 7.8, built with assertions, ends the process when a compaction fails after it has begun a table
  /// (SubcompactionState::SmallestUserKey). A restart is what such a failure asks for; but a test cannot go on from it.
  static bool is_compaction() {
    std::array<char, 16> name{};
    static_cast<void>(::pthread_getname_np(::pthread_self(), name.data(), name.size()));
    return std::string_view(name.data()).starts_with("rocksdb:low");
  }

  static void expect_the_end_of_writing(Machine& machine) {
    EXPECT_EQ(machine.model().refused(), Code::unavailable) << "after a failed fsync";
    machine.disk().heal();
    for (int i = 0; i < 3; ++i) {
      const auto refused = append_note(machine);
      ASSERT_FALSE(refused) << "an append succeeded after a failed fsync";
      EXPECT_EQ(refused.error().code, Code::unavailable);
      EXPECT_NE(refused.error().message.find("restart"), std::string::npos);
    }
    EXPECT_FALSE(machine.store_snapshot()) << "a snapshot was stored after a failed fsync";
    EXPECT_TRUE(machine.log().counters().broken);
    EXPECT_EQ(machine.troubles().back(), Trouble::failed);
    machine.check();
  }

  /// The machine works with `plan` in force until an append is refused. False when the plan was never met.
  static bool work_until_refused(Machine& machine, FaultPlan plan) {
    machine.start();
    machine.disk().inject(std::move(plan));
    for (int step = 0; step < steps; ++step)
      if (!machine.work(1)) return true;
    if (machine.disk().injected() == 0) return false;
    // It failed behind everybody's back, as a flush or a merge does: the next appends must notice.
    for (int step = 0; step < 2 * steps; ++step)
      if (!machine.work(1)) return true;
    ADD_FAILURE() << "appends go on after a failure";
    return true;
  }
};

TEST_F(Errors, AFailedFsyncOfTheLogIsFinal) {
  const auto matches = [](Operation operation, const std::string& file) {
    return is_sync(operation, file) && is_wal(file);
  };
  std::uint64_t at = 1;
  for (;; at += 5) {
    SCOPED_TRACE("sync " + std::to_string(at) + " of the write-ahead log");
    Machine machine(at);
    if (!work_until_refused(machine, {.from = at, .matches = matches})) break;
    expect_the_end_of_writing(machine);
    machine.restart_after_power_loss(at);
    EXPECT_TRUE(machine.work(3));
    machine.check();
    if (HasFailure()) return;
  }
  EXPECT_GT(at, 40u);
}

TEST_F(Errors, AFailedFsyncOfATableIsFinal) {
  const auto matches = [](Operation operation, const std::string& file) {
    return is_sync(operation, file) && !is_wal(file) && !is_compaction();
  };
  std::uint64_t at = 1;
  for (;; at += 7) {
    SCOPED_TRACE("sync " + std::to_string(at) + " of other files");
    Machine machine(at);
    if (!work_until_refused(machine, {.from = at, .matches = matches})) break;
    expect_the_end_of_writing(machine);
    machine.restart_after_power_loss(at);
    EXPECT_TRUE(machine.work(3));
    machine.check();
    if (HasFailure()) return;
  }
  EXPECT_GT(at, 14u);
}

/// From some operation on nothing but reading works any more; then the power goes, and the disk is replaced.
TEST_F(Errors, ADiskThatFailsAltogetherTakesNothingAcknowledgedWithIt) {
  // Not the creation of a write-ahead log: RocksDB 7.8, built with assertions, ends the process on closing after that.
  const auto matches = [](Operation operation, const std::string& file) {
    return operation != Operation::read && operation != Operation::open &&
           !(operation == Operation::create && is_wal(file)) && !is_compaction();
  };
  std::uint64_t at = 1;
  for (;; at += 23) {
    SCOPED_TRACE("from operation " + std::to_string(at));
    Machine machine(at);
    const Fault fault = at % 3 == 0 ? Fault::short_write : at % 3 == 1 ? Fault::io_error : Fault::no_space;
    if (!work_until_refused(machine, {.fault = fault, .from = at, .count = always, .matches = matches})) break;
    machine.check();  // reading goes on
    machine.restart_after_power_loss(at);
    EXPECT_TRUE(machine.work(3));
    machine.check();
    if (HasFailure()) return;
  }
  EXPECT_GT(at, 200u);
}

TEST_F(Errors, AFullDiskRefusesWritesServesReadsAndPasses) {
  // Some end while the write-ahead log grows, some while tables are flushed or compacted.
  for (std::uint64_t room = 0; room < 60'000; room += room < 3'000 ? 701 : 5'501) {
    SCOPED_TRACE("room for " + std::to_string(room) + " bytes");
    Machine machine(room + 1);
    machine.start();
    machine.disk().set_room(room);
    ASSERT_FALSE(machine.work(steps));
    EXPECT_EQ(machine.model().refused(), Code::resource_exhausted);
    EXPECT_TRUE(machine.log().counters().disk_full);
    EXPECT_EQ(machine.troubles(), std::vector{Trouble::full}) << "told once";
    EXPECT_EQ(append_note(machine).error().code, Code::resource_exhausted);
    EXPECT_FALSE(machine.store_snapshot());
    machine.check();
    machine.disk().set_room(always);
    for (;;) {  // the log tries again now and then, when somebody appends
      machine.workload().reset_lanes(machine.log(), machine.model());
      if (machine.work(1)) break;
      ASSERT_NE(machine.model().refused(), Code::unavailable) << "a full disk is not the end";
    }
    EXPECT_FALSE(machine.log().counters().disk_full);
    EXPECT_EQ(machine.troubles().back(), Trouble::none);
    EXPECT_TRUE(machine.store_snapshot());
    EXPECT_TRUE(machine.work(5));
    machine.check();
    machine.restart_after_power_loss(room);
    EXPECT_TRUE(machine.work(3));
    machine.check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::storage::crash
