#include "sdk_client.hpp"

#include <algorithm>

#include "../client.hpp"

namespace weir::simulation {

using client::DocumentId;
using client::ErrorKind;

namespace {

ProducerId random_producer(World& world) {
  ProducerId producer;
  VirtualRandom(world).fill(producer.bytes.data(), producer.bytes.size());
  producer.bytes[0] |= std::byte{1};
  return producer;
}

}  // namespace

SdkClient::SdkClient(World& world, Oracle& oracle, const storage::DeltaLog& log, std::string name,
                     std::vector<DocumentPath> paths, const PathSet& encrypted, const SdkDevice& device)
    : world_(world),
      oracle_(oracle),
      log_(log),
      name_(std::move(name)),
      paths_(std::move(paths)),
      encrypted_(encrypted),
      device_(device) {
  for (const DocumentPath& path : paths_) kept_[path];
  if (device.stores) store_.emplace().producer = random_producer(world_);
  start(std::nullopt);
}

SdkClient::~SdkClient() {
  stop();
  life_.end();
}

void SdkClient::violated(const std::string& what) const { throw Violation(name_ + ": " + what); }

// ---- the process ----

void SdkClient::start(std::optional<ProducerId> producer) {
  client::SessionOptions options;
  options.producer = producer;
  if (store_ && producer) store_->producer = *producer;
  if (store_ && !producer) store_->producer = random_producer(world_);
  options.kept = store_;
  options.makes_snapshots = device_.makes_snapshots;
  options.packs = device_.unpacks;
  options.backoff_first = std::chrono::milliseconds(20);
  options.backoff_max = std::chrono::milliseconds(400);
  session_life_ = {};
  session_ =
      std::make_unique<client::Session>(options, [this] { return world_.chance.below(~std::uint64_t{0}); }, now());
  for (const DocumentPath& path : paths_) subscribe(path, false);
  step();
}

void SdkClient::stop() {
  session_life_.end();
  if (link_) std::exchange(link_, nullptr)->cut();
  alarm_.reset();
  if (session_) packs_ += session_->packs();
  session_.reset();
  subscriptions_.clear();
  waiting_.clear();
  unwritten_.clear();
  spaces_.clear();
}

void SdkClient::restart(bool keeps_producer) {
  tell(keeps_producer ? "its process starts again" : "its process starts again under another producer");
  // Of what was on its way to the disk, some may have come there.
  if (store_)
    for (std::size_t left = world_.chance.below(unwritten_.size() + 1); left > 0; --left) {
      for (const client::StoreChange& change : unwritten_.front().changes) apply(*store_, change);
      unwritten_.pop_front();
    }
  const ProducerId producer = store_ ? store_->producer : session_->producer();
  forget_unkept(waiting_);
  stop();
  start(keeps_producer ? std::optional(producer) : std::nullopt);
}

void SdkClient::clone(const SdkClient& other) {
  tell("becomes a clone of " + other.name());
  const ProducerId producer = other.store_ ? other.store_->producer : other.session_->producer();
  std::map<DocumentPath, AppDocument> kept = other.kept_;
  stop();
  kept_ = std::move(kept);
  store_ = other.store_;
  forget_unkept(other.waiting_);
  start(producer);
}

void SdkClient::forget_offsets() {
  for (auto& [path, kept] : kept_) kept.from_relay.clear();
  for (auto& [id, subscription] : subscriptions_) subscription.last = {};
}

void SdkClient::use(Server* server) {
  cut();
  server_ = server;
}

void SdkClient::connect() {
  session_->connect(now());
  step();
}

void SdkClient::disconnect() {
  session_->disconnect(now());
  step();
}

void SdkClient::cut() {
  if (!link_) return;
  std::exchange(link_, nullptr)->cut();
  session_->lost(attempt_, client::make_error(ErrorKind::connection, Code::unavailable, "cut"), now());
  step();
}

void SdkClient::stall(bool stalled) {
  if (link_) link_->stall(stalled);
}

void SdkClient::cut_after(std::size_t bytes) {
  if (link_) link_->cut_after(bytes);
}

void SdkClient::step() {
  if (stepping_) return;
  stepping_ = true;
  for (bool more = true; more && session_;) {
    const std::vector<client::Effect> effects = session_->poll(now());
    more = !effects.empty();
    for (const client::Effect& effect : effects) std::visit([this](const auto& what) { perform(what); }, effect);
  }
  stepping_ = false;
  const std::optional<client::Time> deadline = session_ ? session_->deadline() : std::nullopt;
  if (!deadline || (alarm_ && *alarm_ <= *deadline)) return;
  alarm_ = deadline;
  world_.after(std::max(Time{0}, std::chrono::duration_cast<Time>(*deadline) - world_.now()), session_life_,
               [this, due = *deadline] {
                 if (alarm_ == due) alarm_.reset();
                 step();
               });
}

// ---- the connection ----

void SdkClient::perform(const client::Open& effect) {
  if (link_) std::exchange(link_, nullptr)->cut();
  attempt_ = effect.attempt;
  const std::uint64_t attempt = effect.attempt;
  const auto lost = [this, attempt](const std::string& why) {
    session_->lost(attempt, client::make_error(ErrorKind::connection, Code::unavailable, why), now());
    step();
  };
  if (server_ == nullptr)
    return world_.after(world_.chance.time_below(5ms), session_life_, [lost] { lost("nobody answers"); });
  Link::Client ends;
  // A link may outlive the process of this session: what it brings then is for nobody.
  ends.message = [this, attempt, life = session_life_](const std::string& message) {
    if (life.over() || attempt != attempt_ || !link_) return;
    session_->received(attempt, SharedBytes::copy(message), now());
    step();
  };
  ends.gone = [this, attempt, lost, life = session_life_](std::uint16_t code) {
    if (life.over() || attempt != attempt_) return;
    link_.reset();
    lost("closed with " + std::to_string(code));
  };
  link_ = Link::open(world_, *server_, world_.chance.below(server_->shard_count()), std::move(ends));
  world_.after(world_.chance.time_below(2ms), session_life_, [this, attempt] {
    session_->opened(attempt, "", now());
    step();
  });
}

void SdkClient::perform(const client::Send& effect) {
  if (link_ && effect.attempt == attempt_) link_->send(effect.bytes);
}

void SdkClient::perform(const client::Shut& effect) {
  if (link_ && effect.attempt == attempt_) std::exchange(link_, nullptr)->cut();
}

void SdkClient::perform(const client::ConnectionFailed& effect) {
  if (effect.error.kind == ErrorKind::protocol) violated(effect.error.error.message);
  tell("connection lost: " + effect.error.error.message);
}

void SdkClient::perform(const client::ProducerChanged& effect) {
  tell("takes a new producer: " + effect.cause.error.message);
}

void SdkClient::perform(const client::SessionFailed& effect) {
  if (effect.error.kind == ErrorKind::store) return;
  if (effect.error.kind != ErrorKind::fenced) violated("the session was told: " + effect.error.error.message);
  tell("fenced");
  world_.after(world_.chance.time_below(100ms), session_life_, [this] { restart(false); });
}

// ---- documents ----

void SdkClient::subscribe(const DocumentPath& path, bool recreate) {
  client::SubscribeOptions options;
  options.presence = true;
  options.recreate = recreate;
  options.offers_state = true;
  options.cursor = kept_.at(path).cursor;
  options.verify = true;
  options.snapshots = device_.takes_snapshots;
  if (encrypted_.contains(path)) options.encryption = client::Encryption{.key = simulated_key()};
  spaces_[path.space].ordered = false;
  const Result<DocumentId> id = session_->subscribe(path, options, now());
  if (!id) {
    if (id.error().code == Code::cancelled) return;  // fenced: another session is on its way
    violated("cannot subscribe: " + id.error().message);
  }
  subscriptions_[*id].path = path;
  subscriptions_[*id].takes_snapshots = options.snapshots;
}

void SdkClient::leave_and_come_back() {
  if (subscriptions_.empty()) return;
  auto entry = subscriptions_.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(world_.chance.below(subscriptions_.size())));
  const DocumentPath path = entry->second.path;
  tell("closes " + path.document.text() + " and opens it again");
  session_->unsubscribe(entry->first, now());
  subscriptions_.erase(entry);
  subscribe(path, false);
  step();
}

