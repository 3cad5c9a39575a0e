#include "weir/core/snapshots.hpp"

#include <algorithm>
#include <utility>

namespace weir::core {
namespace {

using namespace std::chrono_literals;

/// Who could not answer just now is asked again after this.
constexpr Time ask_again_after = 5s;

/// Who vouches for something: a principal; where tokens tell nobody apart, a device.
std::string identity(const Subscriber& subscriber) {
  if (!subscriber.principal.empty()) return subscriber.principal;
  return "producer " + subscriber.producer.hex();
}

Snapshot* find(SnapshotList& all, SnapshotId id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Snapshot& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

/// With this hash, at this offset, and trusted so far.
Snapshot* find(SnapshotList& all, Offset offset, const Digest& hash) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Snapshot& one) {
    return one.offset == offset && one.hash == hash && one.standing != SnapshotStanding::quarantined;
  });
  return found == all.end() ? nullptr : &*found;
}

bool writes(const Document& document, const Subscriber& subscriber) {
  const auto producer = document.producers.find(subscriber.producer);
  return producer != document.producers.end() && producer->second.in_flight > 0;
}

}  // namespace

void Snapshots::loaded(Document& document, const DocumentState& state, SnapshotList all) {
  DocumentSnapshots& snapshots = document.snapshots;
  snapshots.all = std::move(all);
  snapshots.records = state.records + state.cut_records;
  snapshots.payload_bytes = state.payload_bytes + state.cut_payload_bytes;
  snapshots.cut = state.cut;
}

void Snapshots::forget(Document& document) { document.snapshots = {}; }

// ---- serving ----

SnapshotList Snapshots::serve(const Document& document, const SubscribeRequest& request, Offset start) const {
  if (!request.what.snapshots || request.what.from == frames::From::live_only) return {};
  const DocumentSnapshots& snapshots = document.snapshots;
  const bool needed = start < snapshots.cut;
  if (start.value > 0 && !needed) return {};
  const DeliveryEncoder& encoder = *encoders_[static_cast<std::size_t>(request.dialect)];
  SnapshotList chain = newest_servable(snapshots.all, now_.wall, rules_, [&](const Snapshot& one) {
    return encoder.can_send(one) && (needed || !encoder.sends_whole() || one.size <= rules_.layer_bytes_max);
  });
  std::erase_if(chain, [&](const Snapshot& one) { return one.offset <= start; });
  if (chain.empty() || needed) return chain;
  std::uint64_t size = 0;
  for (const Snapshot& one : chain) size += one.size;
  return size <= chain.back().payload_bytes ? chain : SnapshotList{};
}

// ---- taking ----

void Snapshots::refuse(SessionRef session, DocumentHandle document, Error error, std::uint64_t retry_after_ms) {
  ++counts_.snapshots_refused;
  auto event = document_error(document, error.code, frames::Reason::snapshot, std::move(error.message));
  event.retry_after_ms = retry_after_ms;
  effects_->push_back(Tell{session, SnapshotRefused{std::move(event)}});
}

std::optional<Error> Snapshots::objection(const Document& document, const SnapshotOffered& offered,
                                          const Subscriber& author) const {
  const frames::SnapshotOffer& offer = offered.offer;
  const DocumentSnapshots& snapshots = document.snapshots;
  if (!author.writable)
    return fail(Code::permission_denied, "who may not write may not make snapshots for others either");
  if (offer.epoch != document.epoch)
    return fail(Code::failed_precondition, "the snapshot is of another epoch; subscribe again");
  if (offer.offset.value == 0 || offer.offset > document.head)
    return fail(Code::out_of_range,
                "a snapshot stands for records up to one that is stored; the last one is at offset " +
                    std::to_string(document.head.value));
  if (offer.size > rules_.bytes_max)
    return fail(Code::invalid_argument, "the snapshot has " + std::to_string(offer.size) + " bytes; at most " +
                                            std::to_string(rules_.bytes_max) +
                                            " are taken (limits.snapshot_bytes_max)");
  if (const Snapshot* last = newest(snapshots.all); last != nullptr && last->offset >= offer.offset)
    return fail(Code::already_exists, "there is a snapshot up to offset " + std::to_string(last->offset.value));
  if (snapshots.making && snapshots.making->accepted)
    return fail(Code::resource_exhausted, "another snapshot of this document is being sent; offer a later one");
  const bool asked = snapshots.making && snapshots.making->session.id == offered.session.id;
  if (!asked && now_.steady - snapshots.volunteered < rules_.volunteer_interval)
    return fail(Code::resource_exhausted, "a snapshot that nobody asked for was taken a moment ago; offer one later");
  return std::nullopt;
}

