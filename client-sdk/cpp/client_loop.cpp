#include "weir/client/client_loop.hpp"

#include <future>
#include <random>

namespace weir::client {

ClientLoop::ClientLoop(ClientOptions options, std::unique_ptr<Transport> transport)
    : options_(std::move(options)), transport_(std::move(transport)) {
  options_.session.token_changes = options_.session.token_changes || options_.token != nullptr;
}

void ClientLoop::start() {
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

bool ClientLoop::post(Task task) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  wake_.notify_one();
  return true;
}

void ClientLoop::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  // From a callback the loop ends after it; the client's destructor, which is not called from one, waits for that.
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void ClientLoop::run() {
  session_ = std::make_unique<Session>(
      options_.session,
      [] {
        std::random_device device;
        return static_cast<std::uint64_t>(device()) << 32 | device();
      },
      now());
  for (;;) {
    for (std::vector<Effect> effects = session_->poll(now()); !effects.empty(); effects = session_->poll(now()))
      perform(effects);
    std::deque<Task> tasks;
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return stopping_ || !tasks_.empty(); };
      if (const std::optional<Time> deadline = session_->deadline())
        wake_.wait_until(lock, std::chrono::steady_clock::time_point(*deadline), ready);
      else
        wake_.wait(lock, ready);
      if (stopping_) break;
      tasks.swap(tasks_);
    }
    for (const Task& task : tasks) task(*session_, now());
  }
  session_->close(now());
  perform(session_->poll(now()));
  transport_.reset();
  handlers_.clear();
}

void ClientLoop::perform(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) std::visit([this](const auto& what) { on(what); }, effect);
}

Result<DocumentId> ClientLoop::subscribe(DocumentPath path, Handlers handlers, SubscribeOptions options) {
  options.offers_state = handlers.state != nullptr;
  auto answer = std::make_shared<std::promise<Result<DocumentId>>>();
  std::future<Result<DocumentId>> future = answer->get_future();
  auto kept = std::make_shared<const Handlers>(std::move(handlers));
  const auto subscribe = [this, answer, kept, path, options](Session& session, Time at) {
    Result<DocumentId> id = session.subscribe(path, options, at);
    if (id) handlers_.emplace(*id, kept);
    answer->set_value(std::move(id));
  };
  if (thread_.get_id() == std::this_thread::get_id())
    subscribe(*session_, now());
  else if (!post(subscribe))
    return fail(Code::cancelled, "this client was closed; make a new one");
  try {
    return future.get();
  } catch (const std::future_error&) {  // dropped by close()
    return fail(Code::cancelled, "this client was closed; make a new one");
  }
}

Ticket ClientLoop::await(WhenSettled then) {
  if (!then) return 0;
  awaited_.emplace(++last_ticket_, std::move(then));
  return last_ticket_;
}

// ---- from the transport ----

void ClientLoop::opened(std::uint64_t attempt) {
  post([this, attempt](Session& session, Time at) {
    session.opened(attempt, options_.token ? options_.token() : std::string(), at);
  });
}

void ClientLoop::received(std::uint64_t attempt, SharedBytes frame) {
  post([this, attempt, frame = std::move(frame)](Session& session, Time at) {
    session.received(attempt, frame, at);
    perform(session.poll(at));  // before more is read: a callback that takes its time slows the relay, not the memory
    transport_->read(attempt);
  });
}

void ClientLoop::lost(std::uint64_t attempt, std::string why) {
  post([attempt, why = std::move(why)](Session& session, Time at) {
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

void ClientLoop::on(const StatusChanged& effect) {
  if (options_.on_status) options_.on_status(effect.status);
}

void ClientLoop::on(const ConnectionFailed& effect) {
  if (options_.on_connection_error) options_.on_connection_error(effect.error);
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
  const auto awaited = awaited_.extract(effect.ticket);
  if (!awaited.empty()) awaited.mapped()(effect);
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
