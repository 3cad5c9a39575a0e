#include "weir/rocksdb/store.hpp"

#include <rocksdb/write_batch.h>
#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "weir/rocksdb/database_options.hpp"
#include "weir/rocksdb/info_log.hpp"
#include "weir/rocksdb/migration.hpp"
#include "weir/rocksdb/segments.hpp"
#include "weir/rocksdb/snapshot_changes.hpp"
#include "weir/rocksdb/store_files.hpp"

namespace weir::storage::rocks {
namespace {

constexpr const char* meta_format = "format";
constexpr const char* meta_incarnation = "incarnation";
constexpr const char* meta_open = "open";  // present while the store is open; the value is its durability
constexpr const char* meta_last_commit = "last-commit";
constexpr const char* meta_ids = "ids";

constexpr std::uint64_t room_bytes_min = std::uint64_t{1} << 20;

std::string present_format() {
  std::string format;
  put_big_endian(format, format_version);
  return format;
}

StoreIncarnation random_incarnation() {
  StoreIncarnation incarnation;
  if (::getrandom(incarnation.bytes.data(), incarnation.bytes.size(), 0) !=
      static_cast<ssize_t>(incarnation.bytes.size()))
    std::abort();  // 16 bytes are always answered at once
  return incarnation;
}

}  // namespace

Error error_of(const rocksdb::Status& status, const std::string& doing) {
  const std::string why = doing + ": " + status.ToString();
  if (status.IsCorruption()) return fail(Code::data_loss, why + "; restore the store from a backup");
  if (status.IsNoSpace()) return fail(Code::resource_exhausted, "the disk is full; free some space (" + why + ")");
  return fail(Code::unavailable, why);
}

Result<std::unique_ptr<Store>> Store::open(const RocksOptions& options, bool read_only) {
  const std::string path = options.path.string();
  const auto file_system = options.file_system ? options.file_system : rocksdb::FileSystem::Default();
  const auto exists = store_exists(*file_system, path);
  if (!exists) return exists.error();
  if (read_only && !*exists)
    return fail(Code::not_found, "there is no store at " + path + "; check the path, or start the server once");
  std::error_code error;
  if (!*exists && !std::filesystem::create_directories(options.path, error) && error)
    return fail(Code::failed_precondition, "cannot create the folder " + path + ": " + error.message());

  auto lock = StoreLock::take(options.path, read_only);
  if (!lock) return lock.error();
  std::unique_ptr<Store> store(new Store);
  store->lock_ = *std::move(lock);
  store->read_only_ = read_only;
  store->recovery_.created = !*exists;
  store->recovery_.wal_bytes = wal_bytes_in(*file_system, path);
  store->watch_.watcher = options.watcher;
  store->env_ = rocksdb::NewCompositeEnv(watched(file_system, store->watch_));
  if (auto failed = store->open_database(options)) return *std::move(failed);
  if (auto failed = store->check_format()) return *std::move(failed);
  if (auto failed = store->load_state()) return *std::move(failed);
  if (auto failed = store->verify_last_commit()) return *std::move(failed);
  if (!read_only) {
    if (auto failed = store->begin(options)) return *std::move(failed);
    remove_stale_options(*file_system, path);
  }
  return store;
}

Store::~Store() {
  for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
  if (db_) static_cast<void>(db_->Close());
}

std::optional<Error> Store::open_database(const RocksOptions& options) {
  const std::string path = options.path.string();
  rocksdb::DBOptions database = database_options(options, env_.get());
  if (!read_only_) database.info_log = open_info_log(path, database);
  auto wanted = families(options);
  if (!recovery_.created) {
    std::vector<std::string> found;
    const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(database, path, &found);
    if (!listed.ok()) return error_of(listed, "opening the store " + path);
    const bool is_old = std::ranges::count(found, old_order_family) > 0;
    if (read_only_ && (is_old || found.size() < wanted.size()))
      return fail(Code::failed_precondition,
                  "the store " + path + " was written by an older weir; start the server on it once, then look again");
    if (is_old) wanted.emplace_back(old_order_family, rocksdb::ColumnFamilyOptions());
    for (const std::string& name : found)
      if (std::none_of(wanted.begin(), wanted.end(), [&](const auto& family) { return family.name == name; }))
        return fail(Code::failed_precondition, "the store " + path + " was written by a newer weir (it has a part \"" +
                                                   name + "\"); use that version");
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = read_only_ ? rocksdb::DB::OpenForReadOnly(database, path, wanted, &families_, &db)
                                            : rocksdb::DB::Open(database, path, wanted, &families_, &db);
  if (!opened.ok()) return error_of(opened, "opening the store " + path);
  db_.reset(db);
  return std::nullopt;
}

Result<std::optional<std::string>> Store::get_meta(std::string_view name) const {
  std::string value;
  const rocksdb::Status status = db_->Get({}, rows(), keys::meta(name), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error_of(status, "reading the store's own data");
  return std::optional(std::move(value));
}

std::optional<Error> Store::check_format() {
  const auto value = get_meta(meta_format);
  if (!value) return value.error();
  if (!*value) {  // a new store, or one whose creation was cut short before its first write
    recovery_.created = true;
    return std::nullopt;
  }
  const auto found = Decoder(**value).big_endian<std::uint32_t>();
  if (found > format_version)
    return fail(Code::failed_precondition, "the store has format " + std::to_string(found) +
                                               "; this weir reads up to format " + std::to_string(format_version) +
                                               "; use the version that wrote it, or a newer one");
  if (found == 0) return fail(Code::data_loss, "the store does not tell its format; restore it from a backup");
  return migrate();
}

/// From formats 1 and 2. Families that are missing were made when the database was opened.
std::optional<Error> Store::migrate() {
  rocksdb::ColumnFamilyHandle* order = families_.back();
  if (order->GetName() != old_order_family) return std::nullopt;
  const rocksdb::Status status = move_order_into_rows(*db_, rows(), order, keys::meta(meta_format), present_format());
  if (!status.ok()) return error_of(status, "bringing the store " + db_->GetName() + " to the present format");
  families_.pop_back();
  db_->DestroyColumnFamilyHandle(order);
  return std::nullopt;
}

std::optional<Error> Store::load_state() {
  const auto incarnation = get_meta(meta_incarnation);
  const auto ids = get_meta(meta_ids);
  const auto open = get_meta(meta_open);
  for (const auto* value : {&incarnation, &ids, &open})
    if (!*value) return value->error();
  if (recovery_.created) return std::nullopt;
  if (!*incarnation || (*incarnation)->size() != incarnation_.bytes.size())
    return fail(Code::data_loss, "the store does not know its incarnation; restore it from a backup");
  std::memcpy(incarnation_.bytes.data(), (*incarnation)->data(), incarnation_.bytes.size());
  if (*ids) {
    const auto decoded = decode_next_ids(**ids);
    if (!decoded) return fail(Code::data_loss, "the store's counters are damaged; restore it from a backup");
    next_ids_ = *decoded;
  }
  recovery_.clean = !*open;
  left_open_under_interval_ = *open && **open == "interval";
  return std::nullopt;
}

std::optional<Error> Store::verify_last_commit() {
  const auto value = get_meta(meta_last_commit);
  if (!value) return value.error();
  if (!*value) return std::nullopt;
  const auto commit = decode_last_commit(**value);
  if (!commit) return fail(Code::data_loss, "the note of the store's last commit is damaged; restore from a backup");
  recovery_.commits = commit->number;
  for (const auto& [space, first] : commit->entries)
    if (auto failed = verify_entry(space, first)) return failed;
  return std::nullopt;
}

/// False for what the commit itself stored and cut, or cut and deleted.
Result<bool> Store::is_readable(const View& view, const OrderItem& item) const {
  const auto name = view.name(item.document);
  if (!name) return name.error();
  const auto row = view.document(name->space, name->name);
  if (!row) return row.error();
  return *row && !(*row)->deleted && (*row)->life == item.life && (*row)->cut < item.last;
}

std::optional<Error> Store::verify_entry(SpaceId space, Offset first) {
  const auto broken = [&](const std::string& why) {
    return fail(Code::data_loss, "the store's last commit is not whole (" + why + "); restore the store from a backup");
  };
  const View view(*this);
  std::string value;
  if (const auto status = db_->Get({}, rows(), keys::order(space, first), &value); !status.ok())
    return broken("order entry: " + status.ToString());
  const auto entry = decode_order(value);
  if (!entry) return broken("order entry: damaged");
  for (const OrderItem& item : *entry) {
    if (item.kind != AppendKind::deltas) continue;
    const auto readable = is_readable(view, item);
    if (!readable) return broken(readable.error().message);
    if (!*readable) continue;
    Segments segments(view, item.document, item.life);
    std::uint64_t found = 0;
    for (segments.seek(item.first); segments.valid() && segments.first() <= item.last; segments.next()) {
      auto segment = segments.read();
      if (!segment) return broken(segment.error().message);
      for (std::size_t i = segment->after({item.first.value - 1}); i < segment->size(); ++i, ++found) {
        if (segment->offset(i) > item.last) break;
        if (const auto record = segment->record(i); !record) return broken(record.error().message);
      }
    }
    if (found == 0) return broken("run: not found");
    recovery_.records_verified += found;
  }
  return std::nullopt;
}

std::optional<Error> Store::begin(const RocksOptions& options) {
  rocksdb::WriteBatch batch;
  const auto put = [&](const char* name, std::string_view value) { batch.Put(rows(), keys::meta(name), value); };
  recovery_.incarnation_begun = recovery_.created || options.begin_incarnation || left_open_under_interval_;
  if (recovery_.incarnation_begun) {
    incarnation_ = random_incarnation();
    put(meta_incarnation, {reinterpret_cast<const char*>(incarnation_.bytes.data()), incarnation_.bytes.size()});
  }
  put(meta_format, present_format());
  put(meta_open, options.durability == Durability::interval ? "interval" : "sync");
  if (auto swept = sweep_uploads(View(*this), batch); !swept) return swept.error();
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const rocksdb::Status status = db_->Write(durable, &batch);
  if (!status.ok()) return error_of(status, "opening the store " + options.path.string());
  return std::nullopt;
}

bool Store::has_room_for_memtables() const {
  std::uint64_t free = 0, memtables = 0;
  if (!env_->GetFreeSpace(db_->GetName(), &free).ok()) return true;
  static_cast<void>(db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memtables));
  return free >= 2 * memtables + room_bytes_min;
}

Result<void> Store::compact() const {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(), families_);
  for (rocksdb::ColumnFamilyHandle* family : families_)
    if (status.ok()) status = db_->CompactRange(options, family, nullptr, nullptr);
  if (!status.ok()) return error_of(status, "compacting the store");
  return {};
}

void Store::mark_closed() {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  // Failing to say so is no harm: the next start then takes more care.
  static_cast<void>(db_->Delete(durable, rows(), keys::meta(meta_open)));
}

}  // namespace weir::storage::rocks
