// What the log told of its troubles, in order.
//
// Threads: any.
#pragma once

#include <mutex>
#include <vector>

#include "weir/storage/log_figures.hpp"

namespace weir::storage::crash {

class Troubles final : public LogWatcher {
 public:
  void committed(const CommitFigures& /*figures*/) noexcept override {}
  void synced(std::chrono::nanoseconds /*duration*/) noexcept override {}
  void troubled(Trouble trouble, std::string_view /*why*/) noexcept override {
    const std::lock_guard lock(mutex_);
    told_.push_back(trouble);
  }
  [[nodiscard]] std::vector<Trouble> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Trouble> told_;
};

}  // namespace weir::storage::crash
