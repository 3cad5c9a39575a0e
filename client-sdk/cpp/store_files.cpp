// The store's folder on a real disk: `journal`, `journal.new` while it is written anew, and `lock`.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "weir/client/store_journal.hpp"

namespace weir::client {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

Error failed(const std::string& what, const std::string& path) {
  const int reason = errno;
  const Code code = reason == ENOSPC || reason == EDQUOT                     ? Code::resource_exhausted
                    : reason == EACCES || reason == EPERM || reason == EROFS ? Code::permission_denied
                                                                             : Code::unavailable;
  return fail(code, path + ": cannot " + what + ": " + std::strerror(reason));
}

Result<void> write_all(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(file.get()) != 0) return failed("fsync", path);
  return {};
}

class FolderFiles final : public StoreFiles {
 public:
  FolderFiles(std::string path, Descriptor folder, Descriptor lock)
      : journal_(path + "/journal"),
        folder_path_(std::move(path)),
        folder_(std::move(folder)),
        lock_(std::move(lock)) {}

  Result<std::optional<std::string>> read() override {
    const Descriptor file(::open(journal_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::optional<std::string>();
    if (!file) return failed("open", journal_);
    std::string bytes;
    char part[1 << 16];
    for (;;) {
      const ssize_t count = ::read(file.get(), part, sizeof part);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed("read", journal_);
      if (count == 0) return std::optional(std::move(bytes));
      bytes.append(part, static_cast<std::size_t>(count));
    }
  }

  Result<void> append(std::string_view bytes) override { return write_all(file_, bytes, journal_); }

  Result<void> replace(std::string_view bytes) override {
    const std::string aside = journal_ + ".new";
    Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    if (!file) return failed("create", aside);
    if (const Result<void> written = write_all(file, bytes, aside); !written) return written;
    if (::rename(aside.c_str(), journal_.c_str()) != 0) return failed("rename", aside);
    file_ = std::move(file);
    if (::fsync(folder_.get()) != 0) return failed("fsync", folder_path_);
    return {};
  }

 private:
  std::string journal_;
  std::string folder_path_;
  Descriptor folder_;
  Descriptor lock_;
  Descriptor file_;
};

}  // namespace

Result<std::unique_ptr<StoreFiles>> open_store_files(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("make the folder", folder);
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open the folder", folder);
  const std::string lock_path = folder + "/lock";
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return failed("open", lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
               ? fail(Code::failed_precondition, folder +
                                                     ": another client has this store open; give each process a store "
                                                     "of its own, or end the other")
               : failed("lock", lock_path);
  return std::unique_ptr<StoreFiles>(std::make_unique<FolderFiles>(folder, std::move(directory), std::move(lock)));
}

}  // namespace weir::client
