// Which documents have grown enough since they were packed that packing them pays. The writer says what it stored, the
// packer takes what is due; what is forgotten here (a restart, too many at once) the packer finds by looking.
//
//   candidates.stored(document, records, payload_bytes);            // the writer
//   while (std::optional<DocumentId> due = candidates.take()) ...   // the packer
//
// Threads: all calls from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "weir/rocksdb/keys.hpp"
#include "weir/rocksdb/packing_options.hpp"

namespace weir::storage::rocks {

class Candidates {
 public:
  explicit Candidates(const PackingOptions& options) : options_(options) {}

  /// What a commit added to a document.
  void stored(DocumentId document, std::uint64_t records, std::uint64_t payload_bytes);
  /// The document is due whatever is known of it.
  void add(DocumentId document);
  /// Waits for a document that is due. Empty: close() was called.
  [[nodiscard]] std::optional<DocumentId> take();
  /// Due, or taken and not yet followed by another take().
  [[nodiscard]] std::size_t pending() const;
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  struct Growth {
    std::uint64_t records = 0;
    std::uint64_t payload_bytes = 0;
    Clock::time_point last;
    bool due = false;
  };

  void make_due(DocumentId document, Growth& growth);
  void find_idle(Clock::time_point now);

  const PackingOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::unordered_map<DocumentId, Growth> growing_;
  std::deque<DocumentId> due_;
  bool working_ = false;
  Clock::time_point next_look_;
  bool closed_ = false;
};

}  // namespace weir::storage::rocks
