// The digests of a document's recent foreign updates: several tabs send the same offline edits, one copy is stored.
//
// A window, not an index: what has left it may be stored a second time, which a CRDT takes in its stride; an index of
// every keystroke would outweigh the keystrokes. Threads: a hub's own.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "weir/core/messages.hpp"

namespace weir::core {

class DigestWindow {
 public:
  explicit DigestWindow(std::size_t digests_max) : digests_max_(digests_max) {}

  struct Entry {
    bool durable = false;
    std::vector<ContributeRequest> waiting;  ///< duplicates of an append under way: answered with it
  };
  /// The entry of an update that is stored or under way, or null.
  [[nodiscard]] Entry* find(const Digest& digest) {
    const auto found = entries_.find(digest);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void submitted(const Digest& digest) { entries_.emplace(digest, Entry{}); }
  /// Durable now: who waited for it.
  [[nodiscard]] std::vector<ContributeRequest> committed(const Digest& digest) {
    Entry& entry = entries_[digest];
    entry.durable = true;
    order_.push_back(digest);
    if (order_.size() > digests_max_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
    const auto kept = entries_.find(digest);
    return kept == entries_.end() ? std::vector<ContributeRequest>{} : std::exchange(kept->second.waiting, {});
  }
  /// Not stored: who waited for it.
  [[nodiscard]] std::vector<ContributeRequest> failed(const Digest& digest) {
    const auto found = entries_.find(digest);
    if (found == entries_.end()) return {};
    auto waiting = std::move(found->second.waiting);
    entries_.erase(found);
    return waiting;
  }

 private:
  std::unordered_map<Digest, Entry> entries_;
  std::deque<Digest> order_;
  std::size_t digests_max_;
};

}  // namespace weir::core