void SdkClient::perform(const client::DocumentOpened& effect) {
  if (!subscriptions_.contains(effect.document)) return;
  Subscription& subscription = subscriptions_.at(effect.document);
  AppDocument& kept = kept_.at(subscription.path);
  spaces_[subscription.path.space].ordered = false;
  if (effect.lost_history) {
    tell("lost history of " + subscription.path.document.text());
    kept.from_relay.clear();
  }
  if (!effect.fresh) return;
  subscription.last = {};
  kept.cursor.reset();
}

void SdkClient::perform(const client::RecordsRead& effect) {
  if (!subscriptions_.contains(effect.document)) return;
  Subscription& subscription = subscriptions_.at(effect.document);
  AppDocument& kept = kept_.at(subscription.path);
  SpaceView& view = spaces_[subscription.path.space];
  Offset sealed;  // several deltas come out of one sealed record
  for (const auto& [record, own, stub] : effect.records) {
    const std::string where = subscription.path.document.text() + " offset " + std::to_string(record.offset.value);
    const bool more_of_it = record.offset == sealed && encrypted_.contains(subscription.path);
    sealed = record.offset;
    if (record.offset <= subscription.last && !more_of_it) violated("a record comes twice or late: " + where);
    if (view.ordered && !more_of_it && record.offset <= view.last) violated("out of order across documents: " + where);
    if (stub && !own) violated("a stub of another's record: " + where);
    subscription.last = record.offset;
    view.last = std::max(view.last, record.offset);
    for (const std::uint64_t number : decode_numbers(record.payload.view())) {
      kept.numbers.insert(number);
      kept.from_relay.insert(number);
    }
  }
  if (!effect.cursor) violated("the chain could not be followed in " + subscription.path.document.text());
  kept.cursor = effect.cursor;
}

