// What waits for one session's socket, in order. It counts every byte; what may be left out when the reader is slow
// (records, which are in the log; presence, which is fleeting) can be taken out again.
//
// Threads: the session's own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weir/core/delivery.hpp"

namespace weir::core {

class OutQueue {
 public:
  /// Which feeder put records in: one per space of the session.
  using FeederId = std::uint32_t;

  struct Dropped {
    DocumentHandle document;
    Offset first;  ///< of the records, or 0 for a mark
  };

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return live_items_ == 0; }

  /// An answer or anything else that must arrive.
  void push(SharedBytes bytes) { add({Kind::control, std::move(bytes), 0, {}, {}, {}}); }
  void push_records(FeederId feeder, DocumentHandle document, Offset first, SharedBytes bytes, Moment since = {}) {
    add({Kind::records, std::move(bytes), feeder, document, first, {}, since});
  }
  /// The place where "caught up" is to be said: its bytes are made when it is reached, since it may be taken out again.
  void push_caught_up(FeederId feeder, DocumentHandle document, Offset at) {
    add({Kind::caught_up, {}, feeder, document, at, {}});
  }
  /// Replaces a value of the same slot that still waits; dropped when more than `bytes_max` waits already.
  void push_presence(std::string slot, SharedBytes bytes, std::size_t bytes_max);

  /// Takes out a feeder's records and marks, of one document or (0) of all; tells each, oldest first.
  std::vector<Dropped> drop(FeederId feeder, DocumentHandle document = {});

  /// Moves about `bytes_max` to the end of `out`, at least one piece if there is any. `caught_up` is asked for the
  /// bytes of each mark reached; what it pushes meanwhile belongs at the mark's place and comes back through `out` as
  /// well.
  using CaughtUp = std::function<void(DocumentHandle, Offset)>;
  void take(std::size_t bytes_max, std::vector<SharedBytes>& out, const CaughtUp& caught_up);

  /// When the oldest of the live records came in that were taken since this was last asked; 0: none was.
  [[nodiscard]] Moment oldest_taken() { return std::exchange(oldest_taken_, Moment{}); }

 private:
  enum class Kind : std::uint8_t { dropped, control, records, presence, caught_up };
  struct Item {
    Kind kind;
    SharedBytes bytes;
    FeederId feeder;
    DocumentHandle document;
    Offset offset;
    std::string slot;
    Moment since{};
  };
  void add(Item item);

  std::deque<Item> items_;
  std::uint64_t taken_ = 0;  ///< items that have left the front: gives each item a lasting number
  std::unordered_map<std::string, std::uint64_t> presence_;  ///< slot to the number of the item that waits
  std::size_t bytes_ = 0;
  std::size_t live_items_ = 0;
  Moment oldest_taken_{};
};

}  // namespace weir::core
