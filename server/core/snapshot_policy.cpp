#include "weir/core/snapshot_policy.hpp"

#include <algorithm>
#include <set>

namespace weir::core {
namespace {

/// Deeper chains than any policy makes are a mistake, or a circle.
constexpr std::size_t layers_max = 1000;
/// Newest of those that are not verified yet: they may still be.
constexpr std::size_t candidates_kept = 2;
constexpr std::size_t verified_kept = 2;

const Snapshot* find(const SnapshotList& all, SnapshotId id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Snapshot& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

bool is_old(Seconds since, std::chrono::seconds age, Seconds now) {
  return now.value >= since.value && now.value - since.value >= static_cast<std::uint64_t>(age.count());
}

bool all_verified(const SnapshotList& chain) {
  return !chain.empty() && std::all_of(chain.begin(), chain.end(),
                                       [](const Snapshot& one) { return one.standing == SnapshotStanding::verified; });
}

enum class Reported : bool { ends_it, is_part_of_it };

SnapshotList walk(const SnapshotList& all, SnapshotId top, Reported reported) {
  SnapshotList chain;
  for (SnapshotId id = top; id.value != 0;) {
    const Snapshot* snapshot = find(all, id);
    if (snapshot == nullptr || chain.size() == layers_max) return {};
    if (snapshot->standing == SnapshotStanding::quarantined && reported == Reported::ends_it) return {};
    chain.push_back(*snapshot);
    id = snapshot->base;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

using Needed = std::set<SnapshotId>;

void need(Needed& needed, const SnapshotList& chain) {
  for (const Snapshot& one : chain) needed.insert(one.id);
}

/// The newest verified chains, the newest others above them, what is served, and what will be served next: were only
/// the newest kept, none would get old enough where new ones come all the time.
void need_for_readers(Needed& needed, const SnapshotList& all, Seconds now, const SnapshotRules& rules) {
  std::size_t verified = 0;
  std::size_t candidates = 0;
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    const SnapshotList chain = chain_of(all, one->id);
    if (chain.empty()) continue;
    if (all_verified(chain)) {
      if (verified++ < verified_kept) need(needed, chain);
    } else if (verified < verified_kept && candidates++ < candidates_kept) {
      need(needed, chain);
    }
  }
  const SnapshotList served = newest_servable(all, now, rules, [](const Snapshot&) { return true; });
  need(needed, served);
  for (const Snapshot& one : all) {
    if (!served.empty() && one.offset <= served.back().offset) continue;
    const SnapshotList next = chain_of(all, one.id);
    need(needed, next);
    if (!next.empty()) return;
  }
}

/// Of what stands for records that were cut, nothing may go before there are two that somebody else has confirmed.
void need_for_the_cut(Needed& needed, const SnapshotList& all, Offset cut) {
  const auto stands_for_it = [&](const Snapshot& one) { return one.offset >= cut; };
  const auto confirmed = std::count_if(all.begin(), all.end(), [&](const Snapshot& one) {
    return stands_for_it(one) && all_verified(chain_of(all, one.id));
  });
  if (cut == Offset{} || static_cast<std::size_t>(confirmed) >= verified_kept) return;
  for (const Snapshot& one : all)
    if (stands_for_it(one)) need(needed, walk(all, one.id, Reported::is_part_of_it));
}

}  // namespace

SnapshotList chain_of(const SnapshotList& all, SnapshotId top) { return walk(all, top, Reported::ends_it); }

bool is_servable(const Snapshot& snapshot, Seconds now, const SnapshotRules& rules) {
  if (snapshot.standing == SnapshotStanding::verified) return true;
  // One that was released from quarantine gets old anew: until then others can find out, and report it again.
  const Seconds begun = std::max(snapshot.time, snapshot.since);
  return snapshot.standing == SnapshotStanding::candidate && is_old(begun, rules.serve_unverified_after, now);
}

SnapshotList newest_servable(const SnapshotList& all, Seconds now, const SnapshotRules& rules,
                             const SnapshotFilter& usable) {
  for (auto top = all.rbegin(); top != all.rend(); ++top) {
    SnapshotList chain = chain_of(all, top->id);
    const bool good = !chain.empty() && std::all_of(chain.begin(), chain.end(), [&](const Snapshot& one) {
      return is_servable(one, now, rules) && usable(one);
    });
    if (good) return chain;
  }
  return {};
}

const Snapshot* newest(const SnapshotList& all) {
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    if (one->standing != SnapshotStanding::quarantined) return &*one;
  return nullptr;
}

Tail tail_behind(const SnapshotList& all, std::uint64_t records, std::uint64_t bytes) {
  const Snapshot* last = newest(all);
  if (last == nullptr) return {records, bytes};
  return {records - std::min(last->records, records), bytes - std::min(last->payload_bytes, bytes)};
}

bool is_wanted(const SnapshotList& all, const Tail& tail, std::uint64_t bytes, const SnapshotRules& rules) {
  const Snapshot* last = newest(all);
  const std::uint64_t size = last == nullptr ? 0 : last->size;
  if (tail.bytes >= std::max<std::uint64_t>(rules.tail_bytes_min, size)) return true;
  return bytes < rules.tail_bytes_min && tail.records >= rules.tail_records_min;
}

SnapshotId base_of_next_layer(const SnapshotList& all, std::uint64_t tail_bytes, const SnapshotRules& rules) {
  const Snapshot* last = newest(all);
  if (last == nullptr) return {};
  SnapshotList chain = chain_of(all, last->id);
  std::uint64_t size = tail_bytes;
  while (!chain.empty()) {
    const Snapshot& top = chain.back();
    const bool merges = top.size <= 2 * size && top.size + size <= rules.layer_bytes_max;
    const bool carries = !top.note.empty() && top.codec.value == 0;
    if (!merges && carries) return top.id;
    size += top.size;
    chain.pop_back();
  }
  return {};
}

std::vector<SnapshotId> surplus(const SnapshotList& all, Offset cut, Seconds now, const SnapshotRules& rules) {
  Needed needed;
  SnapshotList settled;
  for (const Snapshot& one : all) {
    if (is_old(one.since, rules.drop_after, now))
      settled.push_back(one);
    else
      need(needed, walk(all, one.id, Reported::is_part_of_it));
  }
  need_for_readers(needed, all, now, rules);
  need_for_readers(needed, settled, now, rules);  // what was served until lately may still be being read
  need_for_the_cut(needed, all, cut);
  std::vector<SnapshotId> out;
  for (const Snapshot& one : settled)
    if (!needed.contains(one.id)) out.push_back(one.id);
  std::sort(out.rbegin(), out.rend());  // a base is older than what lies on it
  return out;
}

std::optional<Snapshot> cut_behind(const SnapshotList& all, const Retention& retention, Seconds now) {
  if (retention.keep == Retention::Keep::everything) return std::nullopt;
  std::size_t verified_later = 0;
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    const SnapshotList chain = chain_of(all, one->id);
    if (!all_verified(chain)) continue;
    if (verified_later++ == 0) continue;  // two are kept, and the older one is cut behind
    const bool good = std::all_of(chain.begin(), chain.end(), [&](const Snapshot& part) {
      return (retention.lossy || part.fidelity == Fidelity::lossless) && is_old(part.since, retention.grace, now) &&
             (retention.keep != Retention::Keep::duration || is_old(part.time, retention.duration, now));
    });
    if (good) return *one;
  }
  return std::nullopt;
}

}  // namespace weir::core
