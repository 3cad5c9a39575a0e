// One writer a store, or any number of readers: a lock of our own beside RocksDB's, because RocksDB lets a read-only
// opener in while somebody writes, and cannot say who holds the store.
//
// Threads: a value of one thread; the lock belongs to the object and ends with it or with the process.
#pragma once

#include <filesystem>
#include <utility>

#include "weir/vocabulary/error.hpp"

namespace weir::storage::rocks {

class StoreLock {
 public:
  StoreLock() = default;
  /// FAILED_PRECONDITION, naming the process, when the store is held. The folder must exist.
  [[nodiscard]] static Result<StoreLock> take(const std::filesystem::path& store, bool shared);
  StoreLock(StoreLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  StoreLock& operator=(StoreLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~StoreLock();

 private:
  explicit StoreLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace weir::storage::rocks
