#include "village.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "relay.hpp"
#include "toy_doc.hpp"
#include "weir/core/cover.hpp"
#include "weir/yjs/messages.hpp"

namespace weir::simulation {
namespace {

// As the provider sends it: without the header of a WebSocket frame, which is 2 bytes or 4 here.
std::string message(void (*put)(std::string&, std::string_view), std::string_view body) {
  std::string out;
  put(out, body);
  return out.substr(static_cast<unsigned char>(out[1]) < 126 ? 2 : 4);
}

DocumentPath room() { return {*SpaceName::parse("village"), *DocumentName::parse("green")}; }

/// A tab with a y-websocket provider.
class Tab {
 public:
  Tab(World& world, VillageOutcome& outcome, std::uint64_t client) : doc(client), world_(world), outcome_(outcome) {}

  void connect(YjsRelay& relay) {
    if (wire_) return;
    synced_ = false;
    wire_ = Wire::open(world_, relay, room(),
                       {[this](std::string_view bytes) { hear(bytes); }, [this](std::uint16_t code) { gone(code); }});
    wire_->send(message(yjs::put_sync_step1, doc.state_vector()));
  }
  void disconnect() {
    if (wire_) std::exchange(wire_, nullptr)->cut();
    waiting_.clear();
  }
  void edit() {
    std::string update = doc.edit(world_.chance);
    if (!wire_) return;
    wire_->send(message(yjs::put_update, update));
    waiting_.push_back(std::move(update));
  }
  void stall(bool stalled) {
    if (wire_) wire_->stall(stalled);
  }
  /// What `resyncInterval` does.
  void resync() {
    if (wire_) wire_->send(message(yjs::put_sync_step1, doc.state_vector()));
  }
  [[nodiscard]] bool connected() const { return wire_ != nullptr; }
  [[nodiscard]] bool synced() const { return synced_; }

  ToyDoc doc;
  std::vector<std::string> echoed;  ///< durable, as far as this tab knows
  std::uint16_t last_close = 0;

 private:
  void gone(std::uint16_t code) {
    last_close = code;
    wire_.reset();
    waiting_.clear();
  }
  void hear(std::string_view bytes) {
    const auto said = yjs::parse_message(bytes, 100);
    if (!said) throw std::runtime_error("the relay sent rubbish");
    if (const auto* update = std::get_if<yjs::Update>(&*said)) {
      doc.apply(update->update);
      if (const auto own = std::find(waiting_.begin(), waiting_.end(), update->update); own != waiting_.end()) {
        echoed.push_back(*own);
        waiting_.erase(own);
        ++outcome_.echoed;
      }
    } else if (std::holds_alternative<yjs::SyncStep2>(*said)) {
      synced_ = true;
    } else if (const auto* query = std::get_if<yjs::SyncStep1>(&*said)) {
      const std::string answer = doc.diff(query->state_vector);
      outcome_.queried_bytes += answer.size();
      wire_->send(message(yjs::put_sync_step2, answer));
    }
  }

  World& world_;
  VillageOutcome& outcome_;
  std::shared_ptr<Wire> wire_;
  std::vector<std::string> waiting_;  ///< sent, not come back yet
  bool synced_ = false;
};

class Village {
 public:
  explicit Village(std::uint64_t seed) : world_(seed), disk_(world_, incarnation()) {
    disk_.committed = [this] { check_log(); };
    limits_.session_queue_bytes_max = 120;
    limits_.read_bytes_max = 100;
    limits_.ring_bytes_max = 1000;
    // Everybody here is honest: what one gives is served at once.
    core::SnapshotRules& snapshots = limits_.snapshots;
    snapshots.ask = !world_.chance.one_in(3);
    snapshots.tail_bytes_min = world_.chance.between(50, 500);
    snapshots.tail_records_min = world_.chance.between(2, 20);
    snapshots.lease = std::chrono::milliseconds(world_.chance.between(50, 500));
    snapshots.quiet = std::chrono::milliseconds(world_.chance.between(0, 300));
    snapshots.maintain_interval = std::chrono::milliseconds(world_.chance.between(50, 500));
    snapshots.serve_unverified_after = std::chrono::seconds(0);
    snapshots.drop_after = std::chrono::seconds(world_.chance.between(0, 2));
    start();
    for (std::uint64_t i = world_.chance.between(2, 6); i > 0; --i) move_in();
  }

  VillageOutcome run() {
    try {
      for (std::uint64_t i = world_.chance.between(20, 150); i > 0; --i) {
        happen();
        pass(world_.chance.one_in(10) ? Time(12s) : world_.chance.time_below(30ms));
      }
      peace();
    } catch (const std::exception& error) {
      outcome_.violation = error.what();
    }
    outcome_.fell_behind += relay_->fell_behind();
    outcome_.story.assign(world_.story().begin(), world_.story().end());
    return outcome_;
  }

 private:
  static StoreIncarnation incarnation() {
    StoreIncarnation store;
    store.bytes[0] = std::byte{1};
    return store;
  }
  void pass(Time time) {
    (void)world_.run_until([] { return false; }, time);
  }
  Tab& any() { return *tabs_[world_.chance.below(tabs_.size())]; }
  void move_in() { tabs_.push_back(std::make_unique<Tab>(world_, outcome_, ++clients_)); }
  void start() { relay_ = std::make_unique<YjsRelay>(world_, disk_, limits_, world_.chance.between(1, 2)); }

