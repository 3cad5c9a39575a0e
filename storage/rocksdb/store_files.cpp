#include "weir/rocksdb/store_files.hpp"

#include <algorithm>
#include <vector>

namespace weir::storage::rocks {
namespace {

std::vector<std::string> files_in(rocksdb::FileSystem& files, const std::string& path) {
  std::vector<std::string> found;
  if (!files.GetChildren(path, {}, &found, nullptr).ok()) found.clear();
  return found;
}

}  // namespace

Result<bool> store_exists(rocksdb::FileSystem& files, const std::string& path) {
  const rocksdb::IOStatus status = files.FileExists(path + "/CURRENT", {}, nullptr);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return fail(Code::unavailable, "cannot tell whether there is a store at " + path + ": " + status.ToString() +
                                     "; check the disk and the folder's permissions");
}

std::uint64_t wal_bytes_in(rocksdb::FileSystem& files, const std::string& path) {
  std::uint64_t bytes = 0;
  for (const std::string& name : files_in(files, path)) {
    std::uint64_t size = 0;
    if (name.ends_with(".log") && files.GetFileSize(path + "/" + name, {}, &size, nullptr).ok()) bytes += size;
  }
  return bytes;
}

void remove_stale_options(rocksdb::FileSystem& files, const std::string& path) {
  std::vector<std::string> names = files_in(files, path);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("OPTIONS-"); });
  std::sort(names.begin(), names.end());  // the numbers in the names have a fixed width
  for (std::size_t i = 0; i + 1 < names.size(); ++i)
    static_cast<void>(files.DeleteFile(path + "/" + names[i], {}, nullptr));
}

}  // namespace weir::storage::rocks
