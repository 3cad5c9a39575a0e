#include "weir/core/publishing.hpp"

#include <algorithm>

#include "weir/vocabulary/assert.hpp"

namespace weir::core {
namespace {

Sequence last_of(const frames::Publish& publish) { return {publish.first_sequence.value + publish.deltas.size() - 1}; }

std::string quoted(const Document& document) { return '"' + document.path->document.text() + '"'; }

}  // namespace

// ---- deciding ----

void Publishing::make_room(Document& document) {
  if (document.producers.size() >= limits_.producers_cached_max)
    std::erase_if(document.producers, [](const auto& entry) {
      return entry.second.state == Producer::State::ready && entry.second.in_flight == 0 &&
             entry.second.waiting.empty();
    });
}

Producer& Publishing::producer(Document& document, const ProducerId& id) {
  const auto known = document.producers.find(id);
  if (known != document.producers.end()) return known->second;
  make_room(document);
  const Ticket ticket = next_ticket();
  mark_reads_[ticket] = {&document, id};
  ++document.pending;
  effects_->push_back(Inspect{ticket, document.path, id, std::nullopt});
  return document.producers[id];
}

std::optional<Publishing::MarkRead> Publishing::take_mark_read(Ticket ticket) {
  const auto found = mark_reads_.find(ticket);
  if (found == mark_reads_.end()) return std::nullopt;
  const MarkRead read = found->second;
  mark_reads_.erase(found);
  --read.document->pending;
  return read;
}

void Publishing::inspected(Document& document, const ProducerId& id, const Result<Inspection>& found) {
  const auto entry = document.producers.find(id);
  if (entry == document.producers.end() || entry->second.state != Producer::State::loading) return;
  Producer& producer = entry->second;
  if (!found) {
    auto waiting = std::move(producer.waiting);
    document.producers.erase(entry);
    for (const auto& request : waiting) {
      auto error = document_error(document.handle, Code::unavailable, frames::Reason::unspecified,
                                  "the relay could not read its log: " + found.error().message + "; try again");
      error.retry_after_ms = 1000;
      refuse(request, std::move(error));
    }
    return;
  }
  if (found->mark) {
    producer.stored = producer.submitted = found->mark->sequence;
    producer.owner = found->mark->principal;
    producer.owned = true;
  }
  producer.state = Producer::State::ready;
  drain(document, id);
}

bool Publishing::must_wait(const Producer& producer, const PublishRequest& request) {
  if (producer.state != Producer::State::ready) return true;
  const bool repeats = request.publish.first_sequence <= producer.submitted;
  return repeats && producer.in_flight > 0;
}

void Publishing::publish(Document& document, PublishRequest request) {
  const auto subscriber = document.subscribers.find(request.session.id);
  if (subscriber == document.subscribers.end())
    return refuse(request, document_error(document.handle, Code::failed_precondition, frames::Reason::protocol,
                                          "subscribe to a document before publishing to it"));
  const ProducerId id = subscriber->second.producer;
  if (!subscriber->second.writable)
    return refuse(request, document_error(document.handle, Code::permission_denied, frames::Reason::unspecified,
                                          "you may read document " + quoted(document) + " but not write to it"));
  if (const auto newest = document.space->sessions.find(id); newest != document.space->sessions.end() &&
                                                             newest->second.principal == subscriber->second.principal &&
                                                             newest->second.session != request.session.id)
    return refuse(request, document_error(document.handle, Code::aborted, frames::Reason::fenced,
                                          "a newer session of this producer has taken over"));
  if (request.publish.epoch != document.epoch)
    return refuse(request, document_error(document.handle, Code::failed_precondition, frames::Reason::epoch,
                                          "document " + quoted(document) +
                                              " has begun another epoch; subscribe again and offer your state"));
  if (request.publish.deltas.empty() || request.publish.first_sequence.value == 0)
    return refuse(request, document_error(document.handle, Code::invalid_argument, frames::Reason::protocol,
                                          "a publish has at least one delta, and sequences begin at 1"));
  Producer& state = producer(document, id);
  if (!state.waiting.empty() || must_wait(state, request))
    state.waiting.push_back(std::move(request));
  else
    decide(document, state, std::move(request));
}

void Publishing::drain(Document& document, const ProducerId& id) {
  // A decision may start a comparison or an append; look the producer up anew each time.
  for (;;) {
    const auto entry = document.producers.find(id);
    if (entry == document.producers.end() || document.phase == Document::Phase::changing) return;
    Producer& producer = entry->second;
    if (producer.waiting.empty() || must_wait(producer, producer.waiting.front())) return;
    PublishRequest request = std::move(producer.waiting.front());
    producer.waiting.pop_front();
    decide(document, producer, std::move(request));
  }
}

void Publishing::decide(Document& document, Producer& producer, PublishRequest request) {
  const auto subscriber = document.subscribers.find(request.session.id);
  if (subscriber == document.subscribers.end())  // it has left, perhaps only this document
    return refuse(request, document_error(document.handle, Code::not_found, frames::Reason::protocol,
                                          "this session no longer subscribes to document " + quoted(document)));
  if (document.phase != Document::Phase::open || request.publish.epoch != document.epoch)
    return refuse(request, document_error(document.handle, Code::not_found, frames::Reason::deleted,
                                          "document " + quoted(document) + " was deleted"));
  if (producer.owned && producer.owner != subscriber->second.principal)
    return refuse(request, document_error(document.handle, Code::permission_denied, frames::Reason::producer_owned,
                                          "this producer id belongs to another principal; take a new random one"));
  const Sequence first = request.publish.first_sequence;
  const bool opens = request.publish.base && producer.submitted.value == 0;
  if (first == producer.submitted.next() || opens) return append(document, producer, std::move(request));
  if (first <= producer.submitted) return compare(document, producer, std::move(request));
  auto error = document_error(document.handle, Code::out_of_range, frames::Reason::sequence_gap,
                              "sequence " + std::to_string(first.value) + " skips ahead in document " +
                                  quoted(document) + "; send from " + std::to_string(producer.submitted.value + 1));
  error.expected_sequence = producer.submitted.next();
  refuse(request, std::move(error));
}

// ---- resends ----

void Publishing::compare(Document& document, Producer& producer, PublishRequest request) {
  producer.state = Producer::State::comparing;
  const Ticket ticket = next_ticket();
  ++document.pending;
  const auto id = document.subscribers.at(request.session.id).producer;
  effects_->push_back(FindRecords{ticket, document.path, id, request.publish.first_sequence,
                                  std::min(last_of(request.publish), producer.stored)});
  comparing_[ticket] = {&document, id, std::move(request)};
}

void Publishing::found(const RecordsFound& answer) {
  auto node = comparing_.extract(answer.ticket);
  if (node.empty()) return;
  Comparing comparing = std::move(node.mapped());
  Document& document = *comparing.document;
  PublishRequest& request = comparing.request;
  --document.pending;
  const auto entry = document.producers.find(comparing.producer);
  if (entry == document.producers.end())  // forgotten with its document's last life
    return refuse(request, document_error(document.handle, Code::not_found, frames::Reason::deleted,
                                          "document " + quoted(document) + " was deleted"));
  Producer& producer = entry->second;
  producer.state = Producer::State::ready;

  const Sequence first = request.publish.first_sequence;
  const Sequence last = std::min(last_of(request.publish), producer.stored);
  const std::size_t repeated = last.value - first.value + 1;
  std::vector<const Record*> stored(repeated, nullptr);
  if (answer.found)
    for (const Record& record : *answer.found)
      if (record.sequence >= first && record.sequence <= last) stored[record.sequence.value - first.value] = &record;
  bool complete = true;
  bool equal = true;
  for (std::size_t i = 0; i < repeated; ++i) {
    complete = complete && stored[i] != nullptr;
    if (stored[i] != nullptr) equal = equal && Delta{stored[i]->codec, stored[i]->payload} == request.publish.deltas[i];
  }
  const auto subscriber = document.subscribers.find(request.session.id);
  if (answer.found && equal && complete && subscriber != document.subscribers.end())
    counts_.duplicates[static_cast<std::size_t>(subscriber->second.dialect)] += repeated;
  if (!answer.found) {
    auto error = document_error(document.handle, Code::unavailable, frames::Reason::unspecified,
                                "the relay could not read its log: " + answer.found.error().message + "; try again");
    error.retry_after_ms = 1000;
    refuse(request, std::move(error));
  } else if (!equal) {
    refuse(request,
           document_error(document.handle, Code::aborted, frames::Reason::resend_differs,
                          "sequence " + std::to_string(first.value) +
                              " and following are stored with other "
                              "bytes: this producer was cloned or restored; take a new producer id and publish again"));
  } else if (!complete) {
    refuse(request, document_error(document.handle, Code::aborted, frames::Reason::not_comparable,
                                   "sequence " + std::to_string(first.value) +
                                       " and following are too old to be "
                                       "compared; take a new producer id and publish again"));
  } else if (repeated == request.publish.deltas.size()) {
    effects_->push_back(Tell{
        request.session, PublishAnswer{frames::Stored{document.handle, last, stored.back()->offset}, request.flight}});
  } else {
    auto& deltas = request.publish.deltas;
    deltas.erase(deltas.begin(), deltas.begin() + static_cast<std::ptrdiff_t>(repeated));
    request.publish.first_sequence = last.next();
    producer.waiting.push_front(std::move(request));
  }
  drain(document, comparing.producer);
}

// ---- appending ----

Seconds Publishing::stamp(Space& space) const {
  space.time = std::max(space.time, now_.wall);
  return space.time;
}

void Publishing::submit(Pending pending, std::optional<Sequence> assumed_mark) {
  Document& document = *pending.document;
  pending.ticket = next_ticket();
  pending.time = stamp(*document.space);
  Append append;
  append.kind = pending.kind;
  append.path = document.path;
  append.epoch = document.epoch;
  append.producer = pending.producer;
  append.first_sequence = pending.first;
  append.assumed_mark = assumed_mark;
  append.principal = pending.principal;
  append.time = pending.time;
  append.deltas = pending.deltas;  // shares the payloads
  append.cut = pending.cut.offset;
  append.cut_chain = pending.cut.chain;
  append.cut_records = pending.cut.records;
  append.cut_payload_bytes = pending.cut.payload_bytes;
  if (pending.cover) append.notes.push_back({cover_note, SharedBytes::copy(*pending.cover)});
  ++document.pending;
  effects_->push_back(StartAppend{pending.ticket, std::move(append)});
  pending_.push_back(std::move(pending));
}

void Publishing::append(Document& document, Producer& producer, PublishRequest request) {
  if (lane_failed_) {
    auto error = document_error(document.handle, Code::unavailable, frames::Reason::unspecified,
                                "the relay is recovering from a failed write; try again");
    error.retry_after_ms = 500;
    return refuse(request, std::move(error));
  }
  const Subscriber& subscriber = document.subscribers.at(request.session.id);
  Pending pending;
  pending.document = &document;
  pending.author = request.session;
  pending.dialect = subscriber.dialect;
  pending.producer = subscriber.producer;
  pending.principal = subscriber.principal;
  pending.first = request.publish.first_sequence;
  pending.deltas = std::move(request.publish.deltas);
  pending.flight = request.flight;
  const Sequence assumed = producer.submitted;
  producer.submitted = {pending.first.value + pending.deltas.size() - 1};
  ++producer.in_flight;
  submit(std::move(pending), assumed);
}

void Publishing::change(Document& document, AppendKind kind, Changed done) {
  if (lane_failed_)
    return done(document, fail(Code::unavailable, "the relay is recovering from a failed write; try again"));
  submit_gathered(document);
  document.phase = Document::Phase::changing;
  Pending pending;
  pending.document = &document;
  pending.kind = kind;
  pending.changed = std::move(done);
  submit(std::move(pending), std::nullopt);
}

void Publishing::cut(Document& document, const Snapshot& behind, Changed done) {
  if (lane_failed_)
    return done(document, fail(Code::unavailable, "the relay is recovering from a failed write; try again"));
  Pending pending;
  pending.document = &document;
  pending.kind = AppendKind::cut;
  pending.cut = behind;
  pending.changed = std::move(done);
  submit(std::move(pending), std::nullopt);
}

void Publishing::changed(Document& document) {
  std::vector<ProducerId> waiting;
  for (const auto& [id, producer] : document.producers)
    if (!producer.waiting.empty()) waiting.push_back(id);
  for (const ProducerId& id : waiting) drain(document, id);
  if (document.phase == Document::Phase::deleted) document.producers.clear();
}

// ---- the log has answered ----

void Publishing::finished(const AppendFinished& answer) {
  WEIR_ASSERT(!pending_.empty() && pending_.front().ticket == answer.ticket);
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  --pending.document->pending;
  if (answer.result)
    committed(pending, *answer.result);
  else
    failed(pending, answer.result.error());
  if (pending_.empty() && lane_failed_) recover();
}

void Publishing::committed(Pending& pending, const Appended& appended) {
  Document& document = *pending.document;
  if (pending.cover)
    for (const SessionRef& session : document.cover.committed(*pending.cover))
      effects_->push_back(Tell{session, CoverAnswer{document.handle, document.cover.durable()}});
  if (appended.first.value > 0) {
    document.head = appended.last;
    document.stored = true;
    document.space->dispatched = appended.last;
  }
  if (pending.kind != AppendKind::deltas) return pending.changed(document, appended);
  if (!pending.deltas.empty()) {
    count(pending);
    document.snapshots.wrote(pending.deltas, now_.steady);
    dispatch(pending, appended);
  }
  if (pending.contribution) return contribution_finished(pending);
  const auto entry = document.producers.find(pending.producer);
  if (entry == document.producers.end()) return;
  Producer& producer = entry->second;
  producer.stored = {pending.first.value + pending.deltas.size() - 1};
  producer.owner = pending.principal;
  producer.owned = true;
  --producer.in_flight;
  effects_->push_back(Tell{
      pending.author, PublishAnswer{frames::Stored{document.handle, producer.stored, appended.last}, pending.flight}});
  drain(document, pending.producer);
}

void Publishing::count(const Pending& pending) {
  const auto dialect = static_cast<std::size_t>(pending.dialect);
  counts_.publishes[dialect] += pending.contribution ? pending.deltas.size() : 1;
  counts_.deltas[dialect] += pending.deltas.size();
  for (const Delta& delta : pending.deltas) counts_.delta_bytes[dialect] += delta.payload.size();
}

void Publishing::dispatch(Pending& pending, const Appended& appended) {
  Document& document = *pending.document;
  std::vector<Record> records;
  records.reserve(pending.deltas.size());
  for (std::size_t i = 0; i < pending.deltas.size(); ++i) {
    Delta& delta = pending.deltas[i];
    records.push_back({appended.first.plus(i), pending.producer, pending.first.plus(i), pending.time, delta.codec,
                       std::move(delta.payload)});
  }
  auto delivery = std::make_shared<Delivery>();
  delivery->document = document.handle;
  delivery->first = appended.first;
  delivery->last = appended.last;
  delivery->author = pending.author.id;
  delivery->since = (pending.contribution ? pending.contribution->flight : pending.flight).since;
  delivery->echo = !pending.contribution || pending.contribution->contribution.echo;
  for (std::size_t dialect = 0; dialect < dialect_kinds; ++dialect)
    if (document.subscribers_by_dialect[dialect] > 0) {
      delivery->bytes[dialect] = encoders_[dialect]->records(document.handle, records, false);
      delivery->partial[dialect] = !encoders_[dialect]->shows(records);
    }
  if (delivery->echo && document.subscribers.contains(pending.author.id)) {
    const auto own = static_cast<std::size_t>(pending.dialect);
    delivery->own[own] = encoders_[own]->records(document.handle, records, true);
  }
  document.space->ring.push(delivery);
  if (const std::uint64_t threads = document.thread_mask())
    effects_->push_back(Broadcast{threads, std::move(delivery)});
}

void Publishing::failed(Pending& pending, const Error& error) {
  lane_failed_ = true;
  Document& document = *pending.document;
  touched_by_failure_.push_back(&document);
  ++document.pending;  // keeps it open until recover()
  if (pending.kind != AppendKind::deltas) return pending.changed(document, error);
  const bool full = error.code == Code::resource_exhausted;
  const std::string words = "not stored: " + error.message + (full ? "; try again later" : "; try again");
  if (pending.contribution) return contribution_failed(pending, fail(full ? error.code : Code::unavailable, words));
  auto event =
      document_error(document.handle, full ? error.code : Code::unavailable, frames::Reason::unspecified, words);
  event.retry_after_ms = full ? 5000 : 500;
  PublishRequest request;
  request.session = pending.author;
  request.flight = pending.flight;
  request.publish.first_sequence = pending.first;
  request.publish.deltas = std::move(pending.deltas);
  refuse(request, std::move(event));
  if (const auto entry = document.producers.find(pending.producer); entry != document.producers.end()) {
    --entry->second.in_flight;
    entry->second.submitted = entry->second.stored;
  }
}

// What was built on the failed append is gone: forget it, and read the marks anew when they are asked for.
void Publishing::recover() {
  lane_failed_ = false;
  effects_->push_back(ResetLane{});
  auto touched = std::exchange(touched_by_failure_, {});
  for (Document* document : touched) {
    --document->pending;
    document->cover.rolled_back();
    std::vector<ProducerId> waiting;
    std::erase_if(document->producers, [&](auto& entry) {
      if (entry.second.state != Producer::State::ready) return false;
      if (!entry.second.waiting.empty()) waiting.push_back(entry.first);
      return entry.second.waiting.empty();
    });
    for (const ProducerId& id : waiting) drain(*document, id);
  }
}

// ---- refusing ----

void Publishing::refuse(const PublishRequest& request, frames::ErrorEvent error) {
  error.through_sequence = request.publish.deltas.empty() ? request.publish.first_sequence : last_of(request.publish);
  effects_->push_back(Tell{request.session, PublishAnswer{std::move(error), request.flight}});
}

}  // namespace weir::core
