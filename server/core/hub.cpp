#include "weir/core/hub.hpp"

#include <algorithm>

namespace weir::core {

Hub::Hub(Options options)
    : options_(std::move(options)),
      publishing_(options_.limits, options_.encoders),
      snapshots_(options_.limits, options_.encoders, options_.retentions, publishing_) {}

void Hub::step(HubInput input, Now now, std::vector<HubEffect>& effects) {
  now_ = now;
  effects_ = &effects;
  publishing_.begin(now, effects);
  snapshots_.begin(now, effects);
  std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(input));
}

// ---- opening and closing documents ----

Document* Hub::find(DocumentHandle handle) {
  const auto found = by_handle_.find(handle);
  return found == by_handle_.end() ? nullptr : found->second;
}

Document& Hub::open(const DocumentPath& path) {
  if (const auto found = documents_.find(path); found != documents_.end()) return *found->second;
  auto& space = spaces_[path.space];
  if (!space) space = std::make_unique<Space>(path.space, options_.limits.ring_bytes_max);
  ++space->documents;
  const DocumentHandle handle{handles_given_++ * options_.count + options_.index + 1};
  auto document = std::make_unique<Document>(std::make_shared<const DocumentPath>(path), handle, *space,
                                             options_.limits, *options_.cover_merger);
  document->idle_since = now_.steady;
  document->pending = 1;
  effects_->push_back(LoadDocument{document->path});
  by_handle_[handle] = document.get();
  return *(documents_[path] = std::move(document));
}

void Hub::on(DocumentLoaded answer) {
  const auto found = documents_.find(*answer.path);
  if (found == documents_.end()) return;
  Document& document = *found->second;
  --document.pending;
  if (!answer.loaded) {
    auto waiting = std::move(document.waiting);
    const std::string words = "the relay could not open the document: " + answer.loaded.error().message;
    for (HubInput& input : waiting) {
      if (const auto* request = std::get_if<SubscribeRequest>(&input))
        refuse(*request, answer.loaded.error().code, frames::Reason::unspecified, words);
      else
        refuse(input, fail(answer.loaded.error().code, words));
    }
    --document.space->documents;
    by_handle_.erase(document.handle);
    documents_.erase(found);
    return;
  }
  Space& space = *document.space;
  if (!space.known) {
    // Only once: from here on this hub alone moves the space's head, as it hears of its commits.
    space.known = true;
    space.dispatched = answer.loaded->space_head;
    space.ring = Ring(space.dispatched, options_.limits.ring_bytes_max);
  }
  const DocumentState& state = answer.loaded->state;
  space.time = std::max(space.time, state.last_time);
  document.epoch = state.epoch;
  document.head = state.head;
  document.stored = state.life != DocumentLife::absent;
  document.cover = Cover(*options_.cover_merger, std::move(answer.loaded->cover));
  document.phase = state.life == DocumentLife::deleted ? Document::Phase::deleted : Document::Phase::open;
  snapshots_.loaded(document, state, std::move(answer.loaded->snapshots));
  resume(document);
}

bool Hub::wait(Document& document, HubInput input) {
  if (document.phase != Document::Phase::opening && document.phase != Document::Phase::changing) return false;
  if (document.waiting.size() < options_.limits.opening_requests_max) {
    document.waiting.push_back(std::move(input));
    return true;
  }
  const std::string words = "too many requests wait for document \"" + document.path->document.text() + "\"; try again";
  auto error = document_error(document.handle, Code::resource_exhausted, frames::Reason::unspecified, words);
  error.retry_after_ms = 1000;
  if (const auto* subscribe_request = std::get_if<SubscribeRequest>(&input))
    refuse(*subscribe_request, Code::resource_exhausted, frames::Reason::unspecified, words);
  else if (const auto* publish = std::get_if<PublishRequest>(&input))
    publishing_.refuse(*publish, std::move(error));
  else if (const auto* contribution = std::get_if<ContributeRequest>(&input))
    publishing_.refuse(document, *contribution, std::move(error.error));
  else
    refuse(input, fail(Code::resource_exhausted, words));
  return true;
}

void Hub::resume(Document& document) {
  // What waits may make the document wait again (a deletion behind a subscribe): the rest keeps its order.
  auto waiting = std::move(document.waiting);
  document.waiting.clear();
  for (HubInput& input : waiting)
    std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(input));
}

