#include "snapshot_world.hpp"

#include <cstdlib>
#include <utility>

namespace weir::fuzz {
namespace {

constexpr std::size_t snapshot_bytes_max = 3000;
constexpr std::size_t uploads_max = 4;  // of one session

core::Limits small_limits() {
  core::Limits limits;
  limits.payload_bytes_max = 1000;
  limits.frame_bytes_max = 4000;
  limits.session_queue_bytes_max = 4000;
  limits.in_flight_bytes_max = 2000;
  limits.read_bytes_max = 1000;
  limits.snapshots.bytes_max = snapshot_bytes_max;
  limits.snapshots.tail_records_min = 2;
  limits.snapshots.volunteer_interval = 1s;
  limits.snapshots.upload_max = 30s;
  limits.snapshots.drop_after = 20s;
  return limits;
}

}  // namespace

void require(bool holds) {
  if (!holds) std::abort();
}

const std::string& content(std::size_t number) {
  static const std::array<std::string, contents> all = {"",
                                                        "a",
                                                        "1, 2, 3",
                                                        std::string(1000, 'x'),
                                                        std::string(snapshot_bytes_max, 'y'),
                                                        "1, 2, 4",
                                                        "b",
                                                        std::string(snapshot_bytes_max + 1, 'z')};
  return all[number % contents];
}

// ---- a client ----

void HostileClient::connect() {
  cut();
  connection_ = {};
  simulation::Link::Client ends;
  ends.message = [this, life = connection_](const std::string& message) {
    if (!life.over()) hear(message);
  };
  ends.gone = [](std::uint16_t) {};
  link_ = simulation::Link::open(world_.world_, *world_.server_, 0, std::move(ends));
  frames::Hello hello;
  hello.protocol_version = frames::protocol_version;
  hello.producer.bytes[0] = static_cast<std::byte>('a' + number_);
  hello.makes_snapshots = true;
  say(hello);
}

void HostileClient::cut() {
  connection_.end();
  subscribes_.clear();
  reads_.clear();
  served_.clear();
  if (link_) link_->cut();
}

void HostileClient::say(const frames::ClientEvent& event) {
  std::string bytes;
  frames::encode(event, bytes);
  say_bytes(bytes);
}

void HostileClient::say_bytes(std::string_view frame) {
  if (const auto events = frames::decode_client_frame(SharedBytes::copy(frame), {}); events)
    for (const frames::ClientEvent& event : *events) {
      if (const auto* offer = std::get_if<frames::SnapshotOffer>(&event)) world_.vouched(offer->hash, number_);
      if (const auto* attest = std::get_if<frames::Attest>(&event); attest != nullptr && attest->valid)
        world_.vouched(attest->hash, number_);
    }
  link_->send(frame);
}

void HostileClient::subscribe(std::size_t document, bool recreate) {
  frames::Subscribe subscribe;
  subscribe.request = ++requests_;
  subscribe.path = SnapshotWorld::path(document);
  subscribe.from = frames::From::start;
  subscribe.snapshots = true;
  subscribe.recreate = recreate;
  subscribes_[requests_] = document;
  say(subscribe);
}

void HostileClient::publish(std::size_t document) {
  Place& place = places_[document];
  frames::Publish publish;
  publish.document = place.handle;
  publish.epoch = place.epoch;
  publish.first_sequence = {++place.published};
  publish.deltas.push_back({{}, SharedBytes::copy("delta " + std::to_string(place.published))});
  say(publish);
}

void HostileClient::read_snapshot(std::size_t document, Offset offset, const Digest& hash, std::uint64_t position) {
  reads_[++requests_] = {hash, position};
  say(frames::ReadSnapshot{requests_, SnapshotWorld::path(document), offset, hash, position});
}

void HostileClient::hear(const std::string& message) {
  const auto events = frames::decode_server_frame(SharedBytes::copy(message));
  require(events.has_value());
  for (const frames::ServerEvent& event : *events) std::visit([this](const auto& what) { on(what); }, event);
}

void HostileClient::on(const frames::Subscribed& subscribed) {
  const auto asked = subscribes_.find(subscribed.request);
  if (asked == subscribes_.end()) return;  // a frame of bytes asked
  Place& place = places_[asked->second];
  if (place.epoch != subscribed.epoch) place.published = 0;
  place.handle = subscribed.document;
  place.epoch = subscribed.epoch;
}

void HostileClient::on(const frames::SnapshotHeader& header) {
  require(header.size <= snapshot_bytes_max);
  served_[header.document] = {header, {}};
}

void HostileClient::on(const frames::SnapshotChunk& chunk) {
  require(chunk.unpacked_size == 0);  // nobody has said that it unpacks
  if (chunk.request != 0) {
    const auto asked = reads_.find(chunk.request);
    if (asked == reads_.end()) return;
    for (std::size_t i = 0; i < contents; ++i)
      if (sha256(content(i)) == asked->second.hash) {
        require(chunk.position == asked->second.position && chunk.position + chunk.data.size() <= content(i).size());
        require(content(i).substr(chunk.position, chunk.data.size()) == chunk.data.view());
      }
    return;
  }
  Served& served = served_.at(chunk.document);
  require(chunk.position == served.bytes.size());
  served.bytes.append(chunk.data.view());
  require(served.bytes.size() <= served.header.size);
  if (chunk.last) require(sha256(served.bytes) == served.header.hash && served.bytes.size() == served.header.size);
}

// ---- the relay ----

SnapshotWorld::SnapshotWorld(std::uint64_t seed) : world_(seed), disk_(world_, {}) {
  server_ = std::make_unique<simulation::Server>(world_, disk_, small_limits(), 1);
  for (std::size_t i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<HostileClient>(*this, i));
    client(i).connect();
    for (std::size_t document = 0; document < documents; ++document) client(i).subscribe(document, false);
  }
  pass(100ms);
  for (std::size_t document = 0; document < documents; ++document) client(0).publish(document);
  pass(100ms);
}

