#include "snapshot_model.hpp"

#include <algorithm>
#include <utility>

namespace weir::storage::crash {
namespace {

using Wrong = std::optional<Difference>;

std::string name_of(const DocumentPath& path, SnapshotId id) {
  return "snapshot " + std::to_string(id.value) + " of " + path.document.text() + " in " + path.space.text();
}

Difference refusal(const std::string& what, const Error& error) {
  return {what + ": " + std::string(name(error.code)) + ": " + error.message, error.code};
}

/// 0 unless it is alive.
Result<std::uint64_t> life_of(const DeltaLog& log, const DocumentPath& path) {
  const auto state = log.document(path);
  if (!state) return state.error();
  std::uint64_t life = 1;
  while (derive_epoch(log.incarnation(), life) != state->epoch) ++life;
  return state->life == DocumentLife::alive ? life : 0;
}

Wrong compare_bytes(const SnapshotStore& store, const DocumentPath& path, SnapshotId id, const std::string& bytes) {
  std::uint64_t at = 0;
  for (bool last = false; !last;) {
    const auto part = store.read(path, id, at, false);
    if (!part) return refusal("reading " + name_of(path, id), part.error());
    if (part->bytes.view() != std::string_view(bytes).substr(at, part->size))
      return name_of(path, id) + " has other bytes, from " + std::to_string(at) + " on";
    at += part->size;
    last = part->last;
  }
  return at == bytes.size() ? std::nullopt : Wrong(name_of(path, id) + " ends early");
}

Wrong compare_all(const SnapshotStore& store, const DocumentPath& path, const KnownSnapshots& expected) {
  const auto listed = store.list(path);
  if (!listed) return refusal("listing the snapshots of " + path.document.text(), listed.error());
  std::vector<Snapshot> abouts;
  for (const auto& [id, snapshot] : expected) abouts.push_back(snapshot.about);
  std::ranges::sort(abouts, {}, [](const Snapshot& one) { return std::pair(one.offset, one.id); });
  if (*listed != abouts)
    return "the snapshots of " + path.document.text() + " are not those stored: " + std::to_string(listed->size()) +
           " instead of " + std::to_string(abouts.size()) + ", or not as they were";
  for (const auto& [id, snapshot] : expected)
    if (Wrong wrong = compare_bytes(store, path, id, snapshot.bytes)) return wrong;
  return std::nullopt;
}

}  // namespace

void SnapshotModel::take(const Place& place, const std::optional<Error>& error, Effect effect) {
  if (!powered_()) {
    open_[place].push_back(std::move(effect));
  } else if (error) {
    refused(*error);
    // A write that failed may all the same be there after a crash; what was refused for another reason was not written.
    if (error->code == Code::unavailable || error->code == Code::resource_exhausted)
      open_[place].push_back(std::move(effect));
  } else {
    if (broken_) wrong_answer_ = "a snapshot was written after a failed fsync";
    open_.clear();  // it would have come before
    effect(known_[place]);
    ++effects_;
  }
}

void SnapshotModel::refused(const Error& error) {
  if (powered_() && error.code == Code::unavailable) broken_ = true;
}

void SnapshotModel::sealed(const Place& place, Snapshot about, std::string bytes, const Result<Snapshot>& answer) {
  // Without an answer it has the next number, if it is there at all: the ones before were answered.
  const SnapshotId id = answer ? answer->id : newest_[place].next();
  if (answer && powered_() && answer->id <= std::exchange(newest_[place], answer->id))
    wrong_answer_ = name_of(place.first, answer->id) + " has a number that was another's";
  const auto error = answer ? std::nullopt : std::optional(answer.error());
  about.id = id;
  if (answer && *answer != about) wrong_answer_ = name_of(place.first, id) + " was answered with something else";
  ever_[place][id] = {about, bytes};
  take(place, error, [about = std::move(about), bytes = std::move(bytes)](KnownSnapshots& known) {
    known[about.id] = {about, bytes};
  });
}

void SnapshotModel::changed(const Place& place, SnapshotId id, const Standing& standing, const Result<void>& answer) {
  take(place, answer ? std::nullopt : std::optional(answer.error()), [=](KnownSnapshots& known) {
    if (!known.contains(id)) return;
    known[id].about.standing = standing.standing;
    known[id].about.since = standing.since;
    known[id].about.by = standing.by;
  });
}

void SnapshotModel::dropped(const Place& place, SnapshotId id, const Result<void>& answer) {
  take(place, answer ? std::nullopt : std::optional(answer.error()), [=](KnownSnapshots& known) { known.erase(id); });
}

std::optional<std::string> SnapshotModel::settle(const DeltaLog& log, const SnapshotStore& store,
                                                 std::function<bool()> powered) {
  powered_ = std::move(powered);
  broken_ = false;
  for (const auto& [place, effects] : open_) {
    const auto life = life_of(log, place.first);
    if (!life) return life.error().message;
    if (*life != place.second) continue;
    KnownSnapshots candidate = known_[place];
    std::string reasons;
    Wrong wrong = compare_all(store, place.first, candidate);
    for (std::size_t i = 0; wrong && i < effects.size(); ++i) {
      reasons += "\n  " + wrong->what;
      effects[i](candidate);
      wrong = compare_all(store, place.first, candidate);
    }
    if (wrong) return "no snapshots that fit:" + reasons + "\n  " + wrong->what;
    known_[place] = candidate;
  }
  open_.clear();
  const auto wrong = compare(log, store);
  return wrong ? std::optional(wrong->what) : std::nullopt;
}

Wrong SnapshotModel::compare(const DeltaLog& log, const SnapshotStore& store) {
  for (const auto& [place, snapshots] : known_) {
    const auto life = life_of(log, place.first);
    if (!life) return refusal("the life of " + place.first.document.text(), life.error());
    if (*life == place.second) {
      if (Wrong wrong = compare_all(store, place.first, snapshots)) return wrong;
    } else if (*life == 0) {
      const auto listed = store.list(place.first);
      const bool gone = listed ? listed->empty() : listed.error().code == Code::not_found;
      if (!gone) return place.first.document.text() + " is not alive, and has snapshots";
    } else if (!known_.contains({place.first, *life})) {
      if (Wrong wrong = compare_all(store, place.first, {})) return wrong;
    }
  }
  return std::nullopt;
}

Wrong SnapshotModel::compare_damaged(const DeltaLog& log, const SnapshotStore& store) const {
  for (const auto& [place, unused] : ever_) {
    const auto listed = store.list(place.first);
    const auto life = life_of(log, place.first);
    if (!life) return refusal("the life of " + place.first.document.text(), life.error());
    if (*life == 0) continue;
    if (!listed) return refusal("listing the snapshots of " + place.first.document.text(), listed.error());
    const auto ever = ever_.find({place.first, *life});
    for (const Snapshot& about : *listed) {
      if (ever == ever_.end() || !ever->second.contains(about.id)) return name_of(place.first, about.id) + " never was";
      const KnownSnapshot& once = ever->second.at(about.id);
      if (about.hash != once.about.hash || about.size != once.about.size)
        return name_of(place.first, about.id) + " was another";
      if (Wrong wrong = compare_bytes(store, place.first, about.id, once.bytes)) return wrong;
    }
  }
  return std::nullopt;
}

}  // namespace weir::storage::crash
