#include <unistd.h>

#include <filesystem>

#include "snapshots_under_test.hpp"
#include "temporary_folder.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::storage::conformance {
namespace {

class OnDisk final : public LogUnderTest {
 public:
  OnDisk(std::size_t queue_bytes_max, Durability durability, const PackingOptions& packing) {
    options_.path = folder_.path() / "log";
    options_.queue_bytes_max = queue_bytes_max;
    options_.durability = durability;
    options_.sync_interval = std::chrono::milliseconds(1);
    options_.packing = packing;
    log_ = RocksLog::open(options_).value();
  }
  DeltaLog& log() override { return *log_; }
  SnapshotStore& snapshots() override { return log_->snapshots(); }
  void hold() override { holder_.hold(*log_); }
  void release() override { holder_.release(); }
  void settle() override {}
  void reopen() override {
    log_.reset();
    log_ = RocksLog::open(options_).value();
  }
  void restore() override {
    log_.reset();
    RocksOptions options = options_;
    options.begin_incarnation = true;
    log_ = RocksLog::open(options).value();
  }

 private:
  TemporaryFolder folder_;
  RocksOptions options_;
  Holder holder_;
  std::unique_ptr<RocksLog> log_;
};

Implementation implementation(const char* name, Durability durability, const PackingOptions& packing = {}) {
  return {name,
          [durability, packing](std::size_t bytes) { return std::make_unique<OnDisk>(bytes, durability, packing); }};
}

/// Every run is sealed at once and packs are merged all the time, so that what is read is now here, now there.
PackingOptions eager_packing() {
  PackingOptions packing;
  packing.seal_records = packing.idle_seal_records = 1;
  packing.merge_records = 6;
  packing.settle_records = 30;
  packing.payload_bytes_max = 60'000;  // some of the random test's payloads are larger, and stay in runs
  packing.level = packing.settle_level = 1;
  return packing;
}

const auto implementations =
    testing::Values(implementation("Sync", Durability::sync), implementation("Interval", Durability::interval),
                    implementation("Packing", Durability::sync, eager_packing()));

INSTANTIATE_TEST_SUITE_P(Rocks, DeltaLogConformance, implementations,
                         [](const auto& tested) { return tested.param.name; });
INSTANTIATE_TEST_SUITE_P(Rocks, SnapshotConformance, implementations,
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace weir::storage::conformance
