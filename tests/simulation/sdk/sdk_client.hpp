// An app over a grow-only set of numbers that uses the C++ SDK's session: the real logic, driven by the world's events
// instead of a thread and a socket.
//
// The app does what docs/protocol.md asks of a client, and no more: it applies records, publishes edits, offers its
// state when asked. Losing connections, sending again, lost history and refused producers are the session's business.
// Some devices have a store, from which they start again: it is written late, fails now and then, and loses what was
// not durable when the process ends. What was durable must come to the relay, once.
//
// Most take packs. Some take snapshots, some make them and compare others' (sdk_client_snapshots.cpp); in some worlds
// one of them lies.
//
// The app checks what it is told: records in offset order, each once, "stored" what is stored.
//
// Threads: one, the world's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../link.hpp"
#include "../oracle.hpp"
#include "sealed_numbers.hpp"
#include "weir/client/session.hpp"

namespace weir::simulation {

/// What the app keeps of a document, over sessions.
struct AppDocument {
  std::set<std::uint64_t> numbers;     ///< the CRDT's state
  std::set<std::uint64_t> from_relay;  ///< of them, what was read or is known to be stored
  std::optional<Cursor> cursor;
};

/// What a device can do, and whether it is honest.
struct SdkDevice {
  bool stores = false;
  bool takes_snapshots = false;
  bool makes_snapshots = false;
  bool lies = false;
  bool unpacks = true;
};

/// Of snapshots, what came of them here.
struct SnapshotCounts {
  std::uint64_t made = 0;
  std::uint64_t compared = 0;
  std::uint64_t taken = 0;
};

class SdkClient {
 public:
  SdkClient(World& world, Oracle& oracle, const storage::DeltaLog& log, std::string name,
            std::vector<DocumentPath> paths, const PathSet& encrypted, const SdkDevice& device);
  ~SdkClient();
  SdkClient(const SdkClient&) = delete;
  SdkClient& operator=(const SdkClient&) = delete;

  /// How to reach the server; null while it is down.
  void use(Server* server);
  void stall(bool stalled);
  void cut();
  void cut_after(std::size_t bytes);
  void disconnect();
  void connect();

  void edit();
  void leave_and_come_back();
  /// The process ends without a word and starts again with what the app kept; `producer`: kept too.
  void restart(bool keeps_producer);
  /// Becomes a copy of another's device: its producer, its cursors, its state.
  void clone(const SdkClient& other);
  /// The operator put an older store back: what was known to be stored may not be.
  void forget_offsets();
  /// From now on documents found deleted are begun anew.
  void recreate_deleted() { recreates_ = true; }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const AppDocument& document(const DocumentPath& path) const { return kept_.at(path); }
  /// What was published here, in this order.
  [[nodiscard]] const std::vector<std::uint64_t>& edits(const DocumentPath& path) { return edits_[path]; }
  [[nodiscard]] bool stores() const { return store_.has_value(); }
  /// Everything of its own comes from its store, and nothing is published again for safety's sake.
  void trust_the_store() { trusts_store_ = store_.has_value(); }
  [[nodiscard]] const SnapshotCounts& snapshots() const { return snapshots_; }
  [[nodiscard]] std::uint64_t packs() const { return packs_ + (session_ ? session_->packs() : 0); }
  [[nodiscard]] bool settled() const;
  [[nodiscard]] std::string state() const;

 private:
  struct Subscription {
    DocumentPath path;
    Offset last;  ///< of the records read since it was opened
    bool caught_up = false;
    bool takes_snapshots = false;
  };
  struct Waiting {
    DocumentPath path;
    std::string payload;
  };
  struct SpaceView {
    bool ordered = false;  ///< caught up everywhere: from here on offsets increase across documents
    Offset last;
  };

  void start(std::optional<ProducerId> producer);
  void stop();
  void write_store();
  /// What was published and is not in the store went with the process.
  void forget_unkept(const std::map<client::Ticket, Waiting>& waiting);
  void subscribe(const DocumentPath& path, bool recreate);
  void publish(client::DocumentId document, const std::string& payload);
  /// Of what the relay has stored for a delta that this one was told is stored; none when it was deleted meanwhile.
  [[nodiscard]] std::optional<Digest> stored_digest(const DocumentPath& path, const client::Settled& settled,
                                                    const std::string& payload) const;
  void publish_what_the_relay_lacks(client::DocumentId document, const DocumentPath& path);
  /// Performs effects until there are none, and sees to it that the session is polled when it wants to be.
  void step();
  [[nodiscard]] client::Time now() const { return std::chrono::duration_cast<client::Time>(world_.now()); }

  void perform(const client::Open& effect);
  void perform(const client::Send& effect);
  void perform(const client::Shut& effect);
  void perform(const client::Persist& effect);
  void perform(const client::StatusChanged&) {}
  void perform(const client::Welcomed&) {}
  void perform(const client::RelayLeaves&) {}
  void perform(const client::ConnectionFailed& effect);
  void perform(const client::ProducerChanged& effect);
  void perform(const client::SessionFailed& effect);
  void perform(const client::DocumentOpened& effect);
  void perform(const client::RecordsRead& effect);
  void perform(const client::CaughtUp& effect);
  void perform(const client::StoredSome&) {}
  void perform(const client::Settled& effect);
  void perform(const client::PresenceChanged&) {}
  void perform(const client::RecordsCut& effect);
  void perform(const client::SnapshotRead& effect);
  void perform(const client::SnapshotAsked& effect);
  void perform(const client::AttestationAsked& effect);
  void perform(const client::SnapshotKept& effect);
  void perform(const client::DocumentDisconnected& effect);
  void perform(const client::StateWanted& effect);
  void perform(const client::DocumentFailed& effect);

  [[nodiscard]] bool has_what_the_relay_has(const DocumentPath& path) const;
  [[noreturn]] void violated(const std::string& what) const;
  void tell(const std::string& line) const { world_.tell(name_ + ": " + line); }

  World& world_;
  Oracle& oracle_;
  const storage::DeltaLog& log_;
  std::string name_;
  std::vector<DocumentPath> paths_;
  const PathSet& encrypted_;
  SdkDevice device_;
  SnapshotCounts snapshots_;
  std::uint64_t packs_ = 0;  ///< taken by earlier sessions
  Server* server_ = nullptr;
  Life life_;
  std::map<DocumentPath, AppDocument> kept_;
  std::map<DocumentPath, std::vector<std::uint64_t>> edits_;
  std::unique_ptr<client::Session> session_;
  Life session_life_;
  std::shared_ptr<Link> link_;
  std::uint64_t attempt_ = 0;  ///< whose the link is
  std::map<client::DocumentId, Subscription> subscriptions_;
  std::map<client::Ticket, Waiting> waiting_;
  client::Ticket last_ticket_ = 0;
  std::map<SpaceName, SpaceView> spaces_;
  std::optional<client::Time> alarm_;
  std::optional<client::StoreContents> store_;  ///< what is durable
  std::deque<client::Persist> unwritten_;
  bool trusts_store_ = false;
  bool stepping_ = false;
  bool recreates_ = false;
};

}  // namespace weir::simulation
