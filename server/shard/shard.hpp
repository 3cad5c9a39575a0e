// One thread of the relay: the hub of the spaces it owns, and the sessions that are connected to it.
//
// A shard takes the inputs of its hub and sessions, runs them through the core, and performs the effects: appends to
// the log, reads on the pool, hand-offs to other shards. Shards talk by mailboxes: one message per thread and delivery,
// however many sessions listen there, and one wake-up for any number of messages.
//
//   auto shards = make_shards(environment, executors);
//   shards[0]->open(std::make_unique<NativeDialect>(...), connection);      // on that shard's thread
//
// Threads: open() and the Session it returns on the shard's own executor; delete_document(), withdraw_snapshot(),
// release_snapshot(), maintain(), drain(), watch(), counters() and timings() from any.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/core/authorizer.hpp"
#include "weir/core/dialect.hpp"
#include "weir/core/limits.hpp"
#include "weir/core/retention.hpp"
#include "weir/runtime/executor.hpp"
#include "weir/shard/connection.hpp"
#include "weir/shard/counters.hpp"
#include "weir/storage/delta_log.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::shard {

/// What all shards of a server share. Everything outlives them.
struct Environment {
  storage::DeltaLog& log;
  storage::SnapshotStore& snapshots;
  runtime::BlockingPool& readers;
  runtime::Random& random;
  const core::Authorizer& authorizer;
  core::Encoders encoders;
  const core::CoverMerger& cover_merger;
  core::Limits limits;
  std::string server_version;
  std::string durability = "sync";
  core::Retentions retentions{};
  /// Encoded parts of snapshots that are kept for the next reader.
  std::size_t snapshot_cache_bytes_max = std::size_t{32} << 20;
};

/// Wants to know when something new of a space is durable. Called on the thread of the shard that owns the space.
class SpaceWatcher {
 public:
  virtual ~SpaceWatcher() = default;
  virtual void space_moved() = 0;
};

class Shard {
 public:
  virtual ~Shard() = default;
  [[nodiscard]] virtual runtime::Executor& executor() = 0;
  /// A new session on this shard's thread. `connection` must live until Session::closed().
  virtual Session& open(std::unique_ptr<core::Dialect> dialect, Connection& connection) = 0;
  /// Ends a document with a tombstone. NOT_FOUND when it does not exist. `done` runs on some shard thread.
  virtual void delete_document(DocumentPath path, std::function<void(Result<Offset>)> done) = 0;
  /// Nobody is served this snapshot any more; no record is discarded. NOT_FOUND when none is in use at this offset.
  /// `done` runs on some shard thread.
  virtual void withdraw_snapshot(DocumentPath path, Offset offset, std::function<void(Result<void>)> done) = 0;
  /// What is in quarantine is a candidate again, to be confirmed like a new one. NOT_FOUND when there is none with this
  /// offset and hash, ALREADY_EXISTS when the same is in use. `done` runs on some shard thread.
  virtual void release_snapshot(DocumentPath path, Offset offset, const Digest& hash,
                                std::function<void(Result<void>)> done) = 0;
  /// Does what is due in a document that nobody has open: drops snapshots nobody needs, cuts what may be cut.
  virtual void maintain(DocumentPath path) = 0;
  /// Tells every session where to go and closes it after what waits is sent; refuses new ones. `done` runs on this
  /// shard's thread when the last has closed.
  virtual void drain(std::string reason, std::chrono::milliseconds reconnect_after, std::function<void()> done) = 0;
  /// Until the watcher is destroyed, it is told of each commit that begins after this call to the space, whichever
  /// shard owns it. What was committed before may be told or not: read the log after watching.
  virtual void watch(const SpaceName& space, std::weak_ptr<SpaceWatcher> watcher) = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
  [[nodiscard]] virtual Timings timings() const = 0;
};

/// One shard per executor, all knowing each other. Destroy them after their executors have stopped.
[[nodiscard]] std::vector<std::unique_ptr<Shard>> make_shards(Environment environment,
                                                              const std::vector<runtime::Executor*>& executors);

/// The shard that owns a space.
[[nodiscard]] std::size_t owner_of(const SpaceName& space, std::size_t shard_count);

}  // namespace weir::shard
