// What the log tells of its commits, counted; and of its troubles, for the operator's log.
//
// Threads: the log calls it on its own; the histograms are read from any.
#pragma once

#include "weir/observe/histogram.hpp"
#include "weir/observe/log.hpp"
#include "weir/storage/log_figures.hpp"

namespace weir::app {

struct LogTimings final : storage::LogWatcher {
  observe::Histogram commit_duration{observe::bounds::seconds};
  observe::Histogram commit_appends{observe::bounds::counts};
  observe::Histogram commit_records{observe::bounds::counts};
  observe::Histogram commit_bytes{observe::bounds::bytes};
  observe::Histogram sync_duration{observe::bounds::seconds};

  void committed(const storage::CommitFigures& figures) noexcept override {
    commit_duration.add(static_cast<std::uint64_t>(figures.duration.count()));
    commit_appends.add(figures.appends);
    commit_records.add(figures.records);
    commit_bytes.add(figures.payload_bytes);
  }
  void synced(std::chrono::nanoseconds duration) noexcept override {
    sync_duration.add_from_any(static_cast<std::uint64_t>(duration.count()));
  }
  void troubled(storage::Trouble trouble, std::string_view why) noexcept override {
    using observe::Level;
    if (trouble == storage::Trouble::none) return observe::log(Level::info, "there is room: writes are taken again");
    if (trouble == storage::Trouble::full)
      return observe::log(Level::error, "the disk is full: no writes are taken until there is room", {{"why", why}});
    observe::log(Level::error, "the disk failed to make a write durable: no writes are taken until a restart",
                 {{"why", why}});
  }
};

}  // namespace weir::app
