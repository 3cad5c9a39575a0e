// A relay to talk to: the real shards over a disk, in virtual time. Each scenario is run with several seeds, that is
// with other interleavings of threads, disk and network; what it expects must hold in each.
//
//   SCENARIO(Publishing, AGapIsRefused) {
//     relay.limits.heartbeat = 1s;          // before the first talker
//     Talker ann(relay, "ann");
//     ...
//   }
//
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "server.hpp"

namespace weir::scenarios {

using namespace std::chrono_literals;
using simulation::Time;

[[nodiscard]] DocumentPath path(const std::string& document, const std::string& space = "space");
/// A producer whose bytes are the name, so that it can be read in a story.
[[nodiscard]] ProducerId producer_named(const std::string& name);
[[nodiscard]] StoreIncarnation incarnation(int number);

class Relay {
 public:
  /// Four records of a document are a pack, for those who take packs.
  static constexpr std::size_t pack_records = 4;

  explicit Relay(std::uint64_t seed) : world(seed), disk(world, incarnation(1), pack_records) {}

  /// Started when first asked for, with what is set below.
  [[nodiscard]] simulation::Server& server();
  /// kill -9: what was not durable is gone. The next talker finds it started again.
  void crash();
  /// The same, with an older store put back.
  void restore(const storage::MemoryState& backup);

  [[nodiscard]] bool until(const std::function<bool()>& done) { return world.run_until(done, 1min); }
  void pass(Time time) {
    (void)world.run_until([] { return false; }, time);
  }
  /// Long enough for every answer to arrive.
  void settle() { pass(200ms); }

  void hold_disk();
  void release_disk();
  /// Ends the document, as an operator does.
  [[nodiscard]] Result<Offset> delete_document(const DocumentPath& document);

  simulation::World world;
  simulation::Disk disk;
  core::Limits limits;
  std::size_t shards = 1;
  const core::Authorizer* authorizer = nullptr;
  core::Retentions retentions;

 private:
  std::unique_ptr<simulation::Server> server_;
};

using Scenario = void (*)(Relay& relay);
/// With every seed, up to the first that fails.
void play(Scenario scenario);

}  // namespace weir::scenarios

#define SCENARIO(suite, name)                                     \
  static void suite##_##name(::weir::scenarios::Relay& relay);    \
  TEST(suite, name) { ::weir::scenarios::play(&suite##_##name); } \
  static void suite##_##name([[maybe_unused]] ::weir::scenarios::Relay& relay)
