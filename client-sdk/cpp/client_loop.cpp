#include "weir/client/client_loop.hpp"

#include <future>

#include "weir/client/sealed.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::client {

ClientLoop::ClientLoop(ClientOptions options, std::unique_ptr<Transport> transport)
    : options_(std::move(options)),
      inbox_({.calls_max = options_.calls_waiting_max, .payload_bytes_max = options_.calls_waiting_bytes_max}),
      transport_(std::move(transport)) {
  options_.session.token_changes = options_.session.token_changes || options_.token != nullptr;
  const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  options_.session.unix_time =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(unix_time).count());
}

void ClientLoop::start() {
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

void ClientLoop::stop() {
  inbox_.stop();
  // From a callback the loop ends after it; the client's destructor, which is not called from one, waits for that.
  if (!is_this_thread()) std::call_once(joined_, [this] { thread_.join(); });
}

void ClientLoop::run() {
  loop_ = std::this_thread::get_id();
  if (options_.store) options_.session.kept = begin_store();
  session_ = std::make_unique<Session>(options_.session, secure_random, now());
  for (settle(); inbox_.wait(session_->deadline()); settle()) {
    for (const Inbox::Task& event : inbox_.take_events()) event(*session_, now());
    run_calls();
  }
  finish();
}

void ClientLoop::finish() {
  session_->close(now());
  run_calls();
  settle();
  if (options_.store) options_.store->end();
  options_.store.reset();         // documents' handles hold this, and must not keep the folder from the next client
  WEIR_ASSERT(awaited_.empty());  // a closed session leaves no ticket open
  transport_.reset();
  const auto gone = std::exchange(handlers_, {});  // what goes with them may call back
}

/// The store outlives the loop's tasks, and says nothing after end().
StoreContents ClientLoop::begin_store() {
  return options_.store->begin(
      [this](std::uint64_t number) { inbox_.event([number](Session& session, Time at) { session.kept(number, at); }); },
      [this](const Error& error) {
        inbox_.event([error](Session& session, Time at) { session.not_kept(error, at); });
      });
}

/// None of them calls back; what they bring about is in the effects.
void ClientLoop::run_calls() {
  for (const Inbox::Task& call : inbox_.take_calls()) call(*session_, now());
  inbox_.calls_done();
}

void ClientLoop::settle() {
  for (const Settled& refused : std::exchange(refused_, {})) on(refused);
  for (std::vector<Effect> effects = session_->poll(now()); !effects.empty(); effects = session_->poll(now()))
    perform(effects);
}

void ClientLoop::perform(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) std::visit([this](const auto& what) { on(what); }, effect);
}

Result<DocumentId> ClientLoop::subscribe(DocumentPath path, Handlers handlers, SubscribeOptions options) {
  options.offers_state = handlers.state != nullptr;
  options.snapshots = handlers.on_snapshot != nullptr;
  const auto kept = std::make_shared<const Handlers>(std::move(handlers));
  const auto subscribe = [this, kept, path, options](Session& session, Time at) {
    Result<DocumentId> id = session.subscribe(path, options, at);
    if (id) handlers_.emplace(*id, kept);
    return id;
  };
  if (is_this_thread()) {
    if (inbox_.stopped()) return Inbox::closed_error();
    run_calls();  // the same document may have been closed in this very callback
    return subscribe(*session_, now());
  }
  const auto answer = std::make_shared<std::promise<Result<DocumentId>>>();
  const Result<void> taken =
      inbox_.call([answer, subscribe](Session& session, Time at) { answer->set_value(subscribe(session, at)); });
  if (!taken) return taken.error();
  return answer->get_future().get();
}

Ticket ClientLoop::await(WhenSettled then) {
  if (!then) return 0;
  awaited_.emplace(++last_ticket_, Awaited{std::move(then), false});
  return last_ticket_;
}

void ClientLoop::await(Condition condition, DocumentId document, WhenSettled then) {
  if (!then) return;
  awaited_.emplace(++last_ticket_, Awaited{std::move(then), true});
  if (++conditions_ <= options_.calls_waiting_max) return (session_.get()->*condition)(document, last_ticket_, now());
  refused_.push_back(
      {.document = document,
       .ticket = last_ticket_,
       .error = make_error(ErrorKind::other, Code::resource_exhausted,
                           std::to_string(options_.calls_waiting_max) +
                               " callbacks wait for when_stored() and when_caught_up() already, more may "
                               "not (calls_waiting_max); one is enough")});
}

