// A document as Yjs has it, without the text: items numbered by client, which depend on each other, deletions that no
// state vector shows, and items that wait for what they depend on. Enough to see whether a relay loses anything.
//
//   ToyDoc doc(7);
//   std::string update = doc.edit(chance);       // what y-websocket would send
//   other.apply(update);
//   other.diff(doc.state_vector());              // what `doc` lacks, and every deletion
//
// Threads: a plain value.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "world.hpp"

namespace weir::simulation {

class ToyDoc {
 public:
  explicit ToyDoc(std::uint64_t client) : client_(client) {}

  /// Adds an item that depends on something known; or deletes one. The update.
  std::string edit(Chance& chance);
  void apply(std::string_view update);
  [[nodiscard]] std::string state_vector() const;
  [[nodiscard]] std::string diff(std::string_view state_vector) const;
  /// Of no client is a later item here without its earlier ones. (An item may well wait for another client's: that one
  /// may only ever have been shared between tabs.)
  [[nodiscard]] bool seamless() const;
  [[nodiscard]] bool includes(const ToyDoc& other) const;
  [[nodiscard]] bool same(const ToyDoc& other) const { return includes(other) && other.includes(*this); }

 private:
  using Id = std::pair<std::uint64_t, std::uint64_t>;  // client, clock from 0
  struct Item {
    Id id;
    Id needs;  ///< client 0: nothing
    auto operator<=>(const Item&) const = default;
  };
  [[nodiscard]] bool has(Id id) const;
  void integrate();
  [[nodiscard]] static std::string encode(const std::vector<Item>& items, const std::set<Id>& deletions);

  std::uint64_t client_;
  std::map<std::uint64_t, std::vector<Item>> items_;
  std::set<Item> pending_;
  std::set<Id> deletions_;
};

}  // namespace weir::simulation
