// A relay and three clients that say whatever a script tells them to: what the fuzzer of snapshots plays with, and what
// must hold whatever they say.
//
//   SnapshotWorld world(seed);
//   world.client(1).say(event);  world.pass(1s);
//   world.check();                // what is stored has the hash it claims, nobody is believed alone, limits hold
//   world.end();                  // everybody leaves, and nothing is left of them
//
// The relay is the real one (hub, sessions, native dialect) over a log in memory, in virtual time. Threads: one.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "link.hpp"
#include "server.hpp"
#include "weir/frames/codec.hpp"

namespace weir::fuzz {

using namespace std::chrono_literals;
using simulation::Time;

/// Ends the process, which is how a fuzzer is told.
void require(bool holds);

/// A few snapshots that everybody knows, of several sizes: nothing, and more than is taken, among them.
inline constexpr std::size_t contents = 8;
[[nodiscard]] const std::string& content(std::size_t number);

class SnapshotWorld;

/// One producer. It remembers what it was told, and checks what it can.
class HostileClient {
 public:
  HostileClient(SnapshotWorld& world, std::size_t number) : world_(world), number_(number) {}

  void connect();
  void cut();
  void stall(bool stalled) { link_->stall(stalled); }
  void say(const frames::ClientEvent& event);
  void say_bytes(std::string_view frame);
  void subscribe(std::size_t document, bool recreate);
  void publish(std::size_t document);
  void read_snapshot(std::size_t document, Offset offset, const Digest& hash, std::uint64_t position);

  /// 0 before it subscribed.
  [[nodiscard]] DocumentHandle handle(std::size_t document) const { return places_[document].handle; }
  [[nodiscard]] Epoch epoch(std::size_t document) const { return places_[document].epoch; }

 private:
  void hear(const std::string& message);
  void on(const frames::Subscribed& subscribed);
  void on(const frames::SnapshotHeader& header);
  void on(const frames::SnapshotChunk& chunk);
  void on(const frames::Ping& ping) { say(frames::Pong{ping.nonce}); }
  template <class Event>
  void on(const Event&) {}

  struct Place {
    DocumentHandle handle;
    Epoch epoch;
    std::uint64_t published = 0;
  };
  struct Served {
    frames::SnapshotHeader header;
    std::string bytes;
  };
  struct Asked {
    Digest hash;
    std::uint64_t position;
  };

  SnapshotWorld& world_;
  const std::size_t number_;
  simulation::Life connection_;
  std::shared_ptr<simulation::Link> link_;
  std::array<Place, 2> places_{};
  std::uint64_t requests_ = 0;
  std::map<std::uint64_t, std::size_t> subscribes_;  ///< document by request
  std::map<std::uint64_t, Asked> reads_;
  std::map<DocumentHandle, Served> served_;
};

class SnapshotWorld {
 public:
  static constexpr std::size_t clients = 3;
  static constexpr std::size_t documents = 2;

  explicit SnapshotWorld(std::uint64_t seed);

  [[nodiscard]] HostileClient& client(std::size_t number) { return *clients_[number % clients]; }
  [[nodiscard]] static DocumentPath path(std::size_t document);
  /// What the store has of it; nothing of a deleted one.
  [[nodiscard]] std::vector<Snapshot> stored(std::size_t document);
  [[nodiscard]] storage::MemoryLog& log() { return disk_.log; }

  void pass(Time time);
  void delete_document(std::size_t document);
  /// A client has said that these bytes are right, by offering or attesting them.
  void vouched(const Digest& hash, std::size_t client) { vouchers_[hash].insert(client); }

  void check();
  void end();

 private:
  friend class HostileClient;
  void check_stored(std::size_t document, const Snapshot& snapshot);

  simulation::World world_;
  simulation::Disk disk_;
  std::unique_ptr<simulation::Server> server_;
  std::vector<std::unique_ptr<HostileClient>> clients_;
  std::map<Digest, std::set<std::size_t>> vouchers_;
};

}  // namespace weir::fuzz