// ---- from the transport ----

void ClientLoop::opened(std::uint64_t attempt) {
  inbox_.event([this, attempt](Session& session, Time at) {
    session.opened(attempt, options_.token ? options_.token() : std::string(), at);
  });
}

void ClientLoop::received(std::uint64_t attempt, SharedBytes frame) {
  inbox_.event([this, attempt, frame = std::move(frame)](Session& session, Time at) {
    session.received(attempt, frame, at);
    // All of it before more is read: a callback that takes its time slows the relay, not the memory.
    for (std::vector<Effect> effects = session.poll(at); !effects.empty(); effects = session.poll(at)) perform(effects);
    transport_->read(attempt);
  });
}

void ClientLoop::lost(std::uint64_t attempt, std::string why) {
  inbox_.event([attempt, why = std::move(why)](Session& session, Time at) {
    session.lost(attempt, make_error(ErrorKind::connection, Code::unavailable, why), at);
  });
}

// ---- effects ----

template <class Call>
void ClientLoop::with(DocumentId document, Call call) {
  const auto found = handlers_.find(document);
  if (found == handlers_.end()) return;
  const std::shared_ptr<const Handlers> handlers = found->second;  // the application may close it in a callback
  call(*handlers);
}

void ClientLoop::on(const Open& effect) { transport_->open(effect.attempt, effect.address, shared_from_this()); }

void ClientLoop::on(const Persist& effect) { options_.store->write(effect.number, effect.changes); }

void ClientLoop::on(const StatusChanged& effect) {
  if (options_.on_status) options_.on_status(effect.status);
}

void ClientLoop::on(const ConnectionFailed& effect) {
  if (options_.on_connection_error) options_.on_connection_error(effect.error);
}

void ClientLoop::on(const ProducerChanged& effect) {
  if (options_.on_producer_changed) options_.on_producer_changed(effect.producer);
}

void ClientLoop::on(const SessionFailed& effect) {
  if (options_.on_error) options_.on_error(effect.error);
}

void ClientLoop::on(const DocumentOpened& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_opened) call.on_opened(effect);
  });
}

void ClientLoop::on(const RecordsRead& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_records) call.on_records(effect);
  });
}

void ClientLoop::on(const SnapshotRead& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_snapshot) call.on_snapshot(effect);
  });
}

void ClientLoop::on(const SnapshotAsked& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (!call.snapshotter) return;
    if (const auto made = call.snapshotter->make())
      session_->offer_snapshot(effect.document, effect.cursor, *made, now());
  });
}

void ClientLoop::on(const AttestationAsked& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (!call.snapshotter) return;
    if (const auto valid = call.snapshotter->check(effect.snapshot))
      session_->attest(effect.document, effect.offset, effect.hash, *valid, now());
  });
}

void ClientLoop::on(const SnapshotKept& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_snapshot_kept) call.on_snapshot_kept(effect.offset);
  });
}

void ClientLoop::on(const RecordsCut& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_cut) call.on_cut(effect);
  });
}

void ClientLoop::on(const CaughtUp& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_caught_up) call.on_caught_up();
  });
}

void ClientLoop::on(const StoredSome& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_stored) call.on_stored(effect.pending);
  });
}

void ClientLoop::on(const Settled& effect) {
  if (const auto awaited = awaited_.extract(effect.ticket); !awaited.empty()) {
    if (awaited.mapped().condition) --conditions_;
    return awaited.mapped().then(effect);
  }
  if (effect.error)
    on(DocumentFailed{effect.document, *effect.error, false});  // a delta nobody waits for is not lost silently
}

void ClientLoop::on(const PresenceChanged& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_presence) call.on_presence(effect.changes);
  });
}

void ClientLoop::on(const StateWanted& effect) {
  with(effect.document, [&](const Handlers& call) { session_->offer(effect.document, call.state(), now()); });
}

void ClientLoop::on(const DocumentFailed& effect) {
  with(effect.document, [&](const Handlers& call) {
    if (call.on_error) call.on_error(effect);
  });
  if (effect.over) forget(effect.document);
}

}  // namespace weir::client
