// What of a session concerns its one connection: it is made, greeted, lost, and made again.
#include <algorithm>

#include "weir/client/session.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;
/// A connection that held this long was a good one: the next failure is the first again.
constexpr Time stable = 5s;
/// What packs may become before it is handed over; a single one may be larger (packed_records.hpp).
constexpr std::size_t unpacked_bytes_gathered_max = std::size_t{4} << 20;

}  // namespace

void Session::open() {
  ++attempt_;
  timers_.cancel(open_timer_);
  become(Status::connecting);
  connection_ = std::make_unique<Connection>(timers_, now_, static_cast<ConnectionListener&>(*this));
  tell(Open{attempt_, std::exchange(next_address_, {})});
}

void Session::opened(std::uint64_t attempt, std::string token, Time now) {
  advance(now);
  if (attempt != attempt_ || !connection_) return;
  frames::Hello hello;
  hello.protocol_version = frames::protocol_version;
  hello.producer = producer_;
  hello.token = std::move(token);
  hello.client = options_.client_name;
  hello.makes_snapshots = options_.makes_snapshots;
  if (takes_packs_) hello.packs = {frames::pack_version};
  connection_->opened(hello);
}

void Session::received(std::uint64_t attempt, const SharedBytes& message, Time now) {
  advance(now);
  if (attempt == attempt_ && connection_) connection_->receive(message, now_);
}

void Session::lost(std::uint64_t attempt, const ClientError& error, Time now) {
  advance(now);
  if (attempt == attempt_ && connection_) connection_lost(error);
}

void Session::welcomed(const frames::Welcome& welcome) {
  welcome_ = welcome;
  welcomed_at_ = now_;
  become(Status::connected);
  tell(Welcomed{welcome});
  for (DocumentLogic* document : all()) document->connected();
}

/// The connection is gone: what was on it is forgotten, and another is made when it is time.
void Session::connection_lost(const ClientError& error) {
  drop();
  tell(ConnectionFailed{error});
  if (replacing_) return take_new_producer();
  if (wanted_) open_later();
}

void Session::drop() {
  hand_over(nullptr);
  if (connection_) {
    tell(Shut{attempt_});
    connection_->close();
    ended_connections_.push_back(std::move(connection_));
  }
  ++attempt_;
  if (welcome_ && now_ - welcomed_at_ >= stable) failures_ = 0;
  timers_.cancel(open_timer_);
  timers_.cancel(drain_timer_);
  welcome_.reset();
  handles_.clear();
  requests_.clear();
  abandoned_.clear();
  for (DocumentLogic* document : all()) document->disconnected();
}

void Session::open_later() {
  become(Status::connecting);
  const Time jitter = backoff(failures_++, random(), options_.backoff_first, options_.backoff_max);
  open_timer_ = timers_.at(std::max(now_, not_before_) + jitter, [this] {
    open_timer_ = {};
    open();
  });
}

void Session::halt(Status status) {
  wanted_ = false;
  drop();
  if (status_ != Status::stopped) become(status);
}

void Session::stop(const ClientError& error, bool tell_application) {
  if (status_ == Status::stopped) return;
  halt(Status::stopped);
  for (DocumentLogic* document : all()) document->end(error, tell_application);
  for (const WhenKept& waits : std::exchange(when_kept_, {}))
    tell(Settled{.document = waits.document, .ticket = waits.ticket, .error = error});
  if (tell_application) tell(SessionFailed{error});
}

void Session::become(Status status) {
  if (status_ == status) return;
  status_ = status;
  tell(StatusChanged{status});
}

// ---- packs ----

void Session::took_pack(std::size_t unpacked_bytes) {
  ++packs_;
  unpacked_bytes_ += unpacked_bytes;
}

bool Session::full() const { return unpacked_bytes_ >= unpacked_bytes_gathered_max; }

/// For good: who sent one that was wrong would send it again.
void Session::give_up_packs() {
  takes_packs_ = false;
  drop();
  if (wanted_) open_later();
}

}  // namespace weir::client