/// The same bytes from somebody else: nothing is to be sent, and both vouch for it.
bool Snapshots::known_already(Document& document, const SnapshotOffered& offered, const std::string& author) {
  const Snapshot* known = find(document.snapshots.all, offered.offer.offset, offered.offer.hash);
  if (known == nullptr) return false;
  if (known->author != author && known->standing == SnapshotStanding::candidate) confirm(document, known->id);
  effects_->push_back(
      Tell{offered.session, frames::SnapshotStored{document.handle, offered.offer.offset, offered.offer.hash}});
  return true;
}

void Snapshots::offered(Document& document, SnapshotOffered offered) {
  const auto author = document.subscribers.find(offered.session.id);
  if (author == document.subscribers.end()) return;
  if (offered.foreign) offered.offer.epoch = document.epoch;  // its subscription does not outlive an epoch
  if (offered.offer.epoch == document.epoch && author->second.writable &&
      known_already(document, offered, identity(author->second)))
    return;
  if (auto error = objection(document, offered, author->second)) {
    const bool later = error->code == Code::resource_exhausted;
    const auto wait = static_cast<std::uint64_t>(rules_.volunteer_interval.count());
    return refuse(offered.session, document.handle, std::move(*error), later ? wait : 0);
  }
  DocumentSnapshots& snapshots = document.snapshots;
  if (!snapshots.making || snapshots.making->session.id != offered.session.id) snapshots.volunteered = now_.steady;
  snapshots.making = {offered.session, true, now_.steady + rules_.upload_max};
  const Ticket ticket = publishing_.next_ticket();
  ++document.pending;
  effects_->push_back(Inspect{ticket, document.path, std::nullopt, std::nullopt, offered.offer.offset});
  std::string who = identity(author->second);
  offers_.emplace(ticket, Offered{&document, std::move(offered), std::move(who)});
}

bool Snapshots::inspected(const Inspected& answer) {
  auto node = offers_.extract(answer.ticket);
  if (node.empty()) return false;
  const Offered& offered = node.mapped();
  Document& document = *offered.document;
  --document.pending;
  const frames::SnapshotOffer& offer = offered.what.offer;
  const auto refused = [&](Error error) {
    if (document.snapshots.making && document.snapshots.making->session.id == offered.what.session.id)
      document.snapshots.making.reset();
    refuse(offered.what.session, document.handle, std::move(error));
  };
  if (document.epoch != offer.epoch || document.phase != Document::Phase::open) {
    refused(fail(Code::failed_precondition, "the document was deleted meanwhile"));
  } else if (!answer.found) {
    refused(fail(Code::unavailable, "the relay could not read its log: " + answer.found.error().message));
  } else if (!answer.found->prefix || answer.found->prefix->last.value == 0 ||
             (!offered.what.foreign && answer.found->prefix->chain != offer.chain)) {
    refused(fail(Code::failed_precondition, "the snapshot's chain value is not that of this document at offset " +
                                                std::to_string(offer.offset.value)));
  } else {
    accept(document, offered, *answer.found->prefix);
  }
  return true;
}

void Snapshots::accept(Document& document, const Offered& offered, const DocumentPrefix& prefix) {
  const frames::SnapshotOffer& offer = offered.what.offer;
  SnapshotAccepted answer{document.handle, document.path, document.epoch, {}};
  Snapshot& about = answer.about;
  about.base = offered.what.base;
  about.offset = prefix.last;  // a dialect's place in the space may lie behind it
  about.chain = prefix.chain;
  about.hash = offer.hash;
  about.size = offer.size;
  about.codec = offer.codec;
  about.fidelity = offer.fidelity;
  about.time = about.since = now_.wall;
  about.author = offered.author;
  about.note = offered.what.note;
  about.records = prefix.records;
  about.payload_bytes = prefix.payload_bytes;
  effects_->push_back(Tell{offered.what.session, std::move(answer)});
}

void Snapshots::uploaded(Document& document, const SnapshotUploaded& uploaded) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.making && snapshots.making->session.id == uploaded.session.id) snapshots.making.reset();
  if (!uploaded.result) {
    const Error& error = uploaded.result.error();
    return refuse(uploaded.session, document.handle, fail(error.code, "the snapshot was not stored: " + error.message));
  }
  const Snapshot& stored = *uploaded.result;
  if (find(snapshots.all, stored.id) != nullptr) return;
  const auto place = std::upper_bound(snapshots.all.begin(), snapshots.all.end(), stored,
                                      [](const Snapshot& left, const Snapshot& right) {
                                        return std::pair(left.offset, left.id) < std::pair(right.offset, right.id);
                                      });
  snapshots.all.insert(place, stored);
  ++counts_.snapshots_stored;
  effects_->push_back(Tell{uploaded.session, frames::SnapshotStored{document.handle, stored.offset, stored.hash}});
}

