#include "weir/client/session.hpp"

#include <algorithm>
#include <cstring>

#include "weir/frames/codec.hpp"

namespace weir::client {
namespace {

constexpr std::size_t in_flight_bytes_max_unknown = 1 << 20;
constexpr std::size_t frame_bytes_gathered_max = 64 << 10;

ClientError closed_error() { return make_error(ErrorKind::closed, Code::cancelled, "the client was closed"); }

/// Of an answer that belongs to a question, not to a subscription.
std::uint64_t request_of(const frames::ServerEvent& event) {
  if (const auto* chunk = std::get_if<frames::SnapshotChunk>(&event)) return chunk->request;
  const auto* history = std::get_if<frames::History>(&event);
  return history != nullptr ? history->request : 0;
}

Time bounded(std::uint64_t milliseconds) {
  return Time(static_cast<Time::rep>(std::min<std::uint64_t>(milliseconds, 3'600'000)));
}

}  // namespace

Session::Session(SessionOptions options, Random random, Time now)
    : options_(std::move(options)), random_(std::move(random)), begun_(now), now_(now), takes_packs_(options_.packs) {
  if (options_.kept) options_.producer = options_.kept->producer;
  producer_ = options_.producer ? *options_.producer : new_producer();
  if (options_.connect) connect(now);
}

Session::~Session() = default;

// ---- for the application ----

void Session::connect(Time now) {
  advance(now);
  if (wanted_ || status_ == Status::stopped) return;
  wanted_ = true;
  failures_ = 0;
  open();
}

void Session::disconnect(Time now) {
  advance(now);
  halt(Status::disconnected);
}

void Session::close(Time now) {
  advance(now);
  stop(closed_error(), false);
}

Result<DocumentId> Session::subscribe(DocumentPath path, SubscribeOptions options, Time now) {
  advance(now);
  if (status_ == Status::stopped) return fail(Code::cancelled, "this client has stopped; make a new one");
  if (by_path_.contains(path))
    return fail(Code::already_exists, path.space.text() + '/' + path.document.text() +
                                          " is subscribed already; use that subscription, or close it first");
  if (abandoned_.contains(path)) {  // answers to what was given up would be taken for answers to what comes now
    drop();
    if (wanted_) open_later();
  }
  auto document = std::make_unique<DocumentLogic>(static_cast<DocumentLink&>(*this), last_document_.next(), path,
                                                  std::move(options));
  document->publisher().kept_through(may_go_through_);
  if (const Result<void> restored = restore(*document); !restored) return restored.error();
  last_document_ = last_document_.next();
  by_path_.emplace(std::move(path), last_document_);
  DocumentLogic& added = *document;
  documents_.emplace(last_document_, std::move(document));
  if (welcome_) added.connected();
  return last_document_;
}

void Session::unsubscribe(DocumentId document, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document)) found->close();
}

void Session::publish(DocumentId document, Delta delta, Ticket ticket, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document, ticket)) found->publisher().publish(std::move(delta), ticket);
}

void Session::when_stored(DocumentId document, Ticket ticket, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document, ticket)) found->publisher().when_stored(ticket);
}

void Session::when_caught_up(DocumentId document, Ticket ticket, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document, ticket)) found->when_caught_up(ticket);
}

void Session::set_presence(DocumentId document, SharedBytes data, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document)) found->set_presence(std::move(data));
}

Result<void> Session::set_key(DocumentId document, const DocumentKey& key, Time now) {
  advance(now);
  DocumentLogic* found = find(document);
  return found != nullptr ? found->set_key(key) : Result<void>();
}

void Session::offer(DocumentId document, std::vector<SharedBytes> pieces, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document)) found->publisher().offer(std::move(pieces));
}

void Session::offer_snapshot(DocumentId document, const Cursor& at, const MadeSnapshot& made, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document)) found->offer_snapshot(at, made);
}

void Session::attest(DocumentId document, Offset offset, const Digest& hash, bool valid, Time now) {
  advance(now);
  if (DocumentLogic* found = find(document)) found->attest(offset, hash, valid);
}

const DocumentLogic* Session::document(DocumentId document) const {
  const auto found = documents_.find(document);
  return found == documents_.end() ? nullptr : found->second.get();
}

