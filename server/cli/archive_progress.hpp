// How far an export or import is, on a terminal: one line that is written over.
//
// Threads: one.
#pragma once

#include <ostream>

#include "weir/archive/archive.hpp"
#include "weir/cli/docs.hpp"

namespace weir::cli {

class ArchiveProgress {
 public:
  explicit ArchiveProgress(const Streams& streams) : streams_(streams) {}
  ~ArchiveProgress() {
    if (shown_) streams_.err << '\n';
  }
  ArchiveProgress(const ArchiveProgress&) = delete;
  ArchiveProgress& operator=(const ArchiveProgress&) = delete;

  void at(const archive::ArchiveEnd& end) {
    if (end.records % 10'000 == 0) show(end);
  }
  /// More bytes of a snapshot.
  void at(const archive::ArchiveEnd& end, std::size_t bytes) {
    snapshot_bytes_ += bytes;
    show(end);
  }

 private:
  void show(const archive::ArchiveEnd& end) {
    if (!streams_.err_is_terminal) return;
    streams_.err << '\r' << count_of(end.records, "record") << ", " << (end.payload_bytes >> 20) << " MiB";
    if (snapshot_bytes_ > 0) streams_.err << "; snapshots, " << (snapshot_bytes_ >> 20) << " MiB";
    streams_.err << std::flush;
    shown_ = true;
  }

  const Streams& streams_;
  std::uint64_t snapshot_bytes_ = 0;
  bool shown_ = false;
};

}  // namespace weir::cli
