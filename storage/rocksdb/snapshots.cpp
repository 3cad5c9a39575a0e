#include "weir/rocksdb/snapshots.hpp"

#include <algorithm>
#include <utility>

#include "weir/rocksdb/store.hpp"

namespace weir::storage::rocks {
namespace {

using Synced = Writer::Synced;

Error read_only() { return fail(Code::failed_precondition, "the store was opened for reading only"); }
Error over() { return fail(Code::not_found, "this upload of a snapshot is over"); }

}  // namespace

Result<SnapshotUpload> Snapshots::begin(const DocumentPath& path, Epoch epoch) {
  if (writer_ == nullptr) return read_only();
  discard_leftovers();
  auto upload = std::make_shared<Upload>();
  const auto begun = writer_->change(
      [&](const View& view, rocksdb::WriteBatch& batch) -> Result<void> {
        auto place = begin_upload(view, path, epoch, batch);
        if (!place) return place.error();
        upload->place = *std::move(place);
        return {};
      },
      Synced::no);
  if (!begun) return begun.error();
  const std::lock_guard lock(mutex_);
  last_upload_ = last_upload_.next();
  uploads_.emplace(last_upload_, std::move(upload));
  return last_upload_;
}

std::shared_ptr<Snapshots::Upload> Snapshots::find(SnapshotUpload upload) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(upload);
  return found == uploads_.end() ? nullptr : found->second;
}

std::shared_ptr<Snapshots::Upload> Snapshots::take(SnapshotUpload upload) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.extract(upload);
  return found.empty() ? nullptr : found.mapped();
}

Result<void> Snapshots::write(SnapshotUpload number, std::string_view bytes) {
  const auto upload = find(number);
  if (upload == nullptr) return over();
  auto added = add(*upload, bytes);
  if (!added && take(number) != nullptr) discard(upload->place);
  return added;
}

Result<void> Snapshots::add(Upload& upload, std::string_view bytes) {
  const auto there = find_upload(View(store_), upload.place);
  if (!there) return there.error();
  if (!*there) return deleted_error(upload.place.path);
  upload.hash.add(bytes);
  upload.bytes += bytes.size();
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, snapshot_part_bytes - upload.pending.size());
    bytes.remove_prefix(piece.size());
    upload.pending += piece;
    if (upload.pending.size() < snapshot_part_bytes) break;
    if (auto stored = store_pending(upload); !stored) return stored;
  }
  return {};
}

Result<void> Snapshots::store_pending(Upload& upload) {
  const UploadPlace& place = upload.place;
  const std::string value =
      encode_part(keys::snapshot_part(place.document, place.life, place.number, upload.parts), upload.pending);
  upload.pending.clear();
  auto stored = writer_->change(
      [&](const View& view, rocksdb::WriteBatch& batch) { return add_part(view, place, upload.parts, value, batch); },
      Synced::no);
  if (!stored) return stored;
  ++upload.parts;
  upload.stored_bytes += value.size();
  return {};
}

Result<Snapshot> Snapshots::seal(SnapshotUpload number, Snapshot about) {
  const auto upload = take(number);
  if (upload == nullptr) return over();
  auto sealed = seal(*upload, std::move(about));
  if (!sealed) discard(upload->place);
  return sealed;
}

Result<Snapshot> Snapshots::seal(Upload& upload, Snapshot about) {
  // A deletion comes first: it was there before the seal.
  if (auto there = add(upload, {}); !there) return there.error();
  if (upload.bytes != about.size || upload.hash.finish() != about.hash)
    return fail(Code::invalid_argument, "the snapshot's bytes are not those whose size and SHA-256 were told");
  if (!upload.pending.empty())
    if (auto stored = store_pending(upload); !stored) return stored.error();
  SnapshotRow row{std::move(about), upload.place.number, upload.stored_bytes};
  const auto sealed = writer_->change(
      [&](const View& view, rocksdb::WriteBatch& batch) { return seal_upload(view, upload.place, row, batch); },
      Synced::yes);
  if (!sealed) return sealed.error();
  return std::move(row.about);
}

