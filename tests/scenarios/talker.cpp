#include "talker.hpp"

namespace weir::scenarios {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string name_of(const ProducerId& producer) {
  return std::string(producer.view().substr(0, producer.view().find('\0')));
}

std::string_view name_of(frames::Reason reason) {
  switch (reason) {
    case frames::Reason::unspecified: return "";
    case frames::Reason::deleted: return " deleted";
    case frames::Reason::epoch: return " epoch";
    case frames::Reason::fenced: return " fenced";
    case frames::Reason::resend_differs: return " resend_differs";
    case frames::Reason::not_comparable: return " not_comparable";
    case frames::Reason::sequence_gap: return " sequence_gap";
    case frames::Reason::producer_owned: return " producer_owned";
    case frames::Reason::protocol: return " protocol";
    case frames::Reason::snapshot: return " snapshot";
  }
  return " unknown";
}

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

Talker::Talker(Relay& relay, std::string name, std::string token, Start start, std::size_t shard)
    : relay_(relay), name_(std::move(name)), token_(std::move(token)), shard_(shard) {
  connection_.end();
  connect();
  if (start == Start::silent) return;
  hello();
  (void)hear<frames::Welcome>();
  lines_.clear();
}

// ---- the connection ----

void Talker::connect() {
  hang_up();
  connection_ = {};
  close_code_.reset();
  simulation::Link::Client ends;
  ends.message = [this, life = connection_](const std::string& message) {
    if (!life.over()) receive(message);
  };
  ends.gone = [this, life = connection_](std::uint16_t code) {
    if (!life.over()) close_code_ = code;
  };
  link_ = simulation::Link::open(relay_.world, relay_.server(), shard_, std::move(ends));
}

void Talker::hang_up() {
  connection_.end();
  inbox_.clear();
  asked_.clear();
  if (link_) std::exchange(link_, nullptr)->cut();
}

std::uint16_t Talker::closed() {
  if (!relay_.until([&] { return close_code_.has_value(); }))
    throw std::runtime_error(name_ + " was not closed; heard:" + story());
  return *close_code_;
}

// ---- saying ----

void Talker::say_bytes(const std::string& frame) { link_->send(frame); }

void Talker::say(const frames::ClientEvent& event) {
  std::string bytes;
  frames::encode(event, bytes);
  say_bytes(bytes);
}

void Talker::hello(std::uint32_t version, std::vector<std::uint32_t> packs, bool makes_snapshots) {
  frames::Hello event;
  event.protocol_version = version;
  event.producer = producer_named(name_);
  event.token = token_;
  event.packs = std::move(packs);
  event.makes_snapshots = makes_snapshots;
  say(event);
}

std::uint64_t Talker::ask(const DocumentPath& document, const Wish& wish) {
  frames::Subscribe event;
  event.request = ++requests_;
  event.path = document;
  event.from = wish.from;
  event.cursor = wish.cursor;
  event.presence = wish.presence;
  event.recreate = wish.recreate;
  event.snapshots = wish.snapshots;
  asked_[event.request] = {document, wish};
  say(event);
  return event.request;
}

frames::Subscribed Talker::subscribe(const DocumentPath& document, const Wish& wish) {
  const std::uint64_t request = ask(document, wish);
  for (;;) {
    auto answer = hear<frames::Subscribed>();
    if (answer.request == request) return answer;
  }
}

void Talker::publish(const DocumentPath& document, std::uint64_t first, const std::vector<std::string>& payloads,
                     const Manner& manner) {
  frames::Publish event;
  event.document = handle(document);
  event.epoch = manner.epoch.value_or(epoch(document));
  event.first_sequence = {first};
  event.base = manner.base;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    event.deltas.push_back({manner.codec, SharedBytes::copy(payloads[i])});
    published_.try_emplace({document, event.epoch, Sequence{first + i}}, payloads[i]);
  }
  say(event);
}

frames::SnapshotOffer Talker::offer_of(const DocumentPath& document, Offset offset, const std::string& bytes) {
  frames::SnapshotOffer offer;
  offer.document = handle(document);
  offer.epoch = epoch(document);
  offer.offset = offset;
  offer.chain = relay_.disk.log.chain(document, offset).value();
  offer.hash = sha256(bytes);
  offer.size = bytes.size();
  offer.fidelity = Fidelity::lossless;
  return offer;
}

void Talker::send(const frames::SnapshotOffer& offer, const std::string& bytes, std::size_t chunk_bytes) {
  say(offer);
  for (std::size_t at = 0;;) {
    const std::size_t size = std::min(chunk_bytes, bytes.size() - at);
    const bool last = at + size == bytes.size();
    say(frames::SnapshotChunk{offer.document, at, SharedBytes::copy(std::string_view(bytes).substr(at, size)), last, 0,
                              0});
    if (last) return;
    at += size;
  }
}

