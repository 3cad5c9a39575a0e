// weir_sim: runs seeds, tells the story of one that fails.
//
//   weir_sim                  a thousand seeds
//   weir_sim --seeds 5000     seeds 1 to 5000
//   weir_sim --seed 42        that one, with its story
//   weir_sim --sdk            the same with the C++ SDK's session logic as the client
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "scenario.hpp"
#include "sdk/sdk_scenario.hpp"

namespace {

using weir::simulation::Outcome;

void print_story(const Outcome& outcome, std::size_t lines) {
  const std::size_t skip = outcome.story.size() > lines ? outcome.story.size() - lines : 0;
  if (skip > 0) std::printf("  ... %zu earlier lines; --story shows them\n", skip);
  for (std::size_t i = skip; i < outcome.story.size(); ++i) std::printf("  %s\n", outcome.story[i].c_str());
}

struct Totals {
  std::atomic<std::uint64_t> seeds{0}, failed{0}, acknowledgements{0}, crashes{0}, fell_behind{0}, packs{0},
      restores{0}, deletions{0}, clones{0}, snapshots{0}, snapshots_taken{0}, attestations{0}, cuts{0};
  void add(const Outcome& outcome) {
    ++seeds;
    acknowledgements += outcome.acknowledgements;
    crashes += outcome.crashes;
    fell_behind += outcome.fell_behind;
    packs += outcome.packs;
    restores += outcome.restores;
    deletions += outcome.deletions;
    clones += outcome.clones;
    snapshots += outcome.snapshots;
    snapshots_taken += outcome.snapshots_taken;
    attestations += outcome.attestations;
    cuts += outcome.cuts;
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Runs the relay's core, shards and dialects in a simulated world, one seed after another, and checks its "
      "promises.");
  std::uint64_t seed = 0;
  std::uint64_t seeds = 1000;
  std::uint64_t first = 1;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::uint64_t failures_max = 3;
  bool whole_story = false;
  app.add_option("--seed", seed, "Run this one and tell its story");
  app.add_option("--seeds", seeds, "How many to run")->capture_default_str();
  app.add_option("--first", first, "The first of them")->capture_default_str();
  app.add_option("--threads", threads, "Seeds run side by side")->capture_default_str()->check(CLI::Range(1, 64));
  app.add_option("--failures", failures_max, "Stop after this many failing seeds")->capture_default_str();
  bool sdk = false;
  app.add_flag("--sdk", sdk, "The clients are the C++ SDK's session logic");
  app.add_flag("--story", whole_story, "Tell the whole story of a failing seed");
  CLI11_PARSE(app, argc, argv);

  const auto run = sdk ? weir::simulation::run_sdk_scenario : weir::simulation::run_scenario;
  const std::size_t lines = whole_story ? static_cast<std::size_t>(-1) : 40;
  if (seed != 0) {
    const Outcome outcome = run({seed});
    print_story(outcome, static_cast<std::size_t>(-1));
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                outcome.violation.empty() ? "all promises held" : outcome.violation.c_str());
    return outcome.violation.empty() ? 0 : 1;
  }

  Totals totals;
  std::atomic<std::uint64_t> next{first};
  std::mutex output;
  const auto work = [&] {
    for (std::uint64_t mine = next++; mine < first + seeds && totals.failed < failures_max; mine = next++) {
      const Outcome outcome = run({mine});
      totals.add(outcome);
      const std::scoped_lock lock(output);
      if (totals.seeds % 1000 == 0) {
        std::printf("%llu seeds\n", static_cast<unsigned long long>(totals.seeds));
        std::fflush(stdout);
      }
      if (outcome.violation.empty()) continue;
      ++totals.failed;
      std::printf("seed %llu FAILED: %s\n", static_cast<unsigned long long>(mine), outcome.violation.c_str());
      print_story(outcome, lines);
      std::printf("  replay: ./dev sim %s--seed %llu\n", sdk ? "--sdk " : "", static_cast<unsigned long long>(mine));
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();

  const auto number = [](const std::atomic<std::uint64_t>& value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu seeds, %llu failed: %llu acknowledgements, %llu crashes, %llu readers fell behind, %llu packs sent, "
      "%llu stores put back, %llu deletions, %llu restored or cloned devices, %llu snapshots made, %llu compared, %llu "
      "taken, %llu documents cut\n",
      number(totals.seeds), number(totals.failed), number(totals.acknowledgements), number(totals.crashes),
      number(totals.fell_behind), number(totals.packs), number(totals.restores), number(totals.deletions),
      number(totals.clones), number(totals.snapshots), number(totals.attestations), number(totals.snapshots_taken),
      number(totals.cuts));
  return totals.failed == 0 ? 0 : 1;
}
