#include "weir/rocksdb/snapshot_changes.hpp"

#include <algorithm>

#include "weir/rocksdb/store.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t upload_key_bytes = 21;

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Error damaged() {
  return fail(Code::data_loss, "what is stored of a snapshot is damaged; restore the store from a backup");
}

void delete_parts(const Store& store, DocumentId document, Life life, UploadNumber upload, std::uint64_t count,
                  rocksdb::WriteBatch& batch) {
  for (std::uint64_t index = 0; index < count; ++index)
    batch.Delete(store.packs(), keys::snapshot_part(document, life, upload, index));
}

/// Uploads whose keys begin so, and their parts.
Result<void> end_uploads(const View& view, const std::string& prefix, rocksdb::WriteBatch& batch) {
  const Store& store = view.store();
  Scan scan = view.scan(store.rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    const auto row = decode_upload(view_of(scan->value()));
    if (!row || scan->key().size() != upload_key_bytes) return damaged();
    Decoder key(view_of(scan->key()).substr(1));
    const DocumentId document{key.big_endian<std::uint64_t>()};
    const Life life{key.big_endian<std::uint32_t>()};
    delete_parts(store, document, life, {key.big_endian<std::uint64_t>()}, row->parts, batch);
    batch.Delete(store.rows(), scan->key());
  }
  if (auto error = scan.error()) return *std::move(error);
  return {};
}

Result<SnapshotNumbers> find_numbers(const View& view, DocumentId document, Life life) {
  const auto value = view.get(view.store().rows(), keys::snapshot_numbers(document, life));
  if (!value) return value.error();
  if (!*value) return SnapshotNumbers{};
  const auto numbers = decode_snapshot_numbers(**value);
  return numbers ? Result<SnapshotNumbers>(*numbers) : damaged();
}

void put_numbers(const Store& store, DocumentId document, Life life, const SnapshotNumbers& numbers,
                 rocksdb::WriteBatch& batch) {
  batch.Put(store.rows(), keys::snapshot_numbers(document, life), encode(numbers));
}

Error upload_is_over() { return fail(Code::not_found, "this upload of a snapshot is over"); }

}  // namespace

Error no_snapshot(const DocumentPath& path, SnapshotId id) {
  return fail(Code::not_found, "document \"" + path.document.text() + "\" has no snapshot " + std::to_string(id.value));
}

Result<std::optional<DocumentRow>> find_document(const View& view, const DocumentPath& path) {
  auto row = view.document(path);
  if (row && *row && (*row)->deleted) return deleted_error(path);
  return row;
}

Result<std::optional<UploadRow>> find_upload(const View& view, const UploadPlace& place) {
  const auto value = view.get(view.store().rows(), keys::upload(place.document, place.life, place.number));
  if (!value) return value.error();
  if (!*value) return std::optional<UploadRow>();
  const auto row = decode_upload(**value);
  return row ? Result<std::optional<UploadRow>>(row) : damaged();
}

Result<std::vector<SnapshotRow>> find_snapshots(const View& view, const DocumentRow& row) {
  const std::string prefix = keys::snapshots(row.id, row.life);
  std::vector<SnapshotRow> found;
  Scan scan = view.scan(view.store().rows(), keys::snapshot(row.id, row.life, {1}), keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    auto snapshot = decode_snapshot({keys::offset_of(view_of(scan->key())).value}, view_of(scan->value()));
    if (!snapshot) return damaged();
    found.push_back(*std::move(snapshot));
  }
  if (auto error = scan.error()) return *std::move(error);
  return found;
}

Result<SnapshotRow> find_snapshot(const View& view, const DocumentPath& path, const DocumentRow& row, SnapshotId id) {
  if (id == SnapshotId{}) return no_snapshot(path, id);
  const auto value = view.get(view.store().rows(), keys::snapshot(row.id, row.life, id));
  if (!value) return value.error();
  if (!*value) return no_snapshot(path, id);
  auto snapshot = decode_snapshot(id, **value);
  return snapshot ? Result<SnapshotRow>(*std::move(snapshot)) : damaged();
}

Result<UploadPlace> begin_upload(const View& view, const DocumentPath& path, Epoch epoch, rocksdb::WriteBatch& batch) {
  const auto row = find_document(view, path);
  if (!row) return row.error();
  if (!*row) return fail(Code::not_found, "there is no document \"" + path.document.text() + "\"");
  if (epoch != view.epoch((*row)->life))
    return fail(Code::aborted, "document \"" + path.document.text() + "\" is in another epoch; load it again");
  auto numbers = find_numbers(view, (*row)->id, (*row)->life);
  if (!numbers) return numbers.error();
  numbers->upload = numbers->upload.next();
  put_numbers(view.store(), (*row)->id, (*row)->life, *numbers, batch);
  batch.Put(view.store().rows(), keys::upload((*row)->id, (*row)->life, numbers->upload), encode(UploadRow{}));
  return UploadPlace{path, (*row)->id, (*row)->life, numbers->upload};
}

