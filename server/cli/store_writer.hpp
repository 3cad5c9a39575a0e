// Puts runs of records into the log of a stopped relay, many on their way at a time: one fsync then serves them all.
//
//   StoreWriter writer(log);
//   writer.put(path, epoch, run) ... writer.settle();     // durable, or the first error
//
// Threads: put() and settle() one at a time; the log answers on its own.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "weir/cli/document_source.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::cli {

class StoreWriter {
 public:
  explicit StoreWriter(storage::DeltaLog& log) : log_(log) {}
  ~StoreWriter() { (void)settle(); }
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  /// The producer's mark follows along, so that its owner goes on counting where it stopped. A run that is not above
  /// the mark (an older history's, or a foreign client's) is stored without one.
  [[nodiscard]] Result<void> put(const DocumentPath& path, Epoch epoch, Run run);
  [[nodiscard]] Result<void> settle();

 private:
  [[nodiscard]] Result<Sequence> mark(const DocumentPath& path, const ProducerId& producer);

  storage::DeltaLog& log_;
  DocumentRef path_;  ///< of the marks
  std::map<ProducerId, Sequence> marks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_bytes_ = 0;
  std::optional<Error> error_;
};

}  // namespace weir::cli
