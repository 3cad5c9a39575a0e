// A consistent look at the store: every question asked of one View is answered as of the same commit.
//
//   const View view(store);
//   auto row = view.document(path);                       // Result<std::optional<DocumentRow>>
//
// Threads: a View belongs to one thread; many may look at once.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <memory>
#include <optional>
#include <string>

#include "weir/rocksdb/rows.hpp"
#include "weir/rocksdb/store.hpp"

namespace weir::storage::rocks {

/// Whether what was read is kept in memory, in the place of something else.
enum class Caching : bool { no, yes };

/// The rows of one family whose keys lie in [begin, end), with the strings RocksDB's iterator needs kept alive.
class Scan {
 public:
  Scan(const Store& store, rocksdb::ColumnFamilyHandle* family, const rocksdb::Snapshot* snapshot, std::string begin,
       std::string end, Caching caching);
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;
  [[nodiscard]] rocksdb::Iterator& operator*() const { return *iterator_; }
  [[nodiscard]] rocksdb::Iterator* operator->() const { return iterator_.get(); }
  /// Goes to the last row at or before `key`, or to the first row of all when there is none before.
  void seek_at_or_before(const std::string& key);
  /// Why the iterator stopped, if it was not the end.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  const std::string begin_;
  const std::string end_;
  const rocksdb::Slice begin_slice_;
  const rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class View {
 public:
  explicit View(const Store& store);

  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] Result<std::optional<SpaceRow>> space(const SpaceName& name) const;
  [[nodiscard]] Result<std::optional<DocumentRow>> document(const DocumentPath& path) const;
  [[nodiscard]] Result<std::optional<DocumentRow>> document(SpaceId space, std::string_view name) const;
  /// The numbers that names get next, as stored.
  [[nodiscard]] Result<NextIds> next_ids() const;
  [[nodiscard]] Result<NameRow> name(DocumentId document) const;
  [[nodiscard]] Result<std::optional<MarkRow>> mark(const DocumentRow& row, const ProducerId& producer) const;
  [[nodiscard]] Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                                       Caching caching = Caching::yes) const;
  [[nodiscard]] Scan scan(rocksdb::ColumnFamilyHandle* family, std::string begin, std::string end,
                          Caching caching = Caching::yes) const {
    return {store_, family, snapshot_.snapshot(), std::move(begin), std::move(end), caching};
  }

  [[nodiscard]] Epoch epoch(Life life) const { return derive_epoch(store_.incarnation(), life.value); }
  [[nodiscard]] DocumentState describe(const std::optional<DocumentRow>& row) const;

 private:
  const Store& store_;
  mutable rocksdb::ManagedSnapshot snapshot_;  // mutable: its one getter is not const
};

[[nodiscard]] Error deleted_error(const DocumentPath& path);
/// Somebody asks for what lies before the cut.
[[nodiscard]] Error cut_error(const DocumentPath& path, Offset cut);

}  // namespace weir::storage::rocks
