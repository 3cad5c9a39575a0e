#include "weir/core/session.hpp"

#include <algorithm>

#include "weir/core/close_codes.hpp"

namespace weir::core {

Session::Session(Options options, const Limits& limits, const Authorizer& authorizer, const Encoders& encoders,
                 std::unique_ptr<Dialect> dialect, SessionHost& host)
    : options_(std::move(options)),
      limits_(limits),
      authorizer_(authorizer),
      encoders_(encoders),
      dialect_(std::move(dialect)),
      host_(host),
      uploads_(options_.self, static_cast<SnapshotUploadsHost&>(*this)) {
  opened_at_ = pinged_at_ = host_.now().steady;
}

// ---- from the transport ----

void Session::opened() { dialect_->opened(*this); }

void Session::message(const SharedBytes& message) {
  if (closing_) return;
  heard();
  dialect_->message(message, *this);
  pace();
}

void Session::heard() { ping_unanswered_ = false; }

bool Session::take(std::size_t bytes_max, std::vector<SharedBytes>& out) {
  const std::size_t before = out.size();
  taking_ = &out;
  queue_.take(bytes_max, out, [this](DocumentHandle document, Offset at) {
    if (subscriptions_.contains(document)) tell(frames::CaughtUp{document, at});
  });
  taking_ = nullptr;
  notified_ = true;  // what the feeders add now is seen by the next take
  if (queue_.bytes() < limits_.session_queue_bytes_max / 4)
    for (auto& [space, feed] : feeds_) feed->drained();
  look_on();
  pace();
  notified_ = out.size() > before || !queue_.empty();
  return notified_;
}

void Session::flushed() {
  output_waits_ = !queue_.empty();
  stalled_since_ = host_.now().steady;
  if (ping_queued_ && queue_.empty()) {
    ping_queued_ = false;
    // Silence counts from the first ping that met it: a later one does not begin it anew.
    if (!std::exchange(ping_unanswered_, true)) ping_written_at_ = host_.now().steady;
  }
}

void Session::closed() {
  closing_ = true;
  uploads_.abandon_all();
  looks_.clear();
  for (const SpaceName& space : spaces_) host_.to_hub(space, SessionGone{options_.self});
  for (const auto& [document, subscription] : subscriptions_) host_.listen(document, false);
  subscriptions_.clear();
}

// ---- from the dialect ----

void Session::submit(frames::ClientEvent event) {
  if (closing_) return;
  const bool greeting = std::holds_alternative<frames::Hello>(event) || std::holds_alternative<frames::Refused>(event);
  if (!greeted_ && !greeting) {
    frames::ErrorEvent error;
    error.error = fail(Code::failed_precondition, "say hello first: protocol version and producer id");
    error.reason = frames::Reason::protocol;
    return tell(error);
  }
  std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(event));
}

void Session::refuse(Code code, std::string message, DocumentHandle document, std::uint64_t request) {
  frames::ErrorEvent error;
  error.error = fail(code, std::move(message));
  error.document = document;
  error.request = request;
  if (code != Code::resource_exhausted) error.reason = frames::Reason::protocol;  // a limit is nobody's mistake
  tell(error);
}

void Session::begin(ProducerId producer, bool ephemeral, const std::string& token) {
  auto principal = authorizer_.authenticate(token);
  if (!principal) {
    frames::ErrorEvent error;
    error.error = principal.error();
    tell(error);
    return close(close_policy, error.error.message);
  }
  greeted_ = true;
  producer_ = producer;
  ephemeral_ = ephemeral;
  principal_ = *principal;
  frames::Welcome welcome;
  welcome.session = options_.self.id;
  welcome.server_version = options_.server_version;
  welcome.durability = options_.durability;
  welcome.heartbeat_ms = static_cast<std::uint32_t>(limits_.heartbeat.count());
  welcome.in_flight_bytes_max = limits_.in_flight_bytes_max;
  welcome.payload_bytes_max = limits_.payload_bytes_max;
  welcome.frame_bytes_max = limits_.frame_bytes_max;
  welcome.subscriptions_max = static_cast<std::uint32_t>(limits_.subscriptions_max);
  welcome.presence_bytes_max = static_cast<std::uint32_t>(limits_.presence_bytes_max);
  welcome.snapshot_bytes_max = limits_.snapshots.bytes_max;
  tell(welcome);
}

void Session::on(frames::Hello hello) {
  if (greeted_) return refuse(Code::failed_precondition, "hello was said already; open another connection instead");
  if (hello.protocol_version != frames::protocol_version) {
    refuse(Code::unimplemented, "this relay speaks protocol version " + std::to_string(frames::protocol_version) +
                                    "; the client asked for " + std::to_string(hello.protocol_version));
    return close(close_protocol_error, "protocol version");
  }
  unpacks_ = std::find(hello.packs.begin(), hello.packs.end(), frames::pack_version) != hello.packs.end();
  makes_snapshots_ = hello.makes_snapshots;
  begin(hello.producer, false, hello.token);
}

