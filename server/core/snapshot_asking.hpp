// Whom a hub asks about a document's snapshots: for a new one when enough was written, and about one that came whether
// it is right.
//
//   tick ──▶ is one wanted? ──────────▶ who has waited longest for it ──────▶ SnapshotAsk   (a lease; then another)
//        ──▶ is there a candidate? ───▶ of another principal, likewise ─────▶ AttestAsk     (a lease; then another)
//
// One session at a time for each, and not the same for both; neither waits for the other, or who sends a snapshot for
// ever would keep all others unconfirmed. Turns go round: who lets a lease pass, breaks off, or leaves and comes again
// stands behind who waits. Who writes just now is not asked, and who cannot answer says so and is asked again soon.
// What is made of the answers is not decided here (snapshots.hpp).
//
// Threads: a hub's own.
#pragma once

#include <optional>
#include <vector>

#include "weir/core/document.hpp"

namespace weir::core {

class SnapshotAsking {
 public:
  explicit SnapshotAsking(const SnapshotRules& rules) : rules_(rules) {}

  void begin(Now now, std::vector<HubEffect>& effects) {
    now_ = now;
    effects_ = &effects;
  }

  /// Asks whom it is time to ask.
  void ask(Document& document);
  /// Ends the leases that are over. Answers who was sending a snapshot and took too long.
  [[nodiscard]] std::optional<SessionRef> expire(Document& document) const;
  void declined(Document& document, SessionId session) const;
  void left(Document& document, SessionId session) const;

 private:
  void ask_for_snapshot(Document& document);
  void ask_for_attestation(Document& document);

  const SnapshotRules& rules_;
  Now now_;
  std::vector<HubEffect>* effects_ = nullptr;
};

}  // namespace weir::core
