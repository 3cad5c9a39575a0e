#include "weir/core/snapshots.hpp"

#include <algorithm>
#include <utility>

namespace weir::core {
namespace {

/// With this hash, at this offset, and trusted so far.
Snapshot* find(SnapshotList& all, Offset offset, const Digest& hash) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Snapshot& one) {
    return one.offset == offset && one.hash == hash && one.standing != SnapshotStanding::quarantined;
  });
  return found == all.end() ? nullptr : &*found;
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
    return fail(Code::resource_exhausted,
                "a snapshot that nobody asked for was taken, or broke off, a moment ago; offer one later");
  return std::nullopt;
}

/// The same bytes from somebody else: nothing is to be sent, and both vouch for it.
bool Snapshots::known_already(Document& document, const SnapshotOffered& offered, const std::string& author) {
  const Snapshot* known = find(document.snapshots.all, offered.offer.offset, offered.offer.hash);
  if (known == nullptr) return false;
  if (known->author != author && known->standing == SnapshotStanding::candidate)
    upkeep_.confirm(document, known->id, author);
  effects_->push_back(
      Tell{offered.session, frames::SnapshotStored{document.handle, offered.offer.offset, offered.offer.hash}});
  return true;
}

void Snapshots::offered(Document& document, SnapshotOffered offered) {
  const auto author = document.subscribers.find(offered.session.id);
  if (author == document.subscribers.end()) return;
  if (offered.foreign) offered.offer.epoch = document.epoch;  // its subscription does not outlive an epoch
  if (offered.offer.epoch == document.epoch && author->second.writable &&
      known_already(document, offered, author->second.identity()))
    return;
  if (auto error = objection(document, offered, author->second)) {
    const bool later = error->code == Code::resource_exhausted;
    const auto wait = static_cast<std::uint64_t>(rules_.volunteer_interval.count());
    return refuse(offered.session, document.handle, std::move(*error), later ? wait : 0);
  }
  DocumentSnapshots& snapshots = document.snapshots;
  if (!snapshots.making || snapshots.making->session.id != offered.session.id) snapshots.volunteered = now_.steady;
  snapshots.making = {offered.session, true, now_.steady + rules_.upload_max};
  author->second.asked_for_snapshot = now_.steady;
  const Ticket ticket = publishing_.next_ticket();
  ++document.pending;
  effects_->push_back(Inspect{ticket, document.path, std::nullopt, std::nullopt, offered.offer.offset});
  std::string who = author->second.identity();
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
      document.snapshots.make_nothing(now_.steady);
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
  const bool awaited = snapshots.making && snapshots.making->session.id == uploaded.session.id;
  if (!uploaded.result) {
    if (awaited) snapshots.make_nothing(now_.steady);
    const Error& error = uploaded.result.error();
    return refuse(uploaded.session, document.handle, fail(error.code, "the snapshot was not stored: " + error.message));
  }
  if (awaited) snapshots.making.reset();
  const Snapshot& stored = *uploaded.result;
  if (snapshots.find(stored.id) != nullptr) return;
  const auto place = std::upper_bound(snapshots.all.begin(), snapshots.all.end(), stored,
                                      [](const Snapshot& left, const Snapshot& right) {
                                        return std::pair(left.offset, left.id) < std::pair(right.offset, right.id);
                                      });
  snapshots.all.insert(place, stored);
  ++counts_.snapshots_stored;
  effects_->push_back(Tell{uploaded.session, frames::SnapshotStored{document.handle, stored.offset, stored.hash}});
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
  if (!request.attest.valid) return upkeep_.quarantine(document, snapshot->id, subscriber.identity());
  if (subscriber.identity() == snapshot->author)
    return refuse(request.session, document.handle,
                  fail(Code::permission_denied, "a snapshot is verified by somebody else than who made it"));
  if (snapshot->standing == SnapshotStanding::candidate) upkeep_.confirm(document, snapshot->id, subscriber.identity());
}

void Snapshots::withdraw(Document& document, const WithdrawRequest& request) {
  for (auto one = document.snapshots.all.rbegin(); one != document.snapshots.all.rend(); ++one)
    if (one->offset == request.offset && one->standing != SnapshotStanding::quarantined)
      return upkeep_.quarantine(document, one->id, {}, finished(request.ticket));
  none_there(document, request.ticket, "in use at offset " + std::to_string(request.offset.value));
}

void Snapshots::release(Document& document, const ReleaseRequest& request) {
  SnapshotList& all = document.snapshots.all;
  if (find(all, request.offset, request.hash) != nullptr)
    return finished(request.ticket)(&document, fail(Code::already_exists, "the same snapshot is in use at offset " +
                                                                              std::to_string(request.offset.value)));
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    if (one->offset == request.offset && one->hash == request.hash)
      return upkeep_.release(document, one->id, finished(request.ticket));
  none_there(document, request.ticket,
             "with this hash in quarantine at offset " + std::to_string(request.offset.value));
}

SnapshotUpkeep::Done Snapshots::finished(Ticket ticket) {
  return
      [this, ticket](Document*, const Result<void>& result) { effects_->push_back(StandingFinished{ticket, result}); };
}

void Snapshots::none_there(Document& document, Ticket ticket, const std::string& which) {
  finished(ticket)(
      &document, fail(Code::not_found, "document \"" + document.path->document.text() + "\" has no snapshot " + which));
}

// ---- what is due ----

void Snapshots::tick(Document& document) {
  if (document.phase != Document::Phase::open) return;
  if (const auto late = asking_.expire(document))
    refuse(*late, document.handle, fail(Code::aborted, "sending the snapshot took too long; offer it anew"));
  asking_.ask(document);
  if (now_.steady - document.snapshots.maintained >= rules_.maintain_interval) upkeep_.maintain(document);
}

}  // namespace weir::core
