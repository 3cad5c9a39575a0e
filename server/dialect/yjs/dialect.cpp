#include "weir/yjs/dialect.hpp"

#include <algorithm>
#include <utility>

#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::yjs {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t close_internal_error = 1011;
constexpr std::uint16_t close_try_again_later = 1013;
constexpr std::uint16_t close_not_understood = 4400;
constexpr std::uint16_t close_unauthenticated = 4401;
constexpr std::uint16_t close_forbidden = 4403;
constexpr std::uint16_t close_not_found = 4404;
constexpr std::uint16_t close_gone = 4410;
constexpr std::size_t close_reason_bytes_max = 123;  // RFC 6455: 125 with the code

// A client closes after 30 s without a message; its clock and ours may differ in speed, and the line may be slow.
constexpr core::Time keep_alive_interval = 10s;
constexpr core::Time ask_again_first = 1s;
constexpr core::Time ask_again_longest = 160s;
constexpr core::Time failures_forgotten_after = 10min;
// Tabs of one browser share edits among themselves, and what came to a client that way it does not send by itself.
constexpr core::Time idle_ask_interval = 2min;

SharedBytes empty_awareness() {
  std::string out;
  put_awareness(out, {});
  return SharedBytes::take(std::move(out));
}

// Cut where a character begins, so that it stays valid UTF-8.
std::string close_reason(std::string reason) {
  if (reason.size() <= close_reason_bytes_max) return reason;
  std::size_t size = close_reason_bytes_max;
  while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xC0) == 0x80) --size;
  reason.resize(size);
  return reason;
}

}  // namespace

std::size_t Dialect::message_bytes_max() const {
  return document_.value == 0 ? limits_.payload_bytes_max : limits_.foreign_frame_bytes_max;
}

void Dialect::opened(core::SessionPort& port) {
  port.hello_foreign(std::move(options_.token), std::move(options_.client));
  frames::Subscribe subscribe;
  subscribe.request = 1;
  subscribe.path = options_.path;
  subscribe.presence = true;
  subscribe.snapshots = true;
  port.submit(std::move(subscribe));
}

// ---- what the client says ----

void Dialect::message(const SharedBytes& message, core::SessionPort& port) {
  if (ended_) return;
  if (document_.value != 0) return handle(message, port);
  early_bytes_ += message.size() + sizeof(SharedBytes);
  if (early_bytes_ > 2 * limits_.payload_bytes_max)
    return end(close_try_again_later, "too much was said before the document was open; connect again", port);
  early_.push_back(message);
}

void Dialect::handle(const SharedBytes& message, core::SessionPort& port) {
  const auto parsed = parse_message(message.view(), limits_.presence_slots_max);
  if (!parsed) return end(close_not_understood, "a message is not of the y-websocket protocol", port);
  std::visit([&](const auto& what) { on(message, what, port); }, *parsed);
}

// Also what `resyncInterval` repeats. The answer is an empty one every time: what is new has been sent as Updates, and
// a state vector does not show deletions, so nothing may be left out because of it.
void Dialect::on(const SharedBytes&, const SyncStep1& step, core::SessionPort& port) {
  if (!is_state_vector(step.state_vector)) return end(close_not_understood, "malformed state vector", port);
  if (!said_state_vector_ && !is_empty_state_vector(step.state_vector)) begin_to_hold();
  said_state_vector_ = true;
  state_vector_ = step.state_vector.size() <= state_vector_bytes_max ? step.state_vector : std::string_view();
  step1_unanswered_ = true;
  answer_sync_step1(port);
}

void Dialect::answer_sync_step1(core::SessionPort& port) {
  if (!caught_up_ || !step1_unanswered_) return;
  step1_unanswered_ = false;
  port.send(encoded(put_sync_step2, empty_update));
  if (std::exchange(asked_, true) || read_only_) return;
  if (document_is_new_ || !is_empty_state_vector(state_vector_)) port.ask_cover(document_);
}

