#include "client.hpp"

#include <algorithm>

#include "weir/frames/codec.hpp"
#include "weir/packing/pack.hpp"

namespace weir::simulation {

std::string encode_numbers(const std::set<std::uint64_t>& numbers, std::size_t padding) {
  std::string payload;
  for (const std::uint64_t number : numbers) payload += std::to_string(number) + ' ';
  return payload + std::string(padding, '.');
}

std::set<std::uint64_t> decode_numbers(std::string_view payload) {
  std::set<std::uint64_t> numbers;
  std::uint64_t number = 0;
  for (const char c : payload) {
    if (c == '.') break;
    if (c == ' ')
      numbers.insert(std::exchange(number, 0));
    else
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return numbers;
}

Client::Client(World& world, Oracle& oracle, const storage::DeltaLog& log, std::string name,
               std::vector<DocumentPath> paths)
    : world_(world), oracle_(oracle), log_(log), name_(std::move(name)), paths_(std::move(paths)) {
  VirtualRandom(world_).fill(device_.producer.bytes.data(), device_.producer.bytes.size());
  for (const DocumentPath& path : paths_) device_.replicas[path];
}

Client::~Client() {
  disconnect();
  life_.end();
}

void Client::violated(const std::string& what) const { throw Violation(name_ + ": " + what); }

// ---- the connection ----

void Client::use(Server* server) {
  disconnect();
  server_ = server;
}

void Client::disconnect() {
  ++connection_;
  if (link_) std::exchange(link_, nullptr)->cut();
  welcome_ = false;
  open_.clear();
  snapshots_.arriving.clear();
  snapshots_.compared.clear();
  for (auto& [space, view] : spaces_) view.ordered = false;
}

void Client::connect() {
  if (link_ || server_ == nullptr) return;
  const std::uint64_t connection = ++connection_;
  Link::Client ends;
  ends.message = [this, connection](const std::string& message) {
    if (connection == connection_) receive(message);
  };
  ends.gone = [this, connection](std::uint16_t code) {
    if (connection == connection_) gone(code);
  };
  link_ = Link::open(world_, *server_, world_.chance.below(server_->shard_count()), std::move(ends));
  frames::Hello hello;
  hello.protocol_version = frames::protocol_version;
  hello.producer = device_.producer;
  unpacks_ = world_.chance.one_in(2);
  if (unpacks_) hello.packs = {frames::pack_version};
  hello.makes_snapshots = snapshots_.makes = world_.chance.one_in(2);
  snapshots_.wanted = world_.chance.one_in(2);
  send(hello);
}

void Client::gone(std::uint16_t code) {
  tell("connection lost (" + std::to_string(code) + ")");
  disconnect();
  reconnect_later();
}

void Client::reconnect_later() {
  world_.after(world_.chance.time_below(200ms), life_, [this] { connect(); });
}

void Client::stall(bool stalled) {
  if (link_) link_->stall(stalled);
}

void Client::cut_after(std::size_t bytes) {
  if (link_) link_->cut_after(bytes);
}

void Client::send(const frames::ClientEvent& event) {
  std::string bytes;
  frames::encode(event, bytes);
  if (link_) link_->send(bytes);
}

void Client::receive(const std::string& message) {
  auto events = frames::decode_server_frame(SharedBytes::copy(message));
  if (!events) violated("the server sent what is not a frame: " + events.error().message);
  const std::uint64_t connection = connection_;
  for (const frames::ServerEvent& event : *events) {
    std::visit([this](const auto& what) { on(what); }, event);
    if (connection != connection_) return;
  }
}

void Client::on(const frames::Ping& event) { send(frames::Pong{event.nonce}); }

// ---- subscribing ----

void Client::on(const frames::Welcome&) {
  welcome_ = true;
  for (std::size_t i = 0; i < paths_.size(); ++i) subscribe(i);
}

void Client::subscribe(std::size_t index) {
  const Replica& replica = device_.replicas[paths_[index]];
  frames::Subscribe event;
  event.request = index + 1;
  event.path = paths_[index];
  event.presence = true;
  event.recreate = recreates_;
  event.snapshots = snapshots_.wanted;
  if (replica.cursor) {
    event.from = frames::From::cursor;
    event.cursor = replica.cursor;
  }
  spaces_[event.path.space].ordered = false;
  send(event);
}

void Client::on(const frames::Subscribed& event) {
  const DocumentPath& path = paths_.at(event.request - 1);
  Replica& replica = device_.replicas[path];
  if (replica.cursor && replica.cursor->epoch != event.epoch && !event.lost_history)
    violated("another epoch, and no word of lost history");
  const bool lost = event.lost_history || (replica.cursor && event.last_sequence < replica.stored);
  if (lost) {
    tell("lost history of " + path.document.text());
    replica.cursor.reset();
    replica.must_offer = !replica.numbers.empty();
    // Found out by the mark alone: the relay takes the cursor for good and would feed from it, so begin again.
    if (event.last_sequence.value > 0 || !event.lost_history)
      return become_another_producer("the relay has lost history, but knows this producer");
  } else if (event.last_sequence > replica.assigned) {
    return become_another_producer("the relay has more of this producer than the device: it is a copy");
  }
  if (!replica.cursor) {
    replica.cursor = Cursor{event.epoch, {}, chain_start(path)};
    replica.read.clear();
    replica.read_after = {};
    replica.stored = {};
    replica.stored_at = {};
  }
  if (std::exchange(replica.must_offer, false)) offer_everything(replica, event.last_sequence.value == 0);
  Open open;
  open.path = path;
  open.epoch = event.epoch;
  publish_waiting(event.document, open_[event.document] = std::move(open));
}

// Everything the device knows, in one delta, takes the place of what waited.
void Client::offer_everything(Replica& replica, bool base) {
  replica.outbox.clear();
  if (!base) replica.assigned = {};
  replica.assigned = replica.assigned.next();
  replica.outbox.push_back({replica.assigned, encode_numbers(replica.numbers, 0), base, false});
}

void Client::become_another_producer(const std::string& why) {
  tell("takes a new producer: " + why);
  VirtualRandom(world_).fill(device_.producer.bytes.data(), device_.producer.bytes.size());
  for (auto& [path, replica] : device_.replicas) {
    if (replica.cursor && replica.stored_at > replica.cursor->offset) replica.must_offer = true;
    replica.assigned = replica.stored = {};
    replica.stored_at = {};
    for (OutboxItem& item : replica.outbox) {
      item.sequence = replica.assigned = replica.assigned.next();
      item.base = item.sent = false;
    }
  }
  disconnect();
  reconnect_later();
}

void Client::leave_and_come_back() {
  if (!welcome_ || open_.empty()) return;
  auto entry = open_.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(world_.chance.below(open_.size())));
  const DocumentPath path = entry->second.path;
  tell("unsubscribes from " + path.document.text() + " and subscribes again");
  send(frames::Unsubscribe{entry->first});
  open_.erase(entry);
  subscribe(static_cast<std::size_t>(std::find(paths_.begin(), paths_.end(), path) - paths_.begin()));
}

Device Client::backup() {
  for (auto& [path, replica] : device_.replicas)
    for (OutboxItem& item : replica.outbox) item.sent = true;
  return device_;
}

void Client::restore(Device device) {
  tell("is restored from a backup");
  disconnect();
  device_ = std::move(device);
  reconnect_later();
}

void Client::forget_offsets() {
  disconnect();
  spaces_.clear();
}

// ---- publishing ----

void Client::edit() {
  Replica& replica = device_.replicas[paths_[world_.chance.below(paths_.size())]];
  const std::uint64_t number = world_.chance.below(std::uint64_t{1} << 60);
  replica.numbers.insert(number);
  replica.assigned = replica.assigned.next();
  const std::size_t padding = world_.chance.one_in(20) ? world_.chance.below(1500) : world_.chance.below(40);
  replica.outbox.push_back({replica.assigned, encode_numbers({number}, padding), false, false});
  for (auto& [handle, open] : open_)
    if (&device_.replicas[open.path] == &replica) publish_waiting(handle, open);
}

void Client::publish_waiting(DocumentHandle handle, Open& open) {
  frames::Publish publish;
  publish.document = handle;
  publish.epoch = open.epoch;
  const auto flush = [&] {
    if (!publish.deltas.empty()) send(publish);
    publish.deltas.clear();
  };
  for (OutboxItem& item : device_.replicas[open.path].outbox) {
    if (open.own.contains(item.sequence)) continue;  // sent in this session already
    if (publish.deltas.empty()) publish.first_sequence = item.sequence;
    publish.base = item.base;
    publish.deltas.push_back({{}, SharedBytes::copy(item.payload)});
    open.own[item.sequence] = item.payload;
    if (!std::exchange(item.sent, true)) open.seen[item.sequence] = spaces_[open.path.space].seen;
    if (item.base || publish.deltas.size() == 5) flush();
  }
  flush();
}

void Client::on(const frames::Stored& event) {
  const auto found = open_.find(event.document);
  if (found == open_.end()) return;
  Open& open = found->second;
  Replica& replica = device_.replicas[open.path];
  if (event.through_sequence > replica.assigned) violated("acknowledged what was never published");
  while (!replica.outbox.empty() && replica.outbox.front().sequence <= event.through_sequence) {
    const OutboxItem& item = replica.outbox.front();
    oracle_.acknowledged(open.path, open.epoch, device_.producer, item.sequence, sha256(item.payload));
    replica.outbox.pop_front();
  }
  if (const auto seen = open.seen.find(event.through_sequence); seen != open.seen.end() && event.offset <= seen->second)
    violated("written after offset " + std::to_string(seen->second.value) + " was known, stored at " +
             std::to_string(event.offset.value));
  replica.stored = std::max(replica.stored, event.through_sequence);
  replica.stored_at = std::max(replica.stored_at, event.offset);
}

// ---- reading ----

void Client::on(const frames::Records& event) {
  const auto found = open_.find(event.document);
  if (found == open_.end()) return;
  for (const Record& record : event.records) take_record(found->second, event.document, record, event.stub);
}

void Client::on(const frames::Pack& event) {
  const auto found = open_.find(event.document);
  if (found == open_.end()) return;
  if (!unpacks_) violated("a pack, though it did not say that it can unpack");
  const auto header = packing::inspect(event.data.view());
  const auto records = packing::unpack(event.data);
  if (!header || !records) violated("a pack that cannot be unpacked");
  for (const Record& record : *records) take_record(found->second, event.document, record, false);
  if (device_.replicas[found->second.path].cursor->chain != header->chain)
    violated("a pack does not follow what came before it, in " + found->second.path.document.text());
  ++packs_;
}

void Client::take_record(Open& open, DocumentHandle, Record record, bool stub) {
  Replica& replica = device_.replicas[open.path];
  Cursor& cursor = *replica.cursor;
  const std::string where = open.path.document.text() + " offset " + std::to_string(record.offset.value);
  if (record.offset <= cursor.offset) violated("a record comes twice or late: " + where);
  if (stub) {
    const auto own = open.own.find(record.sequence);
    if (record.producer != device_.producer || own == open.own.end()) violated("a stub of another's record: " + where);
    record.payload = SharedBytes::copy(own->second);
  }
  SpaceView& view = spaces_[open.path.space];
  if (view.ordered && record.offset <= view.last) violated("out of order across documents: " + where);
  view.last = std::max(view.last, record.offset);
  view.seen = std::max(view.seen, record.offset);
  cursor.chain = chain_next(cursor.chain, record.producer, record.sequence, record.codec, record.payload.view());
  cursor.offset = record.offset;
  auto& read = replica.read[record.offset];
  for (const std::uint64_t number : decode_numbers(record.payload.view())) {
    replica.numbers.insert(number);
    read.push_back(number);
  }
}

void Client::on(const frames::CaughtUp& event) {
  const auto found = open_.find(event.document);
  if (found == open_.end()) return;
  Open& open = found->second;
  open.caught_up = true;
  const Cursor& cursor = *device_.replicas[open.path].cursor;
  const auto state = log_.document(open.path);
  if (state && state->epoch == open.epoch && state->life == DocumentLife::alive) {
    const auto chain = log_.chain(open.path, cursor.offset);
    if (!chain || *chain != cursor.chain)
      violated("caught up, but the chain tells of a gap in " + open.path.document.text());
  }
  const SpaceName& space = open.path.space;
  const bool all = std::all_of(paths_.begin(), paths_.end(), [&](const DocumentPath& path) {
    if (path.space != space) return true;
    return std::any_of(open_.begin(), open_.end(),
                       [&](const auto& entry) { return entry.second.path == path && entry.second.caught_up; });
  });
  SpaceView& view = spaces_[space];
  if (all && !view.ordered) {
    view.ordered = true;
    view.last = event.offset;
  }
}

// ---- errors ----

void Client::on(const frames::ErrorEvent& event) {
  using frames::Reason;
  const auto found = open_.find(event.document);
  switch (event.reason) {
    case Reason::deleted: {
      if (found == open_.end() && event.request == 0) return;
      if (snapshots_.compared.erase(event.request) > 0) return;  // the answer to a read, not to a subscribe
      const DocumentPath path = found != open_.end() ? found->second.path : paths_.at(event.request - 1);
      tell("told that " + path.document.text() + " is deleted");
      device_.replicas[path] = {};
      if (found != open_.end()) open_.erase(found);
      const auto index = static_cast<std::size_t>(std::find(paths_.begin(), paths_.end(), path) - paths_.begin());
      world_.after(world_.chance.time_below(300ms), life_, [this, index, connection = connection_] {
        if (connection == connection_ && welcome_) subscribe(index);
      });
      return;
    }
    case Reason::fenced:
      if (world_.chance.one_in(2)) return become_another_producer("another session of it has taken over");
      return;
    case Reason::resend_differs:
    case Reason::not_comparable: return become_another_producer(event.error.message);
    case Reason::producer_owned: violated("refused as another principal's producer");
    case Reason::epoch: disconnect(); return reconnect_later();
    case Reason::sequence_gap:
      if (found != open_.end()) {
        const auto& outbox = device_.replicas[found->second.path].outbox;
        if (!outbox.empty() && event.expected_sequence < outbox.front().sequence)
          return become_another_producer("the relay does not know what came before");
      }
      [[fallthrough]];
    case Reason::unspecified:
      // A write failed, or came behind one that failed: what is not acknowledged is sent again on another connection.
      tell("refused: " + event.error.message);
      disconnect();
      return reconnect_later();
    case Reason::snapshot: return tell("no snapshot of it was taken: " + event.error.message);
    case Reason::protocol:
      if (event.error.code == Code::not_found) return;  // a deletion was under way
      violated("an honest client was told: " + event.error.message);
  }
}

// ---- the end ----

bool Client::settled() const {
  if (!welcome_ || open_.size() != paths_.size()) return false;
  for (const auto& [handle, open] : open_) {
    const Replica& mine = device_.replicas.at(open.path);
    if (!open.caught_up || !mine.outbox.empty() || mine.must_offer) return false;
    const auto state = log_.document(open.path);
    if (!state || state->life == DocumentLife::deleted || state->epoch != open.epoch) return false;
    if (state->records > 0 && mine.cursor->offset < state->head) return false;
  }
  return true;
}

std::string Client::state() const {
  std::string text = name_ + (welcome_ ? " connected" : link_ ? " connecting" : " away");
  for (const auto& [path, replica] : device_.replicas) {
    text += "; " + path.document.text() + ": cursor " +
            std::to_string(replica.cursor ? replica.cursor->offset.value : 0) + ", waiting " +
            std::to_string(replica.outbox.size());
    for (const auto& [handle, open] : open_)
      if (open.path == path) text += open.caught_up ? ", caught up" : ", open";
  }
  return link_ ? text + "; link: " + link_->describe() : text;
}

}  // namespace weir::simulation
