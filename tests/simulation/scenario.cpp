#include "scenario.hpp"

#include <memory>
#include <vector>

#include "client.hpp"
#include "cuts.hpp"

namespace weir::simulation {
namespace {

StoreIncarnation random_incarnation(World& world) {
  StoreIncarnation incarnation;
  VirtualRandom(world).fill(incarnation.bytes.data(), incarnation.bytes.size());
  return incarnation;
}

// Small, so that every bound is met within a few hundred edits.
core::Limits small_limits(World& world) {
  core::Limits limits;
  limits.session_queue_bytes_max = world.chance.between(600, 6000);
  limits.ring_bytes_max = world.chance.between(200, 4000);
  limits.read_bytes_max = world.chance.between(200, 3000);
  limits.in_flight_bytes_max = world.chance.between(500, 5000);
  limits.document_idle_max = std::chrono::milliseconds(world.chance.between(300, 3000));
  limits.heartbeat = std::chrono::milliseconds(world.chance.between(1000, 4000));
  limits.producers_cached_max = world.chance.between(1, 8);
  make_small(world, limits.snapshots);
  return limits;
}

class Scenario {
 public:
  explicit Scenario(const ScenarioOptions& options) : world_(options.seed) {}

  void run() {
    set_up();
    const Time end = Time{world_.chance.between(1'000'000, 6'000'000)};
    schedule_trouble(end);
    world_.run_until([&] { return world_.now() >= end; }, 1h);
    make_peace();
  }
  Outcome outcome;
  World& world() { return world_; }
  [[nodiscard]] const Oracle& oracle() const { return oracle_; }

 private:
  void set_up();
  void schedule_trouble(Time end);
  void trouble();
  void trouble_client();
  void trouble_server();
  void start_server();
  void stop_server();
  void crash(const std::string& how);
  void put_back_older_store();
  void delete_something();
  void make_peace();
  void check_converged();
  [[nodiscard]] Client& any_client() { return *clients_[world_.chance.below(clients_.size())]; }

