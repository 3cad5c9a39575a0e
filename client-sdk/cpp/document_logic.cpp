#include "weir/client/document_logic.hpp"

#include <type_traits>

namespace weir::client {

DocumentLogic::DocumentLogic(DocumentLink& link, DocumentId id, DocumentPath path, SubscribeOptions options)
    : link_(link),
      id_(id),
      path_(std::move(path)),
      options_(std::move(options)),
      history_(path_, options_.cursor),
      publisher_(link, *this) {}

// ---- for the application ----

void DocumentLogic::when_caught_up(Ticket ticket) {
  if (caught_up_) return link_.tell(Settled{.document = id_, .ticket = ticket});
  when_caught_up_.push_back(ticket);
}

void DocumentLogic::set_presence(SharedBytes data) {
  presence_ = std::move(data);
  presence_changed_ = true;
  link_.want_flush(*this);
}

void DocumentLogic::close() {
  if (phase_ == Phase::open) link_.send(frames::Unsubscribe{handle_});
  end(make_error(ErrorKind::closed, Code::cancelled, where() + " was closed; open it again with subscribe()"), false);
}

// ---- the connection's course ----

void DocumentLogic::connected() {
  publisher_.connected();
  subscribe();
}

void DocumentLogic::disconnected() {
  link_.timers().cancel(retry_timer_);
  if (phase_ == Phase::over || phase_ == Phase::offline) return;
  deliver();
  phase_ = Phase::offline;
  handle_ = {};
  caught_up_ = false;
  publisher_.disconnected();
  link_.tell(DocumentDisconnected{id_});
}

void DocumentLogic::producer_replaced() {
  publisher_.producer_replaced();
  history_.forget_published();
}

void DocumentLogic::end(const ClientError& error, bool tell) {
  if (phase_ == Phase::over) return;
  deliver();
  phase_ = Phase::over;
  handle_ = {};
  caught_up_ = false;
  link_.timers().cancel(retry_timer_);
  publisher_.end(error);
  for (const Ticket ticket : std::exchange(when_caught_up_, {}))
    link_.tell(Settled{.document = id_, .ticket = ticket, .error = error});
  if (tell) link_.tell(DocumentFailed{id_, error, true});
  link_.forget(*this);
}

// ---- subscribing ----

void DocumentLogic::subscribe() {
  phase_ = Phase::subscribing;
  link_.timers().cancel(retry_timer_);
  frames::Subscribe event;
  event.path = path_;
  event.presence = options_.presence;
  event.recreate = options_.recreate;
  if (options_.live_only) {
    event.from = frames::From::live_only;
  } else if (history_.offset().value > 0 && history_.cursor()) {
    event.from = frames::From::cursor;
    event.cursor = history_.cursor();
  }
  link_.request(*this, std::move(event));
}

void DocumentLogic::subscribed(const frames::Subscribed& event) {
  if (phase_ != Phase::subscribing) return;
  const bool changed = history_.epoch().value != 0 && history_.epoch() != event.epoch;
  const bool missed = history_.offset().value > 0 || publisher_.ever_stored();
  const bool lost = (event.lost_history || changed) && missed;
  const bool resumed = !lost && history_.offset().value > 0 && history_.cursor().has_value();
  const bool fresh = !options_.live_only && !resumed;
  phase_ = Phase::open;
  handle_ = event.document;
  options_.recreate = false;  // a later deletion must not be undone by a reconnect
  if (options_.live_only)
    history_.start_live(event.epoch, event.head);
  else if (fresh)
    history_.start_over(event.epoch);
  if (!publisher_.resume(event, lost, changed)) return;
  presence_changed_ = !presence_.empty();
  link_.tell(DocumentOpened{id_, fresh, lost});
  if (std::vector<Presence> changes = others_.replace(event.presence, link_.producer()); !changes.empty())
    link_.tell(PresenceChanged{id_, std::move(changes)});
  link_.want_flush(*this);
}

void DocumentLogic::subscribe_refused(const frames::ErrorEvent& event) {
  const ClientError error = error_from_answer(event, where());
  if (error.kind == ErrorKind::deleted || event.error.code == Code::invalid_argument) return end(error, true);
  if (error.kind == ErrorKind::fenced) return link_.fenced(error);
  phase_ = Phase::offline;
  link_.tell(DocumentFailed{id_, error, false});
  if (error.kind == ErrorKind::producer_owned)
    link_.replace_producer(error);
  else if (is_transient(event.error.code) || event.error.code == Code::already_exists)  // closed a moment ago
    subscribe_after(publisher_.delay(event));
  // Otherwise, access is denied perhaps: asked again on the next connection, with its token.
}

void DocumentLogic::subscribe_after(Time delay) {
  link_.timers().cancel(retry_timer_);
  retry_timer_ = link_.timers().at(link_.now() + delay, [this] {
    retry_timer_ = {};
    subscribe();
  });
}

void DocumentLogic::resubscribe() {
  link_.send(frames::Unsubscribe{handle_});
  subscribe();
}

// ---- events ----

void DocumentLogic::receive(const frames::ServerEvent& event) {
  if (phase_ == Phase::over) return;
  if (!std::holds_alternative<frames::Records>(event)) deliver();
  std::visit(
      [this](const auto& what) {
        if constexpr (requires { on(what); }) on(what);
      },
      event);
}

void DocumentLogic::failed(const frames::ErrorEvent& event) {
  if (phase_ == Phase::over) return;
  deliver();
  if (event.request != 0) return subscribe_refused(event);
  if (event.reason == frames::Reason::deleted) return end(error_from_answer(event, where()), true);
  if (event.reason == frames::Reason::fenced) return link_.fenced(error_from_answer(event, where()));
  // While subscribing, the coming answer settles the outbox anew.
  if (phase_ == Phase::open) publisher_.refused(event);
}

void DocumentLogic::on(const frames::Records& event) {
  if (phase_ != Phase::open) return;
  for (const Record& record : event.records) {
    const bool own = record.producer == link_.producer();
    if (event.stub && history_.must_read(record)) {
      deliver();
      return resubscribe();
    }
    if (history_.advance(record, own, event.stub)) delivery_.push_back({record, own, event.stub});
  }
}

void DocumentLogic::deliver() {
  if (!delivery_.empty()) link_.tell(RecordsRead{id_, std::exchange(delivery_, {}), history_.cursor()});
}

void DocumentLogic::on(const frames::CaughtUp&) {
  if (phase_ != Phase::open) return;
  publisher_.reached_head();
  if (caught_up_) return;
  caught_up_ = true;
  link_.tell(CaughtUp{id_});
  for (const Ticket ticket : std::exchange(when_caught_up_, {})) link_.tell(Settled{.document = id_, .ticket = ticket});
}

void DocumentLogic::on(const frames::Stored& event) {
  if (phase_ == Phase::open) publisher_.stored(event);
}

void DocumentLogic::on(const frames::PresenceUpdate& event) {
  if (phase_ != Phase::open) return;
  if (std::optional<Presence> change = others_.apply(event, link_.producer()))
    link_.tell(PresenceChanged{id_, {std::move(*change)}});
}

void DocumentLogic::on(const frames::Cut& event) {
  history_.cut(event.offset);
  link_.tell(RecordsCut{id_, event.offset});
}

// ---- sending ----

Flushed DocumentLogic::flush(std::size_t budget_bytes) {
  if (phase_ != Phase::open) return Flushed::nothing;
  send_presence();
  return publisher_.flush(budget_bytes);
}

void DocumentLogic::send_presence() {
  if (!presence_changed_) return;
  presence_changed_ = false;
  const std::size_t bytes_max = link_.welcome()->presence_bytes_max;
  if (bytes_max == 0 || presence_.size() <= bytes_max) return link_.send(frames::SetPresence{handle_, presence_});
  link_.tell(DocumentFailed{id_,
                            make_error(ErrorKind::payload_too_large, Code::invalid_argument,
                                       where() + ": presence of " + std::to_string(presence_.size()) +
                                           " bytes; this relay takes " + std::to_string(bytes_max) + ", show less"),
                            false});
}

}  // namespace weir::client
