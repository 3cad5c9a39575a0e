// One document under load: its publisher's place in the updates, what is in flight, and what has arrived where.
//
//   Document document(updates, subscribers, measured);
//   const std::uint64_t first = document.next(); document.sent(count, stamp);
//   document.acknowledged(through, now);                       // by the server, to the publisher
//   document.arrived(subscriber, position, payload, now);      // at one of the others
//
// Positions count from 1 and are the publisher's sequence. An update is in flight until it was acknowledged and has
// reached every subscriber. Each arrival is checked: the very bytes, in order, none missing. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "updates.hpp"

namespace weir::bench {

/// What is counted while `on`.
struct Measured {
  bool on = false;
  std::uint64_t updates = 0;     ///< acknowledged
  std::uint64_t deliveries = 0;  ///< to subscribers other than the author
  Histogram ack;                 ///< publish → stored, or publish → echo
  Histogram delivery;            ///< publish → arrival at another client
  Histogram first;               ///< publish → arrival at the first other client
};

class Document {
 public:
  Document(const Updates& updates, std::size_t subscribers, Measured& measured);

  [[nodiscard]] std::uint64_t next() const { return sent_ + 1; }
  [[nodiscard]] std::uint64_t in_flight() const { return sent_ - done_; }
  [[nodiscard]] std::string_view update(std::uint64_t position) const {
    return updates_[static_cast<std::size_t>((position - 1) % updates_.size())];
  }
  void sent(std::size_t count, std::uint64_t stamp);
  void acknowledged(std::uint64_t through, std::uint64_t now);
  void arrived(std::size_t subscriber, std::uint64_t position, std::string_view payload, std::uint64_t now);
  /// The position that comes next at a subscriber, for protocols that do not number.
  [[nodiscard]] std::uint64_t expected(std::size_t subscriber) const { return arrived_[subscriber] + 1; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  struct Flight {
    std::uint64_t stamp = 0;
    std::size_t missing = 0;  // subscribers
  };
  [[nodiscard]] Flight& flight(std::uint64_t position) { return flights_[position & (flights_.size() - 1)]; }
  void advance();

  const Updates& updates_;
  Measured& measured_;
  std::vector<Flight> flights_;
  std::vector<std::uint64_t> arrived_;  // by subscriber: the last position
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t done_ = 0;  // acknowledged and at every subscriber
};

/// The most that may be in flight in a document.
inline constexpr std::size_t window_max = 4096;

}  // namespace weir::bench
