#include "weir/client/publisher.hpp"

#include <algorithm>

#include "weir/client/sealed_contents.hpp"

namespace weir::client {
namespace {

constexpr std::size_t frame_deltas_max = 1000;
constexpr std::size_t frame_payload_bytes_max = 256 << 10;
constexpr std::size_t payload_bytes_max_unknown = 1 << 20;
constexpr std::size_t entry_bytes = 64;  // what an entry costs beside its payload, so that empty ones are bounded too

StoredDelta to_store(const OutboxEntry& entry) { return {entry.sequence, entry.base, entry.offered, entry.delta}; }

/// Others up to 15 are for what weir itself may come to define.
bool is_for_applications(Codec codec) { return codec.value <= 1 || (codec.value >= 16 && codec.value <= UINT32_MAX); }

// A publish sent under this producer can never be stored.
bool takes_another_producer(frames::Reason reason) {
  return reason == frames::Reason::resend_differs || reason == frames::Reason::not_comparable ||
         reason == frames::Reason::producer_owned;
}

}  // namespace

void Publisher::publish(Delta delta, Ticket ticket) {
  if (std::optional<ClientError> error = refusal(delta))
    return link_.tell(Settled{.document = owner_.id(), .ticket = ticket, .error = std::move(error)});
  outbox_.add({.delta = std::move(delta), .ticket = ticket});
  link_.want_flush(owner_.logic());
}

void Publisher::when_stored(Ticket ticket) {
  when_stored_.push_back(ticket);
  check_stored();
}

// ---- the connection's course ----

void Publisher::disconnected() {
  outbox_.disconnected();
  link_.timers().cancel(resend_timer_);
  resend_from_.reset();
  resend_at_ = {};
  if (state_ == State::asked) state_ = State::wanted;
}

void Publisher::producer_replaced() {
  outbox_.restart();
  stored_through_ = {};
  joined_ = false;
  rewritten();
}

void Publisher::end(const ClientError& error) {
  disconnected();
  if (link_.keeps()) leave(error.kind == ErrorKind::deleted);
  state_ = State::settled;
  fail(outbox_.clear(), error);
  for (const Ticket ticket : std::exchange(when_stored_, {}))
    link_.tell(Settled{.document = owner_.id(), .ticket = ticket, .error = error});
}

bool Publisher::may_repeat_numbers(const frames::Subscribed& event) const {
  return !joined_ && !link_.is_new_to(owner_.path()) && event.last_sequence.value == 0 && event.head.value > 0;
}

bool Publisher::resume(const frames::Subscribed& event, bool lost, bool changed) {
  disconnected();
  epoch_ = event.epoch;
  if (lost) {
    ever_stored_ = false;
    stored_through_ = {};
    joined_ = true;
    if (owner_.offers_state()) state_ = State::wanted;
    outbox_.reopen(event.last_sequence);
    rewritten();
    return true;
  }
  if (changed) {
    outbox_.open_anew(event.last_sequence);
    stored_through_ = {};
    joined_ = false;
  }
  // What was answered "stored" and is gone was in no record that the cursor names, so that only the mark tells.
  const bool forgotten = event.last_sequence < stored_through_;
  if (forgotten && owner_.offers_state()) state_ = State::wanted;
  const bool copied = joined_ && event.last_sequence > outbox_.last_given();
  // What the relay has up to this sequence may be another device's, cloned from this one: only a resend, which is
  // compared byte for byte, shows that it is ours.
  outbox_.continue_after(event.last_sequence);
  joined_ = true;
  const OutboxEntry* oldest = outbox_.oldest();
  const bool gap = oldest != nullptr && !oldest->base && oldest->sequence > event.last_sequence.next();
  if (!gap && !forgotten && !copied) {
    changed ? rewritten() : keep_place();
    return true;
  }
  cannot_go_on(copied ? "the relay has more of this producer than was published here: another device uses its id"
                      : "the relay no longer knows this producer's last delta");
  return false;
}

void Publisher::reached_head() {
  failures_ = 0;  // all that is there could be read
  if (state_ != State::wanted || owner_.lacks_key()) return;
  state_ = State::asked;
  link_.tell(StateWanted{owner_.id()});
}

void Publisher::offer(std::vector<SharedBytes> pieces) {
  if (state_ != State::asked) return;
  state_ = State::settled;
  std::vector<OutboxEntry> entries;
  for (SharedBytes& piece : pieces) entries.push_back({.delta = {{}, std::move(piece)}, .offered = true});
  outbox_.offer(std::move(entries));
  rewritten();
  link_.want_flush(owner_.logic());
}

void Publisher::stored(const frames::Stored& event) {
  const std::vector<OutboxEntry> done = outbox_.stored(event.through_sequence);
  failures_ = 0;
  stored_through_ = std::max(stored_through_, event.through_sequence);
  for (const OutboxEntry& entry : done)
    entry.for_each_ticket([&](Ticket ticket) {
      link_.tell(Settled{.document = owner_.id(),
                         .ticket = ticket,
                         .epoch = owner_.epoch(),
                         .producer = link_.producer(),
                         .sequence = entry.sequence,
                         .offset = event.offset});
    });
  if (!done.empty()) {
    ever_stored_ = true;
    if (link_.keeps()) link_.keep(DropDeltas{owner_.path(), done.front().sequence, done.back().sequence});
    keep_place();
    link_.tell(StoredSome{owner_.id(), outbox_.size()});
    check_stored();
  }
  resend_when_answered();
  link_.want_flush(owner_.logic());
}

void Publisher::refused(const frames::ErrorEvent& event) {
  const ClientError error = error_from_answer(event, owner_.where());
  const Code code = event.error.code;
  const bool base = outbox_.oldest() != nullptr && outbox_.oldest()->base;
  const bool transient = is_transient(code);
  const bool about_publish = event.through_sequence.value != 0 || code == Code::out_of_range;
  if (about_publish && takes_another_producer(event.reason))
    outbox_.refused(event.through_sequence);
  else if (about_publish)
    outbox_.answered(event.through_sequence);
  if (code == Code::out_of_range) return resend(event.expected_sequence, {});
  tell_failed(error);
  if (event.reason == frames::Reason::epoch || code == Code::not_found) return owner_.resubscribe();
  if (takes_another_producer(event.reason)) return link_.replace_producer(error);
  if (!about_publish) return;  // presence, say: told, and that is all
  if (base && (!transient || code == Code::aborted)) return link_.replace_producer(error);
  if (transient) return resend(outbox_.first_sequence(), delay(event));
  if (code == Code::permission_denied || code == Code::unauthenticated) {
    halted_ = true;
    return;
  }
  fail(outbox_.clear(), error);
  rewritten();
  check_stored();
}

// ---- the store ----

Result<void> Publisher::restore(const StoredDocument& kept) {
  std::vector<OutboxEntry> entries;
  bool sealed = true;
  for (const StoredDelta& stored : kept.outbox) {
    OutboxEntry entry{
        .delta = stored.delta, .offered = stored.offered, .sequence = stored.sequence, .base = stored.base};
    entry.kept = link_.keeping() - 1;
    if (sealer_ == nullptr && stored.delta.codec == sealed_codec) return client::lacks_key(owner_.where()).error;
    if (stored.delta.codec == sealed_codec) {
      const auto inside = sealer_->unseal(kept.place.producer, stored.sequence, stored.delta);
      if (!inside) return inside.error();
      for (const Delta& delta : *inside) entry.sealed.push_back({delta, 0});
    }
    sealed = sealed && !entry.sealed.empty();
    entries.push_back(std::move(entry));
  }
  outbox_.restore(std::move(entries), kept.place.last_given);
  kept_place_ = kept.place;
  epoch_ = kept.place.epoch;
  stored_through_ = kept.place.stored_through;
  ever_stored_ = kept.place.ever_stored;
  joined_ = epoch_.value != 0;
  if (kept.place.state_wanted && owner_.offers_state()) state_ = State::wanted;
  if (kept.place.producer != link_.producer()) {
    producer_replaced();
  } else if (sealer_ != nullptr && !sealed) {
    // The application has begun to encrypt: under the same sequences, for the relay to say whether it has them plain.
    outbox_.regather();
    rewritten();
  }
  return {};
}

void Publisher::keep_new() {
  if (!link_.keeps()) return;
  std::size_t index = outbox_.number_all(payload_bytes_max());
  if (index == outbox_.entries()) return;
  outbox_.keep(index, link_.keeping());
  if (kept_place_.producer != link_.producer()) keep_place();
  for (; index < outbox_.entries(); ++index) link_.keep(KeepDelta{owner_.path(), to_store(outbox_[index])});
}

/// Of a deleted document the numbers are kept, and nothing else: a restored backup may have it again, with its records.
void Publisher::leave(bool deleted) {
  keep_new();
  StoredDocument left{place(), {}};
  if (deleted) {
    left.place.ever_stored = left.place.state_wanted = left.place.encrypted = false;
    left.place.stored_through = {};
    if (epoch_.value == 0) left.place.last_given = {};  // none was ever sent
    link_.keep(KeepPlace{owner_.path(), left.place});
    link_.keep(KeepOutbox{owner_.path(), {}});
  } else {
    for (std::size_t i = 0; i < outbox_.entries(); ++i) left.outbox.push_back(to_store(outbox_[i]));
  }
  link_.leave(owner_.path(), std::move(left));
}

void Publisher::kept_through(std::uint64_t number) {
  outbox_.kept_through(number);
  link_.want_flush(owner_.logic());
}

void Publisher::rewritten() {
  if (!link_.keeps()) return;
  (void)outbox_.number_all(payload_bytes_max());
  outbox_.keep(0, link_.keeping());
  kept_place_ = place();
  link_.keep(KeepPlace{owner_.path(), kept_place_});
  KeepOutbox all{owner_.path(), {}};
  for (std::size_t i = 0; i < outbox_.entries(); ++i) all.deltas.push_back(to_store(outbox_[i]));
  link_.keep(std::move(all));
}

StoredPlace Publisher::place() const {
  return {link_.producer(),
          epoch_,
          outbox_.last_given(),
          stored_through_,
          ever_stored_,
          state_ != State::settled,
          sealer_ != nullptr || owner_.lacks_key()};
}

void Publisher::keep_place() {
  if (!link_.keeps() || place() == kept_place_) return;
  kept_place_ = place();
  link_.keep(KeepPlace{owner_.path(), kept_place_});
}

// ---- sending ----

Flushed Publisher::flush(std::size_t budget_bytes) {
  if (state_ != State::settled || halted_ || resend_from_) return Flushed::nothing;
  const OutboxEntry* next = outbox_.next();
  if (next == nullptr) return Flushed::nothing;
  const std::size_t bytes = outbox_.wire_bytes(*next);
  const std::size_t in_flight = link_.in_flight_bytes();
  const std::size_t room = budget_bytes > in_flight ? budget_bytes - in_flight : 0;
  if (in_flight > 0 && (room == 0 || bytes > room)) return Flushed::no_room;
  if (refuse_too_large(*next)) return Flushed::some;
  const std::size_t frame_bytes_max = link_.welcome()->frame_bytes_max;
  std::size_t frame_payload = std::min(frame_payload_bytes_max, room);
  if (frame_bytes_max > 0) frame_payload = std::min(frame_payload, frame_bytes_max / 2);
  send_frame(frame_payload);
  return Flushed::some;
}

/// Which may be known only now, from this relay.
bool Publisher::refuse_too_large(const OutboxEntry& next) {
  const std::size_t bytes = outbox_.wire_bytes(next);
  if (bytes <= payload_bytes_max() || !outbox_.next_is_new()) return false;
  if (next.deltas() > 1) {  // one by one they may be small enough
    outbox_.regather();
    rewritten();
    return true;
  }
  if (next.ticket == 0 && next.sealed.empty() && !next.offered) tell_failed(too_large(bytes));  // nobody waits for it
  fail({outbox_.refuse_next()}, too_large(bytes));
  rewritten();
  check_stored();
  return true;
}

void Publisher::send_frame(std::size_t payload_bytes_max) {
  const std::optional<OutgoingFrame> frame = outbox_.next_frame({.payload_bytes_max = payload_bytes_max,
                                                                 .deltas_max = frame_deltas_max,
                                                                 .delta_bytes_max = this->payload_bytes_max()});
  if (!frame) return;
  frames::Publish publish;
  publish.document = owner_.handle();
  publish.epoch = owner_.epoch();
  publish.first_sequence = frame->first_sequence;
  publish.base = frame->base;
  publish.deltas.reserve(frame->count);
  for (std::size_t i = frame->from; i < frame->from + frame->count; ++i) {
    owner_.sent(outbox_[i].sequence, outbox_[i].delta.payload.view());
    publish.deltas.push_back(outbox_[i].delta);
  }
  link_.send(publish);
}

Time Publisher::delay(const frames::ErrorEvent& event) {
  if (event.retry_after_ms > 0)
    return Time(static_cast<Time::rep>(std::min<std::uint64_t>(event.retry_after_ms, 3'600'000)));
  using namespace std::chrono_literals;
  return 50ms + backoff(failures_++, link_.random(), 250ms, 30s);
}

void Publisher::resend(Sequence from, Time delay) {
  resend_from_ = from;
  resend_at_ = std::max(resend_at_, link_.now() + delay);
  resend_when_answered();
}

// What is still on the wire is answered first: each frame behind a refused one is refused too.
void Publisher::resend_when_answered() {
  if (!resend_from_ || outbox_.in_flight() || resend_timer_.pending()) return;
  resend_timer_ = link_.timers().at(std::max(resend_at_, link_.now()), [this] {
    const Sequence from = resend_from_.value_or(Sequence{});
    resend_timer_ = {};
    resend_from_.reset();
    resend_at_ = {};
    if (outbox_.rewind(from))
      link_.want_flush(owner_.logic());
    else
      cannot_go_on("the relay expects sequence " + std::to_string(from.value) + ", which is not here any more");
  });
}

void Publisher::cannot_go_on(const std::string& why) {
  link_.replace_producer(make_error(ErrorKind::other, Code::out_of_range,
                                    owner_.where() + ": " + why + "; going on under a new producer id"));
}

// ---- answers, and what is refused at once ----

void Publisher::check_stored() {
  if (outbox_.size() > 0) return;
  for (const Ticket ticket : std::exchange(when_stored_, {}))
    link_.tell(Settled{.document = owner_.id(), .ticket = ticket});
}

void Publisher::fail(const std::vector<OutboxEntry>& entries, const ClientError& error) {
  for (const OutboxEntry& entry : entries) {
    entry.for_each_ticket(
        [&](Ticket ticket) { link_.tell(Settled{.document = owner_.id(), .ticket = ticket, .error = error}); });
    if (entry.offered || entry.restored) tell_failed(error);
  }
}

void Publisher::tell_failed(ClientError error) { link_.tell(DocumentFailed{owner_.id(), std::move(error), false}); }

std::size_t Publisher::payload_bytes_max() const {
  const frames::Welcome* welcome = link_.welcome();
  return welcome != nullptr && welcome->payload_bytes_max > 0 ? welcome->payload_bytes_max : payload_bytes_max_unknown;
}

std::optional<ClientError> Publisher::refusal(const Delta& delta) const {
  if (owner_.lacks_key()) return client::lacks_key(owner_.where());
  const std::size_t bytes = delta.payload.size();
  if (delta.codec == sealed_codec)
    return make_error(ErrorKind::other, Code::invalid_argument,
                      owner_.where() + ": codec 2 is for what weir seals; publish what is inside, with its own codec");
  if (!is_for_applications(delta.codec))
    return make_error(ErrorKind::other, Code::invalid_argument,
                      owner_.where() + ": " + std::to_string(delta.codec.value) +
                          " is not a codec of yours; use 0, 1, or 16 and above, up to 2^32 - 1");
  const std::size_t wire_bytes = bytes + (sealer_ != nullptr ? sealed_record_overhead : 0);
  if (wire_bytes > payload_bytes_max()) return too_large(wire_bytes);
  const std::size_t waiting = outbox_.bytes() + outbox_.size() * entry_bytes;
  if (waiting + bytes <= link_.outbox_bytes_max()) return std::nullopt;
  return make_error(ErrorKind::outbox_full, Code::resource_exhausted,
                    owner_.where() + ": " + std::to_string(waiting) + " bytes wait, " +
                        std::to_string(link_.outbox_bytes_max()) + " may; publish again after when_stored()");
}

ClientError Publisher::too_large(std::size_t bytes) const {
  return make_error(ErrorKind::payload_too_large, Code::invalid_argument,
                    owner_.where() + ": a delta of " + std::to_string(bytes) + " bytes; this relay takes " +
                        std::to_string(payload_bytes_max()) + ", publish smaller ones");
}

}  // namespace weir::client