DocumentPath SnapshotWorld::path(std::size_t document) {
  return {*SpaceName::parse("space"), *DocumentName::parse(document % documents == 0 ? "plan" : "draft")};
}

std::vector<Snapshot> SnapshotWorld::stored(std::size_t document) {
  auto all = log().snapshots().list(path(document));
  return all ? *std::move(all) : std::vector<Snapshot>();
}

void SnapshotWorld::pass(Time time) {
  (void)world_.run_until([] { return false; }, time);
}

void SnapshotWorld::delete_document(std::size_t document) {
  server_->shard(0).delete_document(path(document), [](const Result<Offset>&) {});
}

void SnapshotWorld::check_stored(std::size_t document, const Snapshot& snapshot) {
  std::string bytes;
  for (bool last = false; !last;) {
    const auto part = log().snapshots().read(path(document), snapshot.id, bytes.size(), false);
    require(part.has_value());
    bytes.append(part->bytes.view());
    last = part->last;
  }
  require(bytes.size() == snapshot.size && bytes.size() <= snapshot_bytes_max && sha256(bytes) == snapshot.hash);
  const auto state = log().document(path(document));
  require(state && snapshot.offset.value > 0 && snapshot.offset <= state->head);
  require(snapshot.chain == log().chain(path(document), snapshot.offset).value());
  const auto vouchers = vouchers_.find(snapshot.hash);
  require(vouchers != vouchers_.end());  // somebody offered it
  if (snapshot.standing == SnapshotStanding::verified) require(vouchers->second.size() > 1);
}

void SnapshotWorld::check() {
  for (std::size_t document = 0; document < documents; ++document)
    for (const Snapshot& snapshot : stored(document)) check_stored(document, snapshot);
  const shard::Counters now = server_->shard(0).counters();
  const core::Limits& limits = server_->limits();
  // One message, and one answer, may be over the limit that it then brings down.
  require(now.in_flight_bytes <= now.sessions * (limits.in_flight_bytes_max + (128 << 10)));
  require(now.queued_bytes <= now.sessions * (2 * limits.session_queue_bytes_max + (128 << 10)));
  require(log().uploads().size() <= now.sessions * uploads_max + uploads_max);
  for (const std::size_t bytes : log().uploads()) require(bytes <= snapshot_bytes_max);
}

void SnapshotWorld::end() {
  for (const auto& client : clients_) client->cut();
  pass(10s);  // some are only missed
  require(log().uploads().empty());
  pass(2min);  // documents are closed when nobody uses them
  const shard::Counters left = server_->shard(0).counters();
  require(left.sessions == 0 && left.documents == 0 && left.appends_pending == 0);
  require(left.in_flight_bytes == 0 && left.queued_bytes == 0);
}

}  // namespace weir::fuzz