// The answer to our oldest open query, complete beyond what that query counted. So with it durable, everything is in
// the log that the client counted at any time before; its last state vector says how much that is at least.
void Dialect::on(const SharedBytes& message, const SyncStep2& step, core::SessionPort& port) {
  if (read_only_) return;
  Query query;
  const bool asked = !queries_.empty();
  if (asked) {
    query = std::move(queries_.front());
    queries_.pop_front();
    if (query.kind == Query::Kind::snapshot) return made(query, message.slice(step.update), port);
    if (query.kind == Query::Kind::attestation) return compared(query, message.slice(step.update), port);
  }
  core::Contribution contribution;
  contribution.document = document_;
  contribution.echo = false;
  if (!step.update.empty() && step.update != empty_update) contribution.payload = message.slice(step.update);
  if (asked) {
    contribution.cover = state_vector_.empty() ? std::string(empty_state_vector) : state_vector_;
  }
  const bool answer = contribution.cover.has_value();
  if (contribution.payload || answer) port.contribute(std::move(contribution));
  if (answer) release(port);
}

void Dialect::on(const SharedBytes& message, const Update& update, core::SessionPort& port) {
  if (read_only_ || update.update.empty() || update.update == empty_update) return;
  quiet_since_ = {};
  hold(message.slice(update.update));
  if (!holding_) release(port);
}

// The answer that is waited for holds these as well, having been made later: the oldest may go when they are too many.
void Dialect::hold(SharedBytes update) {
  held_bytes_ += update.size() + sizeof(SharedBytes);
  held_.push_back(std::move(update));
  while (holding_ && held_bytes_ > limits_.payload_bytes_max) {
    held_bytes_ -= held_.front().size() + sizeof(SharedBytes);
    held_.pop_front();
  }
}

void Dialect::begin_to_hold() {
  if (!std::exchange(holding_, true)) holding_since_ = {};
}

void Dialect::release(core::SessionPort& port) {
  holding_ = false;
  held_bytes_ = 0;
  for (SharedBytes& update : std::exchange(held_, {})) {
    core::Contribution contribution;
    contribution.document = document_;
    contribution.payload = std::move(update);
    port.contribute(std::move(contribution));
  }
}

void Dialect::on(const SharedBytes&, const Awareness& awareness, core::SessionPort& port) {
  for (const AwarenessEntry& entry : awareness.entries) {
    core::ForeignPresence presence;
    presence.document = document_;
    presence.key = presence_key(entry.client);
    presence.clock = entry.clock;
    if (entry.json != "null") presence.data = SharedBytes::take(awareness_update(entry));
    if (presence.data.size() <= limits_.presence_bytes_max) {
      port.set_presence(std::move(presence));
    } else if (!std::exchange(presence_refused_, true)) {
      deny("awareness state has " + std::to_string(entry.json.size()) + " bytes and is not shown to others; at most " +
               std::to_string(limits_.presence_bytes_max) + " are allowed",
           port);
    }
  }
}

// Who is there has been told on opening and is told on every change.
void Dialect::on(const SharedBytes&, QueryAwareness, core::SessionPort& port) { port.send(empty_awareness()); }

// ---- what the session says ----

void Dialect::event(const frames::ServerEvent& event, core::SessionPort& port) {
  if (ended_) return;
  std::visit([&](const auto& what) { on(what, port); }, event);
}

void Dialect::on(const frames::Subscribed& subscribed, core::SessionPort& port) {
  document_ = subscribed.document;
  document_is_new_ = subscribed.head.value == 0;
  const Encoder encoder;
  for (const frames::PresenceUpdate& presence : subscribed.presence) port.send(encoder.presence(presence));
  for (const SharedBytes& message : std::exchange(early_, {})) {
    if (!ended_) handle(message, port);
  }
}

void Dialect::on(const frames::CaughtUp&, core::SessionPort& port) {
  caught_up_ = true;
  answer_sync_step1(port);
}

void Dialect::cover_granted(DocumentHandle document, std::string cover, core::SessionPort& port) {
  if (ended_ || document != document_) return;
  idle_asked_ = false;
  quiet_since_ = {};
  ask({}, cover, port);
}

