#include "weir/rocksdb/pack_plan.hpp"

#include <algorithm>

namespace weir::storage::rocks {
namespace {

bool is_too_large(const Extent& extent, const PackingOptions& options) {
  return !extent.is_pack && extent.payload_bytes > options.payload_bytes_max;
}

/// From `begin` on as many extents as fit into one pack, up to `end`.
std::size_t fill(std::span<const Extent> extents, std::size_t begin, std::size_t end, const PackingOptions& options) {
  std::uint64_t records = 0, payload_bytes = 0, stored_bytes = 0;
  std::size_t at = begin;
  for (; at < end; ++at) {
    const Extent& extent = extents[at];
    if (at > begin && payload_bytes + extent.payload_bytes > options.payload_bytes_max) break;
    records += extent.records;
    payload_bytes += extent.payload_bytes;
    stored_bytes += extent.is_pack ? extent.stored_bytes : 0;
    if (records >= options.settle_records || stored_bytes >= options.settle_bytes) return at + 1;
  }
  return at;
}

struct Sum {
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
};

Sum sum_of(std::span<const Extent> extents) {
  Sum sum;
  for (const Extent& extent : extents) {
    sum.records += extent.records;
    sum.payload_bytes += extent.payload_bytes;
  }
  return sum;
}

/// Runs at the end of [begin, end), if they are worth a pack.
std::optional<PackPlan> seal(std::span<const Extent> extents, std::size_t begin, std::size_t end,
                             const PackingOptions& options, bool idle) {
  std::size_t tail = end;
  while (tail > begin && !extents[tail - 1].is_pack) --tail;
  const Sum runs = sum_of(extents.subspan(tail, end - tail));
  const std::uint64_t enough = idle ? std::min(options.idle_seal_records, options.seal_records) : options.seal_records;
  if (runs.records == 0 || (runs.records < enough && runs.payload_bytes < options.seal_bytes)) return std::nullopt;
  return PackPlan{tail, fill(extents, tail, end, options), options.level};
}

/// Packs at the end of [begin, end) that are all smaller than `target` and together reach it.
std::optional<PackPlan> merge(std::span<const Extent> extents, std::size_t begin, std::size_t end, std::uint64_t target,
                              int level, const PackingOptions& options) {
  while (end > begin && !extents[end - 1].is_pack) --end;
  std::size_t from = end;
  while (from > begin && extents[from - 1].is_pack && extents[from - 1].records < target &&
         !is_settled(extents[from - 1], options))
    --from;
  const Sum packs = sum_of(extents.subspan(from, end - from));
  if (end - from < 2 || (packs.records < target && packs.payload_bytes < options.payload_bytes_max))
    return std::nullopt;
  const std::size_t filled = fill(extents, from, end, options);
  if (filled - from < 2) return std::nullopt;
  return PackPlan{from, filled, level};
}

}  // namespace

bool is_settled(const Extent& extent, const PackingOptions& options) {
  return extent.is_pack && (extent.records >= options.settle_records || extent.stored_bytes >= options.settle_bytes ||
                            extent.payload_bytes * 2 > options.payload_bytes_max);
}

std::optional<PackPlan> next_pack(std::span<const Extent> extents, const PackingOptions& options, bool idle) {
  for (std::size_t end = extents.size(); end > 0;) {
    std::size_t begin = end;
    while (begin > 0 && !is_too_large(extents[begin - 1], options)) --begin;
    if (auto plan = seal(extents, begin, end, options, idle)) return plan;
    if (auto plan = merge(extents, begin, end, options.settle_records, options.settle_level, options)) return plan;
    if (auto plan = merge(extents, begin, end, options.merge_records, options.level, options)) return plan;
    end = begin > 0 ? begin - 1 : 0;
    idle = true;  // nothing will be added there
  }
  return std::nullopt;
}

std::vector<PackPlan> whole_document(std::span<const Extent> extents, const PackingOptions& options) {
  const auto stays = [&options](const Extent& extent) {
    return is_too_large(extent, options) || (is_settled(extent, options) && !extent.has_cut);
  };
  std::vector<PackPlan> plans;
  for (std::size_t at = 0; at < extents.size();) {
    if (stays(extents[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < extents.size() && !stays(extents[end])) ++end;
    end = fill(extents, at, end, options);
    plans.push_back({at, end, options.settle_level});
    at = end;
  }
  return plans;
}

}  // namespace weir::storage::rocks
