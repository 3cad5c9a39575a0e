// A process to be killed: appends to a store without end and tells each acknowledgement in a line on standard output,
// "document sequence offset". With "open" it only opens the store and dies at once, leaving it open.
//
//   crash_writer FOLDER sync|interval open|append
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <future>
#include <mutex>

#include "crash_workload.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::storage {
namespace {

class Appender {
 public:
  explicit Appender(DeltaLog& log) : log_(log) {
    for (int document = 0; document < crash::documents; ++document) {
      const auto mark = log.mark(*crash::path_of(document), crash::producer()).value();
      last_[static_cast<std::size_t>(document)] = mark ? mark->sequence.value : 0;
    }
  }

  /// Several appends of each document are always under way; each completion makes the next.
  void start() {
    for (int document = 0; document < crash::documents; ++document)
      for (int i = 0; i < 6; ++i) append(document);
  }

 private:
  void append(int document) {
    const std::lock_guard lock(mutex_);
    std::uint64_t& last = last_[static_cast<std::size_t>(document)];
    Append append;
    append.path = crash::path_of(document);
    append.epoch = derive_epoch(log_.incarnation(), 1);
    append.producer = crash::producer();
    append.assumed_mark = Sequence{last};
    append.first_sequence = {last + 1};
    const std::uint64_t count = 1 + last % 3;
    for (std::uint64_t i = 1; i <= count; ++i)
      append.deltas.push_back({{0}, SharedBytes::copy(crash::payload_of(document, last + i))});
    append.notes = {{"last", SharedBytes::copy(std::to_string(last + count))}};
    last += count;
    log_.append({1}, std::move(append), [this, document, acknowledged = last](const Result<Appended>& result) {
      if (!result) ::_exit(2);
      tell(document, acknowledged, result->last.value);
      this->append(document);
    });
  }

  static void tell(int document, std::uint64_t sequence, std::uint64_t offset) {
    std::array<char, 64> line{};
    const int bytes = std::snprintf(line.data(), line.size(), "%d %llu %llu\n", document,
                                    static_cast<unsigned long long>(sequence), static_cast<unsigned long long>(offset));
    if (::write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(bytes)) != bytes) ::_exit(3);
  }

  DeltaLog& log_;
  std::mutex mutex_;
  std::array<std::uint64_t, crash::documents> last_{};
};

int run(const char* folder, bool interval, bool only_open) {
  RocksOptions options;
  options.path = folder;
  options.durability = interval ? Durability::interval : Durability::sync;
  options.write_buffer_bytes = std::size_t{256} << 10;  // so that flushes happen while it runs
  auto log = RocksLog::open(options);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  if (only_open) ::_exit(0);
  Appender appender(**log);
  appender.start();
  std::promise<void>().get_future().wait();  // until killed
  return 0;
}

}  // namespace
}  // namespace weir::storage

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  return weir::storage::run(argv[1], std::strcmp(argv[2], "interval") == 0, std::strcmp(argv[3], "open") == 0);
}
