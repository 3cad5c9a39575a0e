// The rules of publishing to one document (docs/protocol.md):
//
//  - what the relay answered "stored" trims the outbox, and nothing else; after a reconnect the rest is sent again, the
//    same bytes under the same sequences, to be compared;
//  - lost history: once all that is left was read, the application's state goes as a base, then the outbox;
//  - with a store, a delta is sent when it is kept under the sequence it is sent with;
//  - a refused publish: wait until every frame on the wire was answered, then send again what was not stored;
//  - an encrypted document without a key: what is published is refused, and what waits is held.
//
// Internal: DocumentLogic drives it. Threads: one, the session's.
#pragma once

#include <string>
#include <vector>

#include "weir/client/document_link.hpp"
#include "weir/client/outbox.hpp"

namespace weir::client {

/// What publishing needs of its document.
class PublisherOwner {
 public:
  virtual ~PublisherOwner() = default;
  [[nodiscard]] virtual DocumentLogic& logic() = 0;
  [[nodiscard]] virtual DocumentId id() const = 0;
  [[nodiscard]] virtual const DocumentPath& path() const = 0;
  [[nodiscard]] virtual std::string where() const = 0;
  [[nodiscard]] virtual DocumentHandle handle() const = 0;
  [[nodiscard]] virtual Epoch epoch() const = 0;
  [[nodiscard]] virtual bool offers_state() const = 0;
  /// It is encrypted, and there is no key: what would be published is plain.
  [[nodiscard]] virtual bool lacks_key() const = 0;
  virtual void sent(Sequence sequence, std::string_view payload) = 0;
  virtual void resubscribe() = 0;
};

/// What sending came to: there is nothing (or it may not go now), some went, or there is no room on the wire.
enum class Flushed : std::uint8_t { nothing, some, no_room };

class Publisher {
 public:
  /// `sealer`: null when deltas go as they are.
  Publisher(DocumentLink& link, PublisherOwner& owner, DeltaSealer* sealer)
      : link_(link), owner_(owner), sealer_(sealer), outbox_(link.in_flight_bytes(), sealer) {}

  [[nodiscard]] std::size_t pending() const { return outbox_.size(); }
  [[nodiscard]] bool in_flight() const { return outbox_.in_flight(); }
  /// Numbers were given under this producer.
  [[nodiscard]] bool has_numbered() const { return joined_ || outbox_.last_given().value > 0; }
  /// Something of this client was durable in the epoch it knows: it would be missed.
  [[nodiscard]] bool ever_stored() const { return ever_stored_; }

  void publish(Delta delta, Ticket ticket);
  void when_stored(Ticket ticket);
  /// The answer to StateWanted: deltas of codec 0, none when there is nothing to offer.
  void offer(std::vector<SharedBytes> pieces);

  // The store's.
  /// What an earlier session has left. Only at the beginning. FAILED_PRECONDITION when a key is missing.
  [[nodiscard]] Result<void> restore(const StoredDocument& kept);
  /// What is known of the document, if it was not kept already.
  void keep_place();
  /// What was published in this turn is given its sequences, and kept under them.
  void keep_new();
  void kept_through(std::uint64_t number);
  /// Its numbers are of another epoch than this.
  [[nodiscard]] bool counts_in_another(Epoch epoch) const { return epoch_.value != 0 && epoch_ != epoch; }

  // The connection's course.
  void connected() { halted_ = false; }
  void disconnected();
  /// The client goes on under another producer.
  void producer_replaced();
  /// Gives up what waits, for ever.
  void end(const ClientError& error);
  /// This producer may have published here what is not known: an older part of the log, from before a restore, can have
  /// the numbers that would be given. Readers that check take a number that comes again for a replay.
  [[nodiscard]] bool may_repeat_numbers(const frames::Subscribed& event) const;
  /// What publishes goes on under another id.
  void cannot_go_on(const std::string& why);
  /// Brings the outbox in line with what the relay has. False when this producer cannot go on.
  [[nodiscard]] bool resume(const frames::Subscribed& event, bool lost, bool changed);
  /// Everything the relay has was delivered.
  void reached_head();
  void stored(const frames::Stored& event);
  /// A publish was not stored, or something else about this document failed.
  void refused(const frames::ErrorEvent& event);

  /// Sends one frame of deltas, if it may go now. The budget is of all documents together.
  [[nodiscard]] Flushed flush(std::size_t budget_bytes);
  /// How long to wait before trying again: what the relay says, or longer with each failure.
  [[nodiscard]] Time delay(const frames::ErrorEvent& event);

 private:
  void send_frame(std::size_t payload_bytes_max);
  [[nodiscard]] bool refuse_too_large(const OutboxEntry& next);
  [[nodiscard]] StoredPlace place() const;
  /// The outbox was numbered anew, or lost a part.
  void rewritten();
  void leave(bool deleted);
  void check_stored();
  void resend(Sequence from, Time delay);
  void resend_when_answered();
  void want_state();
  void fail(const std::vector<OutboxEntry>& entries, const ClientError& error);
  void tell_failed(ClientError error);
  [[nodiscard]] std::size_t payload_bytes_max() const;
  [[nodiscard]] std::optional<ClientError> refusal(const Delta& delta) const;
  [[nodiscard]] ClientError too_large(std::size_t bytes) const;

  DocumentLink& link_;
  PublisherOwner& owner_;
  DeltaSealer* sealer_;
  Outbox outbox_;
  std::vector<Ticket> when_stored_;
  bool ever_stored_ = false;
  Epoch epoch_;  ///< in which its sequences are given; 0: not known yet
  StoredPlace kept_place_;
  bool joined_ = false;      ///< its count and the relay's have met, in this epoch and under this producer
  Sequence stored_through_;  ///< by this producer in this epoch, as far as it was answered
  enum class State : std::uint8_t { settled, wanted, asked } state_ = State::settled;
  bool halted_ = false;
  std::optional<Sequence> resend_from_;
  Time resend_at_{0};
  Timer resend_timer_;
  std::uint32_t failures_ = 0;
};

}  // namespace weir::client