  World world_;
  Life life_;
  Oracle oracle_;
  std::unique_ptr<Disk> disk_;
  core::Limits limits_;
  core::Retentions retentions_;
  std::unique_ptr<Server> server_;
  std::vector<DocumentPath> paths_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Device> device_backups_;
  struct StoreBackup {
    storage::MemoryState state;
    Oracle::Seams seams;
  };
  std::vector<StoreBackup> store_backups_;
};

void Scenario::set_up() {
  const std::size_t pack_records = world_.chance.one_in(2) ? world_.chance.between(2, 20) : 0;
  disk_ = std::make_unique<Disk>(world_, random_incarnation(world_), pack_records);
  disk_->committed = [this] {
    if (world_.chance.one_in(20)) oracle_.check(disk_->log.backup());
  };
  limits_ = small_limits(world_);
  retentions_ = some_retention(world_);
  const std::uint64_t spaces = world_.chance.between(1, 2);
  for (std::uint64_t s = 0; s < spaces; ++s)
    for (std::uint64_t d = 0, count = world_.chance.between(1, 3); d < count; ++d)
      paths_.push_back({*SpaceName::parse("space-" + std::to_string(s)),
                        *DocumentName::parse("doc-" + std::to_string(s) + std::to_string(d))});
  start_server();
  for (std::uint64_t c = 0, count = world_.chance.between(2, 4); c < count; ++c) {
    clients_.push_back(std::make_unique<Client>(world_, oracle_, disk_->log, "client " + std::to_string(c), paths_));
    clients_.back()->use(server_.get());
    clients_.back()->connect();
  }
  if (world_.chance.one_in(3)) clients_.front()->lie();
}

// ---- trouble ----

void Scenario::schedule_trouble(Time end) {
  if (world_.now() >= end) return;
  world_.after(world_.chance.time_below(20ms), life_, [this, end] {
    trouble();
    schedule_trouble(end);
  });
}

void Scenario::trouble() {
  const std::uint64_t dice = world_.chance.below(1000);
  if (dice < 700) return any_client().edit();
  if (dice < 730) {
    for (std::uint64_t i = 0, count = world_.chance.between(5, 60); i < count; ++i) any_client().edit();
    return;
  }
  if (dice < 975) return trouble_client();
  trouble_server();
}

void Scenario::trouble_client() {
  Client& client = any_client();
  const std::uint64_t dice = world_.chance.below(100);
  if (dice < 25) return client.cut_after(world_.chance.below(3000));
  if (dice < 35) return client.disconnect();  // comes back by another dice, or in the end
  if (dice < 60) return client.connect();
  if (dice < 70) return client.stall(true);
  if (dice < 82) return client.stall(false);
  if (dice < 90) return client.leave_and_come_back();
  if (dice < 94) return device_backups_.push_back(client.backup());
  if (dice < 97 && !device_backups_.empty()) {
    ++outcome.clones;
    return client.restore(device_backups_[world_.chance.below(device_backups_.size())]);
  }
  if (dice < 98) {
    ++outcome.clones;
    world_.tell("a clone of " + client.name());
    return any_client().restore(client.backup());
  }
  client.recreate_deleted();
}

void Scenario::trouble_server() {
  switch (world_.chance.below(7)) {
    case 0:
    case 1: return crash("kill -9");
    case 2: return store_backups_.push_back({disk_->log.backup(), oracle_.seams()});
    case 3:
      if (world_.chance.one_in(3)) put_back_older_store();
      return;
    case 4:
      if (world_.chance.one_in(3)) delete_something();
      return;
    case 5:
      world_.tell("the disk is full");
      disk_->log.inject_failure(Code::resource_exhausted);
      return;
    default:
      world_.tell("an fsync fails; the operator restarts the server");
      disk_->log.inject_failure(Code::unavailable, world_.chance.one_in(2) ? storage::MemoryLog::Afterwards::stored
                                                                           : storage::MemoryLog::Afterwards::lost);
      world_.after(world_.chance.time_below(300ms), life_, [this] { crash("restart"); });
  }
}

void Scenario::start_server() {
  server_ = std::make_unique<Server>(world_, *disk_, limits_, world_.chance.between(1, 3), nullptr, retentions_);
}

void Scenario::stop_server() {
  for (auto& client : clients_) client->use(nullptr);
  outcome.fell_behind += server_->fell_behind();
  server_.reset();
}

void Scenario::crash(const std::string& how) {
  ++outcome.crashes;
  world_.tell(how);
  stop_server();
  disk_->log.crash();
  oracle_.check(disk_->log.backup());
  start_server();
  for (auto& client : clients_) {
    client->use(server_.get());
    world_.after(world_.chance.time_below(500ms), life_, [&client = *client] { client.connect(); });
  }
}

// What an operator does: a proper restore begins a new incarnation; copying files back does not. Or the relay is
// another one, empty.
void Scenario::put_back_older_store() {
  ++outcome.restores;
  stop_server();
  const std::uint64_t way = world_.chance.below(3);
  const bool empty = store_backups_.empty() || way == 0;
  StoreBackup backup;
  if (!empty) backup = store_backups_[world_.chance.below(store_backups_.size())];
  if (empty) backup.state.incarnation = random_incarnation(world_);
  disk_->log.restore(backup.state);
  if (!empty && way == 1) disk_->log.set_incarnation(random_incarnation(world_));
  world_.tell(empty      ? "another relay, empty"
              : way == 1 ? "a backup is restored"
                         : "the operator copies old files back");
  oracle_.restored(disk_->log.backup(), backup.seams, !empty && way == 1);
  start_server();
  for (auto& client : clients_) {
    client->forget_offsets();
    client->use(server_.get());
    world_.after(world_.chance.time_below(500ms), life_, [&client = *client] { client.connect(); });
  }
}

void Scenario::delete_something() {
  const DocumentPath& path = paths_[world_.chance.below(paths_.size())];
  world_.tell("delete " + path.document.text());
  server_->shard(0).delete_document(path, [this, name = path.document.text()](const Result<Offset>& result) {
    if (result) ++outcome.deletions;
    world_.tell(result ? "deleted " + name : "not deleted: " + result.error().message);
  });
}

// ---- peace ----

void Scenario::make_peace() {
  world_.tell("peace");
  const auto keep_connected = [this](auto&& self) -> void {
    for (auto& client : clients_) {
      client->recreate_deleted();
      client->stall(false);
      client->cut_after(static_cast<std::size_t>(-1));
      client->connect();
    }
    world_.after(500ms, life_, [self] { self(self); });
  };
  keep_connected(keep_connected);
  const bool settled = world_.run_until(
      [&] {
        for (const auto& client : clients_)
          if (!client->settled()) return false;
        return true;
      },
      10min);
  if (!settled) {
    std::string who;
    for (const auto& client : clients_) who += "\n    " + client->state();
    throw Violation("not everybody has everything after ten minutes of peace:" + who);
  }
  oracle_.check(disk_->log.backup());
  check_converged();
  for (const auto& client : clients_) {
    outcome.packs += client->packs();
    outcome.snapshots += client->snapshots_stored();
    outcome.snapshots_taken += client->snapshots_taken();
    outcome.attestations += client->snapshots_attested();
  }
  outcome.fell_behind += server_->fell_behind();
}

void Scenario::check_converged() {
  const storage::MemoryState state = disk_->log.backup();
  for (const DocumentPath& path : paths_) {
    std::set<std::uint64_t> stored;
    if (const auto* document = state.find(path))
      for (const auto& [offset, record] : document->records) stored.merge(decode_numbers(record.payload.view()));
    if (const auto stands = stands_for_what_was_cut(disk_->log, path, limits_.snapshots)) {
      ++outcome.cuts;
      stored.merge(decode_numbers(stands->bytes));
    }
    for (const auto& client : clients_) {
      const Replica& replica = client->replica(path);
      if (replica.numbers != stored)
        throw Violation(client->name() + " has " + std::to_string(replica.numbers.size()) + " numbers of " +
                        path.document.text() + ", the relay " + std::to_string(stored.size()));
      const auto chain = disk_->log.chain(path, replica.cursor->offset);
      if (!chain || *chain != replica.cursor->chain)
        throw Violation(client->name() + " has another history of " + path.document.text());
    }
  }
}

}  // namespace

Outcome run_scenario(const ScenarioOptions& options) {
  Scenario scenario(options);
  try {
    scenario.run();
  } catch (const Violation& violation) {
    scenario.outcome.violation = violation.what();
  }
  scenario.outcome.story = scenario.world().story();
  scenario.outcome.acknowledgements = scenario.oracle().acknowledgements();
  return scenario.outcome;
}

}  // namespace weir::simulation
