#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "weir/packing/fields.hpp"
#include "weir/packing/tokens.hpp"
#include "weir/packing/transpose.hpp"

namespace weir::packing {
namespace {

constexpr std::uint32_t no_class = ~std::uint32_t{0};
constexpr std::size_t spare_bytes = numbers_max * number_bytes_max + fixed_bytes_max;  // of a row, beside its literals

struct NumberColumn {
  ColumnDescription description;
  std::uint64_t previous = 0;
  ResidualReader residuals;

  [[nodiscard]] std::uint64_t next(std::uint64_t base) { return base + description.bias + residuals.next(); }
};

struct ByteColumn {
  std::size_t at;
  ColumnDescription description;
  ResidualReader residuals;
};

struct DecodedClass {
  std::size_t producer;  // in order of appearance
  std::size_t longest;
  bool varies;
  std::vector<std::size_t> sizes;
  std::vector<NumberColumn> numbers;
  NumberColumn longest_size;      // only when it varies
  std::string fixed;              // the last row's
  std::vector<ByteColumn> bytes;  // those that change
};

/// Bytes written one row after another, at most so many.
class Output {
 public:
  Output(std::string& bytes, std::uint64_t bytes_max) : bytes_(bytes), bytes_max_(bytes_max) {}
  ~Output() { bytes_.resize(used_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// Room for so many bytes; null when there may not be.
  [[nodiscard]] char* room(std::uint64_t count) {
    if (count > bytes_max_ + spare_bytes - used_) return nullptr;
    if (bytes_.size() - used_ < count)
      bytes_.resize(std::min(bytes_max_ + spare_bytes, std::max(used_ + count, 2 * used_)));
    return bytes_.data() + used_;
  }
  [[nodiscard]] bool advance(const char* end) {
    used_ = static_cast<std::uint64_t>(end - bytes_.data());
    return used_ <= bytes_max_;
  }
  [[nodiscard]] std::uint64_t used() const { return used_; }

 private:
  std::string& bytes_;
  std::uint64_t bytes_max_;
  std::uint64_t used_ = 0;
};

char* put(char* to, std::string_view bytes) {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* put(char* to, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) *to++ = static_cast<char>(number | 0x80);
  *to++ = static_cast<char>(number);
  return to;
}

class Decoder {
 public:
  Decoder(std::span<const std::uint32_t> producer_of, FieldInput& input)
      : rows_(producer_of.size()),
        input_(input),
        head_(input.head),
        classes_in_(input.classes),
        runs_(input.runs),
        literals_(input.literals) {
    std::unordered_map<std::uint32_t, std::size_t> known;
    for (std::uint32_t row = 0; row < rows_; ++row) {
      const auto [found, fresh] = known.try_emplace(producer_of[row], rows_of_.size());
      if (fresh) rows_of_.emplace_back();
      rows_of_[found->second].push_back(row);
    }
    class_of_.resize(rows_, no_class);
    memory_.resize(rows_of_.size());
  }

  [[nodiscard]] bool run(std::span<const std::uint32_t> producer_of, Output& out, std::vector<std::uint64_t>& ends) {
    for (std::size_t producer = 0; producer < rows_of_.size(); ++producer)
      if (!take_producer(producer)) return false;
    if (!head_.done() || !classes_in_.done() || !runs_.done()) return false;
    if (!input_.gaps.done() || !input_.residuals.done()) return false;
    if (!take_fallback(producer_of)) return false;
    for (const std::uint32_t each : class_of_) {
      if (!(each == no_class ? put_fallback_row(out) : put_row(classes_[each], out))) return false;
      ends.push_back(out.used());
    }
    return literals_.done() && fallback_next_ == fallback_sizes_.size();
  }

 private:
  [[nodiscard]] bool take_producer(std::size_t producer);
  [[nodiscard]] bool take_class(std::size_t producer, std::uint64_t rows);
  [[nodiscard]] NumberColumn take_number_column(std::uint64_t rows, std::uint64_t first, std::uint64_t from_max);
  [[nodiscard]] bool take_fallback(std::span<const std::uint32_t> producer_of);
  [[nodiscard]] bool put_fallback_row(Output& out);
  [[nodiscard]] bool put_row(DecodedClass& each, Output& out);
  void step_bytes(DecodedClass& each);
  [[nodiscard]] std::uint64_t base(const NumberColumn& column, const std::array<std::uint64_t, numbers_max>& row,
                                   const Memory& memory) const;

  std::size_t rows_;
  FieldInput& input_;
  ByteReader head_;
  ByteReader classes_in_;
  ByteReader runs_;
  ByteReader literals_;
  std::vector<std::vector<std::uint32_t>> rows_of_;  // each producer's
  std::vector<Memory> memory_;
  std::vector<std::uint32_t> class_of_;
  std::vector<DecodedClass> classes_;
  std::vector<std::uint64_t> fallback_sizes_;
  std::size_t fallback_next_ = 0;
  std::string transposed_;
  ByteReader fallback_;
};

bool Decoder::take_producer(std::size_t producer) {
  const auto& rows = rows_of_[producer];
  const std::uint64_t count = head_.varint_up_to(rows.size());
  std::vector<std::uint64_t> rows_of_class(count + 1);
  const std::size_t before = classes_.size();
  for (std::size_t at = 0; at < rows.size();) {
    const std::uint64_t id = classes_in_.varint_up_to(count);
    const std::uint64_t run = runs_.varint_up_to(rows.size() - at - 1) + 1;
    if (!classes_in_.ok() || !runs_.ok()) return false;
    rows_of_class[id] += run;
    for (std::uint64_t i = 0; i < run; ++i, ++at)
      if (id != 0) class_of_[rows[at]] = static_cast<std::uint32_t>(before + id - 1);
  }
  for (std::uint64_t id = 1; id <= count; ++id)
    if (!take_class(producer, rows_of_class[id])) return false;
  return head_.ok();
}

NumberColumn Decoder::take_number_column(std::uint64_t rows, std::uint64_t first, std::uint64_t from_max) {
  NumberColumn column;
  column.description = ColumnDescription::take(head_);
  if (column.description.kind == ColumnKind::literal || column.description.from >= from_max) head_.fail();
  column.previous = first - column.description.bias;
  column.residuals = ResidualReader::open(column.description.kind, rows, input_.gaps, input_.residuals);
  return column;
}

bool Decoder::take_class(std::size_t producer, std::uint64_t rows) {
  DecodedClass& made = classes_.emplace_back();
  made.producer = producer;
  const std::uint64_t numbers = head_.varint_up_to(numbers_max);
  made.longest = head_.varint_up_to(numbers);
  made.varies = false;
  std::uint64_t fixed = 0;
  for (std::uint64_t part = 0; part <= numbers; ++part) {
    std::uint64_t size = head_.varint_up_to(fixed_bytes_max + 1);
    if (part == made.longest) {
      made.varies = size == 0;
      size -= made.varies ? 0 : 1;
    }
    made.sizes.push_back(size);
    fixed += size;
  }
  std::array<std::uint64_t, numbers_max> first{};
  for (std::uint64_t i = 0; i < numbers; ++i) first[i] = head_.varint();
  const std::uint64_t first_size = made.varies ? head_.varint() : 0;
  if (fixed > fixed_bytes_max) return false;
  made.fixed = head_.take(fixed);
  if (!head_.ok()) return false;
  for (std::uint64_t i = 0; i < numbers; ++i)
    made.numbers.push_back(take_number_column(rows, first[i], guess::same_row + i));
  if (made.varies) made.longest_size = take_number_column(rows, first_size, guess::previous + 1);
  for (std::size_t at = 0; at < fixed && head_.ok(); ++at) {
    const ColumnDescription column = ColumnDescription::take(head_);
    if (column.from != guess::previous) return false;
    if (column.kind == ColumnKind::exact && column.bias == 0) continue;
    if (column.kind != ColumnKind::literal)
      made.fixed[at] = static_cast<char>(static_cast<std::uint8_t>(made.fixed[at]) - column.bias);
    made.bytes.push_back({at, column, ResidualReader::open(column.kind, rows, input_.gaps, input_.residuals)});
  }
  return head_.ok() && input_.gaps.ok() && input_.residuals.ok();
}

bool Decoder::take_fallback(std::span<const std::uint32_t> producer_of) {
  fallback_ = ByteReader(input_.fallback);
  std::vector<RowShape> shapes;
  for (std::size_t row = 0; row < rows_; ++row)
    if (class_of_[row] == no_class) shapes.push_back({producer_of[row], 0});
  if (shapes.empty()) return fallback_.done();
  const std::uint8_t form = fallback_.byte();
  for (RowShape& shape : shapes) fallback_sizes_.push_back(shape.size = fallback_.varint());
  if (!fallback_.ok()) return false;
  if (form == static_cast<std::uint8_t>(FallbackForm::transposed)) {
    if (!take_transposed(shapes, fallback_.take(fallback_.left()), transposed_)) return false;
    fallback_ = ByteReader(transposed_);
    return true;
  }
  return form == static_cast<std::uint8_t>(FallbackForm::plain);
}

bool Decoder::put_fallback_row(Output& out) {
  const std::string_view payload = fallback_.take(fallback_sizes_[fallback_next_++]);
  char* const to = fallback_.ok() ? out.room(payload.size()) : nullptr;
  return to != nullptr && out.advance(put(to, payload));
}

void Decoder::step_bytes(DecodedClass& each) {
  for (ByteColumn& column : each.bytes) {
    char& byte = each.fixed[column.at];
    if (column.description.kind == ColumnKind::literal) {
      byte = static_cast<char>(literals_.byte());
    } else {
      const std::uint64_t step = column.description.bias + column.residuals.next();
      byte = static_cast<char>(static_cast<std::uint8_t>(byte) + step);
    }
  }
}

std::uint64_t Decoder::base(const NumberColumn& column, const std::array<std::uint64_t, numbers_max>& row,
                            const Memory& memory) const {
  const std::uint64_t from = column.description.from;
  if (from == guess::previous) return column.previous;
  if (from >= guess::same_row) return row[from - guess::same_row];
  if (from >= guess::behind_text) return memory.numbers[from - guess::behind_text] + memory.longest;
  return memory.numbers[from - guess::remembered];
}

bool Decoder::put_row(DecodedClass& each, Output& out) {
  Memory& memory = memory_[each.producer];
  std::array<std::uint64_t, numbers_max> row;
  for (std::size_t i = 0; i < each.numbers.size(); ++i) {
    NumberColumn& column = each.numbers[i];
    row[i] = column.previous = column.next(base(column, row, memory));
    if (row[i] >= number_limit) return false;
  }
  step_bytes(each);
  std::string_view text;
  std::uint64_t longest = each.sizes[each.longest];
  if (each.varies) {
    longest = each.longest_size.previous = each.longest_size.next(each.longest_size.previous);
    text = literals_.take(longest);
  }
  char* to = literals_.ok() ? out.room(text.size() + spare_bytes) : nullptr;
  if (to == nullptr) return false;
  const char* fixed = each.fixed.data();
  for (std::size_t part = 0; part < each.sizes.size(); ++part) {
    if (part == each.longest && each.varies) {
      to = put(to, text);
    } else {
      to = put(to, {fixed, each.sizes[part]});
      fixed += each.sizes[part];
    }
    if (part < each.numbers.size()) to = put(to, row[part]);
  }
  for (std::size_t i = 0; i < std::min(each.numbers.size(), remembered_numbers); ++i) memory.numbers[i] = row[i];
  memory.longest = longest;
  return out.advance(to);
}

}  // namespace

bool decode_fields(std::span<const std::uint32_t> producer_of, FieldInput input, std::uint64_t bytes_max,
                   std::string& out, std::vector<std::uint64_t>& ends) {
  Output output(out, bytes_max);
  return Decoder(producer_of, input).run(producer_of, output, ends);
}

}  // namespace weir::packing
