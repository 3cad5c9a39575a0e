// A column of numbers as what a guess leaves over: nothing, a few exceptions, or a residual for each row. The fields of
// payloads and the metadata of records are stored in such columns.
//
//   ColumnKind kind = put_residuals(values, gaps, residuals);
//   ResidualReader column = ResidualReader::open(kind, rows, gaps_reader, residuals_reader);   column.next();
//
// Threads: values of one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "weir/packing/numbers.hpp"

namespace weir::packing {

/// How the rows of a column are stored. The lowest two bits of a column's description.
enum class ColumnKind : std::uint8_t {
  exact = 0,    // the guess is always right
  sparse = 1,   // gaps to the rows where it is not; there the usual residual, or one of its own
  dense = 2,    // a residual for each row
  literal = 3,  // bytes, in the stream of literals
};

/// A column's description: its kind, whether a bias follows, and what the guess starts from.
struct ColumnDescription {
  ColumnKind kind = ColumnKind::exact;
  std::uint64_t from = 0;
  std::uint64_t bias = 0;  // mod 2^64

  void put(std::string& out) const;
  /// Fails the reader when it is none.
  static ColumnDescription take(ByteReader& reader);
};

/// The most frequent of them, 0 when none comes twice. Sorts them.
[[nodiscard]] std::uint64_t most_frequent(std::span<std::uint64_t> differences);

/// Writes a column's residuals (differences mod 2^64) in the shorter way, and says which.
[[nodiscard]] ColumnKind put_residuals(std::span<const std::uint64_t> residuals, std::string& gaps,
                                       std::string& residuals_out);

/// Gives a column's residuals row by row.
class ResidualReader {
 public:
  ResidualReader() = default;
  /// Takes the place of a column of `rows` rows in the block's streams and moves these behind it. Fails `residuals` or
  /// `gaps` when they are too short.
  static ResidualReader open(ColumnKind kind, std::uint64_t rows, ByteReader& gaps, ByteReader& residuals);

  [[nodiscard]] std::uint64_t next() {
    switch (kind_) {
      case ColumnKind::dense: return residuals_.signed_varint();
      case ColumnKind::sparse: return rows_to_next_-- == 0 ? exception() : 0;
      default: return 0;
    }
  }

 private:
  [[nodiscard]] std::uint64_t exception();
  void find_next();

  ColumnKind kind_ = ColumnKind::exact;
  std::uint64_t rows_to_next_ = 0;
  std::uint64_t exceptions_left_ = 0;  // behind the next one
  std::uint64_t usual_ = 0;
  bool next_is_usual_ = false;
  ByteReader gaps_;
  ByteReader residuals_;
};

}  // namespace weir::packing
