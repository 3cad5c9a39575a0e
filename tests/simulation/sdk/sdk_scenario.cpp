#include "sdk_scenario.hpp"

#include <algorithm>

#include "../client.hpp"
#include "../cuts.hpp"
#include "sdk_client.hpp"

namespace weir::simulation {
namespace {

StoreIncarnation random_incarnation(World& world) {
  StoreIncarnation incarnation;
  VirtualRandom(world).fill(incarnation.bytes.data(), incarnation.bytes.size());
  return incarnation;
}

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

class SdkScenario {
 public:
  explicit SdkScenario(const ScenarioOptions& options) : world_(options.seed), strict_(options.seed % 3 == 0) {}

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
  void trouble_device();
  void trouble_server();
  void start_server();
  void stop_server();
  void crash(const std::string& how);
  void put_back_older_store();
  void delete_something();
  void make_peace();
  void wait_until_settled();
  void check_converged();
  [[nodiscard]] std::vector<std::uint64_t> stored_numbers(const DocumentPath& path, const Record& record) const;
  [[nodiscard]] std::set<std::uint64_t> cut_numbers(const DocumentPath& path) const;
  void check_once_and_in_order(const storage::MemoryState& state);
  [[nodiscard]] SdkClient& any_client() { return *clients_[world_.chance.below(clients_.size())]; }

