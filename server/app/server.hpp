// The relay put together: every part once, started in order, stopped in reverse.
//
//   Result<std::unique_ptr<Server>> server = Server::start(settings);
//   if (!server) ... server.error().message says what to do ...
//   std::cout << (*server)->url() << '\n';
//   (*server)->stop();                                  // drains, flushes, closes the log
//
// Order: log, reader pool, threads with their shards, listeners. On stop: no longer ready, listeners closed, sessions
// told to go and HTTP replies finished, gRPC's calls over, threads joined, pool joined, log closed (which commits what
// waits), shards freed.
//
// Threads: start(), stop() and destruction from one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/app/keeper.hpp"
#include "weir/app/log_timings.hpp"
#include "weir/auth/open_authorizer.hpp"
#include "weir/config/settings.hpp"
#include "weir/grpc/transport.hpp"
#include "weir/http/front_door.hpp"
#include "weir/http/store_api.hpp"
#include "weir/native/native_dialect.hpp"
#include "weir/runtime/io_thread.hpp"
#include "weir/runtime/reader_pool.hpp"
#include "weir/runtime/system_random.hpp"
#include "weir/shard/shard.hpp"
#include "weir/storage/delta_log.hpp"
#include "weir/websocket/connections.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::app {

/// A log, and what tells why it refuses writes (empty: it takes them).
struct OpenLog {
  std::unique_ptr<storage::DeltaLog> log;
  storage::SnapshotStore* snapshots = nullptr;  ///< of the same store; lives as long as `log`
  std::function<std::string(const storage::DeltaLog&)> trouble = [](const storage::DeltaLog&) { return std::string(); };
  const storage::MeasuredLog* measured = nullptr;  ///< `log` again, when it can be measured
  std::shared_ptr<const LogTimings> timings = {};  ///< what it tells then
};

class Server {
 public:
  /// With the store of the settings.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const config::Settings& settings);
  /// With a log of the caller's choice.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const config::Settings& settings, OpenLog log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { stop(); }

  /// Within settings.drain_wait_max, then without ceremony. A second call does nothing.
  void stop();

  [[nodiscard]] std::string url() const;
  /// "127.0.0.1:8788", or "off".
  [[nodiscard]] std::string grpc_address() const;
  [[nodiscard]] std::uint16_t port() const { return door_->endpoint().port(); }

 private:
  Server(const config::Settings& settings, core::Retentions retentions, OpenLog log);
  void make_threads();
  void add_routes();
  void make_grpc();
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] std::string metrics() const;
  [[nodiscard]] Result<http::TakeOver> route_upgrade(const http::UpgradeRequest& request);
  [[nodiscard]] http::TakeOver take_over(std::function<std::unique_ptr<core::Dialect>()> dialect,
                                         std::string subprotocol);
  [[nodiscard]] std::string unready() const;
  void drain();

  const config::Settings settings_;
  const core::Limits limits_;
  const core::Retentions retentions_;
  auth::OpenAuthorizer authorizer_;
  runtime::SystemRandom random_;
  native::NativeEncoder native_encoder_;
  yjs::Encoder yjs_encoder_;
  yjs::CoverMerger cover_merger_;
  OpenLog log_;
  runtime::ReaderPool readers_;
  std::vector<std::unique_ptr<runtime::IoThread>> threads_;
  std::vector<std::unique_ptr<shard::Shard>> shards_;
  std::unique_ptr<Keeper> keeper_;
  std::vector<std::unique_ptr<websocket::Connections>> connections_;
  std::unique_ptr<http::StoreApi> store_api_;
  http::Routes routes_;
  std::unique_ptr<http::FrontDoor> door_;
  std::unique_ptr<rpc::Transport> grpc_;  ///< null: off
  std::atomic<bool> ready_ = false;
  bool stopped_ = false;
};

}  // namespace weir::app