HubCounts Hub::counts() const {
  HubCounts counts = publishing_.counts();
  const HubCounts& snapshots = snapshots_.counts();
  counts.snapshots_stored = snapshots.snapshots_stored;
  counts.snapshots_refused = snapshots.snapshots_refused;
  counts.snapshots_verified = snapshots.snapshots_verified;
  counts.snapshots_quarantined = snapshots.snapshots_quarantined;
  counts.cuts = snapshots.cuts;
  counts.presence_updates = presence_updates_;
  counts.presences = presences_;
  return counts;
}

void Hub::on(Tick) {
  presences_ = 0;
  for (auto& [path, document] : documents_) {
    presences_ += document->presence.shown();
    for (const SessionRef& session : document->cover.expired(now_.steady))
      tell(session, CoverAnswer{document->handle, document->cover.durable()});
    snapshots_.tick(*document);
  }
  std::erase_if(documents_, [this](auto& entry) {
    Document& document = *entry.second;
    if (document.busy()) document.idle_since = now_.steady;
    if (now_.steady - document.idle_since < options_.limits.document_idle_max) return false;
    --document.space->documents;
    by_handle_.erase(document.handle);
    return true;
  });
  std::erase_if(spaces_,
                [](const auto& entry) { return entry.second->documents == 0 && entry.second->sessions.empty(); });
}

// ---- subscribing ----

void Hub::refuse(const SubscribeRequest& request, Code code, frames::Reason reason, std::string message) {
  frames::ErrorEvent event;
  event.error = fail(code, std::move(message));
  event.request = request.what.request;
  event.reason = reason;
  if (code == Code::unavailable || code == Code::resource_exhausted) event.retry_after_ms = 1000;
  tell(request.session, SubscribeRefused{std::move(event)});
}

void Hub::on(SubscribeRequest request) {
  if (auto may = options_.authorizer->may_read(request.principal, request.what.path); !may)
    return refuse(request, may.error().code, frames::Reason::unspecified, may.error().message);
  Document& document = open(request.what.path);
  if (wait(document, request)) return;
  subscribe(document, std::move(request));
}

bool Hub::fence(Document& document, const SubscribeRequest& request) {
  if (request.ephemeral) return false;
  const auto [entry, first] =
      document.space->sessions.try_emplace(request.producer, Space::Holder{request.session.id, request.principal});
  Space::Holder& holder = entry->second;
  if (first || holder.session == request.session.id) return false;
  // Producer ids are no secret, every reader sees them: a stranger takes nothing over; the mark says whose it is.
  if (holder.principal != request.principal) return false;
  if (holder.session > request.session.id) {
    refuse(request, Code::aborted, frames::Reason::fenced, "a newer session of this producer has taken over");
    return true;
  }
  const SessionId older = std::exchange(holder.session, request.session.id);
  for (auto& [path, other] : documents_) {
    if (other->space != document.space) continue;
    const auto subscriber = other->subscribers.find(older);
    if (subscriber == other->subscribers.end()) continue;
    tell(subscriber->second.session, Fenced{document.path->space});
    break;
  }
  return false;
}

void Hub::subscribe(Document& document, SubscribeRequest request) {
  if (document.phase == Document::Phase::deleted) {
    if (request.what.recreate) return recreate(document, std::move(request));
    return refuse(
        request, Code::not_found, frames::Reason::deleted,
        "document \"" + request.what.path.document.text() + "\" was deleted; to begin it anew subscribe with recreate");
  }
  if (document.subscribers.contains(request.session.id))
    return refuse(request, Code::already_exists, frames::Reason::protocol,
                  "this session subscribes to document \"" + request.what.path.document.text() + "\" already");
  if (fence(document, request)) return;
  Inspect inspect{publishing_.next_ticket(), document.path, std::nullopt, std::nullopt};
  if (!request.ephemeral) inspect.producer = request.producer;
  bool lost = false;
  if (request.what.from == frames::From::cursor && request.what.cursor) {
    const Cursor& cursor = *request.what.cursor;
    lost = cursor.epoch != document.epoch || cursor.offset > document.head;
    // Before a cut nothing is left to compare with: such a cursor is believed.
    const bool comparable = cursor.offset.value > 0 && cursor.offset >= document.snapshots.cut;
    if (!lost && comparable) inspect.chain_at = cursor.offset;
  }
  if (!inspect.producer && !inspect.chain_at) return subscribed(document, std::move(request), lost);
  ++document.pending;
  if (lost) request.what.cursor->epoch = {};  // remembered as lost: no document has epoch 0
  opening_[inspect.ticket] = {&document, std::move(request)};
  effects_->push_back(std::move(inspect));
}

