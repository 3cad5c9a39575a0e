// What a busy relay does to its log, made up from a seed: appends of several documents, spaces and lanes, many at once;
// notes, deletions, re-creations; small payloads mostly, large ones now and then, so that tables fill and merge.
//
//   Workload workload(seed);
//   while (workload.step(log, model) && !disk.crashed()) {}
//
// Threads: one.
#pragma once

#include <random>
#include <vector>

#include "model.hpp"

namespace weir::storage::crash {

class Workload {
 public:
  explicit Workload(std::uint64_t seed);

  /// Submits a handful of appends, does what else is to be done meanwhile, and waits for their answers. False when one
  /// was refused: its lane has not been reset.
  bool step(DeltaLog& log, Model& model, const std::function<void()>& meanwhile);
  /// Resets every lane, as hubs do that have noticed a failure.
  void reset_lanes(DeltaLog& log, Model& model) const;
  /// The documents it works on.
  [[nodiscard]] std::vector<DocumentPath> paths() const;

 private:
  struct Place {
    Lane lane;
    DocumentRef path;
  };

  [[nodiscard]] std::uint64_t below(std::uint64_t limit);
  [[nodiscard]] bool chance(std::uint64_t in) { return below(in) == 0; }
  [[nodiscard]] Append any_append(const Place& place, const Model& model);
  [[nodiscard]] std::optional<Append> any_cut(const Place& place, const Model& model);
  /// Tells the model which heads a reader sees while appends are under way.
  void look(const DeltaLog& log, Model& model) const;
  void add_deltas(Append& append, const ModelDocument& document);
  [[nodiscard]] SharedBytes any_payload();

  std::mt19937_64 random_;
  std::vector<Place> places_;
  std::uint64_t time_ = 1'700'000'000;
};

}  // namespace weir::storage::crash