void SdkClient::perform(const client::CaughtUp& effect) {
  if (!subscriptions_.contains(effect.document)) return;
  Subscription& subscription = subscriptions_.at(effect.document);
  const AppDocument& kept = kept_.at(subscription.path);
  const auto state = log_.document(subscription.path);
  if (kept.cursor && state && state->epoch == kept.cursor->epoch && state->life == DocumentLife::alive) {
    const auto chain = log_.chain(subscription.path, kept.cursor->offset);
    if (!chain || *chain != kept.cursor->chain)
      violated("caught up, but the chain tells of a gap in " + subscription.path.document.text());
  }
  subscription.caught_up = true;
  if (!trusts_store_) publish_what_the_relay_lacks(effect.document, subscription.path);
  const SpaceName& space = subscription.path.space;
  const bool all = std::all_of(paths_.begin(), paths_.end(), [&](const DocumentPath& path) {
    if (path.space != space) return true;
    return std::any_of(subscriptions_.begin(), subscriptions_.end(),
                       [&](const auto& entry) { return entry.second.path == path && entry.second.caught_up; });
  });
  SpaceView& view = spaces_[space];
  if (all && !view.ordered) view = {true, {}};
}

void SdkClient::perform(const client::DocumentDisconnected& effect) {
  if (!subscriptions_.contains(effect.document)) return;
  Subscription& subscription = subscriptions_.at(effect.document);
  subscription.caught_up = false;
  spaces_[subscription.path.space].ordered = false;
}

void SdkClient::perform(const client::StateWanted& effect) {
  const auto offer = [this, document = effect.document] {
    const auto found = subscriptions_.find(document);
    if (found == subscriptions_.end()) return;
    std::vector<SharedBytes> pieces;
    const std::set<std::uint64_t>& numbers = kept_.at(found->second.path).numbers;
    if (!numbers.empty()) pieces.push_back(SharedBytes::take(encode_numbers(numbers, 0)));
    tell("offers its state of " + found->second.path.document.text());
    session_->offer(document, std::move(pieces), now());
    step();
  };
  if (world_.chance.one_in(2)) return offer();
  world_.after(world_.chance.time_below(30ms), session_life_, offer);
}

void SdkClient::perform(const client::DocumentFailed& effect) {
  const auto found = subscriptions_.find(effect.document);
  if (found == subscriptions_.end()) return;
  const DocumentPath path = found->second.path;
  tell(path.document.text() + ": " + effect.error.error.message);
  if (effect.error.kind == ErrorKind::tampered || effect.error.kind == ErrorKind::unsealed ||
      effect.error.kind == ErrorKind::pack)
    violated("an honest relay is accused: " + effect.error.error.message);
  if (!effect.over) return;
  subscriptions_.erase(found);
  if (effect.error.kind == ErrorKind::fenced) return;
  if (effect.error.kind != ErrorKind::deleted) violated("a document ended: " + effect.error.error.message);
  kept_.at(path) = {};
  world_.after(world_.chance.time_below(300ms), session_life_, [this, path] {
    if (session_->status() != client::Status::stopped) subscribe(path, recreates_);
    step();
  });
}

// ---- the end ----

bool SdkClient::settled() const {
  if (!session_ || session_->status() != client::Status::connected || session_->pending() > 0) return false;
  if (subscriptions_.size() != paths_.size() || !waiting_.empty()) return false;
  return std::all_of(subscriptions_.begin(), subscriptions_.end(), [this](const auto& entry) {
    const Subscription& subscription = entry.second;
    if (!subscription.caught_up) return false;
    const auto state = log_.document(subscription.path);
    if (!state || state->life == DocumentLife::deleted) return false;
    const auto& cursor = kept_.at(subscription.path).cursor;
    return (state->records == 0 && state->cut.value == 0) ||
           (cursor && cursor->epoch == state->epoch && cursor->offset >= state->head);
  });
}

std::string SdkClient::state() const {
  std::string text = name_ + " waiting " + std::to_string(session_->pending()) + '/' + std::to_string(waiting_.size());
  for (const auto& [id, subscription] : subscriptions_) {
    const auto& cursor = kept_.at(subscription.path).cursor;
    text += "; " + subscription.path.document.text() + ": cursor " + std::to_string(cursor ? cursor->offset.value : 0) +
            (subscription.caught_up ? ", caught up" : ", behind");
  }
  return link_ ? text + "; link: " + link_->describe() : text + "; not connected";
}

}  // namespace weir::simulation
