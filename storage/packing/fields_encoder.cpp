#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "weir/packing/classes.hpp"
#include "weir/packing/compression.hpp"
#include "weir/packing/fields.hpp"
#include "weir/packing/transpose.hpp"

namespace weir::packing {
namespace {

/// Rows of a column that the guesses are tried on.
constexpr std::size_t sample_rows_max = 256;

struct Guess {
  std::uint64_t from = guess::previous;
  std::uint64_t bias = 0;
  double cost = 0;
};

double cost_of(std::uint64_t residual) {
  if (residual == 0) return 0;
  return 7 + 1.6 * std::log2(static_cast<double>(zigzag(residual) / 2 + 2));
}

/// The most frequent difference as the bias, and what the others then cost. Sorts `differences`.
Guess with_best_bias(std::uint64_t from, std::span<std::uint64_t> differences) {
  Guess guess{from, most_frequent(differences), 0};
  for (const std::uint64_t difference : differences) guess.cost += cost_of(difference - guess.bias);
  return guess;
}

class Encoder {
 public:
  Encoder(std::span<const Row> rows, BlockStreams& out) : rows_(rows), out_(out) {}

  void run(Classes classes) {
    if (classes == Classes::allowed)
      found_ = classify(rows_);
    else
      found_.class_of.assign(rows_.size(), no_class);
    gather();
    remember();
    for (const std::uint32_t producer : producers_) put_producer(producer);
    put_rows();
  }

 private:
  void gather();
  void remember();
  void put_producer(std::uint32_t producer);
  void put_class(Class& each);
  void put_number_column(const Class& each, std::size_t number);
  void put_size_column(const Class& each);
  void put_byte_column(Class& each, std::size_t at);
  void put_column(const Guess& found, std::span<const std::uint64_t> residuals);
  void put_rows();
  void put_fallback(std::span<const Row> rows);
  [[nodiscard]] std::uint64_t base(const Class& each, std::size_t row, std::size_t number, std::uint64_t from) const;

  std::span<const Row> rows_;
  BlockStreams& out_;
  Classification found_;
  std::vector<Memory> memory_;            // before each row
  std::vector<std::uint32_t> producers_;  // in the order of their first row
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> rows_of_producer_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> classes_of_producer_;
  std::vector<std::uint64_t> scratch_;
};

void Encoder::gather() {
  for (std::uint32_t i = 0; i < found_.classes.size(); ++i)
    classes_of_producer_[found_.classes[i].producer].push_back(i);
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    auto& own = rows_of_producer_[rows_[row].producer];
    if (own.empty()) producers_.push_back(rows_[row].producer);
    own.push_back(row);
  }
}

void Encoder::remember() {
  std::unordered_map<std::uint32_t, Memory> last;
  memory_.resize(rows_.size());
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    Memory& own = last[rows_[row].producer];
    memory_[row] = own;
    if (found_.class_of[row] == no_class) continue;
    const Class& each = found_.classes[found_.class_of[row]];
    const std::size_t in_class = found_.row_in_class[row];
    for (std::size_t i = 0; i < std::min(each.numbers, remembered_numbers); ++i)
      own.numbers[i] = each.value(in_class, i);
    own.longest = each.longest_part[in_class].size;
  }
}

void Encoder::put_producer(std::uint32_t producer) {
  const auto& own = classes_of_producer_[producer];
  put_varint(out_[head_stream], own.size());
  for (const std::uint32_t each : own) put_class(found_.classes[each]);
  const auto& rows = rows_of_producer_[producer];
  const auto id = [&](std::uint32_t row) {
    return found_.class_of[row] == no_class ? 0 : found_.classes[found_.class_of[row]].id;
  };
  for (std::size_t at = 0; at < rows.size();) {
    std::size_t end = at;
    while (end < rows.size() && id(rows[end]) == id(rows[at])) ++end;
    put_varint(out_[class_stream], id(rows[at]));
    put_varint(out_[run_stream], end - at - 1);
    at = end;
  }
}

void Encoder::put_class(Class& each) {
  put_varint(out_[head_stream], each.numbers);
  put_varint(out_[head_stream], each.longest);
  for (std::size_t part = 0; part <= each.numbers; ++part) {
    if (part == each.longest) {
      put_varint(out_[head_stream], each.varies ? 0 : each.sizes[part] + 1);
    } else {
      put_varint(out_[head_stream], each.sizes[part]);
    }
  }
  for (std::size_t i = 0; i < each.numbers; ++i) put_varint(out_[head_stream], each.values[i]);
  if (each.varies) put_varint(out_[head_stream], each.longest_part[0].size);
  for (std::size_t i = 0; i < each.fixed_bytes; ++i) out_[head_stream].push_back(static_cast<char>(each.bytes[i]));
  for (std::size_t i = 0; i < each.numbers; ++i) put_number_column(each, i);
  if (each.varies) put_size_column(each);
  for (std::size_t i = 0; i < each.fixed_bytes; ++i) put_byte_column(each, i);
}

std::uint64_t Encoder::base(const Class& each, std::size_t row, std::size_t number, std::uint64_t from) const {
  if (from == guess::previous) return each.value(row - 1, number);
  if (from >= guess::same_row) return each.value(row, from - guess::same_row);
  const Memory& memory = memory_[each.rows[row]];
  if (from >= guess::behind_text) return memory.numbers[from - guess::behind_text] + memory.longest;
  return memory.numbers[from - guess::remembered];
}

