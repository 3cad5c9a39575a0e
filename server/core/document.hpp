// An open document, as its hub keeps it: what the log last said, who listens, who publishes, what is under way.
//
// Plain data with a few invariants; the hub, what publishes and what keeps snapshots are its only users. Threads: a
// hub's own.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "weir/core/cover.hpp"
#include "weir/core/digest_window.hpp"
#include "weir/core/limits.hpp"
#include "weir/core/messages.hpp"
#include "weir/core/presence.hpp"
#include "weir/core/ring.hpp"
#include "weir/core/snapshot_policy.hpp"

namespace weir::core {

/// A space that has open documents or had some lately.
struct Space {
  Space(SpaceName name_, std::size_t ring_bytes_max) : name(std::move(name_)), ring({}, ring_bytes_max) {}

  SpaceName name;
  bool known = false;  ///< the log has told the space's head
  Offset dispatched;   ///< everything up to here has been handed to the sessions' threads
  Ring ring;
  Seconds time;  ///< of its last record: times in a space never go back
  struct Holder {
    SessionId session;
    std::string principal;
  };
  std::unordered_map<ProducerId, Holder> sessions;  ///< the newest session of each producer; older ones are fenced
  std::size_t documents = 0;                        ///< open now
};

/// Before any time that is.
inline constexpr Time never = Time::min() / 2;

/// One session's interest in one document.
struct Subscriber {
  SessionRef session;
  DialectKind dialect = DialectKind::native;
  ProducerId producer;
  bool ephemeral = false;
  std::string principal;
  bool presence = false;
  bool writable = true;
  bool makes_snapshots = false;
  Time since = never;                  ///< it subscribed
  Time asked_for_snapshot = never;     ///< last, or it sent one by itself
  Time asked_for_attestation = never;  ///< last
  SnapshotId attested;                 ///< the one it was last asked about
  Sequence contributed;                ///< last sequence given to an ephemeral producer's deltas
  /// A delta of a foreign client was not stored: none behind it may be, until an answer brings all of them again.
  bool contribution_lost = false;

  /// Who vouches for something: a principal; where tokens tell nobody apart, a device.
  [[nodiscard]] std::string identity() const { return principal.empty() ? "producer " + producer.hex() : principal; }
};

/// What a hub knows of a document's snapshots, and what is under way (snapshots.hpp).
struct DocumentSnapshots {
  SnapshotList all;
  /// Of the document so far, cut ones included.
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  Time written = never;  ///< the last record was committed
  Offset cut;            ///< records up to here are forgotten

  /// Somebody was asked, or is sending one.
  struct Making {
    SessionRef session;
    bool accepted = false;
    Time deadline{};
  };
  std::optional<Making> making;
  struct Attesting {
    SessionId session;
    SnapshotId snapshot;
    Time deadline{};
  };
  std::optional<Attesting> attesting;
  Time volunteered = never;  ///< an unasked offer was last taken, or what was being sent was broken off
  Time maintained = never;
  bool changing = false;                   ///< a drop or a cut is under way
  std::set<SnapshotId> confirming;         ///< their verification is being written
  std::multiset<SnapshotId> writing;       ///< a standing of theirs is being written
  std::set<SnapshotId> reports_unwritten;  ///< quarantined here, and the store could not write it down

  [[nodiscard]] Snapshot* find(SnapshotId id) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Snapshot& one) { return one.id == id; });
    return found == all.end() ? nullptr : &*found;
  }
  /// Who was asked, or was sending one, gives nothing. It cannot begin again at once: others are asked first.
  void make_nothing(Time now) {
    if (making && making->accepted) volunteered = now;
    making.reset();
  }
  void wrote(const std::vector<Delta>& deltas, Time now) {
    records += deltas.size();
    for (const Delta& delta : deltas) payload_bytes += delta.payload.size();
    written = now;
  }
};

/// One producer's place in one document and epoch.
///
/// `submitted` runs ahead of `stored` by what is in flight. Publishes wait here, in order, while the mark is being
/// read, while a resend is being compared, or while what they repeat is still being committed.
struct Producer {
  enum class State : std::uint8_t { loading, ready, comparing };
  State state = State::loading;
  Sequence stored;
  Sequence submitted;
  Offset stored_offset;  ///< of `stored`, when this hub saw it committed; else 0
  std::string owner;
  bool owned = false;  ///< a mark exists: `owner` is the principal that first used the producer
  std::size_t in_flight = 0;
  std::deque<PublishRequest> waiting;
};

struct Document {
  Document(DocumentRef path_, DocumentHandle handle_, Space& space_, const Limits& limits, const CoverMerger& merger)
      : path(std::move(path_)),
        handle(handle_),
        space(&space_),
        presence(limits.presence_slots_max),
        digests(limits.digests_max),
        cover(merger, "") {}

  enum class Phase : std::uint8_t {
    opening,   ///< being read from the log; requests wait
    open,      ///< alive, or absent and ready for its first record
    changing,  ///< a tombstone or re-creation is being committed; requests wait
    deleted,
  };

  DocumentRef path;
  DocumentHandle handle;
  Space* space;
  Phase phase = Phase::opening;
  Epoch epoch;
  Offset head;
  bool stored = false;  ///< something is in the log: there is something to delete
  std::unordered_map<SessionId, Subscriber> subscribers;
  std::array<std::uint32_t, threads_max> subscribers_by_thread{};
  std::array<std::uint32_t, dialect_kinds> subscribers_by_dialect{};
  std::unordered_map<ProducerId, Producer> producers;
  PresenceSet presence;
  DigestWindow digests;
  Cover cover;
  DocumentSnapshots snapshots;
  std::size_t pending = 0;       ///< effects whose answers are still to come
  std::deque<HubInput> waiting;  ///< while opening or changing
  Time idle_since{};

  [[nodiscard]] bool busy() const { return pending > 0 || !subscribers.empty() || !waiting.empty(); }
  [[nodiscard]] std::uint64_t thread_mask() const {
    std::uint64_t mask = 0;
    for (std::size_t thread = 0; thread < threads_max; ++thread)
      if (subscribers_by_thread[thread] > 0) mask |= std::uint64_t{1} << thread;
    return mask;
  }
  void add(Subscriber subscriber) {
    ++subscribers_by_thread[subscriber.session.thread];
    ++subscribers_by_dialect[static_cast<std::size_t>(subscriber.dialect)];
    subscribers.emplace(subscriber.session.id, std::move(subscriber));
  }
  void remove(std::unordered_map<SessionId, Subscriber>::iterator position) {
    --subscribers_by_thread[position->second.session.thread];
    --subscribers_by_dialect[static_cast<std::size_t>(position->second.dialect)];
    subscribers.erase(position);
  }
};

}  // namespace weir::core
