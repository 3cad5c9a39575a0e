#include "weir/client/connection.hpp"

#include <iterator>

#include "weir/frames/codec.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;
constexpr Time handshake_max = 15s;

// Two and a half heartbeats of silence, after which a connection counts as dead.
Time silence_of(std::uint32_t heartbeat_ms) { return Time(static_cast<Time::rep>(heartbeat_ms) * 5 / 2); }

}  // namespace

Connection::Connection(Timers& timers, Time now, ConnectionListener& listener)
    : timers_(timers), listener_(listener), heard_at_(now) {
  timer_ = timers_.at(now + handshake_max, [this] {
    timer_ = {};
    end(ErrorKind::connection, "no answer within 15 s");
  });
}

void Connection::opened(const frames::Hello& hello) {
  if (over_ || opened_) return;
  opened_ = true;
  send(hello);
}

void Connection::send(const frames::ClientEvent& event) {
  if (!over_ && opened_) listener_.transmit(event);
}

void Connection::close() {
  over_ = true;
  timers_.cancel(timer_);
}

void Connection::end(ErrorKind kind, const std::string& what) {
  if (over_) return;
  close();
  listener_.closed(make_error(kind, kind == ErrorKind::protocol ? Code::invalid_argument : Code::unavailable, what));
}

void Connection::receive(const SharedBytes& message, Time now) {
  if (over_) return;
  heard_at_ = now;
  Result<std::vector<frames::ServerEvent>> events = frames::decode_server_frame(message);
  if (!events) return end(ErrorKind::protocol, "the relay sent what is not a frame: " + events.error().message);
  waiting_.insert(waiting_.end(), std::make_move_iterator(events->begin()), std::make_move_iterator(events->end()));
  go_on(now);
}

void Connection::go_on(Time now) {
  if (!waits()) return;
  while (waits() && !listener_.full()) {
    const frames::ServerEvent event = std::move(waiting_.front());
    waiting_.pop_front();
    dispatch(event, now);
  }
  if (!over_) listener_.frame_end();
}

void Connection::dispatch(const frames::ServerEvent& event, Time now) {
  if (const auto* ping = std::get_if<frames::Ping>(&event)) return send(frames::Pong{ping->nonce});
  if (const auto* welcome = std::get_if<frames::Welcome>(&event)) {
    if (welcomed_) return;
    welcomed_ = true;
    timers_.cancel(timer_);
    silence_max_ = silence_of(welcome->heartbeat_ms);
    if (silence_max_ > 0ms) timer_ = timers_.at(now + silence_max_, [this] { watch(); });
    return listener_.welcomed(*welcome);
  }
  const bool before_welcome =
      std::holds_alternative<frames::ErrorEvent>(event) || std::holds_alternative<frames::GoingAway>(event);
  if (welcomed_ || before_welcome) listener_.event(event);
}

void Connection::watch() {
  const Time now = timer_.at;
  if (now - heard_at_ >= silence_max_) {
    timer_ = {};
    return end(ErrorKind::connection, "nothing heard for " + std::to_string(silence_max_.count()) + " ms");
  }
  timer_ = timers_.at(heard_at_ + silence_max_, [this] { watch(); });
}

}  // namespace weir::client
