#include "simulated_file_system.hpp"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdarg>

namespace weir::storage::crash {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus status_of(Outcome outcome, const std::string& file) {
  switch (outcome) {
    case Outcome::ok: return IOStatus::OK();
    case Outcome::not_found: return IOStatus::PathNotFound(file);
    case Outcome::io_error: return IOStatus::IOError("simulated", file);
    case Outcome::no_space: return IOStatus::NoSpace("simulated", file);
  }
  return IOStatus::IOError("simulated", file);
}

/// RocksDB sometimes asks for a folder with a slash behind it.
std::string folder(const std::string& path) { return path.ends_with('/') ? path.substr(0, path.size() - 1) : path; }

class SimulatedSequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SimulatedSequentialFile(std::shared_ptr<SimulatedDisk> disk, FileHandle file)
      : disk_(std::move(disk)), file_(std::move(file)) {}
  IOStatus Read(std::size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    std::size_t got = 0;
    const Outcome outcome = disk_->read(*file_, at_, size, scratch, &got);
    *result = Slice(scratch, got);
    at_ += got;
    return status_of(outcome, file_->name);
  }
  IOStatus Skip(std::uint64_t size) override {
    at_ += size;
    return IOStatus::OK();
  }

 private:
  const std::shared_ptr<SimulatedDisk> disk_;
  const FileHandle file_;
  std::uint64_t at_ = 0;
};

class SimulatedRandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  SimulatedRandomAccessFile(std::shared_ptr<SimulatedDisk> disk, FileHandle file)
      : disk_(std::move(disk)), file_(std::move(file)) {}
  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    std::size_t got = 0;
    const Outcome outcome = disk_->read(*file_, offset, size, scratch, &got);
    *result = Slice(scratch, got);
    return status_of(outcome, file_->name);
  }

 private:
  const std::shared_ptr<SimulatedDisk> disk_;
  const FileHandle file_;
};

class SimulatedWritableFile final : public rocksdb::FSWritableFile {
 public:
  SimulatedWritableFile(std::shared_ptr<SimulatedDisk> disk, FileHandle file, const FileOptions& options)
      : FSWritableFile(options), disk_(std::move(disk)), file_(std::move(file)) {}
  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->append(*file_, {data.data(), data.size()}), file_->name);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->truncate(*file_, size), file_->name);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return status_of(disk_->sync(*file_), file_->name); }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->range_sync(*file_), file_->name);
  }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return disk_->size(*file_); }

 private:
  const std::shared_ptr<SimulatedDisk> disk_;
  const FileHandle file_;
};

class SimulatedDirectory final : public rocksdb::FSDirectory {
 public:
  SimulatedDirectory(std::shared_ptr<SimulatedDisk> disk, std::string path)
      : disk_(std::move(disk)), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return status_of(disk_->sync_directory(path_), path_); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  const std::shared_ptr<SimulatedDisk> disk_;
  const std::string path_;
};

/// RocksDB's own lock: weir takes one of its own before, so there is never anybody to keep out.
class SimulatedLock final : public rocksdb::FileLock {};

/// RocksDB's own remarks on what it does, which nobody reads here. Its logger over a file system that is not the
/// operating system's ends the process when the disk is full; the one it has for real files does not.
class Silence final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class SimulatedFileSystem final : public rocksdb::FileSystem {
 public:
  explicit SimulatedFileSystem(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)) {}
  const char* Name() const override { return "SimulatedFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext*) override {
    FileHandle handle;
    const Outcome outcome = disk_->open(path, &handle);
    if (outcome == Outcome::ok) *file = std::make_unique<SimulatedSequentialFile>(disk_, std::move(handle));
    return status_of(outcome, path);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file, IODebugContext*) override {
    FileHandle handle;
    const Outcome outcome = disk_->open(path, &handle);
    if (outcome == Outcome::ok) *file = std::make_unique<SimulatedRandomAccessFile>(disk_, std::move(handle));
    return status_of(outcome, path);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) override {
    return writable(path, false, options, file);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) override {
    return writable(path, true, options, file);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* directory,
                        IODebugContext*) override {
    if (!disk_->is_directory(folder(path))) return IOStatus::PathNotFound(path);
    *directory = std::make_unique<SimulatedDirectory>(disk_, folder(path));
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string&, const IOOptions&, std::uint64_t* bytes, IODebugContext*) override {
    *bytes = disk_->room();
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_->exists(path) ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    if (!disk_->is_directory(folder(path))) return IOStatus::NotFound();
    *names = disk_->list(folder(path));
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->remove(path), path);
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->make_directory(folder(path)), path);
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_->is_directory(folder(path)) ? IOStatus::OK() : status_of(disk_->make_directory(folder(path)), path);
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("removing a folder", path);
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size, IODebugContext*) override {
    return status_of(disk_->size_of(path, size), path);
  }
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions&, std::uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return disk_->exists(path) ? IOStatus::OK() : IOStatus::PathNotFound(path);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->rename(from, to), from);
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return status_of(disk_->link(from, to), from);
  }
  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    *lock = std::make_unique<SimulatedLock>().release();
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    const std::unique_ptr<rocksdb::FileLock> given_back(lock);
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* logger,
                     IODebugContext*) override {
    *logger = std::make_shared<Silence>();
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("a folder for tests");
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute, IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory, IODebugContext*) override {
    *is_directory = disk_->is_directory(folder(path));
    return disk_->exists(path) ? IOStatus::OK() : IOStatus::NotFound();
  }

 private:
  IOStatus writable(const std::string& path, bool keep_bytes, const FileOptions& options,
                    std::unique_ptr<rocksdb::FSWritableFile>* file) {
    FileHandle handle;
    const Outcome outcome = disk_->create(path, keep_bytes, &handle);
    if (outcome == Outcome::ok) *file = std::make_unique<SimulatedWritableFile>(disk_, std::move(handle), options);
    return status_of(outcome, path);
  }

  const std::shared_ptr<SimulatedDisk> disk_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> simulated_file_system(const std::shared_ptr<SimulatedDisk>& disk) {
  return std::make_shared<SimulatedFileSystem>(disk);
}

}  // namespace weir::storage::crash
