// Reading a pack, block by block: what is in memory is one block and the window of its compression. Nothing in a pack
// is trusted; whatever the bytes are, the answer is the records that were packed or an error.
//
//   Result<PackReader> reader = PackReader::open(bytes);
//   for (;;) {
//     Result<std::vector<Record>> block = reader->next_block();
//     if (!block) return block.error();
//     if (block->empty()) break;     // all read
//   }
//
// Threads: a reader belongs to one thread; the records it gave live as long as they are held.
#pragma once

#include <memory>
#include <vector>

#include "weir/packing/header.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::packing {

struct PackLimits {
  /// Larger blocks are refused before anything of that size is allocated.
  std::uint64_t block_payload_bytes_max = std::uint64_t{32} << 20;
};

class PackReader {
 public:
  /// Checks head and body against their checksums; unpacks nothing yet. `pack` is exactly one pack.
  [[nodiscard]] static Result<PackReader> open(const SharedBytes& pack, const PackLimits& limits = {});

  PackReader(PackReader&&) noexcept;
  PackReader& operator=(PackReader&&) noexcept;
  ~PackReader();

  [[nodiscard]] const PackHeader& header() const;
  /// The next records, in offset order; none at the end. After an error: the same error again.
  [[nodiscard]] Result<std::vector<Record>> next_block();

 private:
  class State;
  explicit PackReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// All records of a pack at once.
[[nodiscard]] Result<std::vector<Record>> unpack(const SharedBytes& pack, const PackLimits& limits = {});

}  // namespace weir::packing
