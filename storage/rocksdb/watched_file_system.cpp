#include "weir/rocksdb/watched_file_system.hpp"

#include <chrono>

namespace weir::storage::rocks {
namespace {

class WatchedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedFile(std::unique_ptr<rocksdb::FSWritableFile>&& base, SyncWatch& watch, bool wal)
      : FSWritableFileOwnerWrapper(std::move(base)), watch_(watch), wal_(wal) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    return written(FSWritableFileOwnerWrapper::Append(data, options, context));
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* context) override {
    return written(FSWritableFileOwnerWrapper::Append(data, options, verification, context));
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return timed([&] { return FSWritableFileOwnerWrapper::Sync(options, context); });
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return timed([&] { return FSWritableFileOwnerWrapper::Fsync(options, context); });
  }

 private:
  rocksdb::IOStatus written(rocksdb::IOStatus status) {
    if (wal_ && !status.ok()) watch_.wal_damaged = true;
    return status;
  }
  template <class Call>
  rocksdb::IOStatus timed(Call call) {
    const auto begin = std::chrono::steady_clock::now();
    rocksdb::IOStatus status = call();
    if (!status.ok()) watch_.failed = true;
    if (wal_) {
      const auto spent = std::chrono::steady_clock::now() - begin;
      if (watch_.watcher != nullptr) watch_.watcher->synced(spent);
      watch_.wal_syncs += 1;
      watch_.wal_sync_nanoseconds +=
          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
    }
    return status;
  }

  SyncWatch& watch_;
  const bool wal_;
};

class WatchedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  WatchedFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base, SyncWatch& watch)
      : FileSystemWrapper(base), watch_(watch) {}

  const char* Name() const override { return "WeirWatchedFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    return watched(name, file, FileSystemWrapper::NewWritableFile(name, options, file, context));
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* context) override {
    return watched(name, file, FileSystemWrapper::ReopenWritableFile(name, options, file, context));
  }
  rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* context) override {
    return watched(name, file, FileSystemWrapper::ReuseWritableFile(name, old_name, options, file, context));
  }

 private:
  rocksdb::IOStatus watched(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file,
                            rocksdb::IOStatus status) {
    if (!status.ok()) return status;
    const bool wal = name.ends_with(".log");
    if (wal) watch_.wal_damaged = false;
    *file = std::make_unique<WatchedFile>(std::move(*file), watch_, wal);
    return status;
  }

  SyncWatch& watch_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> watched(const std::shared_ptr<rocksdb::FileSystem>& base, SyncWatch& watch) {
  return std::make_shared<WatchedFileSystem>(base, watch);
}

}  // namespace weir::storage::rocks
