// The last deliveries of a space, for readers that come back from the log: a bridge between what they have read and
// what is live. Bounded by bytes; what falls out of it must be read from the log.
//
// Threads: a hub's own.
#pragma once

#include <deque>

#include "weir/core/delivery.hpp"

namespace weir::core {

class Ring {
 public:
  /// Everything after `start` will pass here.
  Ring(Offset start, std::size_t bytes_max) : covered_after_(start), bytes_max_(bytes_max) {}

  void push(DeliveryRef delivery) {
    bytes_ += delivery->cost();
    deliveries_.push_back(std::move(delivery));
    while (bytes_ > bytes_max_) {
      bytes_ -= deliveries_.front()->cost();
      covered_after_ = deliveries_.front()->last;
      deliveries_.pop_front();
    }
  }
  /// True when everything after `at` is still here.
  [[nodiscard]] bool covers(Offset at) const { return at >= covered_after_; }
  [[nodiscard]] const std::deque<DeliveryRef>& deliveries() const { return deliveries_; }

 private:
  std::deque<DeliveryRef> deliveries_;
  Offset covered_after_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
};

}  // namespace weir::core
