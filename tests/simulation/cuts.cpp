#include "cuts.hpp"

#include "weir/core/snapshot_policy.hpp"

namespace weir::simulation {

void make_small(World& world, core::SnapshotRules& snapshots) {
  snapshots.ask = !world.chance.one_in(4);
  snapshots.tail_bytes_min = world.chance.between(100, 3000);
  snapshots.tail_records_min = world.chance.between(3, 60);
  snapshots.lease = std::chrono::milliseconds(world.chance.between(100, 1500));
  snapshots.volunteer_interval = std::chrono::milliseconds(world.chance.between(0, 500));
  snapshots.maintain_interval = std::chrono::milliseconds(world.chance.between(100, 1000));
  snapshots.drop_after = std::chrono::seconds(world.chance.between(0, 2));
}

core::Retentions some_retention(World& world) {
  core::Retentions retentions;
  if (world.chance.one_in(2)) retentions.standard.keep = core::Retention::Keep::since_snapshot;
  retentions.standard.grace = std::chrono::seconds(world.chance.between(0, 2));
  return retentions;
}

std::optional<Stands> stands_for_what_was_cut(storage::MemoryLog& log, const DocumentPath& path,
                                              const core::SnapshotRules& rules) {
  const auto state = log.document(path);
  if (!state || state->cut.value == 0 || state->life != DocumentLife::alive) return std::nullopt;
  const auto& snapshots = log.snapshots();
  const auto chain = core::newest_servable(
      *snapshots.list(path), {}, rules, [](const Snapshot& one) { return one.standing == SnapshotStanding::verified; });
  if (chain.empty() || chain.back().offset < state->cut)
    throw Violation("records of " + path.document.text() + " were cut, and no verified snapshot stands for them");
  Stands stands{chain.back(), {}};
  for (bool last = false; !last;) {
    const auto part = snapshots.read(path, chain.back().id, stands.bytes.size(), false);
    if (!part) throw Violation("a verified snapshot cannot be read: " + part.error().message);
    stands.bytes += part->bytes.view();
    last = part->last;
  }
  return stands;
}

}  // namespace weir::simulation
