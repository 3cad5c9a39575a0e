// A file system that fails on command, beneath RocksDB: a full disk, or an fsync that does not succeed.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

namespace weir::storage {

struct Faults {
  std::atomic<bool> disk_full{false};   ///< every append of bytes and every new file finds no room
  std::atomic<bool> sync_fails{false};  ///< every fsync reports an I/O error
  /// Every call that reaches the disk counts; from the call with this number on (0: never), all fail with `status_of`.
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> fail_from{0};
  std::atomic<bool> fail_with_no_space{false};
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile>&& base, Faults& faults)
      : FSWritableFileOwnerWrapper(std::move(base)), faults_(faults) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus fault = writing();
    return fault.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : fault;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus fault = writing();
    return fault.ok() ? FSWritableFileOwnerWrapper::Append(data, options, verification, context) : fault;
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus fault = syncing();
    return fault.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : fault;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus fault = syncing();
    return fault.ok() ? FSWritableFileOwnerWrapper::Fsync(options, context) : fault;
  }

 private:
  rocksdb::IOStatus counted() {
    const std::uint64_t call = ++faults_.calls;
    if (faults_.fail_from == 0 || call < faults_.fail_from) return rocksdb::IOStatus::OK();
    return faults_.fail_with_no_space ? rocksdb::IOStatus::NoSpace("injected") : rocksdb::IOStatus::IOError("injected");
  }
  rocksdb::IOStatus writing() {
    return faults_.disk_full ? rocksdb::IOStatus::NoSpace("injected: no room") : counted();
  }
  rocksdb::IOStatus syncing() {
    return faults_.sync_fails ? rocksdb::IOStatus::IOError("injected: fsync failed") : counted();
  }

  Faults& faults_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(Faults& faults) : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (faults_.disk_full) return rocksdb::IOStatus::NoSpace("injected: no room");
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<FaultyFile>(std::move(*file), faults_);
    return status;
  }

 private:
  Faults& faults_;
};

}  // namespace weir::storage
