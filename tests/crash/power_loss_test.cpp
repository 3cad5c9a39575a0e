// The power goes at every I/O operation of a workload, and again at every one of the opening after it. Whatever was
// acknowledged is there, once, in order, with its marks, notes and chain; what was not is there whole or not at all.
//
// WEIR_CRASH_ROUNDS=20 runs twenty workloads instead of one, WEIR_CRASH_SEED=7 begins with another,
// WEIR_CRASH_OUT_OF_ORDER=1 lets sectors in the middle of what was not synced be missing (see docs/testing.md).
#include <cstdlib>

#include "machine.hpp"

namespace weir::storage::crash {
namespace {

constexpr int steps = 60;
constexpr std::uint64_t parts = 4;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class PowerLoss : public testing::TestWithParam<std::uint64_t> {
 protected:
  /// Runs until the power goes at operation `at`. Empty: there was no such operation.
  static std::unique_ptr<Machine> crashed(std::uint64_t seed, std::uint64_t at) {
    const bool out_of_order = std::getenv("WEIR_CRASH_OUT_OF_ORDER") != nullptr;
    auto machine = std::make_unique<Machine>(
        seed, out_of_order ? SimulatedDisk::Tearing::out_of_order : SimulatedDisk::Tearing::at_the_end);
    machine->insert({});
    machine->disk().crash_at(at, seed * 1'000'003 + at);
    EXPECT_TRUE(machine->open());  // it cannot tell that the power is gone
    if (machine->has_model()) {
      EXPECT_TRUE(machine->work(steps));
    }
    machine->stop();
    if (!machine->disk().crashed()) return nullptr;
    return machine;
  }

  static void recover(Machine& machine) {
    const std::uint64_t before = machine.has_model() ? machine.model().acknowledged() : 0;
    machine.restart_after_power_loss();
    if (HasFatalFailure()) return;
    machine.stop();
    machine.check_files();
    const auto opened = machine.open();
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(machine.work(3));
    EXPECT_GT(machine.model().acknowledged(), before) << "appending does not go on";
    machine.check();
    if (HasFatalFailure()) return;
    machine.restart_after_power_loss(before);
  }
};

TEST_P(PowerLoss, AtEveryOperation) {
  const std::uint64_t first = number_from("WEIR_CRASH_SEED", 1), rounds = number_from("WEIR_CRASH_ROUNDS", 1);
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    std::uint64_t at = 1 + GetParam(), snapshot_effects = 0;
    for (;; at += parts) {
      const auto machine = crashed(seed, at);
      if (machine == nullptr) break;
      SCOPED_TRACE("seed " + std::to_string(seed) + ", the power went at operation " + std::to_string(at) + ": " +
                   machine->disk().told(at));
      if (machine->has_model()) snapshot_effects = machine->snapshot_model().effects();
      recover(*machine);
      if (HasFailure()) return;
    }
    EXPECT_GT(snapshot_effects, 5u) << "the workload does too little with snapshots";
    RecordProperty("operations_" + std::to_string(seed), std::to_string(at));
    EXPECT_GT(at, 300u) << "the workload does too little";
  }
}

/// Once more at every operation of the opening that follows, for a choice of first crashes.
TEST_P(PowerLoss, AgainWhileOpening) {
  const std::uint64_t first = number_from("WEIR_CRASH_SEED", 1), rounds = number_from("WEIR_CRASH_ROUNDS", 1);
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    for (std::uint64_t at = 40 + GetParam() * 60;; at += parts * 60) {
      const auto machine = crashed(seed, at);
      if (machine == nullptr) break;
      const std::string told = machine->disk().told(at);
      const Image image = machine->disk().survivors();
      const bool known = machine->has_model();
      for (std::uint64_t again = 1;; ++again) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", the power went at operation " + std::to_string(at) + ": " +
                     told + ", then at operation " + std::to_string(again));
        if (!known) machine->forget();
        machine->insert(image);
        machine->disk().crash_at(again, at + again);
        ASSERT_TRUE(machine->open());
        machine->stop();
        if (!machine->disk().crashed()) break;
        machine->restart_after_power_loss();
        if (HasFailure()) return;
      }
      recover(*machine);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Part, PowerLoss, testing::Range(std::uint64_t{0}, parts));

}  // namespace
}  // namespace weir::storage::crash
