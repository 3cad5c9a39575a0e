#include "server.hpp"

namespace weir::simulation {

void Disk::look(const Life& life) {
  if (held || (scheduled_ && !scheduled_for_.over()) || log.queued() == 0) return;
  scheduled_ = true;
  scheduled_for_ = life;
  world_.after(world_.chance.time_below(2ms), life, [this, life] {
    log.make_durable(world_.chance.one_in(3) ? world_.chance.between(1, 4) : storage::MemoryLog::all);
    committed();
    world_.after(world_.chance.time_below(1ms), life, [this, life] {
      scheduled_ = false;
      log.complete();
      look(life);
    });
  });
}

Server::Server(World& world, Disk& disk, core::Limits limits, std::size_t shard_count,
               const core::Authorizer* authorizer, core::Retentions retentions)
    : world_(world), disk_(disk), limits_(limits), pool_(world, life_), random_(world) {
  std::vector<runtime::Executor*> executors;
  for (std::size_t i = 0; i < shard_count; ++i) {
    executors_.push_back(std::make_unique<VirtualExecutor>(world_, life_, [this] { disk_.look(life_); }));
    executors.push_back(executors_.back().get());
  }
  const core::Authorizer& who = authorizer != nullptr ? *authorizer : anyone_;
  shard::Environment environment{.log = disk_.log,
                                 .snapshots = disk_.log.snapshots(),
                                 .readers = pool_,
                                 .random = random_,
                                 .authorizer = who,
                                 .encoders = {&encoder_, &encoder_},
                                 .cover_merger = cover_,
                                 .limits = limits_,
                                 .server_version = "simulated",
                                 .retentions = std::move(retentions)};
  shards_ = shard::make_shards(std::move(environment), executors);
}

std::uint64_t Server::fell_behind() const {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->counters().fell_behind;
  return sum;
}

}  // namespace weir::simulation
