#include "toy_doc.hpp"

#include <algorithm>

#include "weir/vocabulary/assert.hpp"
#include "weir/yjs/lib0.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::simulation {

bool ToyDoc::has(Id id) const {
  const auto found = items_.find(id.first);
  return found != items_.end() && id.second < found->second.size();
}

std::string ToyDoc::edit(Chance& chance) {
  std::vector<Id> known;
  for (const auto& [client, items] : items_) known.emplace_back(client, chance.below(items.size()));
  if (!known.empty() && chance.one_in(4)) {
    const Id victim = known[chance.below(known.size())];
    deletions_.insert(victim);
    return encode({}, {victim});
  }
  const Item item{{client_, items_[client_].size()}, known.empty() ? Id{} : known[chance.below(known.size())]};
  items_[client_].push_back(item);
  return encode({item}, {});
}

void ToyDoc::apply(std::string_view update) {
  yjs::Reader in(update);
  for (std::uint64_t count = in.varuint(); count > 0 && in.ok(); --count) {
    const std::uint64_t client = in.varuint();
    const std::uint64_t clock = in.varuint();
    const std::uint64_t needs = in.varuint();
    pending_.insert({{client, clock}, {needs, in.varuint()}});
  }
  for (std::uint64_t count = in.varuint(); count > 0 && in.ok(); --count) {
    const std::uint64_t client = in.varuint();
    deletions_.insert({client, in.varuint()});
  }
  WEIR_ASSERT(in.ok() && in.rest().empty());
  integrate();
}

void ToyDoc::integrate() {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto item = pending_.begin(); item != pending_.end();) {
      const bool known = has(item->id);
      const bool ready =
          item->id.second == items_[item->id.first].size() && (item->needs.first == 0 || has(item->needs));
      if (!known && ready) items_[item->id.first].push_back(*item);
      moved = moved || (!known && ready);
      item = known || ready ? pending_.erase(item) : std::next(item);
    }
  }
  std::erase_if(items_, [](const auto& entry) { return entry.second.empty(); });
}

std::string ToyDoc::state_vector() const {
  yjs::StateVector vector;
  for (const auto& [client, items] : items_) vector[client] = items.size();
  return yjs::encode_state_vector(vector);
}

std::string ToyDoc::diff(std::string_view state_vector) const {
  const yjs::StateVector known = yjs::parse_state_vector(state_vector).value();
  std::vector<Item> items(pending_.begin(), pending_.end());
  for (const auto& [client, mine] : items_) {
    const auto found = known.find(client);
    for (std::size_t clock = found == known.end() ? 0 : found->second; clock < mine.size(); ++clock)
      items.push_back(mine[clock]);
  }
  return encode(items, deletions_);
}

bool ToyDoc::seamless() const {
  std::map<std::uint64_t, std::uint64_t> next;
  for (const auto& [client, items] : items_) next[client] = items.size();
  return std::all_of(pending_.begin(), pending_.end(),  // in order of client and clock
                     [&](const Item& item) { return item.id.second == next[item.id.first]++; });
}

bool ToyDoc::includes(const ToyDoc& other) const {
  for (const auto& [client, items] : other.items_)
    if (!items.empty() && !has(items.back().id)) return false;
  for (const Item& item : other.pending_)
    if (!has(item.id) && !pending_.contains(item)) return false;
  return std::includes(deletions_.begin(), deletions_.end(), other.deletions_.begin(), other.deletions_.end());
}

std::string ToyDoc::encode(const std::vector<Item>& items, const std::set<Id>& deletions) {
  std::string out;
  yjs::put_varuint(out, items.size());
  for (const Item& item : items)
    for (const std::uint64_t number : {item.id.first, item.id.second, item.needs.first, item.needs.second})
      yjs::put_varuint(out, number);
  yjs::put_varuint(out, deletions.size());
  for (const Id& id : deletions) {
    yjs::put_varuint(out, id.first);
    yjs::put_varuint(out, id.second);
  }
  return out;
}

}  // namespace weir::simulation
