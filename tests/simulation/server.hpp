// A simulated server process: the real shards over a disk that survives it.
//
//   Disk disk(world, incarnation);
//   auto server = std::make_unique<Server>(world, disk, limits, 2);
//   server->shard(0).open(...)         // from a task of server->executor(0)
//   server.reset(); disk.crash();      // kill -9: tasks, reads and unsynced appends are gone
//
// Threads: one, the world's.
#pragma once

#include <memory>
#include <vector>

#include "weir/memory/memory_log.hpp"
#include "weir/native/native_dialect.hpp"
#include "weir/shard/shard.hpp"
#include "world.hpp"

namespace weir::simulation {

/// The store, and when it syncs: some of what waits at a time, the completions a while later.
class Disk {
 public:
  /// `pack_records`: MemoryLogOptions'.
  Disk(World& world, const StoreIncarnation& incarnation, std::size_t pack_records = 0)
      : log({.incarnation = incarnation, .pack_records = pack_records}), world_(world) {}

  storage::MemoryLog log;

  /// Something may have been appended: see to it that it is committed some time.
  void look(const Life& life);
  /// While held, nothing becomes durable. Hold it when it is idle; look() goes on.
  bool held = false;
  /// What every commit is checked with.
  std::function<void()> committed = [] {};

 private:
  World& world_;
  Life scheduled_for_;  ///< the process for which a commit is under way
  bool scheduled_ = false;
};

/// Anyone may do anything.
class Anyone final : public core::Authorizer {
 public:
  [[nodiscard]] Result<std::string> authenticate(std::string_view token) const override { return std::string(token); }
  [[nodiscard]] Result<void> may_read(std::string_view, const DocumentPath&) const override { return {}; }
  [[nodiscard]] Result<void> may_write(std::string_view, const DocumentPath&) const override { return {}; }
};

/// No foreign dialect takes part: covers stay empty.
class NoCover final : public core::CoverMerger {
 public:
  [[nodiscard]] std::string merge(std::string_view known, std::string_view) const override {
    return std::string(known);
  }
};

class Server {
 public:
  /// `authorizer`: null for Anyone; outlives the server.
  Server(World& world, Disk& disk, core::Limits limits, std::size_t shard_count,
         const core::Authorizer* authorizer = nullptr, core::Retentions retentions = {});
  ~Server() { life_.end(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::size_t shard_count() const { return shards_.size(); }
  [[nodiscard]] shard::Shard& shard(std::size_t index) { return *shards_[index]; }
  [[nodiscard]] VirtualExecutor& executor(std::size_t index) { return *executors_[index]; }
  [[nodiscard]] const core::Limits& limits() const { return limits_; }
  [[nodiscard]] const Life& life() const { return life_; }
  [[nodiscard]] std::uint64_t fell_behind() const;

 private:
  World& world_;
  Disk& disk_;
  Life life_;
  core::Limits limits_;
  native::NativeEncoder encoder_;
  Anyone anyone_;
  NoCover cover_;
  VirtualPool pool_;
  VirtualRandom random_;
  std::vector<std::unique_ptr<VirtualExecutor>> executors_;
  std::vector<std::unique_ptr<shard::Shard>> shards_;
};

}  // namespace weir::simulation