  World world_;
  bool strict_;
  Life life_;
  Oracle oracle_;
  std::unique_ptr<Disk> disk_;
  core::Limits limits_;
  core::Retentions retentions_;
  std::unique_ptr<Server> server_;
  std::vector<DocumentPath> paths_;
  PathSet encrypted_;
  std::vector<std::unique_ptr<SdkClient>> clients_;
  struct StoreBackup {
    storage::MemoryState state;
    Oracle::Seams seams;
  };
  std::vector<StoreBackup> store_backups_;
};

void SdkScenario::set_up() {
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
  for (const DocumentPath& path : paths_)
    if (world_.chance.one_in(2)) encrypted_.insert(path);
  start_server();
  const bool somebody_lies = world_.chance.one_in(3);
  for (std::uint64_t c = 0, count = world_.chance.between(2, 4); c < count; ++c) {
    SdkDevice device{.stores = world_.chance.one_in(2),
                     .takes_snapshots = world_.chance.one_in(2),
                     .makes_snapshots = !world_.chance.one_in(3),
                     .lies = c == 0 && somebody_lies,
                     .unpacks = !world_.chance.one_in(3)};
    // Closing a document, which a device does that reads behind a cut, would give up what it has published in order.
    device.takes_snapshots = device.takes_snapshots || (strict_ && !device.stores);
    clients_.push_back(std::make_unique<SdkClient>(world_, oracle_, disk_->log, "app " + std::to_string(c), paths_,
                                                   encrypted_, device));
    if (strict_) clients_.back()->trust_the_store();
    clients_.back()->use(server_.get());
  }
}

// ---- trouble ----

void SdkScenario::schedule_trouble(Time end) {
  if (world_.now() >= end) return;
  world_.after(world_.chance.time_below(20ms), life_, [this, end] {
    trouble();
    schedule_trouble(end);
  });
}

void SdkScenario::trouble() {
  const std::uint64_t dice = world_.chance.below(1000);
  if (dice < 700) return any_client().edit();
  if (dice < 740) {
    for (std::uint64_t i = 0, count = world_.chance.between(5, 60); i < count; ++i) any_client().edit();
    return;
  }
  if (dice < 975) return trouble_client();
  trouble_server();
}

void SdkScenario::trouble_client() {
  SdkClient& client = any_client();
  const std::uint64_t dice = world_.chance.below(100);
  if (dice < 30) return client.cut_after(world_.chance.below(3000));
  if (dice < 45) return client.cut();
  if (dice < 50) return client.disconnect();  // comes back by another dice, or in the end
  if (dice < 60) return client.connect();
  if (dice < 72) return client.stall(true);
  if (dice < 90) return client.stall(false);
  if (!strict_) return trouble_device();
  if (client.stores()) client.restart(true);
}

void SdkScenario::trouble_device() {
  SdkClient& client = any_client();
  switch (world_.chance.below(5)) {
    case 0: return client.leave_and_come_back();
    case 1: return client.restart(world_.chance.one_in(2));
    case 2: return client.recreate_deleted();
    default:
      SdkClient& other = any_client();
      if (&other == &client) return;
      ++outcome.clones;
      client.clone(other);
  }
}

void SdkScenario::trouble_server() {
  switch (world_.chance.below(strict_ ? 4 : 7)) {
    case 0:
    case 1: return crash("kill -9");
    case 2:
      world_.tell("the disk is full");
      disk_->log.inject_failure(Code::resource_exhausted);
      return;
    case 3:
      world_.tell("an fsync fails; the operator restarts the server");
      disk_->log.inject_failure(Code::unavailable, world_.chance.one_in(2) ? storage::MemoryLog::Afterwards::stored
                                                                           : storage::MemoryLog::Afterwards::lost);
      world_.after(world_.chance.time_below(300ms), life_, [this] { crash("restart"); });
      return;
    case 4: return store_backups_.push_back({disk_->log.backup(), oracle_.seams()});
    case 5:
      if (world_.chance.one_in(3)) put_back_older_store();
      return;
    default:
      if (world_.chance.one_in(3)) delete_something();
  }
}

void SdkScenario::start_server() {
  server_ = std::make_unique<Server>(world_, *disk_, limits_, world_.chance.between(1, 3), nullptr, retentions_);
}

void SdkScenario::stop_server() {
  for (auto& client : clients_) client->use(nullptr);
  outcome.fell_behind += server_->fell_behind();
  server_.reset();
}

void SdkScenario::crash(const std::string& how) {
  ++outcome.crashes;
  world_.tell(how);
  stop_server();
  disk_->log.crash();
  oracle_.check(disk_->log.backup());
  start_server();
  for (auto& client : clients_)
    world_.after(world_.chance.time_below(300ms), life_, [this, &client = *client] { client.use(server_.get()); });
}

// What an operator does: a proper restore begins a new incarnation; copying files back does not. Or the relay is
// another one, empty.
void SdkScenario::put_back_older_store() {
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
  }
}

void SdkScenario::delete_something() {
  const DocumentPath& path = paths_[world_.chance.below(paths_.size())];
  world_.tell("delete " + path.document.text());
  server_->shard(0).delete_document(path, [this, name = path.document.text()](const Result<Offset>& result) {
    if (result) ++outcome.deletions;
    world_.tell(result ? "deleted " + name : "not deleted: " + result.error().message);
  });
}

// ---- peace ----

void SdkScenario::make_peace() {
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
  wait_until_settled();
  // Who comes only now reads what stands for the beginning, where something does.
  clients_.push_back(std::make_unique<SdkClient>(world_, oracle_, disk_->log, "newcomer", paths_, encrypted_,
                                                 SdkDevice{.takes_snapshots = true}));
  clients_.back()->use(server_.get());
  wait_until_settled();
  oracle_.check(disk_->log.backup());
  check_converged();
  if (strict_) check_once_and_in_order(disk_->log.backup());
  outcome.fell_behind += server_->fell_behind();
  for (const auto& client : clients_) {
    outcome.packs += client->packs();
    outcome.snapshots += client->snapshots().made;
    outcome.snapshots_taken += client->snapshots().taken;
    outcome.attestations += client->snapshots().compared;
  }
}

void SdkScenario::wait_until_settled() {
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
}

void SdkScenario::check_converged() {
  const storage::MemoryState state = disk_->log.backup();
  for (const DocumentPath& path : paths_) {
    std::set<std::uint64_t> stored;
    if (const auto* document = state.find(path))
      for (const auto& [offset, record] : document->records)
        for (const std::uint64_t number : stored_numbers(path, record)) stored.insert(number);
    const std::set<std::uint64_t> cut = cut_numbers(path);
    if (!cut.empty()) ++outcome.cuts;
    stored.insert(cut.begin(), cut.end());
    for (const auto& client : clients_) {
      const AppDocument& kept = client->document(path);
      if (kept.numbers != stored)
        throw Violation(client->name() + " has " + std::to_string(kept.numbers.size()) + " numbers of " +
                        path.document.text() + ", the relay " + std::to_string(stored.size()));
      if (!kept.cursor) continue;
      const auto chain = disk_->log.chain(path, kept.cursor->offset);
      if (!chain || *chain != kept.cursor->chain)
        throw Violation(client->name() + " has another history of " + path.document.text());
    }
  }
}

std::vector<std::uint64_t> SdkScenario::stored_numbers(const DocumentPath& path, const Record& record) const {
  const auto numbers = numbers_of(path, record, encrypted_.contains(path));
  if (!numbers) throw Violation("the relay has a record of " + path.document.text() + " that is not sealed for it");
  return *numbers;
}

std::set<std::uint64_t> SdkScenario::cut_numbers(const DocumentPath& path) const {
  const auto stands = stands_for_what_was_cut(disk_->log, path, limits_.snapshots);
  if (!stands) return {};
  const auto numbers = numbers_of(path, stands->about, stands->bytes, encrypted_.contains(path));
  if (!numbers) throw Violation("what stands for cut records of " + path.document.text() + " is not sealed for it");
  return *numbers;
}

/// Of a document whose beginning is gone, that what is left is the end of what each has published, and that the rest is
/// in what stands for it.
void SdkScenario::check_once_and_in_order(const storage::MemoryState& state) {
  for (const DocumentPath& path : paths_) {
    std::vector<std::uint64_t> stored;
    if (const auto* document = state.find(path))
      for (const auto& [offset, record] : document->records)
        for (const std::uint64_t number : stored_numbers(path, record)) stored.push_back(number);
    const std::set<std::uint64_t> cut = cut_numbers(path);
    for (const auto& client : clients_) {
      std::vector<std::uint64_t> mine;
      const auto& edits = client->edits(path);
      const std::set<std::uint64_t> made(edits.begin(), edits.end());
      for (const std::uint64_t number : stored)
        if (made.contains(number)) mine.push_back(number);
      std::vector<std::uint64_t> wanted = edits;
      if (!cut.empty() && mine.size() < wanted.size()) {
        const auto left = wanted.end() - static_cast<std::ptrdiff_t>(mine.size());
        const bool stands = std::all_of(wanted.begin(), left, [&](std::uint64_t one) { return cut.contains(one); });
        if (stands) wanted.erase(wanted.begin(), left);
      }
      if (mine != wanted)
        throw Violation(client->name() + " published " + std::to_string(edits.size()) + " deltas of " +
                        path.document.text() + "; the relay has " + std::to_string(mine.size()) +
                        " of them, or in another order");
    }
  }
}

}  // namespace

Outcome run_sdk_scenario(const ScenarioOptions& options) {
  SdkScenario scenario(options);
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
