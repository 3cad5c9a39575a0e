// What one document still has to store: deltas in the order of publish, until the relay says they are durable.
//
//   outbox.add(entry)                          queued
//   outbox.next_frame(limits)                  numbered and on the wire
//   outbox.stored(through)                     durable: gone from here, returned
//   outbox.disconnected(), next_frame()        the same bytes under the same sequences again
//
// A sequence is given when a delta is first sent, for then the producer's last stored one is known. What has a sequence
// is always a prefix of the queue, and what is on the wire a prefix of that.
//
// With a store (store_contents.hpp), a sequence is given as soon as a delta is here, and it is sent when it is kept
// under it: after a crash the same bytes go under the same sequences.
//
// With a sealer, deltas that wait are gathered and sealed for the one sequence that they get; those bytes are what is
// sent from then on. Under another sequence they are sealed anew.
//
// Threads: one, the session's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "weir/vocabulary/record.hpp"

namespace weir::client {

/// An application's number for something it waits for; 0: nobody waits.
using Ticket = std::uint64_t;

/// Makes of deltas the one that goes under a sequence.
class DeltaSealer {
 public:
  virtual ~DeltaSealer() = default;
  [[nodiscard]] virtual Delta seal(Sequence sequence, bool base, std::vector<Delta> deltas) = 0;
  /// What seal() was given, in this process or an earlier one. FAILED_PRECONDITION when the key is not there any more.
  [[nodiscard]] virtual Result<std::vector<Delta>> unseal(const ProducerId& producer, Sequence sequence,
                                                          const Delta& sealed) = 0;
};

/// A delta as the application gave it.
struct PublishedDelta {
  Delta delta;
  Ticket ticket = 0;
};

struct OutboxEntry {
  Delta delta;
  Ticket ticket = 0;
  bool offered = false;    ///< stands for the state as a whole; a newer one takes its place
  Sequence sequence{};     ///< 0 until it is first sent
  bool base = false;       ///< opens the sequence anywhere: the first delta after lost history
  bool refused = false;    ///< the relay has another's bytes under its sequence: "stored" does not mean this one
  std::uint64_t kept = 0;  ///< what it was last written with; 0: nothing is to be waited for
  bool sent = false;       ///< at least once, under this sequence
  bool restored = false;   ///< of an earlier process, which may have sent it
  std::vector<PublishedDelta> sealed{};  ///< what is inside of `delta`; then `ticket` is 0

  [[nodiscard]] std::size_t deltas() const { return sealed.empty() ? 1 : sealed.size(); }
  /// Memory that its bytes take.
  [[nodiscard]] std::size_t bytes() const;
  template <class Call>
  void for_each_ticket(Call call) const {
    if (ticket != 0) call(ticket);
    for (const PublishedDelta& part : sealed)
      if (part.ticket != 0) call(part.ticket);
  }
};

struct FrameLimits {
  std::size_t payload_bytes_max;  ///< for all deltas of a frame together; a single larger one still goes, alone
  std::size_t deltas_max;
  std::size_t delta_bytes_max = static_cast<std::size_t>(-1);  ///< a larger one is not sent with others
};

/// Entries `from` to `from + count` of the outbox, which are on the wire from now on.
struct OutgoingFrame {
  Sequence first_sequence;
  bool base;
  std::size_t from;
  std::size_t count;
};

class Outbox {
 public:
  /// `in_flight_total`: counts the bytes on the wire of all the outboxes that share it.
  explicit Outbox(std::size_t& in_flight_total, DeltaSealer* sealer = nullptr)
      : in_flight_total_(in_flight_total), sealer_(sealer) {}