std::size_t Session::pending() const {
  std::size_t count = 0;
  for (const auto& [id, document] : documents_) count += document->publisher().pending();
  return count;
}

std::vector<Effect> Session::poll(Time now) {
  advance(now);
  if (connection_) connection_->go_on(now_);
  while (timers_.run_due(now_) || !to_flush_.empty() || replacing_) {
    const std::size_t before = effects_.size();
    for (const auto& [id, document] : to_flush_) document->publisher().keep_new();
    flush();
    if (effects_.size() == before && timers_.next().value_or(Time::max()) > now_) break;  // what is left must wait
  }
  persist();
  unpacked_bytes_ = 0;
  ended_documents_.clear();
  ended_connections_.clear();
  return std::exchange(effects_, {});
}

std::optional<Time> Session::deadline() const {
  return connection_ && connection_->waits() ? std::optional(now_) : timers_.next();
}

// ---- events ----

void Session::event(const frames::ServerEvent& event) {
  if (const auto* subscribed = std::get_if<frames::Subscribed>(&event)) return on(*subscribed);
  if (const auto* error = std::get_if<frames::ErrorEvent>(&event)) return on(*error);
  if (const auto* going = std::get_if<frames::GoingAway>(&event)) return on(*going);
  if (const std::uint64_t request = request_of(event); request != 0) {
    hand_over(nullptr);
    if (const auto asked = requests_.extract(request); !asked.empty()) asked.mapped()->receive(event);
    return;
  }
  const DocumentHandle* handle = std::visit(
      [](const auto& what) -> const DocumentHandle* {
        if constexpr (requires { what.document; }) return &what.document;
        return nullptr;
      },
      event);
  if (handle == nullptr) return;
  const auto found = handles_.find(*handle);
  hand_over(found == handles_.end() ? nullptr : found->second);
  if (found != handles_.end()) found->second->receive(event);
}

/// What was gathered of one document goes out before anything of the next: the order across documents is the relay's.
void Session::hand_over(DocumentLogic* next) {
  DocumentLogic* gathered = std::exchange(gathering_, next);
  if (gathered != nullptr && gathered != next) gathered->deliver();
}

void Session::on(const frames::Subscribed& event) {
  hand_over(nullptr);
  const auto asked = requests_.extract(event.request);
  if (asked.empty()) return send(frames::Unsubscribe{event.document});
  handles_.insert_or_assign(event.document, asked.mapped());
  asked.mapped()->subscribed(event);
}

void Session::on(const frames::ErrorEvent& event) {
  hand_over(nullptr);
  if (event.request != 0) {
    if (const auto asked = requests_.extract(event.request); !asked.empty()) asked.mapped()->failed(event);
    return;
  }
  if (event.document.value != 0) {
    if (const auto found = handles_.find(event.document); found != handles_.end()) found->second->failed(event);
    return;
  }
  const ClientError error = error_from_answer(event, "");
  if (error.kind == ErrorKind::fenced) return stop(error, true);
  tell(SessionFailed{error});
  if (event.retry_after_ms > 0) not_before_ = now_ + bounded(event.retry_after_ms);
  if (error.kind == ErrorKind::producer_owned) return replace_producer(error);
  if (error.kind == ErrorKind::access_denied && !options_.token_changes) halt(Status::disconnected);
}

void Session::on(const frames::GoingAway& event) {
  tell(RelayLeaves{event});
  next_address_ = event.address;
  not_before_ = now_ + bounded(event.reconnect_after_ms);
  timers_.cancel(drain_timer_);
  drain_timer_ = timers_.at(not_before_, [this] {
    drain_timer_ = {};
    drop();
    open_later();
  });
}

// ---- producers ----

/// Waits for what other documents have on the wire, so that nothing is stored under both ids.
void Session::replace_producer(const ClientError& cause) {
  if (!replacing_) replacing_ = cause;
}

void Session::take_new_producer() {
  const ClientError cause = *std::exchange(replacing_, std::nullopt);
  drop();
  producer_ = new_producer();
  left_.clear();
  if (keeps()) keep(KeepProducer{producer_});
  for (DocumentLogic* document : all()) document->producer_replaced();
  tell(ProducerChanged{producer_, cause});
  if (wanted_) open_later();
}

