#include "weir/client/document_logic.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace weir::client {
namespace {

/// Whether an error about a document, and no request of ours, says that the relay could not read its log: then the
/// document is not subscribed any more.
bool ends_subscription(const frames::ErrorEvent& event) {
  const Code code = event.error.code;
  return event.through_sequence.value == 0 &&
         (code == Code::aborted || code == Code::internal || code == Code::unavailable || code == Code::data_loss);
}

}  // namespace

DocumentLogic::DocumentLogic(DocumentLink& link, DocumentId id, DocumentPath path, SubscribeOptions options)
    : link_(link),
      id_(id),
      path_(std::move(path)),
      options_(std::move(options)),
      history_(path_, options_.cursor),
      intake_(link, path_, options_),
      publisher_(link, *this, intake_.cipher() != nullptr ? this : nullptr),
      work_(link, *this) {
  intake_.begin(history_);
}

// ---- for the application ----

void DocumentLogic::when_caught_up(Ticket ticket) {
  if (caught_up_) return link_.tell(Settled{.document = id_, .ticket = ticket});
  when_caught_up_.push_back(ticket);
}

void DocumentLogic::set_presence(SharedBytes data) {
  presence_ = std::move(data);
  presence_changed_ = true;
  if (intake_.cipher() != nullptr) intake_.cipher()->new_presence();
  link_.want_flush(*this);
}

Result<void> DocumentLogic::set_key(const DocumentKey& key) {
  if (intake_.cipher() == nullptr) return takes_no_key();
  intake_.cipher()->set_key(key);
  return {};
}

void DocumentLogic::close() {
  if (publisher_.in_flight()) link_.abandon(*this);
  if (phase_ == Phase::open) link_.send(frames::Unsubscribe{handle_});
  end(make_error(ErrorKind::closed, Code::cancelled, where() + " was closed; open it again with subscribe()"), false);
}

void DocumentLogic::give_up(ClientError error) {
  error.error.message = where() + ": " + error.error.message;
  if (publisher_.in_flight()) link_.abandon(*this);
  if (phase_ == Phase::open) link_.send(frames::Unsubscribe{handle_});
  end(error, true);
}

void DocumentLogic::tell_failed(ClientError error) {
  error.error.message = where() + ": " + error.error.message;
  link_.tell(DocumentFailed{id_, std::move(error), false});
}

// ---- the connection's course ----

Result<void> DocumentLogic::restore(const StoredDocument& kept) {
  intake_.know(kept.place.encrypted);
  return publisher_.restore(kept);
}

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
  snapshot_.reset();
  work_.forget();
  intake_.disconnected();
  publisher_.disconnected();
  link_.tell(DocumentDisconnected{id_});
}

void DocumentLogic::producer_replaced() {
  publisher_.producer_replaced();
  history_.forget_published();
  intake_.producer_replaced();
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
  snapshot_.reset();
  link_.timers().cancel(retry_timer_);
  frames::Subscribe event;
  event.path = path_;
  event.presence = options_.presence;
  event.snapshots = options_.snapshots && !avoid_snapshots_;
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
  if (intake_.checking() && publisher_.may_repeat_numbers(event))
    return publisher_.cannot_go_on("what this producer has published here is not known any more");
  const bool changed =
      (history_.epoch().value != 0 && history_.epoch() != event.epoch) || publisher_.counts_in_another(event.epoch);
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
  if (options_.live_only || fresh) {
    intake_.begin(history_);
    own_at_ = {};
  }
  seen_ = seen_ || !fresh || intake_.cipher() != nullptr || event.head.value == 0;
  if (!publisher_.resume(event, lost, changed)) {
    intake_.producer_replaced();  // what was stored under the old id is gone, and is not waited for
    return;
  }
  presence_changed_ = !presence_.empty();
  link_.tell(DocumentOpened{id_, fresh, lost});
  change_presence(event.presence, true);
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
  else if (is_transient(event.error.code) || event.error.code == Code::data_loss ||
           event.error.code == Code::already_exists)  // closed a moment ago
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
  if (event.request != 0 && work_.refused(event.request)) return;
  if (event.request != 0) return subscribe_refused(event);
  if (event.reason == frames::Reason::deleted) return end(error_from_answer(event, where()), true);
  if (event.reason == frames::Reason::fenced) return link_.fenced(error_from_answer(event, where()));
  if (event.reason == frames::Reason::snapshot)
    return link_.tell(DocumentFailed{id_, error_from_answer(event, where()), false});
  if (phase_ != Phase::open) return;               // while subscribing, the coming answer settles the outbox anew
  if (event.error.code == Code::data_loss) see();  // it may be long until it can be read
  if (!ends_subscription(event)) return publisher_.refused(event);
  disconnected();
  link_.tell(DocumentFailed{id_, error_from_answer(event, where()), false});
  subscribe_after(publisher_.delay(event));
}

