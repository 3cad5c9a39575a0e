#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {
namespace {

template <class Row>
Result<std::optional<Row>> decoded(Result<std::optional<std::string>> value,
                                   std::optional<Row> (*decode)(std::string_view)) {
  if (!value) return value.error();
  if (!*value) return std::optional<Row>();
  auto row = decode(**value);
  if (!row) return fail(Code::data_loss, "a row of the store is damaged; restore the store from a backup");
  return row;
}

}  // namespace

Scan::Scan(const Store& store, rocksdb::ColumnFamilyHandle* family, const rocksdb::Snapshot* snapshot,
           std::string begin, std::string end, Caching caching)
    : begin_(std::move(begin)), end_(std::move(end)), begin_slice_(begin_), end_slice_(end_) {
  rocksdb::ReadOptions options;
  options.fill_cache = caching == Caching::yes;
  options.snapshot = snapshot;
  options.iterate_lower_bound = &begin_slice_;
  options.iterate_upper_bound = &end_slice_;
  iterator_.reset(store.db().NewIterator(options, family));
}

void Scan::seek_at_or_before(const std::string& key) {
  iterator_->SeekForPrev(key);
  if (!iterator_->Valid() && iterator_->status().ok()) iterator_->SeekToFirst();
}

std::optional<Error> Scan::error() const {
  if (iterator_->status().ok()) return std::nullopt;
  return error_of(iterator_->status(), "reading the store");
}

View::View(const Store& store) : store_(store), snapshot_(&store.db()) {}

Result<std::optional<std::string>> View::get(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                             Caching caching) const {
  rocksdb::ReadOptions options;
  options.fill_cache = caching == Caching::yes;
  options.snapshot = snapshot_.snapshot();
  std::string value;
  const rocksdb::Status status = store_.db().Get(options, family, key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error_of(status, "reading the store");
  return std::optional(std::move(value));
}

Result<std::optional<SpaceRow>> View::space(const SpaceName& name) const {
  return decoded(get(store_.rows(), keys::space(name.text())), &decode_space);
}

Result<std::optional<DocumentRow>> View::document(SpaceId space, std::string_view name) const {
  return decoded(get(store_.rows(), keys::document(space, name)), &decode_document);
}

Result<std::optional<DocumentRow>> View::document(const DocumentPath& path) const {
  const auto row = space(path.space);
  if (!row) return row.error();
  if (!*row) return std::optional<DocumentRow>();
  return document((*row)->id, path.document.text());
}

Result<NextIds> View::next_ids() const {
  const auto ids = decoded(get(store_.rows(), keys::meta("ids")), &decode_next_ids);
  if (!ids) return ids.error();
  return ids->value_or(NextIds{});
}

Result<NameRow> View::name(DocumentId document) const {
  auto row = decoded(get(store_.rows(), keys::name(document)), &decode_name);
  if (!row) return row.error();
  if (!*row)
    return fail(Code::data_loss, "the name of document " + std::to_string(document.value) +
                                     " is missing; restore the store from a backup");
  return *std::move(*row);
}

Result<std::optional<MarkRow>> View::mark(const DocumentRow& row, const ProducerId& producer) const {
  return decoded(get(store_.rows(), keys::mark(row.id, epoch(row.life), producer)), &decode_mark);
}

DocumentState View::describe(const std::optional<DocumentRow>& row) const {
  DocumentState state;
  state.epoch = epoch(row ? row->life : Life{1});
  if (!row) return state;
  state.life = row->deleted ? DocumentLife::deleted : DocumentLife::alive;
  state.head = row->head;
  state.records = row->records;
  state.payload_bytes = row->payload_bytes;
  state.first_time = row->first_time;
  state.last_time = row->last_time;
  state.cut = row->cut;
  state.cut_records = row->cut_records;
  state.cut_payload_bytes = row->cut_payload_bytes;
  return state;
}

Error deleted_error(const DocumentPath& path) {
  return fail(Code::not_found, "document \"" + path.document.text() + "\" was deleted");
}

Error cut_error(const DocumentPath& path, Offset cut) {
  return fail(Code::out_of_range, "the records of document \"" + path.document.text() + "\" up to offset " +
                                      std::to_string(cut.value) + " are no longer kept");
}

}  // namespace weir::storage::rocks
