#include "link.hpp"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr std::size_t socket_bytes = 8 << 10;

void put_message(std::string& stream, std::string_view message) {
  for (int shift = 24; shift >= 0; shift -= 8) stream.push_back(static_cast<char>(message.size() >> shift & 0xFF));
  stream += message;
}

std::optional<std::string> take_message(std::string& stream) {
  if (stream.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(stream[i]);
  if (stream.size() < 4 + size) return std::nullopt;
  std::string message = stream.substr(4, size);
  stream.erase(0, 4 + size);
  return message;
}

}  // namespace

Link::Link(World& world, Server& server, std::size_t shard, Client client)
    : world_(world), server_(server), server_life_(server.life()), shard_(shard), client_(std::move(client)) {}

std::shared_ptr<Link> Link::open(World& world, Server& server, std::size_t shard, Client client) {
  std::shared_ptr<Link> link(new Link(world, server, shard, std::move(client)));
  link->on_server([link] {
    if (link->cut_) return;
    link->session_ =
        &link->server_.shard(link->shard_).open(std::make_unique<native::NativeDialect>(link->server_.limits()), *link);
    link->pump_to_server();
  });
  return link;
}

void Link::on_server(std::function<void()> task) {
  world_.after(world_.chance.time_below(500us), server_life_, [self = shared_from_this(), task = std::move(task)] {
    self->server_.executor(self->shard_).post(task);
  });
}

std::string Link::describe() const {
  return "to server " + std::to_string(to_server_.size()) + '+' + std::to_string(at_server_.size()) + " bytes" +
         (reading_ ? "" : ", not read") + ", to client " + std::to_string(to_client_.size()) + '+' +
         std::to_string(at_client_.size()) + " bytes" + (stalled_ ? ", stalled" : "");
}

// ---- breaking ----

void Link::tell_client_gone(std::uint16_t code) {
  world_.after(world_.chance.time_below(50ms), client_life_, [self = shared_from_this(), code] {
    self->client_life_.end();
    self->client_.gone(code);
  });
}

void Link::tell_server_gone() {
  // A server may notice at once, or only when it misses the peer's answers.
  const Time delay = world_.chance.one_in(4) ? world_.chance.time_below(5s) : world_.chance.time_below(20ms);
  world_.after(delay, server_life_, [self = shared_from_this()] {
    self->server_.executor(self->shard_).post([self] {
      if (shard::Session* session = std::exchange(self->session_, nullptr)) session->closed();
    });
  });
}

void Link::cut() {
  if (std::exchange(cut_, true)) return;
  tell_client_gone(1006);
  tell_server_gone();
}

bool Link::use(std::size_t bytes) {
  if (bytes_until_cut_ == static_cast<std::size_t>(-1)) return true;
  bytes_until_cut_ -= std::min(bytes, bytes_until_cut_);
  if (bytes_until_cut_ > 0) return true;
  cut();
  return false;
}

// ---- client to server ----

void Link::send(std::string_view message) {
  if (cut_) return;
  put_message(to_server_, message);
  if (std::exchange(to_server_scheduled_, true)) return;
  world_.after(world_.chance.time_below(2ms), server_life_, [self = shared_from_this()] {
    self->to_server_scheduled_ = false;
    self->on_server([self] { self->pump_to_server(); });
  });
}

void Link::pump_to_server() {
  if (session_ == nullptr || !reading_ || (to_server_.empty() && at_server_.empty())) return;
  const std::size_t piece = std::min<std::size_t>(to_server_.size(), 1 + world_.chance.below(4000));
  if (!cut_ && use(piece)) {
    at_server_ += to_server_.substr(0, piece);
    to_server_.erase(0, piece);
  }
  if (cut_) return;
  while (session_ != nullptr && reading_) {
    auto message = take_message(at_server_);
    if (!message) break;
    session_->receive(SharedBytes::take(std::move(*message)));
  }
  if (!to_server_.empty() && reading_) on_server([self = shared_from_this()] { self->pump_to_server(); });
}

void Link::reading(bool wanted) {
  reading_ = wanted;
  if (wanted) on_server([self = shared_from_this()] { self->pump_to_server(); });
}

// ---- server to client ----

void Link::output_ready() {
  if (std::exchange(write_scheduled_, true)) return;
  on_server([self = shared_from_this()] {
    self->write_scheduled_ = false;
    self->write();
  });
}

void Link::write() {
  if (session_ == nullptr) return;
  while (to_client_.size() < socket_bytes) {
    std::vector<SharedBytes> pieces;
    if (!session_->take(2048, pieces)) {
      session_->flushed();
      if (closing_) {
        std::exchange(session_, nullptr)->closed();
        if (to_client_.empty() && !cut_) tell_client_gone(*closing_);
      }
      break;
    }
    std::string message;
    for (const SharedBytes& piece : pieces) message += piece.view();
    if (!message.empty() && !cut_) put_message(to_client_, message);
    if (cut_) to_client_.clear();
  }
  pump_to_client();
}

void Link::pump_to_client() {
  if (to_client_.empty() || stalled_ || cut_ || std::exchange(to_client_scheduled_, true)) return;
  world_.after(world_.chance.time_below(2ms), client_life_, [self = shared_from_this()] {
    self->to_client_scheduled_ = false;
    if (self->cut_ || self->stalled_) return;
    const bool was_full = self->to_client_.size() >= socket_bytes;
    const std::size_t piece = std::min<std::size_t>(self->to_client_.size(), 1 + self->world_.chance.below(4000));
    if (!self->use(piece)) return;
    self->at_client_ += self->to_client_.substr(0, piece);
    self->to_client_.erase(0, piece);
    while (auto message = take_message(self->at_client_)) {
      if (self->client_life_.over() || self->cut_) return;
      self->client_.message(std::move(*message));
    }
    if (was_full) self->output_ready();
    if (self->to_client_.empty() && self->closing_ && self->session_ == nullptr)
      self->tell_client_gone(*self->closing_);
    self->pump_to_client();
  });
}

void Link::stall(bool stalled) {
  stalled_ = stalled;
  if (!stalled) pump_to_client();
}

void Link::close(std::uint16_t code, std::string_view) {
  if (closing_ || session_ == nullptr) return;
  closing_ = code;
  output_ready();
}

}  // namespace weir::simulation
