// State vectors: how much of each client's edits somebody has. A list of pairs, no content.
//
//   SV = vu n, n × [vu client, vu clock]
//
// The relay keeps one for each document, its cover: everything that it counts is in the log. A pointwise smaller one
// would be as true, so a cover that grows too large may forget clients.
// Threads: pure functions; the merger has no state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "weir/core/dialect.hpp"

namespace weir::yjs {

/// Clock by client; clients of clock 0 are left out.
using StateVector = std::map<std::uint64_t, std::uint64_t>;

/// One of more bytes is legal, but neither kept nor merged: it would name more clients than a document ever has.
inline constexpr std::size_t state_vector_bytes_max = 1 << 20;

/// Whether `bytes` is exactly one state vector; of any length, without keeping it.
[[nodiscard]] bool is_state_vector(std::string_view bytes);
/// Nothing when it is not, or is too long. A client named twice has its larger clock.
[[nodiscard]] std::optional<StateVector> parse_state_vector(std::string_view bytes);
/// Clients in ascending order, so that equal vectors are equal bytes.
[[nodiscard]] std::string encode_state_vector(const StateVector& vector);
/// Whether it counts nothing; a malformed one does not count as such.
[[nodiscard]] bool is_empty_state_vector(std::string_view bytes);

/// The pointwise maximum. "" stands for the vector that counts nothing, in and out.
class CoverMerger final : public core::CoverMerger {
 public:
  /// The result is kept below this by forgetting the clients that counted least: a cover is a note of the document.
  static constexpr std::size_t cover_bytes_max = 60 << 10;
  [[nodiscard]] std::string merge(std::string_view known, std::string_view added) const override;
};

}  // namespace weir::yjs
