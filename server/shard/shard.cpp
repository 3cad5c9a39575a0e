#include <algorithm>

#include "weir/shard/shard_impl.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::shard {
namespace {

constexpr std::chrono::milliseconds tick_interval{250};

}  // namespace

std::size_t owner_of(const SpaceName& space, std::size_t shard_count) {
  // FNV-1a: a space keeps its owner whatever the standard library's hash is.
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : space.text()) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  return (hash >> 32) % shard_count;
}

std::vector<std::unique_ptr<Shard>> make_shards(Environment environment,
                                                const std::vector<runtime::Executor*>& executors) {
  WEIR_ASSERT(!executors.empty() && executors.size() <= core::threads_max);
  auto fleet = std::make_shared<Fleet>(std::move(environment));
  std::vector<std::unique_ptr<Shard>> shards;
  for (std::size_t index = 0; index < executors.size(); ++index) {
    auto shard =
        std::make_unique<ShardImpl>(fleet, static_cast<std::uint32_t>(index), executors.size(), *executors[index]);
    fleet->shards.push_back(shard.get());
    shards.push_back(std::move(shard));
  }
  return shards;
}

ShardImpl::ShardImpl(std::shared_ptr<Fleet> fleet, std::uint32_t index, std::size_t count, runtime::Executor& executor)
    : fleet_(std::move(fleet)),
      index_(index),
      lane_{index + std::uint64_t{1}},
      executor_(executor),
      hub_({index, count, fleet_->environment.limits, fleet_->environment.encoders, &fleet_->environment.authorizer,
            &fleet_->environment.cover_merger, fleet_->environment.retentions}) {
  executor_.call_after(tick_interval, [this] { tick(); });
}

ShardImpl::~ShardImpl() = default;

// ---- messages ----

void ShardImpl::post(Message message) {
  if (mailbox_.put(std::move(message))) executor_.post([this] { take_mail(); });
}

void ShardImpl::send(std::uint32_t thread, Message message) {
  if (thread == index_)
    local_.push_back(std::move(message));
  else
    fleet_->shards[thread]->post(std::move(message));
}

void ShardImpl::send_all(std::uint64_t threads, const Message& message) {
  for (std::uint32_t thread = 0; threads != 0; ++thread, threads >>= 1)
    if ((threads & 1) != 0) send(thread, message);
}

void ShardImpl::take_mail() {
  for (Message& message : mailbox_.take()) local_.push_back(std::move(message));
  settle();
}

void ShardImpl::settle() {
  if (std::exchange(settling_, true)) return;
  do {
    while (!local_.empty()) {
      Message message = std::move(local_.front());
      local_.pop_front();
      perform(std::move(message));
    }
    for (const SessionId id : std::exchange(awake_, {}))
      if (const auto session = sessions_.find(id); session != sessions_.end()) session->second->wake();
  } while (!local_.empty() || !awake_.empty());
  settling_ = false;
  leaving_.clear();
}

void ShardImpl::perform(Message message) {
  if (auto* input = std::get_if<core::HubInput>(&message)) {
    step(std::move(*input));
  } else if (auto* answer = std::get_if<ForSession>(&message)) {
    if (const auto session = sessions_.find(answer->session); session != sessions_.end())
      session->second->core().receive(std::move(answer->message));
  } else if (auto* delivery = std::get_if<core::DeliveryRef>(&message)) {
    const auto listeners = listeners_.find((*delivery)->document);
    if (listeners == listeners_.end()) return;
    if (!(*delivery)->ended) {
      for (LocalSession* session : listeners->second) session->core().deliver(*delivery);
      return;
    }
    const auto last = listeners->second;  // they leave the list as they are told
    for (LocalSession* session : last) session->core().deliver(*delivery);
  } else if (auto* presence = std::get_if<core::PresenceDeliveryRef>(&message)) {
    const auto listeners = listeners_.find((*presence)->document);
    if (listeners == listeners_.end()) return;
    for (LocalSession* session : listeners->second) session->core().deliver(*presence);
  } else if (auto* page = std::get_if<core::ReadAnswer>(&message)) {
    on(std::move(*page));
  } else if (auto* part = std::get_if<core::SnapshotReadAnswer>(&message)) {
    on(std::move(*part));
  } else if (auto* past = std::get_if<core::HistoryAnswer>(&message)) {
    on(std::move(*past));
  } else if (auto* upload_answer = std::get_if<core::UploadAnswer>(&message)) {
    on(std::move(*upload_answer));
  } else if (auto* append = std::get_if<Committed>(&message)) {
    committed(std::move(*append));
  } else {
    std::get<Run>(message)();
  }
}

void ShardImpl::on(core::ReadAnswer answer) {
  if (answer.records) {
    counters_.reads.records += answer.records->size();
    for (const Record& record : *answer.records) counters_.reads.bytes += record.payload.size();
  }
  if (const auto session = sessions_.find(answer.session); session != sessions_.end())
    session->second->core().have_read(std::move(answer));
}

