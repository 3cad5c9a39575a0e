#include "weir/yjs/state_vector.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "weir/yjs/lib0.hpp"

namespace weir::yjs {
namespace {

template <class Each>
bool scan(std::string_view bytes, const Each& each) {
  Reader in(bytes);
  const std::uint64_t count = in.varuint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t client = in.varuint();
    const std::uint64_t clock = in.varuint();
    if (in.ok()) each(client, clock);
  }
  return in.ok() && in.rest().empty();
}

void trim(StateVector& vector, std::size_t bytes_max) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> by_clock;
  std::size_t bytes = 8;  // the count
  for (const auto& [client, clock] : vector) {
    by_clock.emplace_back(clock, client);
    bytes += varuint_size(client) + varuint_size(clock);
  }
  if (bytes <= bytes_max) return;
  std::sort(by_clock.begin(), by_clock.end());
  for (const auto& [clock, client] : by_clock) {
    if (bytes <= bytes_max) break;
    bytes -= varuint_size(client) + varuint_size(clock);
    vector.erase(client);
  }
}

}  // namespace

bool is_state_vector(std::string_view bytes) {
  return scan(bytes, [](std::uint64_t, std::uint64_t) {});
}

std::optional<StateVector> parse_state_vector(std::string_view bytes) {
  StateVector vector;
  if (bytes.size() > state_vector_bytes_max) return std::nullopt;
  const bool good = scan(bytes, [&](std::uint64_t client, std::uint64_t clock) {
    if (clock == 0) return;
    std::uint64_t& known = vector[client];
    known = std::max(known, clock);
  });
  return good ? std::optional(std::move(vector)) : std::nullopt;
}

std::string encode_state_vector(const StateVector& vector) {
  std::string out;
  put_varuint(out, vector.size());
  for (const auto& [client, clock] : vector) {
    put_varuint(out, client);
    put_varuint(out, clock);
  }
  return out;
}

bool is_empty_state_vector(std::string_view bytes) {
  bool empty = true;
  return scan(bytes, [&](std::uint64_t, std::uint64_t clock) { empty = empty && clock == 0; }) && empty;
}

std::string CoverMerger::merge(std::string_view known, std::string_view added) const {
  StateVector merged = parse_state_vector(known).value_or(StateVector{});
  for (const auto& [client, clock] : parse_state_vector(added).value_or(StateVector{})) {
    std::uint64_t& mine = merged[client];
    mine = std::max(mine, clock);
  }
  trim(merged, cover_bytes_max);
  return merged.empty() ? std::string() : encode_state_vector(merged);
}

}  // namespace weir::yjs