void Hub::on(Inspected answer) {
  if (const auto read = publishing_.take_mark_read(answer.ticket))
    return publishing_.inspected(*read->document, read->producer, answer.found);
  if (snapshots_.inspected(answer)) return;
  auto node = opening_.extract(answer.ticket);
  if (node.empty()) return;
  Document& document = *node.mapped().document;
  SubscribeRequest request = std::move(node.mapped().request);
  --document.pending;
  if (!answer.found)
    return refuse(request, Code::unavailable, frames::Reason::unspecified,
                  "the relay could not read its log: " + answer.found.error().message);
  if (wait(document, request)) return;
  if (document.phase == Document::Phase::deleted) return subscribe(document, std::move(request));
  if (fence(document, request)) return;  // a newer session may have come meanwhile
  if (!request.ephemeral && !document.producers.contains(request.producer)) publishing_.make_room(document);
  if (!request.ephemeral && document.producers[request.producer].state == Producer::State::loading)
    publishing_.inspected(document, request.producer, answer.found);
  bool lost = false;
  if (request.what.from == frames::From::cursor && request.what.cursor) {
    const Cursor& cursor = *request.what.cursor;
    lost = cursor.epoch != document.epoch || (answer.found->chain && *answer.found->chain != cursor.chain);
  }
  subscribed(document, std::move(request), lost);
}

void Hub::subscribed(Document& document, SubscribeRequest request, bool lost_history) {
  if (document.subscribers.contains(request.session.id))
    return refuse(request, Code::already_exists, frames::Reason::protocol,
                  "this session subscribes to document \"" + request.what.path.document.text() + "\" already");
  Subscriber subscriber;
  subscriber.session = request.session;
  subscriber.dialect = request.dialect;
  subscriber.producer = request.producer;
  subscriber.ephemeral = request.ephemeral;
  subscriber.presence = request.what.presence;
  subscriber.writable = options_.authorizer->may_write(request.principal, request.what.path).has_value();
  subscriber.makes_snapshots = request.makes_snapshots;
  subscriber.since = now_.steady;
  subscriber.principal = std::move(request.principal);
  SubscribeAnswer answer;
  answer.request = request.what.request;
  answer.path = document.path;
  answer.position = document.space->dispatched;
  answer.subscribed = {request.what.request, document.handle, document.epoch, document.head, {}, lost_history, {}};
  if (!request.ephemeral)
    if (const auto producer = document.producers.find(request.producer); producer != document.producers.end())
      answer.subscribed.last_sequence = producer->second.stored;
  if (request.what.presence) answer.subscribed.presence = document.presence.all(document.handle);
  if (request.what.from == frames::From::live_only) answer.start = document.head;
  if (request.what.from == frames::From::cursor && request.what.cursor && !lost_history)
    answer.start = request.what.cursor->offset;
  answer.snapshots = snapshots_.serve(document, request, answer.start);
  if (!answer.snapshots.empty()) answer.start = answer.snapshots.back().offset;
  if (answer.start < document.snapshots.cut &&
      !options_.encoders[static_cast<std::size_t>(request.dialect)]->can_tell_of_cuts())
    return refuse(
        request, Code::out_of_range, frames::Reason::unspecified,
        "the relay no longer has the beginning of this document, and nothing that you could read stands for it");
  sessions_[request.session.id].push_back(document.handle);
  document.add(std::move(subscriber));
  tell(request.session, std::move(answer));
}

void Hub::unsubscribe(Document& document, SessionId session) {
  const auto subscriber = document.subscribers.find(session);
  if (subscriber == document.subscribers.end()) return;
  document.remove(subscriber);
  document.idle_since = now_.steady;
  snapshots_.left(document, session);
  for (const auto& update : document.presence.leave(document.handle, session)) broadcast(document, session, update);
  if (const auto next = document.cover.left(session, now_.steady, options_.limits.cover_lease))
    tell(*next, CoverAnswer{document.handle, document.cover.durable()});
}

void Hub::on(UnsubscribeRequest request) {
  Document* document = find(request.document);
  if (document == nullptr) return;
  unsubscribe(*document, request.session.id);
  const auto session = sessions_.find(request.session.id);
  if (session != sessions_.end()) std::erase(session->second, request.document);
}

