// What is written down about a document's snapshots, and what is done about them without anybody's doing: standings,
// drops, cuts.
//
//   confirm ──▶ SetStanding ──▶ answered ──▶ verified here          a word for it counts once it is written
//   quarantine, here at once ──▶ SetStanding ──▶ answered           a report counts at once, and is written until it is
//   release ──▶ SetStanding ──▶ answered ──▶ a candidate here       only when nothing else is being written of it
//   maintain ──▶ is something to be cut? else, dropped?             one change at a time
//
// Threads: a hub's own.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "weir/core/counts.hpp"
#include "weir/core/publishing.hpp"

namespace weir::core {

class SnapshotUpkeep {
 public:
  /// Without the document when the life that the change was of is over.
  using Done = std::function<void(Document*, const Result<void>&)>;

  SnapshotUpkeep(const SnapshotRules& rules, const Retentions& retentions, Publishing& publishing, HubCounts& counts)
      : rules_(rules), retentions_(retentions), publishing_(publishing), counts_(counts) {}

  void begin(Now now, std::vector<HubEffect>& effects) {
    now_ = now;
    effects_ = &effects;
  }

  void confirm(Document& document, SnapshotId snapshot, const std::string& by);
  /// `by`: nobody, when an operator withdraws it.
  void quarantine(Document& document, SnapshotId snapshot, const std::string& by, Done done = {});
  /// What is in quarantine is a candidate again; `done` is told when it is, or why not.
  void release(Document& document, SnapshotId snapshot, Done done);
  /// What the store answered.
  void changed(const SnapshotChanged& answer);
  /// Does what is due now.
  void maintain(Document& document);

 private:
  struct Change {
    Document* document = nullptr;
    Epoch epoch;
    Done done;
  };

  void write_standing(Document& document, SnapshotId snapshot, SnapshotStanding standing, const std::string& by,
                      Done done);
  void change(Document& document, HubEffect effect, Ticket ticket, Done done);
  bool drop_one(Document& document);
  bool cut(Document& document);

  const SnapshotRules& rules_;
  const Retentions& retentions_;
  Publishing& publishing_;
  HubCounts& counts_;
  Now now_;
  std::vector<HubEffect>* effects_ = nullptr;
  std::unordered_map<Ticket, Change> changes_;
};

}  // namespace weir::core
