// Packs of anything. The first byte says how the rest is meant: even, as a pack; odd, as six varints that a head says
// and the content of its frame, under checksums that are right, so that mutations get behind them. What could be read
// must give the same records when it is packed again.
#include <cstdint>
#include <cstdlib>

#include "sealing.hpp"
#include "weir/packing/numbers.hpp"
#include "weir/packing/pack.hpp"

namespace {

using namespace weir;           // NOLINT
using namespace weir::packing;  // NOLINT

void check(bool holds) {
  if (!holds) std::abort();
}

SharedBytes by_hand(std::string_view input) {
  ByteReader reader(input);
  PackHeader header;
  header.first = {reader.varint()};
  header.last = header.first.plus(reader.varint());
  header.records = reader.varint();
  header.time_min = {reader.varint()};
  header.time_max = header.time_min.plus(reader.varint());
  header.payload_bytes = reader.varint();
  return sealed(std::string(reader.take(reader.left())), header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const PackLimits limits{.block_payload_bytes_max = 1 << 20};
  const auto records = unpack(data[0] % 2 == 0 ? SharedBytes::copy(input) : by_hand(input), limits);
  if (!records) return 0;
  check(!records->empty());
  const auto again = pack(*records, {}, {.level = 1});
  check(again && *unpack(*again) == *records);
  return 0;
}
