// A payload cut where a variable-length number might stand: R0 V1 R1 ... Vk Rk, with nothing known about its format. A
// V is 2 to 7 bytes: all with the high bit but the last, which is not 0, so that the number alone gives its bytes back.
// Concatenating the tokens gives the payload, whatever it was; a wrong guess costs only compression.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::packing {

inline constexpr std::size_t number_bytes_max = 7;  // 49 bits: exact in a JavaScript number, differences too
inline constexpr std::uint64_t number_limit = std::uint64_t{1} << 49;
inline constexpr std::size_t numbers_max = 23;  // in one payload; with more it is stored as it is

/// Where the tokens of one payload are. R i lies between V i and V i+1.
struct Tokens {
  struct Plain {
    std::uint32_t from;
    std::uint32_t size;
  };
  std::size_t count = 0;    // of numbers
  std::size_t longest = 0;  // the longest plain part, the first one on ties
  std::array<std::uint64_t, numbers_max> numbers;
  std::array<Plain, numbers_max + 1> plain;

  /// False when the payload has more numbers than fit.
  [[nodiscard]] bool cut(std::string_view payload) {
    count = 0;
    std::size_t plain_from = 0;
    const std::size_t size = payload.size();
    for (std::size_t at = 0; at < size;) {
      if (static_cast<std::uint8_t>(payload[at]) < 0x80) {
        ++at;
        continue;
      }
      std::size_t last = at;
      std::uint64_t number = 0;
      while (last < size && static_cast<std::uint8_t>(payload[last]) >= 0x80) {
        if (last - at < number_bytes_max) number |= std::uint64_t{payload[last] & 0x7FU} << (7 * (last - at));
        ++last;
      }
      if (last == size) break;
      if (last - at + 1 <= number_bytes_max && payload[last] != 0) {
        if (count == numbers_max) return false;
        plain[count] = {static_cast<std::uint32_t>(plain_from), static_cast<std::uint32_t>(at - plain_from)};
        numbers[count++] = number | std::uint64_t{static_cast<std::uint8_t>(payload[last])} << (7 * (last - at));
        plain_from = last + 1;
      }
      at = last + 1;
    }
    plain[count] = {static_cast<std::uint32_t>(plain_from), static_cast<std::uint32_t>(size - plain_from)};
    longest = 0;
    for (std::size_t i = 1; i <= count; ++i)
      if (plain[i].size > plain[longest].size) longest = i;
    return true;
  }
};

}  // namespace weir::packing
