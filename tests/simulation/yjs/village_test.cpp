#include "village.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace weir::simulation {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// WEIR_VILLAGE_SEED replays one seed; with WEIR_VILLAGE_COUNT that many from there on.
TEST(Village, LosesNothing) {
  const bool chosen = std::getenv("WEIR_VILLAGE_SEED") != nullptr;
  const std::uint64_t first = number_from("WEIR_VILLAGE_SEED", 1);
  const std::uint64_t last = first + number_from("WEIR_VILLAGE_COUNT", chosen ? 1 : 200) - 1;
  VillageOutcome sum;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const VillageOutcome outcome = run_village(seed);
    ASSERT_EQ(outcome.violation, "") << "seed " << seed << ": WEIR_VILLAGE_SEED=" << seed << " replays it";
    sum.echoed += outcome.echoed;
    sum.crashes += outcome.crashes;
    sum.fell_behind += outcome.fell_behind;
    sum.covers += outcome.covers;
    sum.snapshots += outcome.snapshots;
    sum.confirmed += outcome.confirmed;
    sum.snapshots_sent += outcome.snapshots_sent;
    sum.queried_bytes += outcome.queried_bytes;
  }
  std::cout << sum.echoed << " echoes, " << sum.crashes << " crashes, " << sum.fell_behind << " readers behind, "
            << sum.snapshots << " snapshots, " << sum.confirmed << " of them confirmed, sent " << sum.snapshots_sent
            << " times, " << sum.covers << " covers, " << sum.queried_bytes << " bytes asked for\n";
  if (chosen) return;
  // The village is a hard place: all of this does happen in it.
  EXPECT_GT(sum.echoed, 0U);
  EXPECT_GT(sum.crashes, 0U);
  EXPECT_GT(sum.fell_behind, 0U);
  EXPECT_GT(sum.covers, 0U);
  EXPECT_GT(sum.confirmed, 0U);
  EXPECT_GT(sum.snapshots_sent, 0U);
}

}  // namespace
}  // namespace weir::simulation
