// How many records a second the log on disk takes, and what CPU each costs.
//
//   bench_log [folder] [seconds a row]
//
// A row keeps `batch` appends of one record of 100 bytes under way over `documents` documents: each completion makes
// the next append, so the writer finds about a batch waiting whenever a commit ends. CPU is that of the whole process.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>

#include "weir/rocksdb/rocks_log.hpp"

namespace weir::storage {
namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Row {
 public:
  Row(DeltaLog& log, std::size_t batch, std::size_t documents) : log_(log), outstanding_(batch) {
    const auto space = SpaceName::parse("bench").value();
    for (std::size_t i = 0; i < documents; ++i) {
      const auto name =
          DocumentName::parse(std::to_string(batch) + "x" + std::to_string(documents) + "-" + std::to_string(i));
      documents_.push_back({std::make_shared<const DocumentPath>(DocumentPath{space, name.value()}), 0});
    }
    producer_.bytes.fill(std::byte{1});
  }

  void run(std::chrono::milliseconds time) {
    until_ = std::chrono::steady_clock::now() + time;
    const std::size_t batch = outstanding_;
    for (std::size_t i = 0; i < batch; ++i) append();
    done_.get_future().wait();
  }

 private:
  struct Document {
    DocumentRef path;
    std::uint64_t mark;
  };

  /// Called by the first thread for the first batch, then by the log's; the two never overlap on a document for long.
  void append() {
    Append append;
    {
      const std::lock_guard lock(mutex_);
      Document& document = documents_[next_++ % documents_.size()];
      append.path = document.path;
      append.assumed_mark = Sequence{document.mark};
      append.first_sequence = {++document.mark};
      append.epoch = derive_epoch(log_.incarnation(), 1);
      append.producer = producer_;
      append.time = {1'700'000'000};
      append.deltas = {{{0}, payload_}};
      log_.append({1}, std::move(append), [this](const Result<Appended>& result) { completed(result); });
    }
  }

  void completed(const Result<Appended>& result) {
    if (!result) {
      std::fprintf(stderr, "append failed: %s\n", result.error().message.c_str());
      std::exit(1);
    }
    if (std::chrono::steady_clock::now() < until_) return append();
    if (--outstanding_ == 0) done_.set_value();
  }

  DeltaLog& log_;
  std::vector<Document> documents_;
  ProducerId producer_;
  const SharedBytes payload_ = SharedBytes::copy(std::string(100, 'p'));
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::atomic<std::size_t> outstanding_;
  std::chrono::steady_clock::time_point until_;
  std::promise<void> done_;
};

int bench(const std::filesystem::path& folder, std::chrono::milliseconds time) {
  std::filesystem::remove_all(folder);
  auto log = RocksLog::open({.path = folder});
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  std::printf("%-14s %12s %12s %12s %14s\n", "batch x docs", "records/s", "CPU us/rec", "recs/commit", "fsync us");
  const std::pair<std::size_t, std::size_t> rows[] = {{1, 1},     {10, 10},   {100, 10},
                                                      {100, 100}, {1000, 10}, {1000, 1000}};
  for (const auto& [batch, documents] : rows) {
    const RocksCounters before = (*log)->counters();
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    Row(**log, batch, documents).run(time);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const RocksCounters after = (*log)->counters();
    const auto records = static_cast<double>(after.records - before.records);
    const auto commits = static_cast<double>(after.commits - before.commits);
    const auto syncs = static_cast<double>(after.syncs - before.syncs);
    std::printf("%5zu x %-6zu %12.0f %12.2f %12.1f %14.1f\n", batch, documents, records / seconds,
                (cpu_seconds() - cpu) / records * 1e6, records / commits,
                static_cast<double>(after.sync_nanoseconds - before.sync_nanoseconds) / syncs / 1e3);
  }
  log->reset();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace weir::storage

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "log-bench-data";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  return weir::storage::bench(folder, std::chrono::milliseconds(static_cast<long>(seconds * 1000)));
}
