// Feeds one session with the records of one space: live while it keeps up, from the log when it does not.
//
//   live ── the session's queue is over its budget ──▶ reading: queue dropped, cursors set back, own documents' logs
//    ▲                                                  merged by offset up to a target
//    └── hub: "your X is in my ring, here is the rest" ── joining: "I have everything up to X"
//                (or "read on to X'": reading again)
//
// A reader that falls behind is neither buffered nor dropped nor disconnected; the unit that falls behind is the
// session's whole space, so that order across its documents survives. Subscribing to a document with history is the
// same thing: reading until caught up. Answers of an older generation are ignored.
//
// What the log has packed goes to a session that can unpack it as it is, as if it were one large record. A pack among
// whose offsets another document's record lies is read again as records, unless the order between documents is not
// promised yet: before the session was first caught up in this document.
//
// A document whose subscription is served a snapshot begins with its parts, one read at a time, and goes on with the
// records behind it; until then nothing else is read. What is queued of a snapshot is not dropped again: it is shared
// by all who are sent it.
//
// To merge by offset, the next offset of every document must be known, but not its payload: pages that together are too
// much are given back, those needed last first, and read again when it is their turn.
//
// Threads: the session's own. Limits: at most half the session's queue is filled from the log at a time, and pages wait
// beside it with as much again, or with one record when that is larger; few reads are under way at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "weir/core/counts.hpp"
#include "weir/core/limits.hpp"
#include "weir/core/messages.hpp"
#include "weir/core/out_queue.hpp"

namespace weir::core {

/// What a feeder needs of its session.
class FeederHost {
 public:
  virtual ~FeederHost() = default;
  virtual void read(ReadRequest request) = 0;
  virtual void read_snapshot(SnapshotReadRequest request) = 0;
  virtual void join(const SpaceName& space, std::uint64_t generation, Offset at) = 0;
  /// The document is deleted: say so to the peer, forget the subscription.
  virtual void ended(DocumentHandle document) = 0;
  /// The log could not be read: the document's subscription ends with this error.
  virtual void broken(DocumentHandle document, Error error) = 0;
  /// Records up to there are no longer kept: say so to the peer, behind what it has been sent.
  virtual void cut(DocumentHandle document, Offset offset) = 0;
};

class Feeder {
 public:
  struct Options {
    SessionId session;
    SpaceName space;
    OutQueue::FeederId id = 0;
    DialectKind dialect = DialectKind::native;
    bool unpacks = false;  ///< the client takes packs
  };
  Feeder(Options options, const Limits& limits, const DeliveryEncoder& encoder, OutQueue& queue, FeederHost& host)
      : options_(std::move(options)), limits_(limits), encoder_(encoder), queue_(queue), host_(host) {}

  void add(const SubscribeAnswer& answer);
  void remove(DocumentHandle document);
  [[nodiscard]] bool empty() const { return documents_.empty(); }

  void deliver(const DeliveryRef& delivery);
  void joined(const JoinAnswer& answer);
  void have_read(ReadAnswer answer);
  void have_read(SnapshotReadAnswer answer);
  /// The queue has room again.
  void drained();

  [[nodiscard]] const FeedCounts& counts() const { return counts_; }
  [[nodiscard]] bool live() const { return state_ == State::live; }
  /// Live: everything of its documents up to here is queued.
  [[nodiscard]] Offset position() const { return position_; }
  /// The peer was sent every record of the document since it subscribed, and what stands for those before.
  [[nodiscard]] bool complete(DocumentHandle document) const;
  /// Of the pages read and not yet queued, as payload.
  [[nodiscard]] std::size_t page_bytes() const;

 private:
  enum class State : std::uint8_t { live, reading, joining };
  struct Document {
    DocumentRef path;
    Offset cursor;   ///< queued up to here (while reading)
    Offset read_to;  ///< `page` and what came before it reach to here
    std::deque<Record> page;
    std::optional<PackedRecords> pack;  ///< instead of a page
    std::size_t page_bytes = 0;
    Offset plain_to;            ///< packs up to here are of no use: another document's records lie among theirs
    bool ordered = false;       ///< caught up once: from then on records keep their order among the documents
    Offset given_back;          ///< of the next record, when its page was given back; else 0
    std::uint64_t reading = 0;  ///< number of the read under way; 0: none
    bool caught_up = false;
    Epoch epoch;
    std::deque<Snapshot> snapshots;      ///< to be sent first; of the front one up to the position
    std::uint64_t snapshot_reading = 0;  ///< number of the read of its next part; 0: none is under way
    std::uint64_t snapshot_position = 0;
    Offset snapshot_base;  ///< of the one before
    bool partial = false;  ///< something was not shown to the peer
    /// Of the next record; 0 when it is not known.
    [[nodiscard]] Offset front() const {
      if (pack) return pack->first;
      return page.empty() ? given_back : page.front().offset;
    }
    [[nodiscard]] bool holds_nothing() const { return page.empty() && !pack; }
    /// Forgets what was read, to read it again from where it began.
    void give_back();
  };
  using Documents = std::map<DocumentHandle, Document>;

  /// True while there are snapshots to send before anything else.
  bool send_snapshots();
  void fall_behind(Offset target);
  void read_on(Offset target);
  void pump();
  void request_pages();
  void request_page(DocumentHandle handle, Document& document);
  void give_back_pages();
  /// The document with the smallest next offset, and the smallest of the others: empty unless all are known.
  struct Next {
    Document* document = nullptr;
    DocumentHandle handle;
    Offset runner_up;
  };
  [[nodiscard]] Next next();
  [[nodiscard]] bool merge_one();
  void queue_pack(DocumentHandle handle, Document& document);
  void queue_stretch(const Next& turn);
  void queue_live(const Delivery& delivery);
  void say_caught_up();

  Options options_;
  const Limits& limits_;
  const DeliveryEncoder& encoder_;
  OutQueue& queue_;
  FeederHost& host_;
  State state_ = State::live;
  std::uint64_t generation_ = 0;
  Offset position_;  ///< live: everything of our documents up to here is queued
  Offset target_;    ///< reading: up to here
  Documents documents_;
  std::uint64_t reads_ = 0;
  std::uint64_t snapshot_read_ = 0;  ///< number of the read of a snapshot's part that is under way; 0: none
  bool pumping_ = false;
  FeedCounts counts_;
};

}  // namespace weir::core