void Dialect::on(const frames::ErrorEvent& error, core::SessionPort& port) {
  if (error.reason == frames::Reason::snapshot) return;  // the client does not know that it made one
  const std::string& words = error.error.message;
  switch (error.error.code) {
    case Code::unauthenticated: deny(words, port); return end(close_unauthenticated, words, port);
    case Code::permission_denied:
      if (document_.value == 0) {
        deny(words, port);
        return end(close_forbidden, words, port);
      }
      if (!std::exchange(read_only_, true)) deny(words, port);
      held_.clear();
      return;
    case Code::not_found:  // of a subscription that is gone: begin again
      return end(
          document_.value == 0 || error.reason == frames::Reason::deleted ? close_not_found : close_internal_error,
          words, port);
    case Code::invalid_argument: return end(close_not_understood, words, port);
    case Code::out_of_range: return end(document_.value == 0 ? close_gone : close_internal_error, words, port);
    case Code::resource_exhausted:
    case Code::unavailable:
    case Code::aborted:
      if (document_.value == 0) return end(close_try_again_later, words, port);
      return ask_again_later(error.retry_after_ms);
    default: return end(close_internal_error, words, port);
  }
}

// Something that the client takes for sent was not stored, and the hub takes nothing more of it before an answer. The
// client still has it: another query brings all of it. Each failure doubles the wait; sessions are spread by number.
void Dialect::ask_again_later(std::uint64_t retry_after_ms) {
  if (read_only_ || ask_again_at_ != core::Time{}) return;
  begin_to_hold();
  const bool calm = now_ - failed_at_ > failures_forgotten_after;
  patience_ = calm || patience_ == core::Time{} ? ask_again_first : std::min(2 * patience_, ask_again_longest);
  failed_at_ = now_;
  ask_again_at_ =
      now_ + std::max(patience_, core::Time(std::min<std::uint64_t>(retry_after_ms, 600'000))) + spread(patience_);
}

/// Sessions do not ask all at once.
core::Time Dialect::spread(core::Time over) const {
  return core::Time(session_.value * 7919 % static_cast<std::uint64_t>(over.count()));
}

void Dialect::ask_when_idle(core::SessionPort& port) {
  if (quiet_since_ == core::Time{}) quiet_since_ = now_;
  if (!caught_up_ || !said_state_vector_ || read_only_ || holding_ || !queries_.empty() || idle_asked_) return;
  if (ask_again_at_ != core::Time{} || now_ - quiet_since_ < idle_ask_interval + spread(idle_ask_interval)) return;
  idle_asked_ = true;
  port.ask_cover(document_);
}

void Dialect::on(const frames::Ping&, core::SessionPort& port) {
  std::string out;
  put_websocket_ping(out);
  port.send(SharedBytes::take(std::move(out)));
}

// Such a client cannot go on behind a cut: it would show a document with holes. The document was cut since it
// subscribed; when it connects again it is sent what stands for the records that are gone, or told that nothing does.
void Dialect::on(const frames::Cut&, core::SessionPort& port) {
  end(close_try_again_later, "records that you lack were replaced by a snapshot; connect again", port);
}

void Dialect::tick(core::Now now, core::SessionPort& port) {
  now_ = now.steady;
  if (ended_ || document_.value == 0) return;
  if (now_ - kept_alive_at_ >= keep_alive_interval) {
    kept_alive_at_ = now_;
    port.send(empty_awareness());
  }
  if (holding_ && holding_since_ == core::Time{}) holding_since_ = now_;  // before the first tick there was no time
  if (holding_ && now_ - holding_since_ >= limits_.stall_max)
    return end(close_try_again_later, "the relay asked what you have, and there was no answer", port);
  if (ask_again_at_ != core::Time{} && now_ >= ask_again_at_) {
    ask_again_at_ = {};
    port.ask_cover(document_);
  }
  ask_when_idle(port);
}

void Dialect::deny(const std::string& reason, core::SessionPort& port) {
  port.send(encoded(put_permission_denied, reason));
}

void Dialect::end(std::uint16_t code, const std::string& reason, core::SessionPort& port) {
  ended_ = true;
  port.close(code, close_reason(reason));
}

}  // namespace weir::yjs
