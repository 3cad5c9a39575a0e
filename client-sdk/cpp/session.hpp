// A client of the relay as a state machine: input and time go in, effects come out. No thread, no socket, no clock; who
// drives it (client.hpp, or a simulation) has those.
//
//   Session session(options, random, now);
//   const DocumentId plan = *session.subscribe(path, {}, now);
//   session.publish(plan, {{}, bytes}, ticket, now);
//   for (const Effect& effect : session.poll(now)) perform(effect);       // after every input, and at deadline()
//
// What a small message unpacks to can be large (packs), so poll() may give out a part of it; the deadline is then now.
// Who reads the next message only when there are no effects left has never more than that in memory.
//
// One connection at a time, many documents on it. It connects again by itself, with backoff and full jitter, unless it
// was fenced, told to disconnect, or denied access.
//
// Threads: one; a plain object.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/client/connection.hpp"
#include "weir/client/document_logic.hpp"
#include "weir/client/effects.hpp"
#include "weir/client/options.hpp"

namespace weir::client {

class Session : private DocumentLink, private ConnectionListener {
 public:
  /// Any 64 random bits, which nobody can guess: producer ids and nonces are made of them.
  using Random = std::function<std::uint64_t()>;
  Session(SessionOptions options, Random random, Time now);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // For the application. After poll() the effects of a call are out.
  void connect(Time now);
  /// Until connect() is called; what is published meanwhile waits.
  void disconnect(Time now);
  /// For ever. What is not yet stored is given up.
  void close(Time now);
  /// One subscription per document; it lives until it is closed, over any number of connections. ALREADY_EXISTS,
  /// CANCELLED when the session has stopped.
  [[nodiscard]] Result<DocumentId> subscribe(DocumentPath path, SubscribeOptions options, Time now);
  void unsubscribe(DocumentId document, Time now);
  /// Settled{ticket} when it is durable, or will never be.
  void publish(DocumentId document, Delta delta, Ticket ticket, Time now);
  /// Settled{ticket} when nothing waits, when everything was delivered; with an error when that will never be.
  void when_stored(DocumentId document, Ticket ticket, Time now);
  void when_caught_up(DocumentId document, Ticket ticket, Time now);
  /// Settled{ticket} when everything published so far is durable in the store, or stored by the relay.
  void when_kept(DocumentId document, Ticket ticket, Time now);
  /// Replaces this client's presence, empty withdraws it; sent again after each reconnect.
  void set_presence(DocumentId document, SharedBytes data, Time now);
  /// What is published from now on is sealed with this key; the older ones go on opening what they have sealed.
  /// FAILED_PRECONDITION for a document without encryption: it would stay plain.
  [[nodiscard]] Result<void> set_key(DocumentId document, const DocumentKey& key, Time now);
  /// The answer to StateWanted: the application's state as deltas of codec 0, or what of it the relay lacks.
  void offer(DocumentId document, std::vector<SharedBytes> pieces, Time now);

  /// The answer to SnapshotAsked, with its cursor.
  void offer_snapshot(DocumentId document, const Cursor& at, const MadeSnapshot& made, Time now);
  /// The answer to AttestationAsked.
  void attest(DocumentId document, Offset offset, const Digest& hash, bool valid, Time now);

  // For the store.
  /// What Persist effects up to this number have is durable.
  void kept(std::uint64_t number, Time now);
  /// The store takes nothing for now. What waits for it is sent all the same, and the driver goes on trying.
  void not_kept(const Error& error, Time now);

  // For the connection; what names an older attempt is not heard.
  void opened(std::uint64_t attempt, std::string token, Time now);
  void received(std::uint64_t attempt, const SharedBytes& message, Time now);
  void lost(std::uint64_t attempt, const ClientError& error, Time now);

  /// Does what is due, and returns all effects since the last time.
  [[nodiscard]] std::vector<Effect> poll(Time now);
  /// When to poll next, if nothing else happens.
  [[nodiscard]] std::optional<Time> deadline() const;

  [[nodiscard]] Status status() const { return status_; }
  [[nodiscard]] const ProducerId& producer() const override { return producer_; }
  /// Limits and version of the relay; null while it is not connected.
  [[nodiscard]] const frames::Welcome* welcome() const override { return welcome_ ? &*welcome_ : nullptr; }
  /// Null when it was closed or deleted.
  [[nodiscard]] const DocumentLogic* document(DocumentId document) const;
  /// Deltas of all documents that are not yet durable.
  [[nodiscard]] std::size_t pending() const;
  /// Packs that were taken so far.
  [[nodiscard]] std::uint64_t packs() const { return packs_; }

