// A machine whose disk is simulated: it runs a workload over a log on disk, loses its power, is started again, and is
// looked at.
//
//   Machine machine;
//   machine.start();                      // an empty disk
//   machine.disk().crash_at(57, seed);
//   machine.work(60);
//   machine.stop();
//   machine.restart_after_power_loss();   // everything acknowledged is there, and nothing that should not be
//
// Its functions report through GoogleTest; ask HasFatalFailure() behind them.
//
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "../conformance/temporary_folder.hpp"
#include "model.hpp"
#include "simulated_disk.hpp"
#include "snapshot_workload.hpp"
#include "troubles.hpp"
#include "weir/rocksdb/rocks_log.hpp"
#include "workload.hpp"

namespace weir::storage::crash {

class Machine {
 public:
  explicit Machine(std::uint64_t seed, SimulatedDisk::Tearing tearing = SimulatedDisk::Tearing::at_the_end)
      : tearing_(tearing), workload_(seed), snapshot_workload_(seed) {}

  /// A disk with these contents; faults may be set on it before the log is opened.
  void insert(Image image);
  /// Opens the log; the model begins with the first opening that was heard of.
  [[nodiscard]] Result<void> open();
  /// Both, from an empty disk; must succeed.
  void start();
  /// Closes the log.
  void stop() { log_.reset(); }
  /// Nobody has heard of the store yet: the next opening may find another.
  void forget() {
    model_.reset();
    snapshot_model_.reset();
  }
  /// Works until the power goes or an append is refused. False when it was refused.
  bool work(int steps);
  /// A whole snapshot, from beginning to end; false unless it was stored.
  bool store_snapshot() {
    return snapshot_workload_.store_one(log_->snapshots(), *log_, *snapshot_model_, workload_.paths());
  }
  /// Opens what the crash left (or would leave, without one) and checks everything; the machine is then running.
  void restart_after_power_loss(std::uint64_t seed = 0);
  /// The log agrees with the models, and with itself.
  void check();
  /// The log is closed, and the disk holds what RocksDB knows and no more, every checksum right.
  void check_files();

  [[nodiscard]] SimulatedDisk& disk() { return *disk_; }
  [[nodiscard]] RocksLog& log() { return *log_; }
  [[nodiscard]] std::vector<Trouble> troubles() const { return troubles_->told(); }
  [[nodiscard]] bool has_model() const { return model_ != nullptr; }
  [[nodiscard]] Model& model() { return *model_; }
  [[nodiscard]] SnapshotModel& snapshot_model() { return *snapshot_model_; }
  [[nodiscard]] Workload& workload() { return workload_; }
  [[nodiscard]] RocksOptions options() const;

 private:
  [[nodiscard]] std::function<bool()> powered() const;
  static void expect_whole(const RocksLog& log);

  const SimulatedDisk::Tearing tearing_;
  TemporaryFolder folder_;  // for the lock of weir's own, which is a real file
  std::shared_ptr<SimulatedDisk> disk_;
  std::shared_ptr<Troubles> troubles_ = std::make_shared<Troubles>();
  std::unique_ptr<Model> model_;
  std::unique_ptr<SnapshotModel> snapshot_model_;
  std::unique_ptr<RocksLog> log_;
  Workload workload_;
  SnapshotWorkload snapshot_workload_;
};

}  // namespace weir::storage::crash
