#include "weir/memory/memory_log.hpp"
#include "snapshots_under_test.hpp"

namespace weir::storage::conformance {
namespace {

StoreIncarnation some_incarnation(std::byte byte = std::byte{7}) {
  StoreIncarnation incarnation;
  incarnation.bytes.fill(byte);
  return incarnation;
}

class ManualMemory : public LogUnderTest {
 public:
  explicit ManualMemory(std::size_t queue_bytes_max, std::size_t pack_records = 0)
      : log_({.incarnation = some_incarnation(), .queue_bytes_max = queue_bytes_max, .pack_records = pack_records}) {}
  DeltaLog& log() override { return log_; }
  SnapshotStore& snapshots() override { return log_.snapshots(); }
  void hold() override {}
  void release() override {}
  void settle() override {
    while (log_.commit() > 0) {
    }
  }
  void reopen() override {
    settle();
    log_.crash();
  }
  void restore() override {
    settle();
    log_.set_incarnation(some_incarnation(std::byte{8}));
  }

 private:
  MemoryLog log_;
};

class PackingMemory final : public ManualMemory {
 public:
  explicit PackingMemory(std::size_t queue_bytes_max) : ManualMemory(queue_bytes_max, 3) {}
};

class AutomaticMemory final : public LogUnderTest {
 public:
  explicit AutomaticMemory(std::size_t queue_bytes_max) : log_(std::make_unique<MemoryLog>(options(queue_bytes_max))) {}
  DeltaLog& log() override { return *log_; }
  SnapshotStore& snapshots() override { return log_->snapshots(); }
  void hold() override { holder_.hold(*log_); }
  void release() override { holder_.release(); }
  void settle() override {}
  void reopen() override {
    const MemoryState kept = log_->backup();
    log_ = std::make_unique<MemoryLog>(options(std::size_t{64} << 20));
    log_->restore(kept);
  }
  void restore() override { log_->set_incarnation(some_incarnation(std::byte{8})); }

 private:
  static MemoryLogOptions options(std::size_t queue_bytes_max) {
    return {.incarnation = some_incarnation(), .mode = MemoryLog::Mode::automatic, .queue_bytes_max = queue_bytes_max};
  }
  Holder holder_;
  std::unique_ptr<MemoryLog> log_;
};

template <class T>
Implementation implementation(const char* name) {
  return {name, [](std::size_t queue_bytes_max) { return std::make_unique<T>(queue_bytes_max); }};
}

const auto implementations =
    testing::Values(implementation<ManualMemory>("Manual"), implementation<PackingMemory>("Packing"),
                    implementation<AutomaticMemory>("Automatic"));

INSTANTIATE_TEST_SUITE_P(Memory, DeltaLogConformance, implementations,
                         [](const auto& tested) { return tested.param.name; });
INSTANTIATE_TEST_SUITE_P(Memory, SnapshotConformance, implementations,
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace weir::storage::conformance
