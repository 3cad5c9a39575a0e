#include "weir/packing/classes.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace weir::packing {
namespace {

constexpr std::size_t rows_of_class_min = 3;
/// So many rows whose longest part has one size are a class of their own: there its bytes have columns, while a part
/// that varies is literal as a whole. And no less than one in so many, since each class says its columns anew.
constexpr std::size_t rows_of_size_min = 16;
constexpr std::size_t sizes_of_shape_max = 32;

/// What the rows of a class have in common, but for the size of the longest part.
struct Shape {
  std::size_t rows = 0;
  std::unordered_map<std::uint32_t, std::uint32_t> rows_of_size;

  [[nodiscard]] bool is_apart(std::uint32_t size) const {
    return rows_of_size.at(size) >= std::max(rows_of_size_min, rows / sizes_of_shape_max);
  }
};

class Classifier {
 public:
  explicit Classifier(std::span<const Row> rows) : rows_(rows), shape_of_(rows.size(), no_class) {
    found_.class_of.resize(rows.size(), no_class);
    found_.row_in_class.resize(rows.size());
  }

  Classification run() {
    for (std::uint32_t row = 0; row < rows_.size(); ++row) count(row);
    for (std::uint32_t row = 0; row < rows_.size(); ++row)
      if (shape_of_[row] != no_class) put(row);
    drop_small_ones();
    for (Class& each : found_.classes) take_bytes(each);
    return std::move(found_);
  }

 private:
  void count(std::uint32_t row);
  void put(std::uint32_t row);
  Class& class_for(std::uint32_t row);
  void drop_small_ones();
  void take_bytes(Class& each) const;

  std::span<const Row> rows_;
  Tokens tokens_;  // of the row being looked at
  std::string key_;
  std::unordered_map<std::string, std::uint32_t> known_shapes_;
  std::vector<Shape> shapes_;
  std::vector<std::uint32_t> shape_of_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_classes_;
  Classification found_;
};

void Classifier::count(std::uint32_t row) {
  if (!tokens_.cut(rows_[row].payload)) return;
  key_.clear();
  put_varint(key_, rows_[row].producer);
  put_varint(key_, tokens_.count);
  put_varint(key_, tokens_.longest);
  std::size_t others = 0;
  for (std::size_t i = 0; i <= tokens_.count; ++i) {
    if (i == tokens_.longest) continue;
    put_varint(key_, tokens_.plain[i].size);
    others += tokens_.plain[i].size;
  }
  if (others > fixed_bytes_max) return;
  const auto [found, fresh] = known_shapes_.try_emplace(key_, static_cast<std::uint32_t>(shapes_.size()));
  if (fresh) shapes_.emplace_back();
  Shape& shape = shapes_[found->second];
  ++shape.rows;
  ++shape.rows_of_size[tokens_.plain[tokens_.longest].size];
  shape_of_[row] = found->second;
}

/// The class of its shape and size, or that of its shape and all sizes which are not apart.
Class& Classifier::class_for(std::uint32_t row) {
  const std::uint32_t size = tokens_.plain[tokens_.longest].size;
  const std::uint64_t apart = shapes_[shape_of_[row]].is_apart(size) ? std::uint64_t{size} + 1 : 0;
  const auto [found, fresh] = known_classes_.try_emplace(std::uint64_t{shape_of_[row]} << 32 | apart,
                                                         static_cast<std::uint32_t>(found_.classes.size()));
  found_.class_of[row] = found->second;
  if (!fresh) return found_.classes[found->second];
  Class& made = found_.classes.emplace_back();
  made.producer = rows_[row].producer;
  made.numbers = tokens_.count;
  made.longest = tokens_.longest;
  for (std::size_t i = 0; i <= tokens_.count; ++i) made.sizes.push_back(tokens_.plain[i].size);
  return made;
}

void Classifier::put(std::uint32_t row) {
  static_cast<void>(tokens_.cut(rows_[row].payload));
  Class& own = class_for(row);
  found_.row_in_class[row] = static_cast<std::uint32_t>(own.rows.size());
  own.rows.push_back(row);
  own.values.insert(own.values.end(), tokens_.numbers.begin(),
                    tokens_.numbers.begin() + static_cast<std::ptrdiff_t>(tokens_.count));
  own.longest_part.push_back(tokens_.plain[tokens_.longest]);
  own.varies |= tokens_.plain[tokens_.longest].size != own.sizes[tokens_.longest];
}

/// Those with too few rows to pay for a description.
void Classifier::drop_small_ones() {
  std::vector<std::uint32_t> place(found_.classes.size(), no_class);
  std::unordered_map<std::uint32_t, std::uint32_t> ids;
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < place.size(); ++i) {
    Class& each = found_.classes[i];
    if (each.rows.size() < rows_of_class_min) continue;
    each.id = ++ids[each.producer];
    place[i] = kept;
    if (kept != i) found_.classes[kept] = std::move(each);
    ++kept;
  }
  found_.classes.resize(kept);
  for (std::uint32_t& each : found_.class_of)
    if (each != no_class) each = place[each];
}

void Classifier::take_bytes(Class& each) const {
  std::size_t bytes = 0;
  for (const std::uint32_t size : each.sizes) bytes += size;
  each.varies |= bytes > fixed_bytes_max;
  each.fixed_bytes = each.varies ? bytes - each.sizes[each.longest] : bytes;
  each.literal.resize(each.fixed_bytes);
  each.bytes.reserve(each.rows.size() * each.fixed_bytes);
  for (std::size_t row = 0; row < each.rows.size(); ++row) {
    const std::string_view payload = rows_[each.rows[row]].payload;
    std::size_t at = 0;
    for (std::size_t part = 0; part <= each.numbers; ++part) {
      const std::size_t size = part == each.longest ? each.longest_part[row].size : each.sizes[part];
      if (part != each.longest || !each.varies)
        for (const char byte : payload.substr(at, size)) each.bytes.push_back(static_cast<std::uint8_t>(byte));
      if (part < each.numbers) at += size + varint_bytes(each.value(row, part));
    }
  }
}

}  // namespace

Classification classify(std::span<const Row> rows) { return Classifier(rows).run(); }

}  // namespace weir::packing
