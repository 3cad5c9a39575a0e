#include "weir/core/snapshot_upkeep.hpp"

#include <algorithm>
#include <utility>

namespace weir::core {

// ---- standings ----

/// Once, though many say so at a time.
void SnapshotUpkeep::confirm(Document& document, SnapshotId id) {
  if (!document.snapshots.confirming.insert(id).second) return;
  write_standing(document, id, SnapshotStanding::verified,
                 [this, id, since = now_.wall](Document* of, const Result<void>& result) {
                   if (of == nullptr) return;
                   of->snapshots.confirming.erase(id);
                   Snapshot* snapshot = of->snapshots.find(id);
                   if (!result || snapshot == nullptr) return;
                   // Reported meanwhile: nobody knows which of the two the store has written last.
                   if (snapshot->standing == SnapshotStanding::quarantined) return quarantine(*of, id);
                   snapshot->standing = SnapshotStanding::verified;
                   snapshot->since = since;
                   ++counts_.snapshots_verified;
                 });
}

/// At once: the store only has to remember it for whoever opens the document next.
void SnapshotUpkeep::quarantine(Document& document, SnapshotId id, Done done) {
  Snapshot* snapshot = document.snapshots.find(id);
  if (snapshot == nullptr) return;
  if (std::exchange(snapshot->standing, SnapshotStanding::quarantined) != SnapshotStanding::quarantined)
    ++counts_.snapshots_quarantined;
  snapshot->since = now_.wall;
  write_standing(document, id, SnapshotStanding::quarantined,
                 [id, done = std::move(done)](Document* of, const Result<void>& result) {
                   if (of != nullptr && !result) of->snapshots.reports_unwritten.insert(id);
                   if (done) done(of, result);
                 });
}

void SnapshotUpkeep::write_standing(Document& document, SnapshotId id, SnapshotStanding standing, Done done) {
  const Ticket ticket = publishing_.next_ticket();
  change(document, SetStanding{ticket, document.path, id, standing, now_.wall}, ticket, std::move(done));
}

void SnapshotUpkeep::change(Document& document, HubEffect effect, Ticket ticket, Done done) {
  ++document.pending;
  effects_->push_back(std::move(effect));
  changes_.emplace(ticket, Change{&document, document.epoch, std::move(done)});
}

void SnapshotUpkeep::changed(const SnapshotChanged& answer) {
  auto node = changes_.extract(answer.ticket);
  if (node.empty()) return;
  const Change& change = node.mapped();
  --change.document->pending;
  // Another life's snapshots have the same numbers.
  change.done(change.document->epoch == change.epoch ? change.document : nullptr, answer.result);
}

// ---- what is due ----

void SnapshotUpkeep::maintain(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  snapshots.maintained = now_.steady;
  if (document.phase != Document::Phase::open) return;
  for (const SnapshotId id : std::exchange(snapshots.reports_unwritten, {})) quarantine(document, id);
  if (snapshots.changing || snapshots.all.empty()) return;
  if (!cut(document)) drop_one(document);
}

bool SnapshotUpkeep::drop_one(Document& document) {
  const auto ids = surplus(document.snapshots.all, document.snapshots.cut, now_.wall, rules_);
  if (ids.empty()) return false;
  const SnapshotId id = ids.front();
  document.snapshots.changing = true;
  const Ticket ticket = publishing_.next_ticket();
  change(document, DropSnapshot{ticket, document.path, id}, ticket,
         [this, id](Document* of, const Result<void>& result) {
           if (of == nullptr) return;
           of->snapshots.changing = false;
           if (!result) return;  // tried again with the next look
           std::erase_if(of->snapshots.all, [&](const Snapshot& one) { return one.id == id; });
           drop_one(*of);
         });
  return true;
}

bool SnapshotUpkeep::cut(Document& document) {
  const auto behind = cut_behind(document.snapshots.all, retentions_.of(document.path->space), now_.wall);
  if (!behind || behind->offset <= document.snapshots.cut) return false;
  document.snapshots.changing = true;
  publishing_.cut(document, *behind, [this, offset = behind->offset](Document& of, const Result<Appended>& result) {
    of.snapshots.changing = false;
    if (!result) return;
    of.snapshots.cut = offset;
    ++counts_.cuts;
  });
  return true;
}

}  // namespace weir::core
