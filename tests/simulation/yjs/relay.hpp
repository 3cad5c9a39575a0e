// The relay of the simulation, spoken to by y-websocket: a process over a disk that survives it, and wires to it.
//
// Threads: one, the world's; what concerns the relay happens in tasks of the session's shard.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "server.hpp"
#include "weir/yjs/dialect.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::simulation {

class YjsRelay {
 public:
  YjsRelay(World& world, Disk& disk, core::Limits limits, std::size_t shard_count);
  ~YjsRelay() { life_.end(); }
  YjsRelay(const YjsRelay&) = delete;
  YjsRelay& operator=(const YjsRelay&) = delete;

  [[nodiscard]] std::size_t shard_count() const { return shards_.size(); }
  [[nodiscard]] shard::Shard& shard(std::size_t index) { return *shards_[index]; }
  [[nodiscard]] VirtualExecutor& executor(std::size_t index) { return *executors_[index]; }
  [[nodiscard]] const core::Limits& limits() const { return limits_; }
  [[nodiscard]] const Life& life() const { return life_; }
  [[nodiscard]] std::uint64_t fell_behind() const;
  [[nodiscard]] std::uint64_t snapshots_sent() const;

 private:
  World& world_;
  Disk& disk_;
  Life life_;
  core::Limits limits_;
  native::NativeEncoder native_encoder_;
  yjs::Encoder encoder_;
  yjs::CoverMerger merger_;
  Anyone authorizer_;
  VirtualPool pool_;
  VirtualRandom random_;
  std::vector<std::unique_ptr<VirtualExecutor>> executors_;
  std::vector<std::unique_ptr<shard::Shard>> shards_;
};

/// One WebSocket, message by message. Messages arrive in order, each a while later; a cut loses some of what is under
/// way. A client that does not read makes the relay's writer wait.
class Wire final : public shard::Connection, public std::enable_shared_from_this<Wire> {
 public:
  struct Client {
    std::function<void(std::string_view)> message;
    std::function<void(std::uint16_t code)> gone;  ///< once, when the relay closed it
  };
  [[nodiscard]] static std::shared_ptr<Wire> open(World& world, YjsRelay& relay, DocumentPath path, Client client);
  Wire(World& world, YjsRelay& relay, std::size_t shard, Client client);

  // For the client.
  void send(std::string message);
  void stall(bool stalled);
  /// The connection breaks; the client knows and hears no more, the relay learns of it in its time.
  void cut();

  // shard::Connection
  void output_ready() override;
  void reading(bool wanted) override;
  void close(std::uint16_t code, std::string_view reason) override;

 private:
  void on_relay(std::function<void()> task);
  void pump_to_relay();
  void write();
  void take_frames(std::string_view bytes);
  void pump_to_client();
  void tell_client(std::uint16_t code);

  World& world_;
  YjsRelay& relay_;
  Life relay_life_;
  std::size_t shard_;
  Client client_;
  Life client_life_;
  shard::Session* session_ = nullptr;
  std::deque<std::string> to_relay_;
  std::deque<std::string> to_client_;
  bool relay_reads_ = true;
  bool stalled_ = false;
  bool cut_ = false;
  bool waits_for_client_ = false;
  bool pumping_to_client_ = false;
  std::optional<std::uint16_t> closing_;
};

}  // namespace weir::simulation
