#include "weir/core/snapshot_asking.hpp"

#include <algorithm>
#include <utility>

namespace weir::core {
namespace {

using namespace std::chrono_literals;

/// Who could not answer just now is asked again after this.
constexpr Time ask_again_after = 5s;

bool writes(const Document& document, const Subscriber& subscriber) {
  const auto producer = document.producers.find(subscriber.producer);
  return producer != document.producers.end() && producer->second.in_flight > 0;
}

SharedBytes note_of(const Document& document, SnapshotId id) {
  for (const Snapshot& one : document.snapshots.all)
    if (one.id == id) return one.note;
  return {};
}

bool may_attest(const Document& document, const Subscriber& subscriber, const Snapshot& snapshot) {
  if (!subscriber.makes_snapshots || !subscriber.writable || subscriber.identity() == snapshot.author) return false;
  const bool foreign = subscriber.dialect != DialectKind::native;
  // A foreign client cannot compare; it can only be made to say the same bytes, and only while nothing was added.
  if (foreign) return snapshot.codec.value == 0 && document.head <= snapshot.offset;
  return snapshot.base.value == 0;  // a client of ours is not shown how layers lie on each other
}

/// Who has waited longest for its turn comes first; who has just come has not waited, however often it comes anew.
bool before(Time left_asked, const Subscriber& left, Time right_asked, const Subscriber& right) {
  const auto rank = [](Time asked, const Subscriber& one) {
    return std::pair(std::max(asked, one.since), one.session.id);
  };
  return rank(left_asked, left) < rank(right_asked, right);
}

}  // namespace

void SnapshotAsking::ask(Document& document) {
  if (!rules_.ask) return;
  ask_for_snapshot(document);
  ask_for_attestation(document);
}

void SnapshotAsking::ask_for_snapshot(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.making) return;
  const Tail tail = tail_behind(snapshots.all, snapshots.records, snapshots.payload_bytes);
  if (!is_wanted(snapshots.all, tail, snapshots.payload_bytes, rules_)) return;
  const bool quiet = now_.steady - snapshots.written >= rules_.quiet || tail.bytes > rules_.layer_bytes_max / 2;
  Subscriber* best = nullptr;
  for (auto& [id, subscriber] : document.subscribers) {
    if (!subscriber.makes_snapshots || !subscriber.writable || writes(document, subscriber)) continue;
    if (snapshots.attesting && snapshots.attesting->session == id) continue;
    if (subscriber.dialect != DialectKind::native && !quiet) continue;
    if (now_.steady - subscriber.asked_for_snapshot < 2 * rules_.lease) continue;
    if (best == nullptr || before(subscriber.asked_for_snapshot, subscriber, best->asked_for_snapshot, *best))
      best = &subscriber;
  }
  if (best == nullptr) return;
  best->asked_for_snapshot = now_.steady;
  snapshots.making = {best->session, false, now_.steady + rules_.lease};
  SnapshotAsk ask{document.handle, {}, {}, document.cover.durable()};
  if (best->dialect != DialectKind::native) ask.base = base_of_next_layer(snapshots.all, tail.bytes, rules_);
  ask.base_note = note_of(document, ask.base);
  effects_->push_back(Tell{best->session, std::move(ask)});
}

void SnapshotAsking::ask_for_attestation(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.attesting) return;
  const auto wanted = std::find_if(snapshots.all.rbegin(), snapshots.all.rend(),
                                   [](const Snapshot& one) { return one.standing == SnapshotStanding::candidate; });
  if (wanted == snapshots.all.rend()) return;
  Subscriber* best = nullptr;
  for (auto& [id, subscriber] : document.subscribers) {
    if (!may_attest(document, subscriber, *wanted) || writes(document, subscriber)) continue;
    if (snapshots.making && snapshots.making->session.id == id) continue;
    const Time pause = subscriber.attested == wanted->id ? 4 * rules_.lease : Time{};
    if (now_.steady - subscriber.asked_for_attestation < pause) continue;
    if (best == nullptr || before(subscriber.asked_for_attestation, subscriber, best->asked_for_attestation, *best))
      best = &subscriber;
  }
  if (best == nullptr) return;
  best->asked_for_attestation = now_.steady;
  best->attested = wanted->id;
  snapshots.attesting = {best->session.id, wanted->id, now_.steady + rules_.lease};
  effects_->push_back(Tell{
      best->session, AttestAsk{document.handle, *wanted, note_of(document, wanted->base), document.cover.durable()}});
}

void SnapshotAsking::declined(Document& document, SessionId session) const {
  DocumentSnapshots& snapshots = document.snapshots;
  const auto subscriber = document.subscribers.find(session);
  if (snapshots.making && snapshots.making->session.id == session) {
    snapshots.make_nothing(now_.steady);
    if (subscriber != document.subscribers.end())
      subscriber->second.asked_for_snapshot = now_.steady - 2 * rules_.lease + ask_again_after;
  } else if (snapshots.attesting && snapshots.attesting->session == session) {
    snapshots.attesting.reset();
    if (subscriber != document.subscribers.end())
      subscriber->second.asked_for_attestation = now_.steady - 4 * rules_.lease + ask_again_after;
  }
}

void SnapshotAsking::left(Document& document, SessionId session) const {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.making && snapshots.making->session.id == session) snapshots.make_nothing(now_.steady);
  if (snapshots.attesting && snapshots.attesting->session == session) snapshots.attesting.reset();
}

std::optional<SessionRef> SnapshotAsking::expire(Document& document) const {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.attesting && now_.steady >= snapshots.attesting->deadline) snapshots.attesting.reset();
  if (!snapshots.making || now_.steady < snapshots.making->deadline) return std::nullopt;
  const auto making = *snapshots.making;
  snapshots.make_nothing(now_.steady);
  if (!making.accepted) return std::nullopt;
  if (const auto late = document.subscribers.find(making.session.id); late != document.subscribers.end())
    late->second.asked_for_snapshot = now_.steady;  // its turn was as long as it took
  return making.session;
}

}  // namespace weir::core
