#include "weir/packing/transpose.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace weir::packing {
namespace {

constexpr std::size_t rows_with_modes_min = 4;

/// How a column is stored: as it is, minus the byte before, xor the byte before, or as second difference.
enum Mode : std::uint8_t { raw, difference, exclusive_or, second_difference, mode_count };

std::uint8_t guess_of(Mode mode, std::uint8_t previous, std::uint8_t before_previous) {
  switch (mode) {
    case difference: return previous;
    case second_difference: return static_cast<std::uint8_t>(2 * previous - before_previous);
    default: return 0;
  }
}

std::uint8_t code(Mode mode, std::uint8_t byte, std::uint8_t previous, std::uint8_t before_previous) {
  if (mode == exclusive_or) return byte ^ previous;
  return static_cast<std::uint8_t>(byte - guess_of(mode, previous, before_previous));
}

std::uint8_t decode(Mode mode, std::uint8_t coded, std::uint8_t previous, std::uint8_t before_previous) {
  if (mode == exclusive_or) return coded ^ previous;
  return static_cast<std::uint8_t>(coded + guess_of(mode, previous, before_previous));
}

/// Rows of the same producer and size, groups in the order of their first row.
template <class Each>
std::vector<std::vector<std::uint32_t>> group(std::size_t count, Each shape_of) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::size_t> known;
  std::vector<std::vector<std::uint32_t>> groups;
  for (std::uint32_t row = 0; row < count; ++row) {
    const auto [found, fresh] = known.try_emplace(shape_of(row), groups.size());
    if (fresh) groups.emplace_back();
    groups[found->second].push_back(row);
  }
  return groups;
}

/// In bits. As long as the bytes are few it looks at no more than them: columns may be many and short.
double entropy(std::span<const std::uint8_t> bytes) {
  thread_local std::array<std::uint32_t, 256> count{};  // all 0 between calls
  for (const std::uint8_t byte : bytes) ++count[byte];
  const auto times_log = [](double each) { return each * std::log2(each); };
  double bits = times_log(static_cast<double>(bytes.size()));
  for (const std::uint8_t byte : bytes)
    if (const std::uint32_t each = std::exchange(count[byte], 0); each > 0) bits -= times_log(each);
  return bits;
}

void code_column(Mode mode, std::span<const std::uint8_t> column, std::vector<std::uint8_t>& coded) {
  coded.resize(column.size());
  std::uint8_t previous = 0;
  std::uint8_t before_previous = 0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    coded[row] = code(mode, column[row], previous, before_previous);
    before_previous = std::exchange(previous, column[row]);
  }
}

void put_column(std::span<const std::uint8_t> column, std::string& out) {
  if (column.size() < rows_with_modes_min) {
    out.append(reinterpret_cast<const char*>(column.data()), column.size());
    return;
  }
  std::vector<std::uint8_t> best(column.begin(), column.end());
  std::vector<std::uint8_t> coded;
  Mode best_mode = raw;
  double best_bits = entropy(column);
  for (const Mode mode : {difference, exclusive_or, second_difference}) {
    code_column(mode, column, coded);
    const double bits = entropy(coded);
    if (bits >= best_bits) continue;
    best_bits = bits;
    best_mode = mode;
    best.swap(coded);
  }
  out.push_back(static_cast<char>(best_mode));
  out.append(reinterpret_cast<const char*>(best.data()), best.size());
}

}  // namespace

void put_transposed(std::span<const Row> rows, std::string& out) {
  const auto groups =
      group(rows.size(), [&](std::uint32_t row) { return std::pair(rows[row].producer, rows[row].payload.size()); });
  std::vector<std::uint8_t> column;
  for (const auto& members : groups) {
    for (std::size_t at = 0; at < rows[members[0]].payload.size(); ++at) {
      column.clear();
      for (const std::uint32_t row : members) column.push_back(static_cast<std::uint8_t>(rows[row].payload[at]));
      put_column(column, out);
    }
  }
}

bool take_transposed(std::span<const RowShape> rows, std::string_view bytes, std::string& out) {
  std::vector<std::size_t> from;
  std::uint64_t total = 0;
  for (const RowShape& row : rows) {
    from.push_back(out.size() + total);
    if (row.size > bytes.size()) return false;
    total += row.size;
  }
  if (total > bytes.size()) return false;
  out.resize(out.size() + total);
  ByteReader reader(bytes);
  for (const auto& members :
       group(rows.size(), [&](std::uint32_t row) { return std::pair(rows[row].producer, rows[row].size); })) {
    for (std::uint64_t at = 0; at < rows[members[0]].size; ++at) {
      const std::uint8_t mode = members.size() < rows_with_modes_min ? std::uint8_t{raw} : reader.byte();
      const std::string_view column = reader.take(members.size());
      if (!reader.ok() || mode >= mode_count) return false;
      std::uint8_t previous = 0;
      std::uint8_t before_previous = 0;
      for (std::size_t i = 0; i < members.size(); ++i) {
        const std::uint8_t byte =
            decode(static_cast<Mode>(mode), static_cast<std::uint8_t>(column[i]), previous, before_previous);
        out[from[members[i]] + at] = static_cast<char>(byte);
        before_previous = std::exchange(previous, byte);
      }
    }
  }
  return reader.done();
}

}  // namespace weir::packing