// ---- asking ----

SharedBytes Snapshots::note_of(const Document& document, SnapshotId id) const {
  for (const Snapshot& one : document.snapshots.all)
    if (one.id == id) return one.note;
  return {};
}

void Snapshots::ask_for_snapshot(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (!rules_.ask || snapshots.making) return;
  const Tail tail = tail_behind(snapshots.all, snapshots.records, snapshots.payload_bytes);
  if (!is_wanted(snapshots.all, tail, snapshots.payload_bytes, rules_)) return;
  const bool quiet = now_.steady - snapshots.written >= rules_.quiet || tail.bytes > rules_.layer_bytes_max / 2;
  Subscriber* best = nullptr;
  for (auto& [id, subscriber] : document.subscribers) {
    if (!subscriber.makes_snapshots || !subscriber.writable || writes(document, subscriber)) continue;
    if (subscriber.dialect != DialectKind::native && !quiet) continue;
    if (now_.steady - subscriber.asked_for_snapshot < 2 * rules_.lease) continue;
    const auto rank = [](const Subscriber& one) { return std::pair(one.asked_for_snapshot, one.session.id); };
    if (best == nullptr || rank(subscriber) < rank(*best)) best = &subscriber;
  }
  if (best == nullptr) return;
  best->asked_for_snapshot = now_.steady;
  snapshots.making = {best->session, false, now_.steady + rules_.lease};
  SnapshotAsk ask{document.handle, {}, {}, document.cover.durable()};
  if (best->dialect != DialectKind::native) ask.base = base_of_next_layer(snapshots.all, tail.bytes, rules_);
  ask.base_note = note_of(document, ask.base);
  effects_->push_back(Tell{best->session, std::move(ask)});
}

bool Snapshots::may_attest(const Document& document, const Subscriber& subscriber, const Snapshot& snapshot) const {
  if (!subscriber.makes_snapshots || !subscriber.writable || identity(subscriber) == snapshot.author) return false;
  const bool foreign = subscriber.dialect != DialectKind::native;
  // A foreign client cannot compare; it can only be made to say the same bytes, and only while nothing was added.
  if (foreign) return snapshot.codec.value == 0 && document.head <= snapshot.offset;
  return snapshot.base.value == 0;  // a client of ours is not shown how layers lie on each other
}

void Snapshots::ask_for_attestation(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (!rules_.ask || snapshots.attesting || snapshots.making) return;
  const auto wanted = std::find_if(snapshots.all.rbegin(), snapshots.all.rend(),
                                   [](const Snapshot& one) { return one.standing == SnapshotStanding::candidate; });
  if (wanted == snapshots.all.rend()) return;
  Subscriber* best = nullptr;
  for (auto& [id, subscriber] : document.subscribers) {
    if (!may_attest(document, subscriber, *wanted) || writes(document, subscriber)) continue;
    const Time pause = subscriber.attested == wanted->id ? 4 * rules_.lease : Time{};
    if (now_.steady - subscriber.asked_for_attestation < pause) continue;
    const auto rank = [](const Subscriber& one) { return std::pair(one.asked_for_attestation, one.session.id); };
    if (best == nullptr || rank(subscriber) < rank(*best)) best = &subscriber;
  }
  if (best == nullptr) return;
  best->asked_for_attestation = now_.steady;
  best->attested = wanted->id;
  snapshots.attesting = {best->session.id, wanted->id, now_.steady + rules_.lease};
  effects_->push_back(Tell{
      best->session, AttestAsk{document.handle, *wanted, note_of(document, wanted->base), document.cover.durable()}});
}

void Snapshots::declined(Document& document, const SnapshotDeclined& declined) {
  DocumentSnapshots& snapshots = document.snapshots;
  const auto subscriber = document.subscribers.find(declined.session.id);
  if (snapshots.making && snapshots.making->session.id == declined.session.id) {
    snapshots.making.reset();
    if (subscriber != document.subscribers.end())
      subscriber->second.asked_for_snapshot = now_.steady - 2 * rules_.lease + ask_again_after;
  } else if (snapshots.attesting && snapshots.attesting->session == declined.session.id) {
    snapshots.attesting.reset();
    if (subscriber != document.subscribers.end())
      subscriber->second.asked_for_attestation = now_.steady - 4 * rules_.lease + ask_again_after;
  }
}

void Snapshots::left(Document& document, SessionId session) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.making && snapshots.making->session.id == session) snapshots.making.reset();
  if (snapshots.attesting && snapshots.attesting->session == session) snapshots.attesting.reset();
}

