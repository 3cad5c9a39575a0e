// Payloads of one size and one producer turned by 90 degrees: byte 0 of all of them, byte 1 of all of them, ...
// (docs/pack-format.md, "Transposed"). For what has a fixed layout but no numbers that fields would recognise.
//
// Threads: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "weir/packing/fields.hpp"

namespace weir::packing {

/// Appends the payloads' bytes to `out`. The rows' producers and sizes are known to the reader.
void put_transposed(std::span<const Row> rows, std::string& out);

struct RowShape {
  std::uint32_t producer;
  std::uint64_t size;
};
/// The payloads one after another, from bytes that are just as many plus a mode for each column. False when they are
/// not.
[[nodiscard]] bool take_transposed(std::span<const RowShape> rows, std::string_view bytes, std::string& out);

}  // namespace weir::packing