void Snapshots::abandon(SnapshotUpload number) {
  if (const auto upload = take(number)) discard(upload->place);
}

void Snapshots::discard(const UploadPlace& place) {
  const auto discarded = writer_->change(
      [&](const View& view, rocksdb::WriteBatch& batch) { return end_upload(view, place, batch); }, Synced::no);
  if (discarded) return;
  const std::lock_guard lock(mutex_);
  leftovers_.push_back(place);
}

void Snapshots::discard_leftovers() {
  std::vector<UploadPlace> leftovers;
  {
    const std::lock_guard lock(mutex_);
    leftovers.swap(leftovers_);
  }
  for (const UploadPlace& place : leftovers) discard(place);
}

Result<void> Snapshots::set_standing(const DocumentPath& path, SnapshotId id, SnapshotStanding standing, Seconds since,
                                     const std::string& by) {
  if (writer_ == nullptr) return read_only();
  return writer_->change(
      [&](const View& view, rocksdb::WriteBatch& batch) {
        return change_standing(view, path, id, standing, since, by, batch);
      },
      Synced::yes);
}

Result<void> Snapshots::drop(const DocumentPath& path, SnapshotId id) {
  if (writer_ == nullptr) return read_only();
  return writer_->change(
      [&](const View& view, rocksdb::WriteBatch& batch) { return drop_snapshot(view, path, id, batch); }, Synced::yes);
}

Result<std::vector<Snapshot>> Snapshots::list(const DocumentPath& path) const {
  const View view(store_);
  const auto document = find_document(view, path);
  if (!document) return document.error();
  std::vector<Snapshot> all;
  if (!*document) return all;
  auto rows = find_snapshots(view, **document);
  if (!rows) return rows.error();
  for (SnapshotRow& row : *rows) all.push_back(std::move(row.about));
  std::ranges::sort(all, {}, [](const Snapshot& one) { return std::pair(one.offset, one.id); });
  return all;
}

Result<std::string> Snapshots::part_value(const View& view, std::string_view key) const {
  auto value = view.get(store_.packs(), key, Caching::no);
  if (!value) return value.error();
  if (!*value) return fail(Code::data_loss, "a part of a snapshot is missing; restore the store from a backup");
  return *std::move(*value);
}

Result<SnapshotPart> Snapshots::read(const DocumentPath& path, SnapshotId id, std::uint64_t position,
                                     bool compressed) const {
  const View view(store_);
  const auto document = find_document(view, path);
  if (!document) return document.error();
  if (!*document) return no_snapshot(path, id);
  const auto row = find_snapshot(view, path, **document, id);
  if (!row) return row.error();
  const std::uint64_t size = row->about.size, index = position / snapshot_part_bytes;
  if (position > size) return fail(Code::out_of_range, "the snapshot ends at byte " + std::to_string(size));
  if (position == size) return SnapshotPart{position, 0, {}, false, true};

  const std::string key = keys::snapshot_part((*document)->id, (*document)->life, row->upload, index);
  auto value = part_value(view, key);
  if (!value) return value.error();
  const SharedBytes stored = SharedBytes::take(*std::move(value));
  const auto parsed = StoredPart::parse(key, stored.view());
  if (!parsed) return parsed.error();
  const std::uint64_t plain_bytes = part_bytes(size, index), skipped = position % snapshot_part_bytes;
  SnapshotPart part{position, plain_bytes - skipped, {}, false, position - skipped + plain_bytes == size};
  if (parsed->compressed && compressed && skipped == 0) {
    part.bytes = stored.slice(parsed->bytes);
    part.compressed = true;
    return part;
  }
  auto plain = parsed->unpack(plain_bytes);
  if (!plain) return plain.error();
  part.bytes = SharedBytes::take(*std::move(plain)).slice(skipped, part.size);
  return part;
}

}  // namespace weir::storage::rocks