void Encoder::put_column(const Guess& found, std::span<const std::uint64_t> residuals) {
  const ColumnKind kind = put_residuals(residuals, out_[gap_stream], out_[residual_stream]);
  ColumnDescription{kind, found.from, found.bias}.put(out_[head_stream]);
}

void Encoder::put_number_column(const Class& each, std::size_t number) {
  const std::size_t rows = each.rows.size();
  const std::size_t step = std::max<std::size_t>(1, rows / sample_rows_max);
  const auto evaluate = [&](std::uint64_t from) {
    scratch_.clear();
    for (std::size_t row = 1; row < rows; row += step)
      scratch_.push_back(each.value(row, number) - base(each, row, number, from));
    return with_best_bias(from, scratch_);
  };
  Guess best = evaluate(guess::previous);
  const auto consider = [&](std::uint64_t from) {
    if (best.cost == 0) return;
    const Guess other = evaluate(from);
    if (other.cost + 8 < best.cost) best = other;
  };
  for (std::size_t i = 0; i < number; ++i) consider(guess::same_row + i);
  for (std::size_t j = 0; j < remembered_numbers; ++j) {
    consider(guess::remembered + j);
    consider(guess::behind_text + j);
  }
  std::vector<std::uint64_t> residuals(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const bool first = row == 0 && best.from == guess::previous;  // the class says the first row itself
    residuals[row] = first ? 0 : each.value(row, number) - base(each, row, number, best.from) - best.bias;
  }
  put_column(best, residuals);
}

void Encoder::put_size_column(const Class& each) {
  std::vector<std::uint64_t> residuals(each.rows.size());
  for (std::size_t row = 1; row < residuals.size(); ++row)
    residuals[row] = std::uint64_t{each.longest_part[row].size} - each.longest_part[row - 1].size;
  put_column({}, residuals);
}

void Encoder::put_byte_column(Class& each, std::size_t at) {
  const std::size_t rows = each.rows.size();
  const auto byte = [&](std::size_t row) { return each.bytes[row * each.fixed_bytes + at]; };
  std::array<std::uint32_t, 256> count{};
  std::array<std::uint32_t, 256> steps{};
  for (std::size_t row = 0; row < rows; ++row) {
    ++count[byte(row)];
    if (row > 0) ++steps[static_cast<std::uint8_t>(byte(row) - byte(row - 1))];
  }
  if (count[byte(0)] == rows) return put_column({}, {});
  const auto most = static_cast<std::size_t>(std::ranges::max_element(steps) - steps.begin());
  const auto bias = static_cast<std::uint64_t>(static_cast<std::int8_t>(most));
  double literal = 8;
  double numeric = 0;
  for (std::size_t value = 0; value < 256; ++value) {
    if (count[value] > 0) literal -= 0.75 * count[value] * std::log2(double(count[value]) / double(rows));
    const auto residual = static_cast<std::int8_t>(value - most);
    if (steps[value] > 0) numeric += steps[value] * cost_of(static_cast<std::uint64_t>(residual));
  }
  if (literal < numeric) {
    each.literal[at] = 1;
    ColumnDescription{ColumnKind::literal, guess::previous, 0}.put(out_[head_stream]);
    return;
  }
  std::vector<std::uint64_t> residuals(rows);
  for (std::size_t row = 1; row < rows; ++row)
    residuals[row] = static_cast<std::uint64_t>(static_cast<std::int8_t>(byte(row) - byte(row - 1) - most));
  put_column({guess::previous, bias, 0}, residuals);
}

void Encoder::put_rows() {
  std::vector<Row> fallback;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (found_.class_of[row] == no_class) {
      fallback.push_back(rows_[row]);
      continue;
    }
    const Class& each = found_.classes[found_.class_of[row]];
    const std::size_t in_class = found_.row_in_class[row];
    for (std::size_t i = 0; i < each.fixed_bytes; ++i)
      if (each.literal[i])
        out_[literal_stream].push_back(static_cast<char>(each.bytes[in_class * each.fixed_bytes + i]));
    if (each.varies) {
      const Tokens::Plain part = each.longest_part[in_class];
      out_[literal_stream] += rows_[row].payload.substr(part.from, part.size);
    }
  }
  put_fallback(fallback);
}

void Encoder::put_fallback(std::span<const Row> rows) {
  if (rows.empty()) return;
  std::string sizes;
  std::string plain;
  std::string transposed;
  for (const Row& row : rows) {
    put_varint(sizes, row.payload.size());
    plain += row.payload;
  }
  if (rows.size() > 1) put_transposed(rows, transposed);
  const bool turn = rows.size() > 1 && compressed_bytes(transposed) < compressed_bytes(plain);
  out_[fallback_stream].push_back(static_cast<char>(turn ? FallbackForm::transposed : FallbackForm::plain));
  out_[fallback_stream] += sizes;
  out_[fallback_stream] += turn ? transposed : plain;
}

}  // namespace

void encode_fields(std::span<const Row> rows, Classes classes, BlockStreams& streams) {
  Encoder(rows, streams).run(classes);
}

}  // namespace weir::packing
