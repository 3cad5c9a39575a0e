// When a session reads its peer, when it gives up on it, and what can be measured of that.
#include <algorithm>

#include "weir/core/close_codes.hpp"
#include "weir/core/session.hpp"

namespace weir::core {

Flight Session::fly(std::size_t bytes) {
  in_flight_bytes_ += bytes;
  pace();
  return {bytes, host_.moment()};
}

void Session::landed(const Flight& flight, bool stored) {
  in_flight_bytes_ -= std::min(flight.bytes, in_flight_bytes_);
  if (stored) host_.stored(flight.since);
}

// Reads the peer or lets it wait, and wakes the writer when something waits.
void Session::pace() {
  const std::size_t in_flight_max = limits_.in_flight_bytes_max;
  const std::size_t queue_max = limits_.session_queue_bytes_max * 2;
  const bool over = in_flight_bytes_ > in_flight_max || queue_.bytes() > queue_max;
  const bool under = in_flight_bytes_ <= in_flight_max / 2 && queue_.bytes() <= queue_max / 2;
  if (reading_ ? over : under) {
    reading_ = !reading_;
    host_.reading(reading_);
  }
  if (queue_.empty() || notified_) return;
  notified_ = true;
  if (!std::exchange(output_waits_, true)) stalled_since_ = host_.now().steady;
  host_.output_ready();
}

void Session::tick() {
  const Now now = host_.now();
  std::erase_if(feeds_, [this](const auto& entry) {
    if (!entry.second->empty()) return false;
    counts_before_ += entry.second->counts();
    return true;
  });
  dialect_->tick(now, *this);
  if (closing_) return;
  if (!greeted_ && now.steady - opened_at_ > limits_.hello_wait_max) {
    refuse(Code::failed_precondition, "no hello came");
    return close(close_policy, "no hello came");
  }
  if (output_waits_ && now.steady - stalled_since_ > limits_.stall_max)
    return close(close_policy, "the peer has not read for too long");
  // Who is not read, or does not read, cannot be heard: that is flow control or a stall, no silence.
  if (!reading_ || (output_waits_ && now.steady - stalled_since_ > limits_.heartbeat / 2))
    ping_written_at_ = now.steady;
  if (ping_unanswered_ && now.steady - ping_written_at_ > limits_.heartbeat * 3 / 2)
    return close(close_policy, "the peer does not answer");
  if (greeted_ && !ping_queued_ && now.steady - pinged_at_ >= limits_.heartbeat) {
    pinged_at_ = now.steady;
    ping_queued_ = true;
    tell(frames::Ping{static_cast<std::uint64_t>(now.steady.count())});
  }
  pace();
}

void Session::drain(const std::string& reason, std::uint64_t reconnect_after_ms) {
  tell(frames::GoingAway{reconnect_after_ms, "", reason});
  close(close_going_away, reason);
}

FeedCounts Session::counts() const {
  FeedCounts sum = counts_before_;
  for (const auto& [space, feed] : feeds_) sum += feed->counts();
  return sum;
}

bool Session::behind() const {
  return std::any_of(feeds_.begin(), feeds_.end(), [](const auto& entry) { return !entry.second->live(); });
}

}  // namespace weir::core
