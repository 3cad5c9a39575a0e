#include "weir/client/presence_set.hpp"

#include <set>

namespace weir::client {

std::optional<Presence> PresenceSet::apply(const frames::PresenceUpdate& update, const ProducerId& own) {
  if (update.producer == own) return std::nullopt;
  if (update.gone || update.data.empty()) return remove(update.key);
  // Copied: what is kept must not keep the frame it came in.
  Presence presence{update.key, update.producer, SharedBytes::copy(update.data.view()), false};
  present_.insert_or_assign(update.key, presence);
  return presence;
}

std::vector<Presence> PresenceSet::replace(const std::vector<frames::PresenceUpdate>& updates, const ProducerId& own) {
  std::set<std::string> named;
  for (const frames::PresenceUpdate& update : updates) named.insert(update.key);
  std::set<std::string> unnamed;
  for (const auto& [key, presence] : present_)
    if (!named.contains(key)) unnamed.insert(key);
  std::vector<Presence> changes;
  for (const std::string& key : unnamed) changes.push_back(*remove(key));
  for (const frames::PresenceUpdate& update : updates)
    if (std::optional<Presence> change = apply(update, own)) changes.push_back(std::move(*change));
  return changes;
}

std::optional<Presence> PresenceSet::remove(const std::string& key) {
  const auto found = present_.find(key);
  if (found == present_.end()) return std::nullopt;
  Presence presence{key, found->second.producer, {}, true};
  present_.erase(found);
  return presence;
}

}  // namespace weir::client