  /// Deltas not yet known to be durable.
  [[nodiscard]] std::size_t size() const { return deltas_; }
  [[nodiscard]] const OutboxEntry& operator[](std::size_t index) const { return entries_[index]; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool in_flight() const { return !frames_.empty(); }
  /// The lowest sequence not known to be durable, or the one the next delta will get.
  [[nodiscard]] Sequence first_sequence() const;
  /// What would be sent next; null: nothing.
  [[nodiscard]] const OutboxEntry* next() const {
    return sent_ < entries_.size() && may_go(entries_[sent_]) ? &entries_[sent_] : nullptr;
  }
  /// What is longest here; null: nothing.
  [[nodiscard]] const OutboxEntry* oldest() const { return entries_.empty() ? nullptr : &entries_.front(); }
  /// Bytes of a delta as it is sent, or would be at most.
  [[nodiscard]] std::size_t wire_bytes(const OutboxEntry& entry) const;

  void add(OutboxEntry entry);
  /// The next deltas to send, numbered.
  [[nodiscard]] std::optional<OutgoingFrame> next_frame(const FrameLimits& limits);
  /// The highest sequence given so far.
  [[nodiscard]] Sequence last_given() const { return {next_sequence_.value - 1}; }
  /// Every delta through this sequence is durable, except what was refused: they are returned.
  [[nodiscard]] std::vector<OutboxEntry> stored(Sequence through);
  /// The relay has answered, in whatever way, for the frames through this sequence; 0: for all.
  void answered(Sequence through);
  /// The same for a frame whose sequences are another's.
  void refused(Sequence through);
  /// Sends again, from `sequence` on; only when nothing is in flight. False when that one is gone or was never sent.
  [[nodiscard]] bool rewind(Sequence sequence);
  /// Nothing is on the wire any more.
  void disconnected();

  /// The producer has stored more than this outbox ever sent: an earlier life of it did.
  void continue_after(Sequence sequence);
  /// Another producer, another count: all that waits is numbered anew from 1.
  void restart();
  /// Another epoch: all that waits is numbered anew. Where the producer has nothing stored, by numbers never used
  /// before, opening with a base; else behind what is stored.
  void open_anew(Sequence stored_through);
  /// Another history: the same, and an older offer of state is dropped.
  void reopen(Sequence stored_through);
  /// Puts deltas before all that wait. Only before anything is sent.
  void offer(std::vector<OutboxEntry> entries);

  /// Gives a sequence to everything that has none. The first of them; the end when there was none.
  [[nodiscard]] std::size_t number_all(std::size_t delta_bytes_max);
  /// Entries from this one on are being written with `number`, and go when so much is durable.
  void keep(std::size_t from, std::uint64_t number);
  void kept_through(std::uint64_t number) { kept_through_ = number; }
  /// What an earlier process has left. Only at the beginning.
  void restore(std::vector<OutboxEntry> entries, Sequence last_given);
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }

  /// What would be sent next was never sent, so that its sequence can go to another.
  [[nodiscard]] bool next_is_new() const { return !entries_[sent_].sent && !entries_[sent_].restored; }
  /// What would be sent next, and all behind it, is numbered and gathered anew.
  void regather();
  /// Takes out the first unsent delta, which cannot be sent. What comes behind it is numbered anew.
  [[nodiscard]] OutboxEntry refuse_next();
  /// Gives up all that waits; the numbers it had are free again, for the relay has refused them.
  [[nodiscard]] std::vector<OutboxEntry> clear();

 private:
  struct Frame {
    Sequence first;
    Sequence through;
    std::size_t bytes;
  };
  void renumber();
  void renumber_from(std::size_t index);
  [[nodiscard]] bool may_go(const OutboxEntry& entry) const { return entry.kept <= kept_through_; }
  void number(std::size_t index, std::size_t delta_bytes_max);
  void gather(std::size_t index, std::size_t bytes_max);
  void count(const OutboxEntry& entry);
  void uncount(const OutboxEntry& entry);
  /// What it has, or would be given now.
  [[nodiscard]] Sequence sequence_of(const OutboxEntry& entry) const {
    return entry.sequence.value != 0 ? entry.sequence : next_sequence_;
  }

  std::size_t& in_flight_total_;
  DeltaSealer* sealer_;
  std::deque<OutboxEntry> entries_;
  std::deque<Frame> frames_;  ///< on the wire
  std::size_t sent_ = 0;      ///< of the entries, how many were sent on this connection
  std::size_t bytes_ = 0;
  std::size_t deltas_ = 0;
  Sequence next_sequence_{1};
  bool base_next_ = false;
  std::uint64_t kept_through_ = 0;
};

}  // namespace weir::client
