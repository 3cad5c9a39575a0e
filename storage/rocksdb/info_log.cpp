#include "weir/rocksdb/info_log.hpp"

#include <rocksdb/options.h>

namespace weir::storage::rocks {
namespace {

class WithoutHeader final : public rocksdb::Logger {
 public:
  explicit WithoutHeader(std::shared_ptr<rocksdb::Logger> file)
      : rocksdb::Logger(file->GetInfoLogLevel()), file_(std::move(file)) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override { file_->Logv(format, arguments); }
  void LogHeader(const char* /*format*/, va_list /*arguments*/) override {}
  void Flush() override { file_->Flush(); }
  size_t GetLogFileSize() const override { return file_->GetLogFileSize(); }

 private:
  rocksdb::Status CloseImpl() override { return file_->Close(); }

  const std::shared_ptr<rocksdb::Logger> file_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> open_info_log(const std::string& path, const rocksdb::DBOptions& options) {
  std::shared_ptr<rocksdb::Logger> file;
  if (!rocksdb::CreateLoggerFromOptions(path, options, &file).ok()) return nullptr;
  return std::make_shared<WithoutHeader>(std::move(file));
}

}  // namespace weir::storage::rocks