Result<void> add_part(const View& view, const UploadPlace& place, std::uint64_t index, std::string_view value,
                      rocksdb::WriteBatch& batch) {
  const auto row = find_upload(view, place);
  if (!row) return row.error();
  if (!*row) return upload_is_over();
  batch.Put(view.store().packs(), keys::snapshot_part(place.document, place.life, place.number, index), value);
  batch.Put(view.store().rows(), keys::upload(place.document, place.life, place.number), encode(UploadRow{index + 1}));
  return {};
}

Result<void> seal_upload(const View& view, const UploadPlace& place, SnapshotRow& row, rocksdb::WriteBatch& batch) {
  const auto document = find_document(view, place.path);
  if (!document) return document.error();
  const auto upload = find_upload(view, place);
  if (!upload) return upload.error();
  if (!*document || (*document)->life != place.life || !*upload) return deleted_error(place.path);
  const auto others = find_snapshots(view, **document);
  if (!others) return others.error();
  Snapshot& about = row.about;
  if (about.base != SnapshotId{} &&
      std::ranges::none_of(*others, [&](const SnapshotRow& other) { return other.about.id == about.base; }))
    return no_snapshot(place.path, about.base);
  for (const auto& [other, number, bytes] : *others)
    if (other.standing != SnapshotStanding::quarantined && other.offset == about.offset && other.hash == about.hash)
      return fail(Code::already_exists, "this snapshot is there already, as number " + std::to_string(other.id.value));
  auto numbers = find_numbers(view, place.document, place.life);
  if (!numbers) return numbers.error();
  about.id = numbers->snapshot = numbers->snapshot.next();
  row.upload = place.number;
  put_numbers(view.store(), place.document, place.life, *numbers, batch);
  batch.Put(view.store().rows(), keys::snapshot(place.document, place.life, about.id), encode(row));
  batch.Delete(view.store().rows(), keys::upload(place.document, place.life, place.number));
  return {};
}

Result<void> end_upload(const View& view, const UploadPlace& place, rocksdb::WriteBatch& batch) {
  const auto row = find_upload(view, place);
  if (!row) return row.error();
  if (!*row) return {};
  delete_parts(view.store(), place.document, place.life, place.number, (*row)->parts, batch);
  batch.Delete(view.store().rows(), keys::upload(place.document, place.life, place.number));
  return {};
}

Result<void> change_standing(const View& view, const DocumentPath& path, SnapshotId id, SnapshotStanding standing,
                             Seconds since, const std::string& by, rocksdb::WriteBatch& batch) {
  const auto document = find_document(view, path);
  if (!document) return document.error();
  if (!*document) return no_snapshot(path, id);
  auto row = find_snapshot(view, path, **document, id);
  if (!row) return row.error();
  row->about.standing = standing;
  row->about.since = since;
  row->about.by = by;
  batch.Put(view.store().rows(), keys::snapshot((*document)->id, (*document)->life, id), encode(*row));
  return {};
}

Result<void> drop_snapshot(const View& view, const DocumentPath& path, SnapshotId id, rocksdb::WriteBatch& batch) {
  const auto document = find_document(view, path);
  if (!document) return document.error();
  if (!*document) return no_snapshot(path, id);
  const auto row = find_snapshot(view, path, **document, id);
  if (!row) return row.error();
  const auto others = find_snapshots(view, **document);
  if (!others) return others.error();
  for (const SnapshotRow& other : *others)
    if (other.about.base == id)
      return fail(Code::failed_precondition,
                  "snapshot " + std::to_string(id.value) + " is the base of " + std::to_string(other.about.id.value));
  const auto& [number, life] = std::pair((*document)->id, (*document)->life);
  delete_parts(view.store(), number, life, row->upload, parts_of(row->about.size), batch);
  batch.Delete(view.store().rows(), keys::snapshot(number, life, id));
  return {};
}

Result<void> end_snapshots(const View& view, DocumentId document, Life life, rocksdb::WriteBatch& batch) {
  const Store& store = view.store();
  if (auto ended = end_uploads(view, keys::uploads(document, life), batch); !ended) return ended;
  const std::string prefix = keys::snapshots(document, life);
  Scan scan = view.scan(store.rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    const SnapshotId id{keys::offset_of(view_of(scan->key())).value};
    if (id != SnapshotId{}) {
      const auto row = decode_snapshot(id, view_of(scan->value()));
      if (!row) return damaged();
      delete_parts(store, document, life, row->upload, parts_of(row->about.size), batch);
    }
    batch.Delete(store.rows(), scan->key());
  }
  if (auto error = scan.error()) return *std::move(error);
  return {};
}

Result<void> sweep_uploads(const View& view, rocksdb::WriteBatch& batch) {
  return end_uploads(view, keys::tagged('U'), batch);
}

}  // namespace weir::storage::rocks
