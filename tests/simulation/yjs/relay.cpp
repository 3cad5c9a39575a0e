#include "relay.hpp"

#include <utility>

#include "weir/vocabulary/assert.hpp"

namespace weir::simulation {
namespace {

constexpr std::size_t messages_under_way_max = 20;

}  // namespace

YjsRelay::YjsRelay(World& world, Disk& disk, core::Limits limits, std::size_t shard_count)
    : world_(world), disk_(disk), limits_(limits), pool_(world, life_), random_(world) {
  std::vector<runtime::Executor*> executors;
  for (std::size_t i = 0; i < shard_count; ++i) {
    executors_.push_back(std::make_unique<VirtualExecutor>(world_, life_, [this] { disk_.look(life_); }));
    executors.push_back(executors_.back().get());
  }
  shard::Environment environment{.log = disk_.log,
                                 .snapshots = disk_.log.snapshots(),
                                 .readers = pool_,
                                 .random = random_,
                                 .authorizer = authorizer_,
                                 .encoders = {&native_encoder_, &encoder_},
                                 .cover_merger = merger_,
                                 .limits = limits_,
                                 .server_version = "simulated"};
  shards_ = shard::make_shards(std::move(environment), executors);
}

std::uint64_t YjsRelay::snapshots_sent() const {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->counters().snapshots_sent;
  return sum;
}

std::uint64_t YjsRelay::fell_behind() const {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->counters().fell_behind;
  return sum;
}

Wire::Wire(World& world, YjsRelay& relay, std::size_t shard, Client client)
    : world_(world), relay_(relay), relay_life_(relay.life()), shard_(shard), client_(std::move(client)) {}

std::shared_ptr<Wire> Wire::open(World& world, YjsRelay& relay, DocumentPath path, Client client) {
  auto wire = std::make_shared<Wire>(world, relay, world.chance.below(relay.shard_count()), std::move(client));
  wire->on_relay([wire, path = std::move(path)] {
    if (wire->cut_) return;
    auto dialect = std::make_unique<yjs::Dialect>(yjs::Dialect::Options{path, "", ""}, wire->relay_.limits());
    wire->session_ = &wire->relay_.shard(wire->shard_).open(std::move(dialect), *wire);
    wire->pump_to_relay();
  });
  return wire;
}

void Wire::on_relay(std::function<void()> task) {
  world_.after(world_.chance.time_below(500us), relay_life_,
               [self = shared_from_this(), task = std::move(task)] { self->relay_.executor(self->shard_).post(task); });
}

void Wire::tell_client(std::uint16_t code) {
  world_.after(world_.chance.time_below(20ms), client_life_, [self = shared_from_this(), code] {
    self->client_life_.end();
    self->client_.gone(code);
  });
}

void Wire::cut() {
  if (std::exchange(cut_, true)) return;
  // What was under way in either direction may still arrive, up to some message.
  if (!to_relay_.empty()) to_relay_.resize(world_.chance.below(to_relay_.size() + 1));
  to_client_.clear();
  client_life_.end();
  world_.after(world_.chance.time_below(200ms), relay_life_, [self = shared_from_this()] {
    self->relay_.executor(self->shard_).post([self] {
      self->pump_to_relay();
      if (shard::Session* session = std::exchange(self->session_, nullptr)) session->closed();
    });
  });
}

// ---- client to relay ----

void Wire::send(std::string message) {
  if (cut_) return;
  to_relay_.push_back(std::move(message));
  world_.after(world_.chance.time_below(3ms), relay_life_,
               [self = shared_from_this()] { self->on_relay([self] { self->pump_to_relay(); }); });
}

void Wire::pump_to_relay() {
  while (session_ != nullptr && relay_reads_ && !to_relay_.empty()) {
    const std::string message = std::move(to_relay_.front());
    to_relay_.pop_front();
    WEIR_ASSERT(message.size() <= session_->message_bytes_max());
    session_->receive(SharedBytes::copy(message));
  }
}

void Wire::reading(bool wanted) {
  relay_reads_ = wanted;
  if (wanted) on_relay([self = shared_from_this()] { self->pump_to_relay(); });
}

// ---- relay to client ----

void Wire::output_ready() {
  on_relay([self = shared_from_this()] { self->write(); });
}

void Wire::write() {
  while (session_ != nullptr) {
    if (to_client_.size() >= messages_under_way_max && !cut_) {
      waits_for_client_ = true;
      return;
    }
    std::vector<SharedBytes> pieces;
    if (!session_->take(1024, pieces)) {
      session_->flushed();
      if (!closing_) return;
      std::exchange(session_, nullptr)->closed();
      if (!cut_) tell_client(*closing_);
      return;
    }
    for (const SharedBytes& piece : pieces) take_frames(piece.view());
  }
}

// Whole WebSocket frames, as the transport would send them.
void Wire::take_frames(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes.at(i)); };
    std::size_t header = 2;
    std::size_t size = at(1);
    if (size >= 126) {
      const std::size_t length_bytes = size == 126 ? 2 : 8;
      size = 0;
      for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | at(header++);
    }
    WEIR_ASSERT(bytes.size() >= header + size);
    if (at(0) == 0x82 && !cut_) to_client_.emplace_back(bytes.substr(header, size));
    if (at(0) == 0x89)
      on_relay([self = shared_from_this()] {
        if (self->session_ != nullptr && !self->cut_) self->session_->heard();
      });
    bytes.remove_prefix(header + size);
  }
  pump_to_client();
}

void Wire::pump_to_client() {
  if (to_client_.empty() || stalled_ || cut_ || std::exchange(pumping_to_client_, true)) return;
  world_.after(world_.chance.time_below(3ms), client_life_, [self = shared_from_this()] {
    self->pumping_to_client_ = false;
    if (self->cut_ || self->stalled_) return;
    for (std::uint64_t count = self->world_.chance.between(1, 10); count > 0 && !self->to_client_.empty(); --count) {
      const std::string message = std::move(self->to_client_.front());
      self->to_client_.pop_front();
      self->client_.message(message);
      if (self->cut_) return;
    }
    if (std::exchange(self->waits_for_client_, false)) self->output_ready();
    self->pump_to_client();
  });
}

void Wire::stall(bool stalled) {
  stalled_ = stalled;
  if (!stalled) pump_to_client();
}

void Wire::close(std::uint16_t code, std::string_view) {
  if (closing_ || session_ == nullptr) return;
  closing_ = code;
  output_ready();
}

}  // namespace weir::simulation
