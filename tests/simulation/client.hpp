// A simulated device: an app over a grow-only set of numbers (the smallest CRDT there is), speaking weir.v1 as an SDK
// must.
//
// It keeps what a real device keeps (its producer, cursors, outbox), loses connections, is restored from old backups
// and cloned, and follows the rules of docs/protocol.md for each of these. What it is told it reports to the oracle,
// and it checks for itself that records come in order, without a gap (by the chain), and after what was known when they
// were written.
//
// Threads: one, the world's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "link.hpp"
#include "oracle.hpp"
#include "weir/frames/frames.hpp"

namespace weir::simulation {

/// A delta not yet acknowledged.
struct OutboxItem {
  Sequence sequence;
  std::string payload;
  bool base = false;
  bool sent = false;  ///< on some connection, by this device or one it was copied from: it may be stored already
};

/// What a device keeps of a document.
struct Replica {
  std::set<std::uint64_t> numbers;  ///< the CRDT's state
  std::optional<Cursor> cursor;
  Sequence assigned;  ///< last sequence given to a delta
  Sequence stored;    ///< last one acknowledged
  Offset stored_at;   ///< its offset: until the cursor is there, only the producer's mark would show its loss
  std::deque<OutboxItem> outbox;
  bool must_offer = false;  ///< the relay has lost history: offer everything
  /// What was read behind `read_after`, by offset: to compare a snapshot with.
  std::map<Offset, std::vector<std::uint64_t>> read;
  Offset read_after;
};

/// What a backup of a device holds.
struct Device {
  ProducerId producer;
  std::map<DocumentPath, Replica> replicas;
};

class Client {
 public:
  Client(World& world, Oracle& oracle, const storage::DeltaLog& log, std::string name, std::vector<DocumentPath> paths);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// How to reach the server; null while it is down.
  void use(Server* server);
  void connect();
  void disconnect();
  void stall(bool stalled);
  void cut_after(std::size_t bytes);

  void edit();
  void leave_and_come_back();
  /// A copy, which may live on as another device: what waits here may be sent there first.
  [[nodiscard]] Device backup();
  /// Becomes the device of a backup: its own, or another's (a clone).
  void restore(Device device);
  /// The operator put an older store back: offsets may be given anew.
  void forget_offsets();
  /// From now on documents found deleted are begun anew.
  void recreate_deleted() { recreates_ = true; }

  /// What it offers as a snapshot lacks something.
  void lie() { snapshots_.lies = true; }
  /// How many snapshots were taken of it, given to it, and confirmed by it.
  [[nodiscard]] std::uint64_t snapshots_stored() const { return snapshots_.stored; }
  [[nodiscard]] std::uint64_t snapshots_taken() const { return snapshots_.taken; }
  [[nodiscard]] std::uint64_t snapshots_attested() const { return snapshots_.attested; }
  /// How many packs it was sent.
  [[nodiscard]] std::uint64_t packs() const { return packs_; }
  [[nodiscard]] bool connected() const { return link_ != nullptr; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Replica& replica(const DocumentPath& path) const { return device_.replicas.at(path); }
  [[nodiscard]] bool settled() const;
  /// Why not, for the story.
  [[nodiscard]] std::string state() const;

 private:
  struct Open {
    DocumentPath path;
    Epoch epoch;
    bool caught_up = false;
    std::map<Sequence, std::string> own;  ///< published in this session, for stubs
    std::map<Sequence, Offset> seen;      ///< what of the space was known when each was published
  };
  struct SpaceView {
    Offset seen;           ///< largest offset this device was shown
    bool ordered = false;  ///< caught up everywhere: from here on offsets increase across documents
    Offset last;
  };

  void send(const frames::ClientEvent& event);
  void receive(const std::string& message);
  void gone(std::uint16_t code);
  void on(const frames::Welcome&);
  void on(const frames::Subscribed& event);
  void on(const frames::Records& event);
  void on(const frames::Pack& event);
  void on(const frames::CaughtUp& event);
  void on(const frames::Stored& event);
  void on(const frames::ErrorEvent& event);
  void on(const frames::Ping& event);
  void on(const frames::GoingAway&) {}
  void on(const frames::PresenceUpdate&) {}
  void on(const frames::Cut& event);
  void on(const frames::SnapshotHeader& event);
  void on(const frames::SnapshotChunk& event);
  void on(const frames::SnapshotWanted& event);
  void on(const frames::AttestationWanted& event);
  void on(const frames::SnapshotStored&) { ++snapshots_.stored; }
  void on(const frames::History&) {}

  // Snapshots (client_snapshots.cpp).
  [[nodiscard]] std::string plain(const frames::SnapshotChunk& chunk) const;
  void take_snapshot(Open& open, const frames::SnapshotHeader& header, const std::string& bytes);
  void compare(const frames::AttestationWanted& wanted, const std::string& bytes);
  /// It has read everything it knows of, and everything it knows is stored.
  [[nodiscard]] bool is_the_relays(const Replica& replica) const;

  void subscribe(std::size_t index);
  void take_record(Open& open, DocumentHandle handle, Record record, bool stub);
  void publish_waiting(DocumentHandle handle, Open& open);
  void become_another_producer(const std::string& why);
  void offer_everything(Replica& replica, bool base);
  void reconnect_later();
  [[noreturn]] void violated(const std::string& what) const;
  void tell(const std::string& line) const { world_.tell(name_ + ": " + line); }

  World& world_;
  Oracle& oracle_;
  const storage::DeltaLog& log_;
  std::string name_;
  std::vector<DocumentPath> paths_;
  Server* server_ = nullptr;
  Life life_;
  Device device_;
  std::shared_ptr<Link> link_;
  std::uint64_t connection_ = 0;  ///< counts connections: events of an older one are dropped
  bool welcome_ = false;
  bool unpacks_ = false;  ///< on this connection
  std::uint64_t packs_ = 0;
  bool recreates_ = false;
  struct {
    bool wanted = false;  ///< on this connection: it may be served one
    bool makes = false;
    bool lies = false;  ///< this device always: what it offers is not what it has
    std::map<DocumentHandle, std::pair<frames::SnapshotHeader, std::string>> arriving;
    std::map<std::uint64_t, std::pair<frames::AttestationWanted, std::string>> compared;  ///< by request
    std::uint64_t stored = 0;
    std::uint64_t taken = 0;
    std::uint64_t attested = 0;
  } snapshots_;
  std::map<DocumentHandle, Open> open_;
  std::map<SpaceName, SpaceView> spaces_;
};

[[nodiscard]] std::string encode_numbers(const std::set<std::uint64_t>& numbers, std::size_t padding);
[[nodiscard]] std::set<std::uint64_t> decode_numbers(std::string_view payload);

}  // namespace weir::simulation
