// Others' presence in a document: the last value of each, kept while their sessions live.
//
// Threads: one, the session's.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/frames/frames.hpp"

namespace weir::client {

struct Presence {
  std::string key;  ///< whose: opaque, stable while that session lives
  ProducerId producer;
  SharedBytes data;  ///< empty when it is gone
  bool gone = false;
  friend bool operator==(const Presence&, const Presence&) = default;
};

class PresenceSet {
 public:
  /// One change; none when it changes nothing, or is this producer's own.
  [[nodiscard]] std::optional<Presence> apply(const frames::PresenceUpdate& update, const ProducerId& own);
  /// The complete set: who is not in it is gone.
  [[nodiscard]] std::vector<Presence> replace(const std::vector<frames::PresenceUpdate>& updates,
                                              const ProducerId& own);

 private:
  [[nodiscard]] std::optional<Presence> remove(const std::string& key);
  std::unordered_map<std::string, Presence> present_;
};

}  // namespace weir::client
