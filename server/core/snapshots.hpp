// The life of a document's snapshots in its hub: who is asked for one, is what is offered taken, who confirms it, what
// is it good for.
//
//   enough was written ──▶ ask one idle session ──▶ it offers ──▶ is this our history? ──▶ its bytes are stored
//                               (a lease; then another)            (chain value)             (candidate)
//   candidate ──▶ ask a session of another principal ──▶ "that is what I have too" ──▶ verified ──▶ records may be cut
//                                                   └──▶ "it is not"              ──▶ quarantined: served to nobody
//
// Appends never pause for any of it: merging makes overlap harmless. Here is what clients say, and are given. Who is
// asked: snapshot_asking.hpp. What is written down of it, and what is due without anybody's doing (dropping what nobody
// needs, cutting): snapshot_upkeep.hpp. The rules, on plain data: snapshot_policy.hpp.
//
// Threads: a hub's own.
#pragma once

#include <unordered_map>
#include <vector>

#include "weir/core/snapshot_asking.hpp"
#include "weir/core/snapshot_upkeep.hpp"

namespace weir::core {

class Snapshots {
 public:
  Snapshots(const Limits& limits, const Encoders& encoders, const Retentions& retentions, Publishing& publishing)
      : rules_(limits.snapshots),
        encoders_(encoders),
        publishing_(publishing),
        asking_(limits.snapshots),
        upkeep_(limits.snapshots, retentions, publishing, counts_) {}

  /// Where this step's effects go; set before each step.
  void begin(Now now, std::vector<HubEffect>& effects) {
    now_ = now;
    effects_ = &effects;
    asking_.begin(now, effects);
    upkeep_.begin(now, effects);
  }

  void loaded(Document& document, const DocumentState& state, SnapshotList all);
  /// The document has begun another life, or ended.
  void forget(Document& document);
  /// What a reader from `start` on is sent instead of records; from the bottom up.
  [[nodiscard]] SnapshotList serve(const Document& document, const SubscribeRequest& request, Offset start) const;

  void offered(Document& document, SnapshotOffered offered);
  /// True when the answer was to an offer's question.
  bool inspected(const Inspected& answer);
  void uploaded(Document& document, const SnapshotUploaded& uploaded);
  void declined(Document& document, const SnapshotDeclined& what) { asking_.declined(document, what.session.id); }
  void attest(Document& document, const AttestRequest& request);
  void withdraw(Document& document, const WithdrawRequest& request);
  void release(Document& document, const ReleaseRequest& request);
  void changed(const SnapshotChanged& answer) { upkeep_.changed(answer); }
  void left(Document& document, SessionId session) { asking_.left(document, session); }
  /// Asks whom it is time to ask, and does what is due.
  void tick(Document& document);
  /// Does what is due now.
  void maintain(Document& document) { upkeep_.maintain(document); }

  [[nodiscard]] const HubCounts& counts() const { return counts_; }

 private:
  struct Offered {
    Document* document = nullptr;
    SnapshotOffered what;
    std::string author;
  };

  /// Why the offer is not taken; empty: so far nothing speaks against it.
  [[nodiscard]] std::optional<Error> objection(const Document& document, const SnapshotOffered& offered,
                                               const Subscriber& author) const;
  bool known_already(Document& document, const SnapshotOffered& offered, const std::string& author);
  void accept(Document& document, const Offered& offered, const DocumentPrefix& prefix);
  /// Tells the operator what came of it.
  [[nodiscard]] SnapshotUpkeep::Done finished(Ticket ticket);
  void none_there(Document& document, Ticket ticket, const std::string& which);
  void refuse(SessionRef session, DocumentHandle document, Error error, std::uint64_t retry_after_ms = 0);

  const SnapshotRules& rules_;
  const Encoders& encoders_;
  Publishing& publishing_;
  Now now_;
  std::vector<HubEffect>* effects_ = nullptr;
  std::unordered_map<Ticket, Offered> offers_;  ///< whose chain value is being looked up
  HubCounts counts_;
  SnapshotAsking asking_;
  SnapshotUpkeep upkeep_;
};

}  // namespace weir::core
