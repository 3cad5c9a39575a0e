#include "weir/core/presence.hpp"

#include <algorithm>

namespace weir::core {

bool PresenceSet::make_room() {
  if (slots_.size() < slots_max_) return true;
  const auto gone = std::find_if(slots_.begin(), slots_.end(), [](const auto& slot) { return slot.second.gone; });
  if (gone == slots_.end()) return false;
  slots_.erase(gone);
  return true;
}

Result<std::optional<frames::PresenceUpdate>> PresenceSet::set(DocumentHandle document, SessionId owner,
                                                               const ProducerId& producer,
                                                               const ForeignPresence& presence) {
  const bool withdrawal = presence.data.empty();
  auto found = slots_.find(presence.key);
  const std::uint64_t known = found == slots_.end() ? 0 : found->second.clock;
  const bool present = found != slots_.end() && !found->second.gone;
  if (presence.clock < known || (presence.clock == known && !(withdrawal && present)))
    return std::optional<frames::PresenceUpdate>{};
  if (found == slots_.end()) {
    if (!make_room())
      return fail(Code::resource_exhausted, "this document already shows the presence of " +
                                                std::to_string(slots_max_) + " peers; yours is not shown to others");
    found = slots_.emplace(presence.key, Slot{}).first;
  }
  Slot& slot = found->second;
  slot.owner = owner;
  slot.producer = producer;
  slot.clock = presence.clock;
  slot.gone = withdrawal;
  if (present && withdrawal) --shown_;
  if (!present && !withdrawal) ++shown_;
  if (!withdrawal) slot.data = presence.data;
  if (withdrawal && !present) return std::optional<frames::PresenceUpdate>{};
  return std::optional(frames::PresenceUpdate{document, presence.key, producer, slot.data, withdrawal});
}

std::vector<frames::PresenceUpdate> PresenceSet::leave(DocumentHandle document, SessionId owner) {
  std::vector<frames::PresenceUpdate> updates;
  for (auto& [key, slot] : slots_) {
    if (slot.owner != owner || slot.gone) continue;
    slot.gone = true;
    --shown_;
    updates.push_back({document, key, slot.producer, slot.data, true});
  }
  return updates;
}

std::vector<frames::PresenceUpdate> PresenceSet::all(DocumentHandle document) const {
  std::vector<frames::PresenceUpdate> updates;
  for (const auto& [key, slot] : slots_)
    if (!slot.gone) updates.push_back({document, key, slot.producer, slot.data, false});
  return updates;
}

}  // namespace weir::core
