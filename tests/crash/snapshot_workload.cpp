#include "snapshot_workload.hpp"

#include <algorithm>

namespace weir::storage::crash {
namespace {

constexpr std::size_t uploads_max = 3;

std::uint64_t life_of(const DeltaLog& log, Epoch epoch) {
  std::uint64_t life = 1;
  while (derive_epoch(log.incarnation(), life) != epoch) ++life;
  return life;
}

}  // namespace

/// No two are the same. Large ones compress to little: more would only take longer.
std::string SnapshotWorkload::any_bytes() {
  std::string bytes = "piece " + std::to_string(++pieces_) + " ";
  if (chance(8)) {
    const std::string unit = std::to_string(random_()) + std::string(200, static_cast<char>('a' + below(26)));
    while (bytes.size() < snapshot_part_bytes / 2 + below(snapshot_part_bytes)) bytes += unit;
  } else {
    for (std::uint64_t left = below(chance(3) ? 9'000 : 300); left > 0; --left)
      bytes.push_back(static_cast<char>(random_()));
  }
  return bytes;
}

void SnapshotWorkload::write(SnapshotStore& store, SnapshotModel& model) {
  for (Upload& upload : uploads_) {
    if (!chance(2)) continue;
    const std::string piece = any_bytes();
    const auto written = store.write(upload.number, piece);
    if (written) {
      upload.bytes += piece;
    } else {
      model.refused(written.error());
      upload.number = {};
    }
  }
  std::erase_if(uploads_, [](const Upload& upload) { return upload.number == SnapshotUpload{}; });
}

void SnapshotWorkload::call(SnapshotStore& store, const DeltaLog& log, SnapshotModel& model,
                            const std::vector<DocumentPath>& paths) {
  if (chance(3)) return;
  if (!uploads_.empty() && chance(2)) return seal(store, model);
  const DocumentPath& path = paths[below(paths.size())];
  const auto state = log.document(path);
  if (!state || state->life != DocumentLife::alive) return;
  const std::uint64_t life = life_of(log, state->epoch);
  if (uploads_.size() < uploads_max && (chance(2) || model.known({path, life}).empty()))
    return begin(store, model, {path, life}, state->epoch);
  change(store, model, {path, life});
}

void SnapshotWorkload::begin(SnapshotStore& store, SnapshotModel& model, const SnapshotModel::Place& place,
                             Epoch epoch) {
  const auto begun = store.begin(place.first, epoch);
  if (!begun) return model.refused(begun.error());
  const std::string first = chance(4) ? std::string() : any_bytes();
  uploads_.push_back({place, *begun, first});
  if (const auto written = store.write(*begun, first); !written) {
    model.refused(written.error());
    uploads_.pop_back();
  }
}

bool SnapshotWorkload::store_one(SnapshotStore& store, const DeltaLog& log, SnapshotModel& model,
                                 const std::vector<DocumentPath>& paths) {
  for (const DocumentPath& path : paths) {
    const auto state = log.document(path);
    if (!state || state->life != DocumentLife::alive) continue;
    const auto upload = store.begin(path, state->epoch);
    const std::string bytes = any_bytes();
    if (!upload || !store.write(*upload, bytes)) return false;
    Snapshot about;
    about.size = bytes.size();
    about.hash = sha256(bytes);
    const auto sealed = store.seal(*upload, about);
    model.sealed({path, life_of(log, state->epoch)}, about, bytes, sealed);
    return sealed.has_value();
  }
  return false;
}

void SnapshotWorkload::seal(SnapshotStore& store, SnapshotModel& model) {
  const std::size_t which = below(uploads_.size());
  const Upload upload = uploads_[which];
  uploads_.erase(uploads_.begin() + static_cast<std::ptrdiff_t>(which));
  if (chance(5)) return store.abandon(upload.number);
  Snapshot about;
  about.offset = {below(50)};
  about.size = upload.bytes.size();
  about.hash = sha256(upload.bytes);
  about.author = "principal-" + std::to_string(below(3));
  about.note = SharedBytes::copy(std::string(below(50), 'n'));
  const KnownSnapshots& known = model.known(upload.place);
  if (!known.empty() && chance(3)) about.base = known.rbegin()->first;
  if (upload.bytes.empty()) about.offset = {++pieces_ + 1000};  // only so is it no other's
  model.sealed(upload.place, about, upload.bytes, store.seal(upload.number, about));
}

void SnapshotWorkload::change(SnapshotStore& store, SnapshotModel& model, const SnapshotModel::Place& place) {
  const KnownSnapshots& known = model.known(place);
  if (known.empty()) return;
  const SnapshotId id = std::next(known.begin(), static_cast<std::ptrdiff_t>(below(known.size())))->first;
  if (chance(2)) return model.dropped(place, id, store.drop(place.first, id));
  const auto standing = static_cast<SnapshotStanding>(below(3));
  const Seconds since{below(1'000'000)};
  const std::string by(below(3), 'b');
  model.changed(place, id, {standing, since, by}, store.set_standing(place.first, id, standing, since, by));
}

}  // namespace weir::storage::crash