void ShardImpl::on(core::SnapshotReadAnswer answer) {
  if (const auto session = sessions_.find(answer.session); session != sessions_.end())
    session->second->core().have_read(std::move(answer));
}

void ShardImpl::on(core::HistoryAnswer answer) {
  if (const auto session = sessions_.find(answer.session); session != sessions_.end())
    session->second->core().have_read(std::move(answer));
}

void ShardImpl::committed(Committed what) {
  const bool durable = what.finished.result.has_value();
  step(core::HubInput(std::move(what.finished)));
  if (!durable || watchers_.empty()) return;
  const auto found = watchers_.find(what.path->space);
  if (found == watchers_.end()) return;
  for (const auto& watcher : found->second)
    if (const auto alive = watcher.lock()) alive->space_moved();
}

void ShardImpl::step(core::HubInput input) {
  hub_.step(std::move(input), now(), effects_);
  for (core::HubEffect& effect : effects_)
    std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(effect));
  effects_.clear();
}

// ---- effects ----

void ShardImpl::on(core::LoadDocument effect) {
  ++counters_.reads.open;
  fleet_->environment.readers.submit([this, path = effect.path] {
    auto& log = fleet_->environment.log;
    const auto load = [&]() -> Result<core::LoadedDocument> {
      const auto state = log.document(*path);
      if (!state) return state.error();
      const auto space = log.space(path->space);
      if (!space) return space.error();
      const auto cover = log.note(*path, core::cover_note);
      if (!cover) return cover.error();
      auto snapshots = state->life == DocumentLife::alive ? fleet_->environment.snapshots.list(*path)
                                                          : Result<std::vector<Snapshot>>(std::vector<Snapshot>());
      if (!snapshots) return snapshots.error();
      return core::LoadedDocument{*state, space->head, *cover ? std::string((*cover)->view()) : std::string(),
                                  std::move(*snapshots)};
    };
    post(core::HubInput(core::DocumentLoaded{path, load()}));
  });
}

void ShardImpl::on(core::Inspect effect) {
  ++counters_.reads.inspect;
  fleet_->environment.readers.submit([this, effect = std::move(effect)] {
    auto& log = fleet_->environment.log;
    const auto inspect = [&]() -> Result<core::Inspection> {
      core::Inspection found;
      if (effect.producer) {
        auto mark = log.mark(*effect.path, *effect.producer);
        if (!mark) return mark.error();
        found.mark = *mark;
      }
      if (effect.chain_at) {
        auto chain = log.chain(*effect.path, *effect.chain_at);
        // Before a cut there is nothing to be known.
        if (!chain && chain.error().code != Code::out_of_range) return chain.error();
        if (chain) found.chain = *chain;
      }
      if (effect.prefix_at) {
        auto prefix = log.prefix(*effect.path, *effect.prefix_at);
        if (!prefix && prefix.error().code != Code::out_of_range) return prefix.error();
        if (prefix) found.prefix = *prefix;
      }
      return found;
    };
    post(core::HubInput(core::Inspected{effect.ticket, inspect()}));
  });
}

void ShardImpl::on(core::FindRecords effect) {
  ++counters_.reads.resend;
  fleet_->environment.readers.submit([this, effect = std::move(effect)] {
    auto found = fleet_->environment.log.find(*effect.path, effect.producer, effect.first, effect.last,
                                              fleet_->environment.limits.resend_records_scanned_max);
    post(core::HubInput(core::RecordsFound{effect.ticket, std::move(found)}));
  });
}

void ShardImpl::on(core::StartAppend effect) {
  DocumentRef path = effect.append.path;
  fleet_->environment.log.append(
      lane_, std::move(effect.append),
      [this, ticket = effect.ticket, path = std::move(path)](Result<Appended> result) mutable {
        post(Committed{core::AppendFinished{ticket, std::move(result)}, std::move(path)});
      });
}

void ShardImpl::on(core::ResetLane) { fleet_->environment.log.reset(lane_); }

void ShardImpl::on(core::Tell effect) {
  send(effect.session.thread, ForSession{effect.session.id, std::move(effect.message)});
}

void ShardImpl::on(core::Broadcast effect) { send_all(effect.threads, std::move(effect.delivery)); }

void ShardImpl::on(core::BroadcastPresence effect) { send_all(effect.threads, std::move(effect.delivery)); }

void ShardImpl::on(core::DeleteFinished effect) {
  auto node = deletions_.extract(effect.ticket);
  if (!node.empty()) node.mapped()(std::move(effect.result));
}

// ---- for the sessions ----

void ShardImpl::to_hub(const SpaceName& space, core::HubInput input) {
  send(static_cast<std::uint32_t>(owner_of(space, fleet_->shards.size())), std::move(input));
}

void ShardImpl::read(core::ReadRequest request) {
  ++counters_.reads.catch_up;
  fleet_->environment.readers.submit([this, request = std::move(request)] {
    auto page = fleet_->environment.log.read_packed(*request.path, request.after, request.upto, request.bytes_max,
                                                    request.pack_bytes_max);
    core::ReadAnswer answer{
        request.session, request.space, request.number, request.document, request.upto, {}, false, {}, {}};
    if (page) {
      answer.records = std::move(page->records);
      answer.complete = page->complete;
      answer.pack = std::move(page->pack);
      answer.cut = page->cut;
    } else {
      answer.records = page.error();
    }
    post(std::move(answer));
  });
}