 private:
  // DocumentLink
  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] Timers& timers() override { return timers_; }
  [[nodiscard]] double random() override;
  [[nodiscard]] std::uint64_t random_bits() override { return random_(); }
  [[nodiscard]] std::uint64_t unix_time() const override;
  [[nodiscard]] bool is_new_to(const DocumentPath& path) const override {
    return keeps() || (options_.producer != producer_ && !left_.contains(path));
  }
  [[nodiscard]] std::size_t outbox_bytes_max() const override { return options_.outbox_bytes_max; }
  [[nodiscard]] std::size_t& in_flight_bytes() override { return in_flight_bytes_; }
  [[nodiscard]] bool keeps() const override { return options_.kept.has_value(); }
  void keep(StoreChange change) override { changes_.push_back(std::move(change)); }
  [[nodiscard]] std::uint64_t keeping() const override { return last_persist_ + 1; }
  void leave(const DocumentPath& path, StoredDocument kept) override {
    options_.kept->documents.insert_or_assign(path, std::move(kept));
  }
  void send(const frames::ClientEvent& event) override;
  void request(DocumentLogic& document, frames::Subscribe event) override;
  std::uint64_t ask(DocumentLogic& document, frames::ReadSnapshot event) override;
  std::uint64_t ask(DocumentLogic& document, frames::ReadHistory event) override;
  void want_flush(DocumentLogic& document) override { to_flush_.insert_or_assign(document.id(), &document); }
  void replace_producer(const ClientError& cause) override;
  void fenced(const ClientError& cause) override { stop(cause, true); }
  [[nodiscard]] bool takes_packs() const override { return takes_packs_; }
  void took_pack(std::size_t unpacked_bytes) override;
  void give_up_packs() override;
  void abandon(DocumentLogic& document) override { abandoned_.insert(document.path()); }
  void forget(DocumentLogic& document) override;
  void tell(Effect effect) override { effects_.push_back(std::move(effect)); }

  // ConnectionListener
  void transmit(const frames::ClientEvent& event) override;
  void welcomed(const frames::Welcome& welcome) override;
  void event(const frames::ServerEvent& event) override;
  void frame_end() override { hand_over(nullptr); }
  [[nodiscard]] bool full() const override;
  void closed(const ClientError& error) override { connection_lost(error); }

  void open();
  void open_later();
  void connection_lost(const ClientError& error);
  void drop();
  void halt(Status status);
  void stop(const ClientError& error, bool tell_application);
  void become(Status status);
  void on(const frames::Subscribed& event);
  void on(const frames::ErrorEvent& event);
  void on(const frames::GoingAway& event);
  void hand_over(DocumentLogic* next);
  void persist();
  [[nodiscard]] Result<void> restore(DocumentLogic& document);
  void settle_kept();
  /// What was written with these numbers may be sent.
  void let_go(std::uint64_t through);
  void take_new_producer();
  [[nodiscard]] ProducerId new_producer();
  void flush();
  void advance(Time now) { now_ = now > now_ ? now : now_; }
  [[nodiscard]] DocumentLogic* find(DocumentId document);
  [[nodiscard]] DocumentLogic* find(DocumentId document, Ticket ticket);
  [[nodiscard]] std::vector<DocumentLogic*> all();

  SessionOptions options_;
  Random random_;
  Time begun_;
  Time now_;
  Timers timers_;
  std::vector<Effect> effects_;
  std::size_t in_flight_bytes_ = 0;
  std::map<DocumentId, std::unique_ptr<DocumentLogic>> documents_;
  std::map<DocumentPath, DocumentId> by_path_;
  std::unordered_map<DocumentHandle, DocumentLogic*> handles_;
  std::unordered_map<std::uint64_t, DocumentLogic*> requests_;
  std::map<DocumentId, DocumentLogic*> to_flush_;
  std::set<DocumentPath> abandoned_;    ///< closed on this connection while publishes were on the wire
  std::set<DocumentPath> left_;         ///< closed after something was published there under this producer
  DocumentLogic* gathering_ = nullptr;  ///< of the message that is being read
  ProducerId producer_;
  Status status_ = Status::disconnected;
  bool wanted_ = false;
  std::uint64_t attempt_ = 0;  ///< the current connection attempt; what an older one still says is not heard
  std::unique_ptr<Connection> connection_;
  bool takes_packs_;
  std::uint64_t packs_ = 0;
  std::size_t unpacked_bytes_ = 0;  ///< since the last poll()
  std::optional<frames::Welcome> welcome_;
  Time welcomed_at_{0};
  std::uint32_t failures_ = 0;
  Time not_before_{0};
  std::string next_address_;
  Timer open_timer_;
  Timer drain_timer_;
  std::uint64_t last_request_ = 0;
  DocumentId last_document_;
  std::optional<ClientError> replacing_;
  // The store's.
  std::vector<StoreChange> changes_;  ///< of this turn
  std::uint64_t last_persist_ = 0;
  std::uint64_t durable_through_ = 0;
  std::uint64_t may_go_through_ = 0;
  struct WhenKept {
    std::uint64_t number;
    DocumentId document;
    Ticket ticket;
  };
  std::deque<WhenKept> when_kept_;
  // What has ended while it may still be on the stack; gone with the next poll().
  std::vector<std::unique_ptr<DocumentLogic>> ended_documents_;
  std::vector<std::unique_ptr<Connection>> ended_connections_;
};

}  // namespace weir::client
