#include "weir/core/snapshot_upkeep.hpp"

#include <algorithm>
#include <utility>

namespace weir::core {

// ---- standings ----

/// Once, though many say so at a time.
void SnapshotUpkeep::confirm(Document& document, SnapshotId id, const std::string& by) {
  if (!document.snapshots.confirming.insert(id).second) return;
  write_standing(document, id, SnapshotStanding::verified, by,
                 [this, id, by, since = now_.wall](Document* of, const Result<void>& result) {
                   if (of == nullptr) return;
                   of->snapshots.confirming.erase(id);
                   Snapshot* snapshot = of->snapshots.find(id);
                   if (!result || snapshot == nullptr) return;
                   // Reported meanwhile: nobody knows which of the two the store has written last.
                   if (snapshot->standing == SnapshotStanding::quarantined) return quarantine(*of, id, snapshot->by);
                   snapshot->standing = SnapshotStanding::verified;
                   snapshot->since = since;
                   snapshot->by = by;
                   ++counts_.snapshots_verified;
                 });
}

/// At once: the store only has to remember it for whoever opens the document next.
void SnapshotUpkeep::quarantine(Document& document, SnapshotId id, const std::string& by, Done done) {
  Snapshot* snapshot = document.snapshots.find(id);
  if (snapshot == nullptr) return;
  if (std::exchange(snapshot->standing, SnapshotStanding::quarantined) != SnapshotStanding::quarantined)
    ++counts_.snapshots_quarantined;
  snapshot->since = now_.wall;
  snapshot->by = by;
  write_standing(document, id, SnapshotStanding::quarantined, by,
                 [id, done = std::move(done)](Document* of, const Result<void>& result) {
                   if (of != nullptr && !result) of->snapshots.reports_unwritten.insert(id);
                   if (done) done(of, result);
                 });
}

/// Never verified, whatever it was: cutting behind it takes a confirmation that comes after this. Two changes of one
/// snapshot may reach the store in either order, so no other may be under way.
void SnapshotUpkeep::release(Document& document, SnapshotId id, Done done) {
  if (document.snapshots.writing.contains(id))
    return done(&document, fail(Code::unavailable, "the snapshot's standing is just being written down; try again"));
  write_standing(document, id, SnapshotStanding::candidate, {},
                 [id, done = std::move(done), since = now_.wall](Document* of, const Result<void>& result) {
                   Snapshot* snapshot = of == nullptr ? nullptr : of->snapshots.find(id);
                   if (result && snapshot != nullptr) {
                     snapshot->standing = SnapshotStanding::candidate;
                     snapshot->since = since;
                     snapshot->by.clear();
                     of->snapshots.reports_unwritten.erase(id);
                   }
                   done(of, result);
                 });
}

void SnapshotUpkeep::write_standing(Document& document, SnapshotId id, SnapshotStanding standing, const std::string& by,
                                    Done done) {
  const Ticket ticket = publishing_.next_ticket();
  document.snapshots.writing.insert(id);
  change(document, SetStanding{ticket, document.path, id, standing, now_.wall, by}, ticket,
         [id, done = std::move(done)](Document* of, const Result<void>& result) {
           if (of != nullptr) of->snapshots.writing.extract(id);
           done(of, result);
         });
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
  for (const SnapshotId id : std::exchange(snapshots.reports_unwritten, {}))
    if (const Snapshot* reported = snapshots.find(id)) quarantine(document, id, std::string(reported->by));
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
