// Which segments of a document the next pack takes the place of. The segments are few and described, not read: all of
// the policy is here, none of the work.
//
//   std::optional<PackPlan> plan = next_pack(extents, options);                   // in the background
//   std::vector<PackPlan> plans = whole_document(extents, options);               // when somebody asked for it
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "weir/rocksdb/keys.hpp"
#include "weir/rocksdb/packing_options.hpp"

namespace weir::storage::rocks {

/// One run or pack, in the order of the document.
struct Extent {
  bool is_pack = false;
  Offset first;
  Offset last;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t stored_bytes = 0;
  bool has_cut = false;  ///< records at its beginning were cut; a pack made of it is without them
};

/// The extents [begin, end) become one pack.
struct PackPlan {
  std::size_t begin = 0;
  std::size_t end = 0;
  int level = 0;
  friend bool operator==(const PackPlan&, const PackPlan&) = default;
};

/// A pack that stays as it is.
[[nodiscard]] bool is_settled(const Extent& extent, const PackingOptions& options);

/// Runs that pay to be sealed, else packs that pay to be merged; to be asked again when that is done. `idle`: nothing
/// was added for a while. A run too large for a pack stays a run, and packs end before it.
[[nodiscard]] std::optional<PackPlan> next_pack(std::span<const Extent> extents, const PackingOptions& options,
                                                bool idle);

/// Everything as packs that stay, as large as they may get; what is so already, and without cut records, is left alone.
[[nodiscard]] std::vector<PackPlan> whole_document(std::span<const Extent> extents, const PackingOptions& options);

}  // namespace weir::storage::rocks
