#include "weir/packing/columns.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace weir::packing {

void ColumnDescription::put(std::string& out) const {
  put_varint(out, static_cast<std::uint64_t>(kind) | std::uint64_t{bias != 0} << 2 | from << 3);
  if (bias != 0) put_signed(out, bias);
}

ColumnDescription ColumnDescription::take(ByteReader& reader) {
  const std::uint64_t description = reader.varint();
  ColumnDescription column{static_cast<ColumnKind>(description & 3), description >> 3, 0};
  if ((description & 4) != 0) column.bias = reader.signed_varint();
  return column;
}

std::uint64_t most_frequent(std::span<std::uint64_t> differences) {
  std::ranges::sort(differences);
  std::uint64_t best = differences.size() == 1 ? differences[0] : 0;
  std::size_t most = 1;
  for (std::size_t at = 0; at < differences.size();) {
    std::size_t end = at;
    while (end < differences.size() && differences[end] == differences[at]) ++end;
    if (end - at > most) {
      most = end - at;
      best = differences[at];
    }
    at = end;
  }
  return best;
}

ColumnKind put_residuals(std::span<const std::uint64_t> residuals, std::string& gaps, std::string& residuals_out) {
  const auto wrong =
      static_cast<std::size_t>(std::ranges::count_if(residuals, [](std::uint64_t value) { return value != 0; }));
  if (wrong == 0) return ColumnKind::exact;
  if (wrong * 100 > residuals.size() * 35) {
    for (const std::uint64_t residual : residuals) put_signed(residuals_out, residual);
    return ColumnKind::dense;
  }
  std::vector<std::uint64_t> exceptions;
  std::ranges::copy_if(residuals, std::back_inserter(exceptions), [](std::uint64_t value) { return value != 0; });
  const std::uint64_t usual = most_frequent(exceptions);
  put_varint(gaps, wrong);
  put_signed(residuals_out, usual);
  std::size_t expected = 0;
  for (std::size_t row = 0; row < residuals.size(); ++row) {
    if (residuals[row] == 0) continue;
    put_varint(gaps, (row - expected) << 1 | std::uint64_t{residuals[row] != usual});
    if (residuals[row] != usual) put_signed(residuals_out, residuals[row]);
    expected = row + 1;
  }
  return ColumnKind::sparse;
}

ResidualReader ResidualReader::open(ColumnKind kind, std::uint64_t rows, ByteReader& gaps, ByteReader& residuals) {
  ResidualReader column;
  column.kind_ = kind;
  column.rows_to_next_ = ~std::uint64_t{0};
  if (kind == ColumnKind::sparse) {
    column.exceptions_left_ = gaps.varint_up_to(rows);
    column.usual_ = residuals.signed_varint();
    column.gaps_ = gaps;
    column.residuals_ = residuals;
    std::uint64_t unusual = 0;
    for (std::uint64_t i = 0; i < column.exceptions_left_ && gaps.ok(); ++i) unusual += gaps.varint() & 1;
    residuals.skip_varints(unusual);
    column.find_next();
  } else if (kind == ColumnKind::dense) {
    column.residuals_ = residuals;
    residuals.skip_varints(rows);
  }
  return column;
}

void ResidualReader::find_next() {
  rows_to_next_ = ~std::uint64_t{0};
  if (exceptions_left_ == 0) return;
  --exceptions_left_;
  const std::uint64_t gap = gaps_.varint();
  rows_to_next_ = gap >> 1;
  next_is_usual_ = (gap & 1) == 0;
}

std::uint64_t ResidualReader::exception() {
  const std::uint64_t residual = next_is_usual_ ? usual_ : residuals_.signed_varint();
  find_next();
  return residual;
}

}  // namespace weir::packing
