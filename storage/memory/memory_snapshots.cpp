#include "weir/memory/memory_snapshots.hpp"

#include <algorithm>
#include <utility>

#include "weir/packing/compression.hpp"

namespace weir::storage {
namespace {

Error absent(const DocumentPath& path) {
  return fail(Code::not_found, "there is no document \"" + path.document.text() + "\"");
}
Error deleted(const DocumentPath& path) {
  return fail(Code::not_found, "document \"" + path.document.text() + "\" was deleted");
}
Error unknown(const DocumentPath& path, SnapshotId id) {
  return fail(Code::not_found, "document \"" + path.document.text() + "\" has no snapshot " + std::to_string(id.value));
}
Error over() { return fail(Code::not_found, "this upload of a snapshot is over"); }

std::string compressed_bytes(std::string_view plain) {
  packing::Compressor compressor;
  compressor.add(std::string(plain));
  return compressor.compress(1);
}

}  // namespace

std::optional<Error> MemorySnapshots::refuse_writing() const {
  if (!broken_) return std::nullopt;
  return fail(Code::unavailable, "the log could not be written and takes no more; restart the server");
}

MemoryDocument* MemorySnapshots::find(const DocumentPath& path) {
  const auto space = state_.spaces.find(path.space);
  if (space == state_.spaces.end()) return nullptr;
  const auto document = space->second.documents.find(path.document);
  return document == space->second.documents.end() ? nullptr : &document->second;
}

Result<MemorySnapshot*> MemorySnapshots::find(const DocumentPath& path, SnapshotId id) {
  MemoryDocument* document = find(path);
  if (document != nullptr && document->life == DocumentLife::deleted) return deleted(path);
  if (document == nullptr || !document->snapshots.contains(id)) return unknown(path, id);
  return &document->snapshots.at(id);
}

MemoryDocument* MemorySnapshots::document_of(const Upload& upload) {
  MemoryDocument* document = find(upload.path);
  const bool same = document != nullptr && document->life == DocumentLife::alive && document->number == upload.life;
  return same ? document : nullptr;
}

Result<SnapshotUpload> MemorySnapshots::begin(const DocumentPath& path, Epoch epoch) {
  const std::lock_guard lock(mutex_);
  if (auto error = refuse_writing()) return *std::move(error);
  const MemoryDocument* document = find(path);
  if (document == nullptr) return absent(path);
  if (document->life == DocumentLife::deleted) return deleted(path);
  if (epoch != state_.epoch(document))
    return fail(Code::aborted, "document \"" + path.document.text() + "\" is in another epoch; load it again");
  last_upload_ = last_upload_.next();
  uploads_.emplace(last_upload_, Upload{path, document->number, {}});
  return last_upload_;
}

Result<void> MemorySnapshots::write(SnapshotUpload number, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto upload = uploads_.find(number);
  if (upload == uploads_.end()) return over();
  auto error = refuse_writing();
  if (!error && document_of(upload->second) == nullptr) error = deleted(upload->second.path);
  if (error) {
    uploads_.erase(upload);
    return *std::move(error);
  }
  upload->second.bytes.append(bytes);
  return {};
}

Result<Snapshot> MemorySnapshots::seal(SnapshotUpload number, Snapshot about) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.extract(number);
  if (found.empty()) return over();
  Upload& upload = found.mapped();
  if (auto error = refuse_writing()) return *std::move(error);
  MemoryDocument* document = document_of(upload);
  if (document == nullptr) return deleted(upload.path);
  if (about.size != upload.bytes.size() || about.hash != sha256(upload.bytes))
    return fail(Code::invalid_argument, "the snapshot's bytes are not those whose size and SHA-256 were told");
  if (about.base != SnapshotId{} && !document->snapshots.contains(about.base)) return unknown(upload.path, about.base);
  for (const auto& [id, other] : document->snapshots)
    if (other.about.standing != SnapshotStanding::quarantined && other.about.offset == about.offset &&
        other.about.hash == about.hash)
      return fail(Code::already_exists, "this snapshot is there already, as number " + std::to_string(id.value));
  about.id = document->last_snapshot = document->last_snapshot.next();
  document->snapshots.emplace(about.id, MemorySnapshot{about, SharedBytes::take(std::move(upload.bytes))});
  return about;
}

void MemorySnapshots::abandon(SnapshotUpload upload) {
  const std::lock_guard lock(mutex_);
  uploads_.erase(upload);
}

Result<void> MemorySnapshots::set_standing(const DocumentPath& path, SnapshotId id, SnapshotStanding standing,
                                           Seconds since, const std::string& by) {
  const std::lock_guard lock(mutex_);
  if (auto error = refuse_writing()) return *std::move(error);
  const auto snapshot = find(path, id);
  if (!snapshot) return snapshot.error();
  (*snapshot)->about.standing = standing;
  (*snapshot)->about.since = since;
  (*snapshot)->about.by = by;
  return {};
}

Result<void> MemorySnapshots::drop(const DocumentPath& path, SnapshotId id) {
  const std::lock_guard lock(mutex_);
  if (auto error = refuse_writing()) return *std::move(error);
  if (const auto snapshot = find(path, id); !snapshot) return snapshot.error();
  auto& snapshots = find(path)->snapshots;
  for (const auto& [other, snapshot] : snapshots)
    if (snapshot.about.base == id)
      return fail(Code::failed_precondition,
                  "snapshot " + std::to_string(id.value) + " is the base of " + std::to_string(other.value));
  snapshots.erase(id);
  return {};
}

std::vector<std::size_t> MemorySnapshots::uploads() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> bytes;
  for (const auto& [number, upload] : uploads_) bytes.push_back(upload.bytes.size());
  return bytes;
}

Result<std::vector<Snapshot>> MemorySnapshots::list(const DocumentPath& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<Snapshot> all;
  const MemoryDocument* document = state_.find(path);
  if (document == nullptr) return all;
  if (document->life == DocumentLife::deleted) return deleted(path);
  for (const auto& [id, snapshot] : document->snapshots) all.push_back(snapshot.about);
  std::ranges::sort(all, {}, [](const Snapshot& one) { return std::pair(one.offset, one.id); });
  return all;
}

Result<SnapshotPart> MemorySnapshots::read(const DocumentPath& path, SnapshotId id, std::uint64_t position,
                                           bool compressed) const {
  const std::lock_guard lock(mutex_);
  const MemoryDocument* document = state_.find(path);
  if (document != nullptr && document->life == DocumentLife::deleted) return deleted(path);
  if (document == nullptr || !document->snapshots.contains(id)) return unknown(path, id);
  const SharedBytes& bytes = document->snapshots.at(id).bytes;
  if (position > bytes.size())
    return fail(Code::out_of_range, "the snapshot ends at byte " + std::to_string(bytes.size()));
  const std::uint64_t end =
      std::min<std::uint64_t>(bytes.size(), (position / snapshot_part_bytes + 1) * snapshot_part_bytes);
  SnapshotPart part{position, end - position, bytes.slice(position, end - position), false, end == bytes.size()};
  if (!compressed || position % snapshot_part_bytes != 0) return part;
  if (std::string frame = compressed_bytes(part.bytes.view()); frame.size() < part.size) {
    part.bytes = SharedBytes::take(std::move(frame));
    part.compressed = true;
  }
  return part;
}

}  // namespace weir::storage
