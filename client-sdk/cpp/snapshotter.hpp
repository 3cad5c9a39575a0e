// An application's part in snapshots: it alone can make one, and say whether one is right.
//
//   class Plan final : public Snapshotter {
//     std::optional<MadeSnapshot> make() override { return MadeSnapshot{bytes(crdt_.state()), {}, Fidelity::lossless};
//     } std::optional<bool> check(const SnapshotToCheck& it) override { return merged(it) == crdt_.state(); }
//   };
//
// Asked when the document is caught up with nothing unpublished: everything that was handed over, and nothing else, is
// in its state then. Both may answer nothing; then another client is asked.
//
// Threads: on the client's one thread, like every callback.
#pragma once

#include <optional>
#include <vector>

#include "weir/vocabulary/record.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::client {

struct MadeSnapshot {
  SharedBytes bytes;
  Codec codec{};
  Fidelity fidelity = Fidelity::unknown;
};

/// The two together must give what the application has.
struct SnapshotToCheck {
  SharedBytes bytes;
  Codec codec{};
  std::vector<Record> records;  ///< all that came after it
};

class Snapshotter {
 public:
  virtual ~Snapshotter() = default;
  /// The whole state, as a reader takes it from SnapshotRead.
  [[nodiscard]] virtual std::optional<MadeSnapshot> make() = 0;
  [[nodiscard]] virtual std::optional<bool> check(const SnapshotToCheck& snapshot) = 0;
};

}  // namespace weir::client
