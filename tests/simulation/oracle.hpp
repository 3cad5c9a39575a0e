// What must hold, whatever happens: the promises of docs/architecture.md, checked against what clients were told.
//
//   oracle.acknowledged(...)      when a client hears "stored"
//   oracle.check(log.backup())    at any time, above all after a crash: throws Violation with the story's last line
//
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

#include "weir/memory/memory_log.hpp"

namespace weir::simulation {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Oracle {
 public:
  /// Heads at which another incarnation of the store took over.
  using Seams = std::map<DocumentPath, std::set<Offset>>;

  /// A client was told that this delta is durable. Its bytes are remembered by their digest.
  void acknowledged(const DocumentPath& path, Epoch epoch, const ProducerId& producer, Sequence sequence,
                    const Digest& payload);
  /// The operator put an older state of the store back: what it does not hold is nobody's fault. `incarnation`: as
  /// another incarnation, so that from here on producers may open their sequences anywhere.
  void restored(const storage::MemoryState& state, const Seams& seams, bool incarnation);
  /// To be kept with a backup of the store.
  [[nodiscard]] const Seams& seams() const { return seams_; }

  /// Acknowledged means durable, once, with these bytes; offsets increase; a producer's sequences have no hole.
  void check(const storage::MemoryState& state) const;

  [[nodiscard]] std::size_t acknowledgements() const { return acknowledged_.size(); }

 private:
  using Key = std::tuple<DocumentPath, Epoch, ProducerId, Sequence>;
  std::map<Key, Digest> acknowledged_;
  Seams seams_;
};

}  // namespace weir::simulation
