// The way of a publish through its hub: is it permitted, a gap, a resend; append it; when it is durable, tell everyone.
//
// 1. A publish waits until its producer's mark is known.
// 2. first sequence = mark + 1: append, assuming the mark. Above: OUT_OF_RANGE. At or below: a resend, answered only
// after
//    its bytes were compared with those in the log; if what it repeats is still being committed, after that commit.
// 3. A committed append is encoded once for each dialect that listens, remembered in the space's ring, and handed to
// the
//    threads; its author is acknowledged. Fan-out comes after the commit: an offset somebody saw is never given again.
// 4. After a failed append everything behind it fails too. New publishes are refused until the last of them has been
//    answered; then the log's lane is reset and marks are read anew.
//
// Threads: a hub's own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "weir/core/authorizer.hpp"
#include "weir/core/counts.hpp"
#include "weir/core/document.hpp"

namespace weir::core {

class Publishing {
 public:
  Publishing(const Limits& limits, const Encoders& encoders) : limits_(limits), encoders_(encoders) {}

  /// Where this step's effects go; set before each step.
  void begin(Now now, std::vector<HubEffect>& effects) {
    now_ = now;
    effects_ = &effects;
  }

  void publish(Document& document, PublishRequest request);
  void contribute(Document& document, ContributeRequest request);
  /// Not stored. Says up to which sequence that goes.
  void refuse(const PublishRequest& request, frames::ErrorEvent error);
  /// Not stored: nothing behind it is taken from this session until it has answered a query.
  void refuse(Document& document, const ContributeRequest& request, Error error);
  /// A tombstone or a re-creation; the document must be idle of other changes. `done` runs in the step that ends it.
  using Changed = std::function<void(Document&, const Result<Appended>&)>;
  void change(Document& document, AppendKind kind, Changed done);
  /// Forgets the records that a snapshot stands for. Nothing waits for it.
  void cut(Document& document, const Snapshot& behind, Changed done);
  /// The change is over, done or failed: decides the publishes that waited for it.
  void changed(Document& document);

  /// Forgets the marks of producers at rest when too many are kept; they are read again when asked for.
  void make_room(Document& document);
  /// Reads the producer's mark unless it is known. The answer comes to inspected().
  Producer& producer(Document& document, const ProducerId& id);
  void inspected(Document& document, const ProducerId& id, const Result<Inspection>& found);

  void found(const RecordsFound& answer);
  void finished(const AppendFinished& answer);

  [[nodiscard]] Ticket next_ticket() { return ticket_ = ticket_.next(); }
  /// Tickets of mark reads started here, and for whom.
  struct MarkRead {
    Document* document = nullptr;
    ProducerId producer;
  };
  [[nodiscard]] std::optional<MarkRead> take_mark_read(Ticket ticket);

  [[nodiscard]] const HubCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    Ticket ticket;
    Document* document = nullptr;
    AppendKind kind = AppendKind::deltas;
    SessionRef author;
    DialectKind dialect = DialectKind::native;
    ProducerId producer;
    bool ephemeral = false;
    std::string principal;
    Sequence first;
    std::vector<Delta> deltas;
    Seconds time;
    Flight flight;                                  ///< of a publish; of a contribution it is in there
    std::optional<ContributeRequest> contribution;  ///< the first of those gathered here
    std::vector<Digest> digests;
    std::optional<std::string> cover;
    Snapshot cut;  ///< of a cut: behind which
    Changed changed;
  };
  /// A document's contributions: those at the log, and those that wait to go there together.
  struct Gathering {
    std::size_t in_flight = 0;
    std::deque<Pending> waiting;
  };
  struct Comparing {
    Document* document = nullptr;
    ProducerId producer;
    PublishRequest request;
  };

  [[nodiscard]] static bool must_wait(const Producer& producer, const PublishRequest& request);
  void decide(Document& document, Producer& producer, PublishRequest request);
  void drain(Document& document, const ProducerId& id);
  void compare(Document& document, Producer& producer, PublishRequest request);
  void append(Document& document, Producer& producer, PublishRequest request);
  void submit(Pending pending, std::optional<Sequence> assumed_mark);
  void answer_known(Document& document, const Subscriber& author, const ContributeRequest& request);
  void gather(Document& document, Pending pending);
  [[nodiscard]] static bool can_join(const Pending& last, const Pending& next);
  void submit_gathered(Document& document);
  void contribution_finished(Pending& pending);
  void contribution_failed(Pending& pending, const Error& error);
  void committed(Pending& pending, const Appended& appended);
  void count(const Pending& pending);
  void dispatch(Pending& pending, const Appended& appended);
  void failed(Pending& pending, const Error& error);
  void recover();
  [[nodiscard]] Seconds stamp(Space& space) const;

  const Limits& limits_;
  const Encoders& encoders_;
  Now now_;
  std::vector<HubEffect>* effects_ = nullptr;
  Ticket ticket_;
  std::deque<Pending> pending_;  ///< in the lane's order, which is the order of its completions
  std::unordered_map<const Document*, Gathering> gathering_;  ///< of documents with a contribution at the log
  std::unordered_map<Ticket, Comparing> comparing_;
  std::unordered_map<Ticket, MarkRead> mark_reads_;
  std::vector<Document*> touched_by_failure_;
  bool lane_failed_ = false;
  HubCounts counts_;
};

}  // namespace weir::core