void Snapshots::expire(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.attesting && now_.steady >= snapshots.attesting->deadline) snapshots.attesting.reset();
  if (!snapshots.making || now_.steady < snapshots.making->deadline) return;
  const auto making = *std::exchange(snapshots.making, std::nullopt);
  if (making.accepted)
    refuse(making.session, document.handle, fail(Code::aborted, "sending the snapshot took too long; offer it anew"));
}

// ---- trusting ----

void Snapshots::attest(Document& document, const AttestRequest& request) {
  const auto found = document.subscribers.find(request.session.id);
  if (found == document.subscribers.end()) return;
  const Subscriber& subscriber = found->second;
  DocumentSnapshots& snapshots = document.snapshots;
  if (snapshots.attesting && snapshots.attesting->session == request.session.id) snapshots.attesting.reset();
  const Snapshot* snapshot = find(snapshots.all, request.attest.offset, request.attest.hash);
  if (snapshot == nullptr) return;  // dropped or reported meanwhile
  if (!subscriber.writable)
    return refuse(request.session, document.handle,
                  fail(Code::permission_denied, "who may not write may not vouch for snapshots either"));
  if (!request.attest.valid) return quarantine(document, snapshot->id, {});
  if (identity(subscriber) == snapshot->author)
    return refuse(request.session, document.handle,
                  fail(Code::permission_denied, "a snapshot is verified by somebody else than who made it"));
  if (snapshot->standing == SnapshotStanding::candidate) confirm(document, snapshot->id);
}

void Snapshots::withdraw(Document& document, const WithdrawRequest& request) {
  const auto answer = [this, ticket = request.ticket](Document*, const Result<void>& result) {
    effects_->push_back(WithdrawFinished{ticket, result});
  };
  for (auto one = document.snapshots.all.rbegin(); one != document.snapshots.all.rend(); ++one)
    if (one->offset == request.offset && one->standing != SnapshotStanding::quarantined)
      return quarantine(document, one->id, answer);
  answer(&document,
         fail(Code::not_found, "document \"" + document.path->document.text() + "\" has no snapshot in use at offset " +
                                   std::to_string(request.offset.value)));
}

/// Once, though many say so at a time.
void Snapshots::confirm(Document& document, SnapshotId id) {
  if (!document.snapshots.confirming.insert(id).second) return;
  write_standing(document, id, SnapshotStanding::verified,
                 [this, id, since = now_.wall](Document* of, const Result<void>& result) {
                   if (of == nullptr) return;
                   of->snapshots.confirming.erase(id);
                   Snapshot* snapshot = find(of->snapshots.all, id);
                   if (!result || snapshot == nullptr) return;
                   // Reported meanwhile: nobody knows which of the two the store has written last.
                   if (snapshot->standing == SnapshotStanding::quarantined) return quarantine(*of, id, {});
                   snapshot->standing = SnapshotStanding::verified;
                   snapshot->since = since;
                   ++counts_.snapshots_verified;
                 });
}

/// At once: the store only has to remember it for whoever opens the document next.
void Snapshots::quarantine(Document& document, SnapshotId id, Done done) {
  Snapshot* snapshot = find(document.snapshots.all, id);
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

void Snapshots::write_standing(Document& document, SnapshotId id, SnapshotStanding standing, Done done) {
  const Ticket ticket = publishing_.next_ticket();
  change(document, SetStanding{ticket, document.path, id, standing, now_.wall}, ticket, std::move(done));
}

void Snapshots::change(Document& document, HubEffect effect, Ticket ticket, Done done) {
  ++document.pending;
  effects_->push_back(std::move(effect));
  changes_.emplace(ticket, Change{&document, document.epoch, std::move(done)});
}

void Snapshots::changed(const SnapshotChanged& answer) {
  auto node = changes_.extract(answer.ticket);
  if (node.empty()) return;
  const Change& change = node.mapped();
  --change.document->pending;
  // Another life's snapshots have the same numbers.
  change.done(change.document->epoch == change.epoch ? change.document : nullptr, answer.result);
}

// ---- what is due ----

void Snapshots::tick(Document& document) {
  if (document.phase != Document::Phase::open) return;
  expire(document);
  ask_for_snapshot(document);
  ask_for_attestation(document);
  if (now_.steady - document.snapshots.maintained >= rules_.maintain_interval) maintain(document);
}

void Snapshots::maintain(Document& document) {
  DocumentSnapshots& snapshots = document.snapshots;
  snapshots.maintained = now_.steady;
  if (document.phase != Document::Phase::open) return;
  for (const SnapshotId id : std::exchange(snapshots.reports_unwritten, {})) quarantine(document, id, {});
  if (snapshots.changing || snapshots.all.empty()) return;
  if (!cut(document)) drop_one(document);
}

bool Snapshots::drop_one(Document& document) {
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

bool Snapshots::cut(Document& document) {
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
