// Who is here: the last value per key of one document. Never stored, dropped first, gone with the session that set it.
//
// Clocks follow the rule that Yjs awareness uses: a value counts if its clock is above the known one (unknown: 0), or
// equal and the value is a withdrawal. A withdrawn key is remembered, so that an older value that arrives late stays
// withdrawn.
//
// Threads: a hub's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/messages.hpp"

namespace weir::core {

class PresenceSet {
 public:
  explicit PresenceSet(std::size_t slots_max) : slots_max_(slots_max) {}

  /// The update to broadcast; empty when it changes nothing; RESOURCE_EXHAUSTED when too many are present.
  [[nodiscard]] Result<std::optional<frames::PresenceUpdate>> set(DocumentHandle document, SessionId owner,
                                                                  const ProducerId& producer,
                                                                  const ForeignPresence& presence);
  /// Withdraws what `owner` was the last to set; the updates to broadcast.
  [[nodiscard]] std::vector<frames::PresenceUpdate> leave(DocumentHandle document, SessionId owner);
  /// How many are present.
  [[nodiscard]] std::size_t shown() const { return shown_; }
  /// Everything present now.
  [[nodiscard]] std::vector<frames::PresenceUpdate> all(DocumentHandle document) const;

 private:
  struct Slot {
    SessionId owner;
    ProducerId producer;
    std::uint64_t clock = 0;
    SharedBytes data;  ///< of a withdrawn one: the last value
    bool gone = false;
  };
  [[nodiscard]] bool make_room();

  std::map<std::string, Slot> slots_;
  std::size_t slots_max_;
  std::size_t shown_ = 0;
};

}  // namespace weir::core