void ShardImpl::listen(DocumentHandle document, LocalSession& session, bool wanted) {
  auto& listeners = listeners_[document];
  if (wanted)
    listeners.push_back(&session);
  else
    std::erase(listeners, &session);
  if (listeners.empty()) listeners_.erase(document);
}

void ShardImpl::wake(LocalSession& session) { awake_.push_back(session.core().id()); }

// ---- sessions and operators ----

Session& ShardImpl::open(std::unique_ptr<core::Dialect> dialect, Connection& connection) {
  const core::SessionRef self{{++fleet_->sessions_given}, index_};
  auto owned = std::make_unique<LocalSession>(*this, self, std::move(dialect), connection);
  LocalSession& session = *owned;
  sessions_[self.id] = std::move(owned);
  session.opened();
  if (draining_) {
    session.core().drain(drain_reason_, reconnect_after_ms_);
    settle();
  }
  return session;
}

void ShardImpl::close_session(SessionId session, std::uint16_t code, const std::string& reason) {
  if (const auto found = sessions_.find(session); found != sessions_.end())
    found->second->close_connection(code, reason);
}

void ShardImpl::closed(LocalSession& session) {
  auto node = sessions_.extract(session.core().id());
  feeds_before_ += session.core().counts();
  if (!node.empty()) leaving_.push_back(std::move(node.mapped()));
  if (draining_ && sessions_.empty() && drained_) post(Run(std::exchange(drained_, nullptr)));
  settle();
}

void ShardImpl::delete_document(DocumentPath path, std::function<void(Result<Offset>)> done) {
  ShardImpl& owner = *fleet_->shards[owner_of(path.space, fleet_->shards.size())];
  owner.post(Run([&owner, path = std::move(path), done = std::move(done)]() mutable {
    owner.deletion_ = owner.deletion_.next();
    owner.deletions_[owner.deletion_] = std::move(done);
    owner.local_.push_back(core::HubInput(core::DeleteRequest{owner.deletion_, std::move(path)}));
  }));
}

void ShardImpl::watch(const SpaceName& space, std::weak_ptr<SpaceWatcher> watcher) {
  ShardImpl& owner = *fleet_->shards[owner_of(space, fleet_->shards.size())];
  owner.post(Run([&owner, space, watcher = std::move(watcher)]() mutable {
    owner.watchers_[space].push_back(std::move(watcher));
  }));
}

void ShardImpl::drain(std::string reason, std::chrono::milliseconds reconnect_after, std::function<void()> done) {
  post(Run([this, reason = std::move(reason), reconnect_after, done = std::move(done)]() mutable {
    draining_ = true;
    drain_reason_ = std::move(reason);
    reconnect_after_ms_ = static_cast<std::uint64_t>(reconnect_after.count());
    if (sessions_.empty()) return done();
    drained_ = std::move(done);
    for (auto& [id, session] : sessions_) session->core().drain(drain_reason_, reconnect_after_ms_);
  }));
}

void ShardImpl::tick() {
  local_.push_back(core::HubInput(core::Tick{}));
  for (auto& [id, session] : sessions_) session->core().tick();
  for (auto& [space, watchers] : watchers_)
    std::erase_if(watchers, [](const auto& watcher) { return watcher.expired(); });
  std::erase_if(watchers_, [](const auto& entry) { return entry.second.empty(); });
  settle();
  count();
  executor_.call_after(tick_interval, [this] { tick(); });
}

void ShardImpl::count() {
  core::FeedCounts feeds = feeds_before_;
  counters_.sessions = sessions_.size();
  counters_.documents = hub_.documents_open();
  counters_.appends_pending = hub_.appends_pending();
  counters_.queued_bytes = counters_.in_flight_bytes = counters_.sessions_paused = counters_.sessions_behind = 0;
  for (const auto& [id, session] : sessions_) {
    const core::Session& one = session->core();
    feeds += one.counts();
    counters_.queued_bytes += one.queued_bytes();
    counters_.in_flight_bytes += one.in_flight_bytes();
    counters_.sessions_paused += one.paused() ? 1 : 0;
    counters_.sessions_behind += one.behind() ? 1 : 0;
  }
  counters_.delivered_live = feeds.live;
  counters_.delivered_from_log = feeds.from_log;
  counters_.fell_behind = feeds.fell_behind;
  counters_.packs_sent = feeds.packs;
  counters_.snapshots_sent = feeds.snapshots;
  counters_.hub = hub_.counts();
  shown_.write(counters_);
}

void ShardImpl::measure(observe::Histogram& histogram, core::Moment since) {
  if (since == core::Moment{}) return;
  histogram.add(static_cast<std::uint64_t>(std::max(moment() - since, core::Moment{}).count()));
}

}  // namespace weir::shard
