// Payloads of one shape, gathered: the rows of a class have the same numbers and plain parts in the same places, so
// that each place is a column (docs/pack-format.md, "Classes").
//
//   Classification found = classify(rows);
//   found.classes[found.class_of[row]].value(found.row_in_class[row], 0);      // unless class_of[row] is no_class
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weir/packing/fields.hpp"
#include "weir/packing/tokens.hpp"

namespace weir::packing {

inline constexpr std::uint32_t no_class = ~std::uint32_t{0};

struct Class {
  std::uint32_t producer = 0;
  std::uint32_t id = 0;  // within its producer, from 1
  std::size_t numbers = 0;
  std::size_t longest = 0;           // which plain part is the longest
  std::vector<std::uint32_t> sizes;  // of the plain parts; of the longest in the first row
  bool varies = false;               // the longest part's size
  std::size_t fixed_bytes = 0;       // of a row, each with a column

  std::vector<std::uint32_t> rows;
  std::vector<std::uint64_t> values;  // rows × numbers
  std::vector<Tokens::Plain> longest_part;
  std::vector<std::uint8_t> bytes;    // rows × fixed bytes
  std::vector<std::uint8_t> literal;  // for each fixed byte: whether its column is literal; the encoder's

  [[nodiscard]] std::uint64_t value(std::size_t row, std::size_t number) const {
    return values[row * numbers + number];
  }
};

struct Classification {
  std::vector<Class> classes;
  std::vector<std::uint32_t> class_of;      // each row's place in `classes`, or no_class
  std::vector<std::uint32_t> row_in_class;  // of rows that have one
};

[[nodiscard]] Classification classify(std::span<const Row> rows);

}  // namespace weir::packing
