#include "weir/rocksdb/store_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace weir::storage::rocks {

Result<StoreLock> StoreLock::take(const std::filesystem::path& store, bool shared) {
  const std::string path = (store / "weir.lock").string();
  // A reader must be able to look at a store on a read-only medium; where nobody can write, nobody needs the lock.
  const int file = ::open(path.c_str(), shared ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 && shared) return StoreLock();
  if (file < 0)
    return fail(Code::failed_precondition,
                "cannot write to the store's folder " + store.string() + ": " + std::strerror(errno));
  StoreLock lock(file);
  if (::flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const auto bytes = ::pread(file, holder.data(), holder.size() - 1, 0);
    const std::string by = bytes > 0 ? "process " + std::string(holder.data()) : "another process";
    return fail(Code::failed_precondition, "the store " + store.string() + " is in use by " + by +
                                               "; stop it first. weir docs can ask a running relay: --server");
  }
  if (!shared) {
    const std::string self = std::to_string(::getpid());
    if (::ftruncate(file, 0) != 0 || ::pwrite(file, self.data(), self.size(), 0) < 0) {
      // Only the message above gets poorer.
    }
  }
  return lock;
}

StoreLock::~StoreLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace weir::storage::rocks