void DocumentLogic::on(const frames::Records& event) {
  if (phase_ != Phase::open) return;
  if (snapshot_.reading()) return snapshot_wrong(fail(Code::data_loss, "a snapshot ends before all of it has come"));
  for (const Record& record : event.records) {
    const bool own = record.producer == link_.producer();
    if (event.stub && history_.must_read(record)) {
      deliver();
      return resubscribe();
    }
    Intake taken = intake_.take(record, own, event.stub, history_);
    if (taken.over) return give_up(std::move(*taken.error));
    if (taken.error) {
      deliver();
      tell_failed(std::move(*taken.error));
    }
    std::move(taken.records.begin(), taken.records.end(), std::back_inserter(delivery_));
  }
  if (intake_.lacks_key()) publisher_.keep_place();
}

void DocumentLogic::on(const frames::Pack& event) {
  if (phase_ != Phase::open) return;
  if (snapshot_.reading()) return snapshot_wrong(fail(Code::data_loss, "a snapshot ends before all of it has come"));
  Result<PackIntake> taken = intake_.take(event.data, history_);
  if (!taken) {
    tell_failed(make_error(
        ErrorKind::pack, Code::data_loss,
        "a pack from the relay was refused: " + taken.error().message + "; the records are fetched instead"));
    return link_.give_up_packs();
  }
  if (taken->over) return give_up(std::move(*taken->over));
  link_.took_pack(taken->unpacked_bytes);
  for (ClientError& error : taken->errors) tell_failed(std::move(error));
  std::move(taken->records.begin(), taken->records.end(), std::back_inserter(delivery_));
  if (intake_.lacks_key()) publisher_.keep_place();
}

void DocumentLogic::see() {
  if (!std::exchange(seen_, true)) link_.want_flush(*this);
}

void DocumentLogic::deliver() {
  if (delivery_.empty()) return;
  link_.tell(RecordsRead{id_, std::exchange(delivery_, {}), history_.cursor()});
  work_.look();
}

void DocumentLogic::on(const frames::CaughtUp& event) {
  if (phase_ != Phase::open) return;
  if (std::optional<ClientError> error = intake_.caught_up(event.offset)) return give_up(std::move(*error));
  see();
  publisher_.reached_head();
  if (caught_up_) return;
  caught_up_ = true;
  link_.tell(CaughtUp{id_});
  for (const Ticket ticket : std::exchange(when_caught_up_, {})) link_.tell(Settled{.document = id_, .ticket = ticket});
  work_.look();
}

void DocumentLogic::on(const frames::Stored& event) {
  if (phase_ != Phase::open) return;
  intake_.stored(event.through_sequence, event.offset);
  own_at_ = std::max(own_at_, event.offset);
  publisher_.stored(event);
  work_.look();
}

void DocumentLogic::on(const frames::PresenceUpdate& event) {
  if (phase_ == Phase::open) change_presence({event}, false);
}

void DocumentLogic::change_presence(const std::vector<frames::PresenceUpdate>& updates, bool complete) {
  std::vector<frames::PresenceUpdate> plain;
  for (const frames::PresenceUpdate& update : updates) {
    if (intake_.cipher() == nullptr || update.producer == link_.producer()) {
      plain.push_back(update);
      continue;
    }
    if (std::optional<frames::PresenceUpdate> opened = intake_.cipher()->open(update))
      plain.push_back(std::move(*opened));
  }
  std::vector<Presence> changes;
  if (complete)
    changes = others_.replace(plain, link_.producer());
  else if (plain.size() == 1)
    if (std::optional<Presence> change = others_.apply(plain.front(), link_.producer())) changes = {*change};
  if (!changes.empty()) link_.tell(PresenceChanged{id_, std::move(changes)});
}

// ---- sending ----

Flushed DocumentLogic::flush(std::size_t budget_bytes) {
  if (phase_ != Phase::open || !seen_ || intake_.lacks_key()) return Flushed::nothing;
  send_presence();
  return publisher_.flush(budget_bytes);
}

Delta DocumentLogic::seal(Sequence sequence, bool base, std::vector<Delta> deltas) {
  const RecordContents contents{base, seen_at(history_.cursor()), std::move(deltas)};
  return {sealed_codec, intake_.cipher()->seal_record(sequence, contents)};
}

Result<std::vector<Delta>> DocumentLogic::unseal(const ProducerId& producer, Sequence sequence, const Delta& sealed) {
  const Opened<RecordContents> contents =
      intake_.cipher()->open({{}, producer, sequence, {}, sealed.codec, sealed.payload});
  if (contents) return contents->deltas;
  return fail(Code::failed_precondition,
              where() + ": what waits in the store cannot be opened: " + contents.error().error.message);
}

void DocumentLogic::send_presence() {
  if (!presence_changed_) return;
  presence_changed_ = false;
  const SharedBytes presence = intake_.cipher() != nullptr ? intake_.cipher()->seal_presence(presence_) : presence_;
  const std::size_t bytes_max = link_.welcome()->presence_bytes_max;
  if (bytes_max == 0 || presence.size() <= bytes_max) return link_.send(frames::SetPresence{handle_, presence});
  link_.tell(DocumentFailed{id_,
                            make_error(ErrorKind::payload_too_large, Code::invalid_argument,
                                       where() + ": presence of " + std::to_string(presence.size()) +
                                           " bytes; this relay takes " + std::to_string(bytes_max) + ", show less"),
                            false});
}

}  // namespace weir::client
