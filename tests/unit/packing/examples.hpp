// Runs of records to pack: what editors write, and what nobody should.
//
//   for (const Example& example : examples()) pack(example.records, example.chain());
//
// Threads: pure functions; the same ones on every machine.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "weir/vocabulary/record.hpp"

namespace weir::packing {

struct Example {
  std::string name;
  std::vector<Record> records;

  /// Before the first record, and after the last.
  [[nodiscard]] static Digest chain_start();
  [[nodiscard]] Digest chain() const;
};

/// One for each feature of the format; small.
[[nodiscard]] std::vector<Example> examples();

/// Someone types: deltas with a clock, a position and a letter, in the manner of Yjs. Every so often by another author,
/// elsewhere, or a longer piece.
[[nodiscard]] std::vector<Record> typing(std::size_t count, std::size_t producers, unsigned seed);
/// Anything: every number and every byte at random, from all of their range, and mixed with what looks familiar.
[[nodiscard]] std::vector<Record> anything(std::size_t count, unsigned seed);

[[nodiscard]] std::string loro_payload(const std::string& rest);
/// With dependencies on these hashes; `hash` is set to its own.
[[nodiscard]] std::string automerge_payload(const std::vector<Digest>& dependencies, const std::string& rest,
                                            Digest& hash);
[[nodiscard]] std::string random_bytes(std::size_t count, std::mt19937_64& random);

}  // namespace weir::packing