void Hub::on(SessionGone gone) {
  auto node = sessions_.extract(gone.session.id);
  if (!node.empty())
    for (const DocumentHandle handle : node.mapped())
      if (Document* document = find(handle)) unsubscribe(*document, gone.session.id);
  for (auto& [name, space] : spaces_)
    std::erase_if(space->sessions, [&](const auto& entry) { return entry.second.session == gone.session.id; });
  // A subscribe that is still being looked up must not outlive its session.
  const auto same = [&](const HubInput& input) {
    const auto* request = std::get_if<SubscribeRequest>(&input);
    return request != nullptr && request->session.id == gone.session.id;
  };
  for (auto& [path, document] : documents_) std::erase_if(document->waiting, same);
  std::erase_if(opening_, [&](const auto& entry) {
    if (entry.second.request.session.id != gone.session.id) return false;
    --entry.second.document->pending;
    return true;
  });
}

// ---- publishing, presence, joining ----

void Hub::on(PublishRequest request) {
  Document* document = find(request.publish.document);
  if (document == nullptr)
    return tell(request.session,
                PublishAnswer{document_error(request.publish.document, Code::not_found, frames::Reason::protocol,
                                             "no open document has this handle; subscribe again"),
                              request.flight});
  if (wait(*document, request)) return;
  if (document->phase == Document::Phase::deleted)
    return tell(request.session,
                PublishAnswer{document_error(document->handle, Code::not_found, frames::Reason::deleted,
                                             "document \"" + document->path->document.text() + "\" was deleted"),
                              request.flight});
  publishing_.publish(*document, std::move(request));
}

void Hub::on(ContributeRequest request) {
  Document* document = find(request.contribution.document);
  if (document != nullptr && wait(*document, request)) return;
  if (document == nullptr || document->phase == Document::Phase::deleted) {
    auto error = document_error(request.contribution.document, Code::not_found, frames::Reason::deleted,
                                "the document was deleted");
    return tell(request.session, ContributeAnswer{request.contribution.document, std::move(error), {}, request.flight});
  }
  publishing_.contribute(*document, std::move(request));
}

void Hub::on(PresenceRequest request) {
  Document* document = find(request.presence.document);
  if (document == nullptr) return;
  const auto subscriber = document->subscribers.find(request.session.id);
  if (subscriber == document->subscribers.end()) return;
  auto update =
      document->presence.set(document->handle, request.session.id, subscriber->second.producer, request.presence);
  if (!update)
    return tell(request.session, document_error(document->handle, update.error().code, frames::Reason::unspecified,
                                                update.error().message));
  if (*update) broadcast(*document, request.session.id, **update);
}

void Hub::broadcast(Document& document, SessionId author, const frames::PresenceUpdate& update) {
  ++presence_updates_;
  const std::uint64_t threads = document.thread_mask();
  if (threads == 0) return;
  auto delivery = std::make_shared<PresenceDelivery>();
  delivery->document = document.handle;
  delivery->key = update.key;
  delivery->author = author;
  for (std::size_t dialect = 0; dialect < dialect_kinds; ++dialect)
    if (document.subscribers_by_dialect[dialect] > 0)
      delivery->bytes[dialect] = options_.encoders[dialect]->presence(update);
  effects_->push_back(BroadcastPresence{threads, std::move(delivery)});
}

void Hub::on(JoinRequest request) {
  JoinAnswer answer{request.space, request.generation, true, request.at, {}};
  const auto found = spaces_.find(request.space);
  if (found != spaces_.end()) {
    const Space& space = *found->second;
    if (space.ring.covers(request.at)) {
      const auto& handles = sessions_[request.session.id];
      for (const DeliveryRef& delivery : space.ring.deliveries())
        if (delivery->first > request.at &&
            std::find(handles.begin(), handles.end(), delivery->document) != handles.end())
          answer.missed.push_back(delivery);
      answer.at = std::max(request.at, space.dispatched);
    } else {
      answer.live = false;
      answer.at = space.dispatched;
    }
  }
  tell(request.session, std::move(answer));
}

void Hub::on(CoverRequest request) {
  Document* document = find(request.document);
  if (document == nullptr || !document->subscribers.contains(request.session.id)) return;
  if (document->cover.ask(request.session, now_.steady, options_.limits.cover_lease))
    tell(request.session, CoverAnswer{document->handle, document->cover.durable()});
}

}  // namespace weir::core
