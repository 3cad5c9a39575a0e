// The life of a document's snapshots in its hub: who is asked for one, is what is offered taken, who confirms it, what
// is it good for.
//
//   enough was written ──▶ ask one idle session ──▶ it offers ──▶ is this our history? ──▶ its bytes are stored
//                               (a lease; then another)            (chain value)             (candidate)
//   candidate ──▶ ask a session of another principal ──▶ "that is what I have too" ──▶ verified ──▶ records may be cut
//                                                   └──▶ "it is not"              ──▶ quarantined: served to nobody
//
// Appends never pause for any of it: merging makes overlap harmless. What is due without anybody's doing (dropping what
// nobody needs, cutting) is looked at every few seconds while a document is open, and when it is opened for that.
//
// Threads: a hub's own.
#pragma once

#include <unordered_map>
#include <vector>

#include "weir/core/counts.hpp"
#include "weir/core/publishing.hpp"

namespace weir::core {

class Snapshots {
 public:
  Snapshots(const Limits& limits, const Encoders& encoders, const Retentions& retentions, Publishing& publishing)
      : rules_(limits.snapshots), encoders_(encoders), retentions_(retentions), publishing_(publishing) {}

  /// Where this step's effects go; set before each step.
  void begin(Now now, std::vector<HubEffect>& effects) {
    now_ = now;
    effects_ = &effects;
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
  void declined(Document& document, const SnapshotDeclined& declined);
  void attest(Document& document, const AttestRequest& request);
  void withdraw(Document& document, const WithdrawRequest& request);
  void changed(const SnapshotChanged& answer);
  void left(Document& document, SessionId session);
  /// Asks whom it is time to ask, and does what is due.
  void tick(Document& document);
  /// Does what is due now.
  void maintain(Document& document);

  [[nodiscard]] const HubCounts& counts() const { return counts_; }

 private:
  struct Offered {
    Document* document = nullptr;
    SnapshotOffered what;
    std::string author;
  };
  /// Without the document when the life that the change was of is over.
  using Done = std::function<void(Document*, const Result<void>&)>;
  struct Change {
    Document* document = nullptr;
    Epoch epoch;
    Done done;
  };

  /// Why the offer is not taken; empty: so far nothing speaks against it.
  [[nodiscard]] std::optional<Error> objection(const Document& document, const SnapshotOffered& offered,
                                               const Subscriber& author) const;
  bool known_already(Document& document, const SnapshotOffered& offered, const std::string& author);
  void accept(Document& document, const Offered& offered, const DocumentPrefix& prefix);
  void refuse(SessionRef session, DocumentHandle document, Error error, std::uint64_t retry_after_ms = 0);
  void ask_for_snapshot(Document& document);
  void ask_for_attestation(Document& document);
  [[nodiscard]] SharedBytes note_of(const Document& document, SnapshotId id) const;
  [[nodiscard]] bool may_attest(const Document& document, const Subscriber& subscriber, const Snapshot& snapshot) const;
  void expire(Document& document);
  void confirm(Document& document, SnapshotId snapshot);
  void quarantine(Document& document, SnapshotId snapshot, Done done);
  void write_standing(Document& document, SnapshotId snapshot, SnapshotStanding standing, Done done);
  void change(Document& document, HubEffect effect, Ticket ticket, Done done);
  bool drop_one(Document& document);
  bool cut(Document& document);

  const SnapshotRules& rules_;
  const Encoders& encoders_;
  const Retentions& retentions_;
  Publishing& publishing_;
  Now now_;
  std::vector<HubEffect>* effects_ = nullptr;
  std::unordered_map<Ticket, Offered> offers_;  ///< whose chain value is being looked up
  std::unordered_map<Ticket, Change> changes_;
  HubCounts counts_;
};

}  // namespace weir::core