ProducerId Session::new_producer() {
  ProducerId producer;
  while (producer == ProducerId{}) {
    const std::uint64_t bits[2] = {random_(), random_()};
    std::memcpy(producer.bytes.data(), bits, sizeof bits);
  }
  return producer;
}

double Session::random() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

std::uint64_t Session::unix_time() const {
  return options_.unix_time + static_cast<std::uint64_t>(std::chrono::microseconds(now_ - begun_).count());
}

// ---- sending ----

/// A frame of each document in turn, while the relay's budget lasts.
void Session::flush() {
  if (!welcome_) return to_flush_.clear();  // all of them are flushed once they are subscribed
  if (replacing_) {
    const bool waits = std::any_of(documents_.begin(), documents_.end(),
                                   [](const auto& entry) { return entry.second->publisher().in_flight(); });
    if (!waits) take_new_producer();
    return;
  }
  const std::size_t budget =
      welcome_->in_flight_bytes_max > 0 ? welcome_->in_flight_bytes_max : in_flight_bytes_max_unknown;
  std::map<DocumentId, DocumentLogic*> sending = std::exchange(to_flush_, {});
  while (!sending.empty()) {
    for (auto entry = sending.begin(); entry != sending.end();) {
      const Flushed flushed = entry->second->flush(budget);
      if (flushed == Flushed::no_room) to_flush_.insert(*entry);
      entry = flushed == Flushed::some ? std::next(entry) : sending.erase(entry);
    }
  }
}

void Session::send(const frames::ClientEvent& event) {
  if (connection_) connection_->send(event);
}

/// Frames can be concatenated: what goes out together makes one, as long as it is small.
void Session::transmit(const frames::ClientEvent& event) {
  if (!effects_.empty())
    if (auto* last = std::get_if<Send>(&effects_.back());
        last != nullptr && last->attempt == attempt_ && last->bytes.size() < frame_bytes_gathered_max)
      return frames::encode(event, last->bytes);
  Send send{attempt_, {}};
  frames::encode(event, send.bytes);
  tell(std::move(send));
}

void Session::request(DocumentLogic& document, frames::Subscribe event) {
  event.request = ++last_request_;
  requests_.insert_or_assign(event.request, &document);
  send(event);
}

std::uint64_t Session::ask(DocumentLogic& document, frames::ReadSnapshot event) {
  event.request = ++last_request_;
  requests_.insert_or_assign(event.request, &document);
  send(event);
  return event.request;
}

std::uint64_t Session::ask(DocumentLogic& document, frames::ReadHistory event) {
  event.request = ++last_request_;
  requests_.insert_or_assign(event.request, &document);
  send(event);
  return event.request;
}

void Session::forget(DocumentLogic& document) {
  if (document.publisher().has_numbered()) left_.insert(document.path());
  std::erase_if(handles_, [&](const auto& entry) { return entry.second == &document; });
  std::erase_if(requests_, [&](const auto& entry) { return entry.second == &document; });
  to_flush_.erase(document.id());
  if (gathering_ == &document) gathering_ = nullptr;
  by_path_.erase(document.path());
  auto node = documents_.extract(document.id());
  if (!node.empty()) ended_documents_.push_back(std::move(node.mapped()));
}

DocumentLogic* Session::find(DocumentId document) {
  const auto found = documents_.find(document);
  return found == documents_.end() ? nullptr : found->second.get();
}

/// Null, and the ticket answered, when it was closed.
DocumentLogic* Session::find(DocumentId document, Ticket ticket) {
  DocumentLogic* found = find(document);
  if (found == nullptr && ticket != 0)
    tell(Settled{.document = document,
                 .ticket = ticket,
                 .error = make_error(ErrorKind::closed, Code::cancelled,
                                     "this document is closed (by its application, or because it was deleted, or this "
                                     "client stopped); open it again with subscribe()")});
  return found;
}

std::vector<DocumentLogic*> Session::all() {
  std::vector<DocumentLogic*> all;
  for (const auto& [id, document] : documents_) all.push_back(document.get());
  return all;
}

}  // namespace weir::client
