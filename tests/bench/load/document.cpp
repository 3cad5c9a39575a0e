#include "document.hpp"

#include <string>

#include "failure.hpp"

namespace weir::bench {

Document::Document(const Updates& updates, std::size_t subscribers, Measured& measured)
    : updates_(updates), measured_(measured), flights_(window_max), arrived_(subscribers) {}

void Document::sent(std::size_t count, std::uint64_t stamp) {
  for (std::size_t i = 0; i < count; ++i) flight(++sent_) = {stamp, arrived_.size()};
}

void Document::acknowledged(std::uint64_t through, std::uint64_t now) {
  if (through > sent_) fail("the server acknowledged what was never sent");
  while (acknowledged_ < through) {
    const Flight& acked = flight(++acknowledged_);
    if (!measured_.on) continue;
    ++measured_.updates;
    measured_.ack.add(now - acked.stamp);
  }
  advance();
}

void Document::arrived(std::size_t subscriber, std::uint64_t position, std::string_view payload, std::uint64_t now) {
  if (position != expected(subscriber) || position > sent_) {
    fail("a subscriber got update " + std::to_string(position) + " where " + std::to_string(expected(subscriber)) +
         " had to come");
  }
  if (payload != update(position)) fail("update " + std::to_string(position) + " arrived with other bytes");
  arrived_[subscriber] = position;
  Flight& reached = flight(position);
  const std::uint64_t took = now - reached.stamp;
  if (measured_.on) {
    ++measured_.deliveries;
    measured_.delivery.add(took);
    if (reached.missing == arrived_.size()) measured_.first.add(took);
  }
  if (--reached.missing == 0) advance();
}

void Document::advance() {
  while (done_ < acknowledged_ && flight(done_ + 1).missing == 0) ++done_;
}

}  // namespace weir::bench
