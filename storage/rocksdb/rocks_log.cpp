#include "weir/rocksdb/rocks_log.hpp"

#include <rocksdb/utilities/checkpoint.h>

#include "weir/rocksdb/chain.hpp"
#include "weir/rocksdb/figures.hpp"
#include "weir/rocksdb/pack_maker.hpp"
#include "weir/rocksdb/packer.hpp"
#include "weir/rocksdb/reading.hpp"
#include "weir/rocksdb/snapshots.hpp"
#include "weir/rocksdb/store.hpp"
#include "weir/rocksdb/verify.hpp"
#include "weir/rocksdb/writer.hpp"

namespace weir::storage {

using namespace rocks;

struct RocksLog::Parts {
  std::unique_ptr<Store> store;
  mutable ChainCache chains;
  std::unique_ptr<Candidates> candidates;
  std::unique_ptr<Writer> writer;  // none when read-only; stops before the rest goes, and the packer before it
  std::unique_ptr<Packer> packer;
  std::unique_ptr<Snapshots> snapshots;
};

std::string Recovery::describe() const {
  if (created) return "a new store was created";
  std::string text = clean ? "the store was closed in an orderly way" : "the store was not closed in an orderly way";
  text += "; " + std::to_string(commits) + " commits, " + std::to_string(wal_bytes) +
          " bytes of write-ahead log replayed, the last commit is whole (" + std::to_string(records_verified) +
          " records verified)";
  if (incarnation_begun) text += "; a new incarnation begins, and clients will offer what they have";
  return text;
}

RocksLog::RocksLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RocksLog::~RocksLog() = default;

Result<std::unique_ptr<RocksLog>> RocksLog::open(RocksOptions options) {
  auto store = Store::open(options, false);
  if (!store) return store.error();
  auto parts = std::make_unique<Parts>();
  parts->store = *std::move(store);
  parts->candidates = std::make_unique<Candidates>(options.packing);
  parts->writer = std::make_unique<Writer>(*parts->store, parts->chains, *parts->candidates, options);
  parts->packer =
      std::make_unique<Packer>(*parts->store, parts->chains, *parts->candidates, *parts->writer, options.packing);
  parts->snapshots = std::make_unique<Snapshots>(*parts->store, parts->writer.get());
  return std::unique_ptr<RocksLog>(new RocksLog(std::move(parts)));
}

Result<std::unique_ptr<RocksLog>> RocksLog::open_read_only(RocksOptions options) {
  auto store = Store::open(options, true);
  if (!store) return store.error();
  auto parts = std::make_unique<Parts>();
  parts->store = *std::move(store);
  parts->snapshots = std::make_unique<Snapshots>(*parts->store, nullptr);
  return std::unique_ptr<RocksLog>(new RocksLog(std::move(parts)));
}

StoreIncarnation RocksLog::incarnation() const { return parts_->store->incarnation(); }

void RocksLog::append(Lane lane, Append append, AppendDone done) {
  if (parts_->writer) return parts_->writer->append(lane, std::move(append), std::move(done));
  done(fail(Code::failed_precondition, "the store was opened for reading only"));
}

void RocksLog::reset(Lane lane) {
  if (parts_->writer) parts_->writer->reset(lane);
}

Result<DocumentState> RocksLog::document(const DocumentPath& path) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  return view.describe(*row);
}

Result<SpaceState> RocksLog::space(const SpaceName& space) const {
  const auto row = View(*parts_->store).space(space);
  if (!row) return row.error();
  return *row ? SpaceState{(*row)->head, (*row)->documents} : SpaceState{};
}

Result<std::optional<Mark>> RocksLog::mark(const DocumentPath& path, const ProducerId& producer) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row || (*row)->deleted) return std::optional<Mark>();
  auto mark = view.mark(**row, producer);
  if (!mark) return mark.error();
  if (!*mark) return std::optional<Mark>();
  return std::optional(Mark{(*mark)->sequence, std::move((*mark)->principal)});
}

Result<std::optional<SharedBytes>> RocksLog::note(const DocumentPath& path, const std::string& key) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row || (*row)->deleted) return std::optional<SharedBytes>();
  auto value = view.get(parts_->store->rows(), keys::note((*row)->id, (*row)->life, key));
  if (!value) return value.error();
  if (!*value) return std::optional<SharedBytes>();
  return std::optional(SharedBytes::take(std::move(**value)));
}

Result<DocumentPage> RocksLog::read_document(const DocumentPath& path, Offset after, Offset upto,
                                             std::size_t bytes_max) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row) return DocumentPage{{}, true, {}};
  if ((*row)->deleted) return deleted_error(path);
  return rocks::read_document(view, **row, after, upto, bytes_max);
}

Result<PackedPage> RocksLog::read_packed(const DocumentPath& path, Offset after, Offset upto, std::size_t bytes_max,
                                         std::size_t pack_bytes_max) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row) return PackedPage{std::nullopt, {}, true, {}};
  if ((*row)->deleted) return deleted_error(path);
  return rocks::read_packed(view, **row, after, upto, bytes_max, pack_bytes_max);
}

Result<FeedPage> RocksLog::read_space(const SpaceName& space, Offset after, Offset upto, std::size_t bytes_max) const {
  const View view(*parts_->store);
  const auto row = view.space(space);
  if (!row) return row.error();
  if (!*row) return FeedPage{{}, true};
  return rocks::read_space(view, **row, after, upto, bytes_max);
}

Result<std::vector<Record>> RocksLog::find(const DocumentPath& path, const ProducerId& producer, Sequence first,
                                           Sequence last, std::size_t records_scanned_max) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row) return std::vector<Record>();
  if ((*row)->deleted) return deleted_error(path);
  return find_records(view, **row, producer, first, last, records_scanned_max);
}