void Session::hello_foreign(std::string token, std::string) {
  makes_snapshots_ = dialect_->makes_snapshots();
  begin(host_.random_producer(), true, token);
}

void Session::on(frames::Subscribe subscribe) {
  if (subscriptions_.size() + requested_.size() >= limits_.subscriptions_max)
    return refuse(Code::resource_exhausted,
                  "this session has its " + std::to_string(limits_.subscriptions_max) +
                      " subscriptions; unsubscribe from some or open another connection",
                  {}, subscribe.request);
  if (subscribe.from == frames::From::cursor && !subscribe.cursor)
    return refuse(Code::invalid_argument, "subscribe from a cursor without the cursor", {}, subscribe.request);
  if (spaces_.size() >= limits_.subscriptions_max && !spaces_.contains(subscribe.path.space))
    return refuse(Code::resource_exhausted, "this session has been in too many spaces; open another connection", {},
                  subscribe.request);
  const std::uint64_t number = ++requests_;
  requested_[number] = {subscribe.path.space, subscribe.presence};
  request_names_[number] = std::exchange(subscribe.request, number);
  spaces_.insert(subscribe.path.space);
  SubscribeRequest request{options_.self, dialect_->kind(),     producer_,       ephemeral_,
                           principal_,    std::move(subscribe), makes_snapshots_};
  host_.to_hub(requested_[number].space, std::move(request));
}

const Session::Subscription* Session::subscription(DocumentHandle document, Sequence through) {
  const auto found = subscriptions_.find(document);
  if (found != subscriptions_.end()) return &found->second;
  const std::string words = "handle " + std::to_string(document.value) + " is not one of this session's subscriptions";
  on(frames::Refused{0, document, fail(Code::not_found, words), through});
  return nullptr;
}

void Session::on(const frames::Unsubscribe& unsubscribe) {
  const Subscription* known = subscription(unsubscribe.document);
  if (known == nullptr) return;
  host_.to_hub(known->space, UnsubscribeRequest{options_.self, unsubscribe.document});
  forget(unsubscribe.document);
}

void Session::on(frames::Publish publish) {
  const std::size_t count = std::max<std::size_t>(publish.deltas.size(), 1);
  const Subscription* known = subscription(publish.document, publish.first_sequence.plus(count - 1));
  if (known == nullptr) return;
  std::size_t bytes = 0;
  for (const Delta& delta : publish.deltas) bytes += delta.payload.size() + sizeof(Delta);
  host_.to_hub(known->space, PublishRequest{options_.self, std::move(publish), fly(bytes)});
}

void Session::on(frames::SetPresence presence) {
  const auto known = subscriptions_.find(presence.document);
  if (subscription(presence.document) == nullptr) return;
  if (presence.data.size() > limits_.presence_bytes_max)
    return refuse(Code::invalid_argument,
                  "presence has " + std::to_string(presence.data.size()) + " bytes; at most " +
                      std::to_string(limits_.presence_bytes_max) + " are shown",
                  presence.document);
  std::string key(producer_.view());
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(options_.self.id.value >> shift & 0xFF));
  ForeignPresence slot{presence.document, std::move(key), ++presence_clock_, std::move(presence.data)};
  host_.to_hub(known->second.space, PresenceRequest{options_.self, std::move(slot)});
}

void Session::on(frames::Refused refused) {
  frames::ErrorEvent error;
  error.error = std::move(refused.error);
  error.request = refused.request;
  error.document = refused.document;
  error.through_sequence = refused.through_sequence;
  error.reason = frames::Reason::protocol;
  tell(error);
}

void Session::contribute(Contribution contribution) {
  const Subscription* known = subscription(contribution.document);
  if (known == nullptr || closing_) return;
  const std::size_t bytes = (contribution.payload ? contribution.payload->size() : 0) + sizeof(Contribution);
  Flight flight = fly(bytes);
  if (!contribution.payload) flight.since = {};  // nothing of the client's waits to be stored
  host_.to_hub(known->space, ContributeRequest{options_.self, std::move(contribution), flight});
}

void Session::set_presence(ForeignPresence presence) {
  const auto known = subscriptions_.find(presence.document);
  if (known == subscriptions_.end() || closing_ || presence.data.size() > limits_.presence_bytes_max) return;
  host_.to_hub(known->second.space, PresenceRequest{options_.self, std::move(presence)});
}

void Session::ask_cover(DocumentHandle document) {
  const auto known = subscriptions_.find(document);
  if (known != subscriptions_.end()) host_.to_hub(known->second.space, CoverRequest{options_.self, document});
}

void Session::send(SharedBytes bytes) {
  if (bytes.empty()) return;
  if (taking_ != nullptr) return taking_->push_back(std::move(bytes));
  queue_.push(std::move(bytes));
  pace();
}

void Session::close(std::uint16_t code, std::string reason) {
  if (std::exchange(closing_, true)) return;
  host_.close(code, reason);
}

void Session::tell(const frames::ServerEvent& event) {
  if (const auto* error = std::get_if<frames::ErrorEvent>(&event)) host_.refused(error->error.code);
  dialect_->event(event, *this);
}

}  // namespace weir::core