// ---- hearing ----

void Talker::receive(const std::string& message) {
  auto events = frames::decode_server_frame(SharedBytes::copy(message));
  if (!events) throw std::runtime_error("the relay sent what is not a frame: " + events.error().message);
  for (const frames::ServerEvent& event : *events) on(event);
}

void Talker::on(const frames::ServerEvent& event) {
  if (const auto* ping = std::get_if<frames::Ping>(&event)) {
    ++pings_;
    if (answers_) say(frames::Pong{ping->nonce});
    return;
  }
  if (const auto* records = std::get_if<frames::Records>(&event)) return take(*records);
  if (const auto* subscribed = std::get_if<frames::Subscribed>(&event)) {
    const auto& [document, wish] = asked_.at(subscribed->request);
    open_[document] = *subscribed;
    if (wish.from != frames::From::cursor || subscribed->lost_history)
      cursors_[document] = {subscribed->epoch, {}, chain_start(document)};
    else if (wish.cursor)
      cursors_[document] = *wish.cursor;
  }
  lines_.push_back(describe(event));
  all_lines_.push_back(lines_.back());
  inbox_.push_back(event);
}

void Talker::take(const frames::Records& records) {
  for (const auto& [document, subscribed] : open_) {
    if (subscribed.document != records.document) continue;
    Cursor& cursor = cursors_.at(document);
    for (Record record : records.records) {
      lines_.push_back((records.stub ? "stub " : "record ") + document.document.text() + ' ' +
                       name_of(record.producer) + '/' + number(record.sequence.value) +
                       (records.stub ? "" : ' ' + std::string(record.payload.view())));
      all_lines_.push_back(lines_.back());
      const std::string payload =
          records.stub ? published_.at({document, cursor.epoch, record.sequence}) : std::string(record.payload.view());
      cursor.chain = chain_next(cursor.chain, record.producer, record.sequence, record.codec, payload);
      cursor.offset = record.offset;
      records_.push_back({document, std::move(record), records.stub});
    }
  }
}

const std::vector<Read>& Talker::read(std::size_t count) {
  if (!relay_.until([&] { return records_.size() >= count; }))
    throw std::runtime_error(name_ + " waited in vain for " + number(count) + " records; heard:" + story());
  return records_;
}

std::string Talker::document_of(DocumentHandle handle) const {
  for (const auto& [document, subscribed] : open_)
    if (subscribed.document == handle) return document.document.text();
  return "#" + number(handle.value);
}

std::string Talker::describe(const frames::ServerEvent& event) const {
  return std::visit(
      Overloaded{
          [](const frames::Welcome&) { return std::string("welcome"); },
          [&](const frames::Subscribed& e) {
            return "subscribed " + document_of(e.document) + (e.lost_history ? ", lost history" : "");
          },
          [](const frames::Records&) { return std::string(); },
          [&](const frames::CaughtUp& e) { return "caught up " + document_of(e.document); },
          [&](const frames::Stored& e) {
            return "stored " + document_of(e.document) + " through " + number(e.through_sequence.value);
          },
          [&](const frames::PresenceUpdate& e) {
            return "presence " + document_of(e.document) + ' ' + name_of(e.producer) + ' ' +
                   (e.gone ? "gone" : std::string(e.data.view()));
          },
          [](const frames::ErrorEvent& e) {
            return "error " + std::string(name(e.error.code)) + std::string(name_of(e.reason));
          },
          [](const frames::GoingAway&) { return std::string("going away"); },
          [](const frames::Ping&) { return std::string("ping"); },
          [&](const frames::Cut& e) { return "cut " + document_of(e.document); },
          [&](const frames::Pack& e) { return "pack " + document_of(e.document); },
          [&](const frames::SnapshotHeader& e) {
            return "snapshot " + document_of(e.document) + " up to " + number(e.offset.value) +
                   (e.base.value > 0 ? " over " + number(e.base.value) : "") + (e.verified ? ", verified" : "");
          },
          [&](const frames::SnapshotChunk& e) {
            return "chunk at " + number(e.position) + ": " + std::string(e.data.view()) + (e.last ? ", the last" : "");
          },
          [&](const frames::SnapshotWanted& e) { return "snapshot wanted " + document_of(e.document); },
          [&](const frames::AttestationWanted& e) {
            return "attestation wanted " + document_of(e.document) + " up to " + number(e.offset.value);
          },
          [&](const frames::SnapshotStored& e) {
            return "snapshot stored " + document_of(e.document) + " up to " + number(e.offset.value);
          },
          [&](const frames::History& e) {
            return "history to " + number(e.offset.value) + (e.complete ? ", complete" : "");
          },
      },
      event);
}

std::string Talker::story() const {
  std::string text;
  for (const std::string& line : all_lines_) text += "\n  " + line;
  return text;
}

}  // namespace weir::scenarios
