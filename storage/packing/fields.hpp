// What the encoder and the decoder of fields agree on (docs/pack-format.md, "Fields"): payloads cut into plain bytes
// and numbers, those of one shape gathered in a class, each place of a class a column, each column as what a guess
// leaves.
//
//   encode_fields(rows, Classes::allowed, streams);
//   decode_fields(producers, streams, bytes_max, payloads, ends);
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/packing/columns.hpp"

namespace weir::packing {

/// The streams of a block, in their order.
enum Stream : std::size_t {
  meta_stream,       // producers and the columns of metadata
  head_stream,       // classes and their columns
  class_stream,      // which rows are of which class: in runs of one class,
  run_stream,        // which are so long
  gap_stream,        // of sparse columns
  residual_stream,   // of sparse and dense columns
  reference_stream,  // of payloads whose dependencies were left out
  literal_stream,    // bytes of columns that no guess fits, row after row
  fallback_stream,   // payloads of no class
  stream_count,
};
using BlockStreams = std::array<std::string, stream_count>;

/// One payload and its producer's place in the list of producers.
struct Row {
  std::uint32_t producer;
  std::string_view payload;
};

/// Numbers of a producer's earlier rows that a guess may start from.
inline constexpr std::size_t remembered_numbers = 8;
/// Bytes of a row that have a column each. A longest plain part that would exceed it is literal instead.
inline constexpr std::size_t fixed_bytes_max = 256;

/// What a guess starts from. A difference that is the same for all rows, the bias, is added.
namespace guess {
inline constexpr std::uint64_t previous = 0;     // this column's previous row
inline constexpr std::uint64_t remembered = 1;   // + j: the producer's last number j, of whatever class
inline constexpr std::uint64_t behind_text = 9;  // + j: that, plus the size of the longest plain part of its last row
inline constexpr std::uint64_t same_row = 17;    // + i: number i of this row
}  // namespace guess

/// What a producer's earlier rows left to guess from.
struct Memory {
  std::array<std::uint64_t, remembered_numbers> numbers{};
  std::uint64_t longest = 0;
};

/// How payloads of no class are stored: the first byte of their stream.
enum class FallbackForm : std::uint8_t { plain = 0, transposed = 1 };

enum class Classes : bool { none, allowed };

/// Appends to the streams of classes, literals, fallback and columns.
void encode_fields(std::span<const Row> rows, Classes classes, BlockStreams& streams);

/// Views of a block's streams; the columns' are moved on.
struct FieldInput {
  std::string_view head;
  std::string_view classes;
  std::string_view runs;
  std::string_view literals;
  std::string_view fallback;
  ByteReader gaps;
  ByteReader residuals;
};
/// Appends the payloads to `out` and where each ends to `ends`. False when the streams are not what an encoder makes,
/// or when the payloads are more than `bytes_max`.
[[nodiscard]] bool decode_fields(std::span<const std::uint32_t> producer_of, FieldInput input, std::uint64_t bytes_max,
                                 std::string& out, std::vector<std::uint64_t>& ends);

}  // namespace weir::packing