Result<Digest> RocksLog::chain(const DocumentPath& path, Offset offset) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row) return chain_start(path);
  if ((*row)->deleted) return deleted_error(path);
  return parts_->chains.chain(view, path, **row, offset);
}

Result<DocumentPrefix> RocksLog::prefix(const DocumentPath& path, Offset offset) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row || (offset == Offset{} && !(*row)->deleted)) return DocumentPrefix{{}, chain_start(path)};
  if ((*row)->deleted) return deleted_error(path);
  const auto chain = parts_->chains.chain(view, path, **row, offset);
  if (!chain) return chain.error();
  auto prefix = measure_prefix(view, **row, offset);
  if (prefix) prefix->chain = *chain;
  return prefix;
}

Result<std::vector<SpaceName>> RocksLog::spaces(const std::string& after, std::size_t count) const {
  const View view(*parts_->store);
  Scan scan = view.scan(parts_->store->rows(), keys::space(""), keys::behind(keys::space("")));
  std::vector<SpaceName> names;
  for (scan->Seek(keys::space(after)); scan->Valid() && names.size() < count; scan->Next()) {
    const std::string_view text(scan->key().data() + 1, scan->key().size() - 1);
    if (text == after) continue;
    auto name = SpaceName::parse(text);
    if (!name) return fail(Code::data_loss, "the name of a space is damaged; restore the store from a backup");
    names.push_back(*std::move(name));
  }
  if (auto error = scan.error()) return *std::move(error);
  return names;
}

Result<std::vector<DocumentSummary>> RocksLog::documents(const SpaceName& space, const std::string& after,
                                                         std::size_t count) const {
  const View view(*parts_->store);
  const auto row = view.space(space);
  if (!row) return row.error();
  std::vector<DocumentSummary> summaries;
  if (!*row) return summaries;
  const std::string prefix = keys::documents((*row)->id);
  Scan scan = view.scan(parts_->store->rows(), prefix, keys::behind(prefix));
  for (scan->Seek(keys::document((*row)->id, after)); scan->Valid() && summaries.size() < count; scan->Next()) {
    const std::string_view text(scan->key().data() + prefix.size(), scan->key().size() - prefix.size());
    if (text == after) continue;
    auto name = DocumentName::parse(text);
    const auto document = decode_document({scan->value().data(), scan->value().size()});
    if (!name || !document)
      return fail(Code::data_loss, "the row of a document is damaged; restore the store from a backup");
    summaries.push_back({*std::move(name), view.describe(document)});
  }
  if (auto error = scan.error()) return *std::move(error);
  return summaries;
}

SnapshotStore& RocksLog::snapshots() { return *parts_->snapshots; }

const Recovery& RocksLog::recovery() const { return parts_->store->recovery(); }

RocksCounters RocksLog::counters() const { return parts_->writer ? parts_->writer->counters() : RocksCounters{}; }

LogFigures RocksLog::figures() const {
  const RocksCounters counters = this->counters();
  LogFigures figures;
  figures.commits = counters.commits;
  figures.appends = counters.appends;
  figures.appends_refused = counters.refused;
  figures.records = counters.records;
  figures.payload_bytes = counters.payload_bytes;
  figures.queued_appends = counters.queued_appends;
  figures.queued_bytes = counters.queued_bytes;
  figures.queued_bytes_max = counters.queued_bytes_max;
  figures.full = counters.disk_full;
  figures.failed = counters.broken;
  figures.packing = packing();
  figures.engine = engine_figures(*parts_->store);
  return figures;
}

PackingFigures RocksLog::packing() const { return parts_->packer ? parts_->packer->figures() : PackingFigures{}; }

Result<DocumentWeight> RocksLog::weigh(const DocumentPath& path) const {
  const View view(*parts_->store);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row) return fail(Code::not_found, "there is no document \"" + path.document.text() + "\"");
  if ((*row)->deleted) return deleted_error(path);
  const auto extents = all_extents(view, **row);
  if (!extents) return extents.error();
  DocumentWeight weight;
  for (const Extent& extent : *extents) {
    (extent.is_pack ? weight.packs : weight.runs) += 1;
    (extent.is_pack ? weight.pack_records : weight.run_records) += extent.records;
    (extent.is_pack ? weight.pack_bytes : weight.run_bytes) += extent.stored_bytes;
  }
  weight.cut_records = weight.run_records + weight.pack_records - (*row)->records;
  const auto snapshots = find_snapshots(view, **row);
  if (!snapshots) return snapshots.error();
  for (const SnapshotRow& snapshot : *snapshots) {
    ++weight.snapshots;
    weight.snapshot_bytes += snapshot.about.size;
    weight.snapshot_stored_bytes += snapshot.stored_bytes;
  }
  return weight;
}

Result<void> RocksLog::compact(const DocumentPath& path, const CompactProgress& progress) {
  if (auto packed = pack(path, progress); !packed) return packed.error();
  return reclaim();
}

Result<void> RocksLog::pack(const DocumentPath& path, const CompactProgress& progress) {
  if (!parts_->packer) return fail(Code::failed_precondition, "the store was opened for reading only");
  return parts_->packer->compact(path, progress);
}

Result<void> RocksLog::reclaim() {
  if (!parts_->packer) return fail(Code::failed_precondition, "the store was opened for reading only");
  return parts_->store->compact();
}

Result<VerifyCounts> RocksLog::verify(const VerifyOptions& options) const {
  return rocks::verify(View(*parts_->store), options);
}

Result<void> RocksLog::checkpoint(const std::filesystem::path& target) const {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&parts_->store->db(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  if (status.ok()) status = checkpoint->CreateCheckpoint(target.string());
  if (!status.ok()) return error_of(status, "copying the store to " + target.string());
  return {};
}

}  // namespace weir::storage
