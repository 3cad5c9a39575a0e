// Snapshots of clients that know nothing of them. SyncStep1(S) makes a client tell everything beyond the state vector
// S, deletions all included; with S empty that is the whole document. What the session has sent it before stands in the
// answer, so the answer stands for every record up to there.
//
//   relay   SyncStep1(cover)       what only this browser knows comes first, to be stored and shown to the others
//   client  SyncStep2(that)
//   relay   SyncStep1(S)           S: what the layer below is known to contain
//   client  SyncStep2(the layer)
//
// Whether a client collects garbage does not show, so nothing is claimed of its fidelity. Two clients with the same
// state and the same settings give the same bytes: that verifies a snapshot; other bytes prove nothing.
#include "weir/yjs/dialect.hpp"

namespace weir::yjs {

void Dialect::ask(Query query, std::string_view state_vector, core::SessionPort& port) {
  queries_.push_back(std::move(query));
  port.send(encoded(put_sync_step1, state_vector.empty() ? empty_state_vector : state_vector));
}

bool Dialect::can_be_asked_for_all() const {
  return !ended_ && caught_up_ && !read_only_ && said_state_vector_ && !holding_ && queries_.empty() &&
         ask_again_at_ == core::Time{};
}

void Dialect::snapshot_wanted(const core::SnapshotTurn& turn, core::SessionPort& port) {
  if (turn.document != document_ || turn.cover.empty() || !can_be_asked_for_all()) return;
  quiet_since_ = {};
  ask({}, turn.cover, port);
  ask({Query::Kind::snapshot, turn, {}}, turn.base_note.view(), port);
}

void Dialect::attestation_wanted(const core::AttestationTurn& attestation, core::SessionPort& port) {
  const core::SnapshotTurn& turn = attestation.turn;
  if (turn.document != document_ || !can_be_asked_for_all()) return;
  ask({Query::Kind::attestation, turn, attestation.snapshot}, turn.base_note.view(), port);
}

void Dialect::made(const Query& query, const SharedBytes& update, core::SessionPort& port) {
  if (update.empty() || update.view() == empty_update) return;
  const core::SnapshotTurn& turn = query.turn;
  port.offer_snapshot({document_, turn.offset, turn.base, SharedBytes::copy(turn.cover), update});
}

void Dialect::compared(const Query& query, const SharedBytes& update, core::SessionPort& port) {
  const Snapshot& snapshot = query.compared;
  if (update.size() != snapshot.size || sha256(update.view()) != snapshot.hash) return;
  port.submit(frames::Attest{document_, snapshot.offset, snapshot.hash, true});
}

}  // namespace weir::yjs