  void happen() {
    switch (world_.chance.below(14)) {
      case 0: return any().disconnect();
      case 1: return any().stall(true);
      case 2: return any().stall(false);
      case 3: return any().resync();
      case 4: {  // tabs of one browser: nobody else is told
        const Tab& from = any();
        return any().doc.apply(from.doc.diff(yjs::empty_state_vector));
      }
      case 5:
        if (world_.chance.one_in(3)) reload();
        return;
      case 6:
        if (world_.chance.one_in(3)) crash();
        return;
      case 7:
        if (world_.chance.one_in(2)) disk_.log.inject_failure(Code::resource_exhausted);
        return;
      case 8:
      case 9: return any().connect(*relay_);
      default:
        for (std::uint64_t edits = world_.chance.between(1, 4); edits > 0; --edits) any().edit();
    }
  }

  void reload() {
    auto& tab = tabs_[world_.chance.below(tabs_.size())];
    tab->disconnect();
    keep_what_was_echoed(*tab);
    retired_.push_back(std::move(tab));  // events that still name it must find it
    tab = std::make_unique<Tab>(world_, outcome_, ++clients_);
    world_.tell("a tab is reloaded as client " + std::to_string(clients_));
  }

  void crash() {
    ++outcome_.crashes;
    outcome_.fell_behind += relay_->fell_behind();
    for (auto& tab : tabs_) tab->disconnect();
    relay_.reset();
    disk_.log.crash();
    check_log();
    start();
    world_.tell("crash");
  }

  void keep_what_was_echoed(Tab& tab) {
    for (const std::string& update : tab.echoed) echoed_.apply(update);
    tab.echoed.clear();
  }

  void peace() {
    world_.tell("peace");
    for (auto& tab : tabs_) tab->disconnect();
    pass(1s);
    for (auto& tab : tabs_) tab->connect(*relay_);
    const auto all_the_same = [this] {
      return std::all_of(tabs_.begin(), tabs_.end(), [this](const auto& tab) {
        return tab->connected() && tab->synced() && tab->doc.same(tabs_.front()->doc);
      });
    };
    if (!world_.run_until(all_the_same, 10min)) {
      for (const auto& tab : tabs_)
        if (!tab->connected()) throw std::runtime_error("a tab was closed with " + std::to_string(tab->last_close));
      throw std::runtime_error("the tabs do not come to have the same: " + differences());
    }
    for (auto& tab : tabs_) keep_what_was_echoed(*tab);
    if (!tabs_.front()->doc.includes(echoed_)) throw std::runtime_error("an update that had come back was lost");
    pass(1s);
    ToyDoc stored(1);
    for (const std::string& update : updates()) stored.apply(update);
    if (!stored.same(tabs_.front()->doc)) throw std::runtime_error("the log does not hold what the tabs have");
    outcome_.snapshots_sent += relay_->snapshots_sent();
    for (const Snapshot& one : disk_.log.snapshots().list(room()).value()) {
      ++outcome_.snapshots;
      outcome_.confirmed += one.standing == SnapshotStanding::verified ? 1 : 0;
    }
  }

  [[nodiscard]] std::string differences() const {
    ToyDoc stored(1);
    for (const std::string& update : updates()) stored.apply(update);
    std::string all = "log " + to_hex(stored.state_vector()) + (stored.seamless() ? "" : " with a gap");
    for (const auto& tab : tabs_) {
      all += "; " + to_hex(tab->doc.state_vector());
      if (!tab->doc.seamless()) all += " with a gap";
      if (!tab->synced()) all += ", not synced";
      if (!stored.includes(tab->doc)) all += ", has what the log has not";
      if (!tab->doc.includes(stored)) all += ", lacks what the log has";
    }
    return all;
  }

  [[nodiscard]] std::vector<std::string> updates() const {
    std::vector<std::string> all;
    const auto page = disk_.log.read_document(room(), {}, {~std::uint64_t{0}}, ~std::size_t{0}).value();
    for (const Record& record : page.records) all.emplace_back(record.payload.view());
    return all;
  }

  void check_log() {
    ToyDoc stored(1);
    for (const std::string& update : updates()) stored.apply(update);
    if (!stored.seamless()) throw std::runtime_error("a client's update was stored without its earlier one");
    check_cover(stored);
  }

  // The one thing that a cover promises.
  void check_cover(const ToyDoc& stored) {
    const auto note = disk_.log.note(room(), core::cover_note);
    if (!note || !*note || (*note)->view() == checked_) return;
    checked_ = (*note)->view();
    ++outcome_.covers;
    const auto counted = yjs::parse_state_vector(stored.state_vector()).value();
    const auto cover = yjs::parse_state_vector(checked_).value();
    for (const auto& [client, clock] : cover) {
      const auto found = counted.find(client);
      if (found == counted.end() || found->second < clock)
        throw std::runtime_error("the cover counts " + std::to_string(clock) + " of client " + std::to_string(client) +
                                 ", which are not all in the log");
    }
  }

  World world_;
  VillageOutcome outcome_;
  Disk disk_;
  core::Limits limits_;
  std::unique_ptr<YjsRelay> relay_;
  std::vector<std::unique_ptr<Tab>> tabs_;
  std::vector<std::unique_ptr<Tab>> retired_;
  std::uint64_t clients_ = 100;
  ToyDoc echoed_{1};
  std::string checked_;
};

}  // namespace

VillageOutcome run_village(std::uint64_t seed) { return Village(seed).run(); }

}  // namespace weir::simulation
