#include "weir/client/document_logic.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace weir::client {
namespace {

/// Of a snapshot, in one event.
constexpr std::size_t chunk_bytes = std::size_t{256} << 10;

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

void DocumentLogic::offer_snapshot(const Cursor& at, const MadeSnapshot& plain) {
  if (phase_ != Phase::open || at.epoch != history_.epoch() || !link_.welcome()) return;
  const MadeSnapshot made = intake_.cipher() != nullptr ? intake_.cipher()->seal(plain, at) : plain;
  frames::SnapshotOffer offer;
  offer.document = handle_;
  offer.epoch = at.epoch;
  offer.offset = at.offset;
  offer.chain = at.chain;
  offer.hash = sha256(made.bytes.view());
  offer.size = made.bytes.size();
  offer.codec = made.codec;
  offer.fidelity = made.fidelity;
  link_.send(offer);
  const std::uint64_t frame_max = link_.welcome()->frame_bytes_max;
  const std::size_t chunk_max = frame_max > 0 ? std::min<std::size_t>(chunk_bytes, frame_max / 2) : chunk_bytes;
  for (std::size_t at_byte = 0;;) {
    const std::size_t size = std::min(chunk_max, made.bytes.size() - at_byte);
    const bool last = at_byte + size == made.bytes.size();
    link_.send(frames::SnapshotChunk{handle_, at_byte, made.bytes.slice(at_byte, size), last});
    if (last) return;
    at_byte += size;
  }
}

void DocumentLogic::attest(Offset offset, const Digest& hash, bool valid) {
  if (phase_ == Phase::open) link_.send(frames::Attest{handle_, offset, hash, valid});
}

std::optional<Cursor> DocumentLogic::idle_at() const {
  if (phase_ != Phase::open || !caught_up_ || publisher_.pending() > 0 || intake_.lacks_sealed()) return std::nullopt;
  return history_.cursor();
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
  if (options_.live_only || fresh) intake_.begin(history_);
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
  if (event.request != 0 && work_.refused(event.request)) return;
  if (event.request != 0) return subscribe_refused(event);
  if (event.reason == frames::Reason::deleted) return end(error_from_answer(event, where()), true);
  if (event.reason == frames::Reason::fenced) return link_.fenced(error_from_answer(event, where()));
  if (event.reason == frames::Reason::snapshot)
    return link_.tell(DocumentFailed{id_, error_from_answer(event, where()), false});
  // While subscribing, the coming answer settles the outbox anew.
  if (phase_ == Phase::open) publisher_.refused(event);
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
}

void DocumentLogic::deliver() {
  if (delivery_.empty()) return;
  link_.tell(RecordsRead{id_, std::exchange(delivery_, {}), history_.cursor()});
  work_.look();
}

void DocumentLogic::on(const frames::CaughtUp& event) {
  if (phase_ != Phase::open) return;
  if (std::optional<ClientError> error = intake_.caught_up(event.offset)) return give_up(std::move(*error));
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

void DocumentLogic::on(const frames::SnapshotHeader& event) {
  if (phase_ != Phase::open || !options_.snapshots || avoid_snapshots_) return;
  if (event.offset < history_.offset())
    return snapshot_wrong(fail(Code::data_loss, "a snapshot stands for less than what was read"));
  if (const std::optional<Error> wrong = intake_.look(event)) return snapshot_wrong(*wrong);
  if (auto begun = snapshot_.begin(event, link_.welcome()->snapshot_bytes_max); !begun) snapshot_wrong(begun.error());
}

void DocumentLogic::on(const frames::SnapshotChunk& event) {
  if (event.request != 0) return work_.on(event);
  if (phase_ != Phase::open || !snapshot_.reading()) return;
  const auto whole = snapshot_.add(event);
  if (!whole) return snapshot_wrong(whole.error());
  if (!*whole) return;
  const frames::SnapshotHeader header = snapshot_.header();
  take_snapshot(header, snapshot_.take());
}

void DocumentLogic::take_snapshot(const frames::SnapshotHeader& header, SharedBytes bytes) {
  SnapshotContents contents{header.codec, std::move(bytes)};
  if (intake_.cipher() != nullptr) {
    const Opened<SnapshotContents> opened =
        intake_.cipher()->open_snapshot(header.codec, contents.bytes.view(), header.offset, header.chain, header.base);
    if (!opened) return snapshot_wrong(opened.error().error);
    contents = *opened;
  }
  history_.jump(header.offset, header.chain);
  intake_.jump(history_);
  link_.tell(SnapshotRead{id_, contents.bytes, contents.codec, header.offset, header.base, header.verified,
                          header.fidelity, history_.cursor()});
}

/// Nothing of it is taken, and what it stands for is read as records.
void DocumentLogic::snapshot_wrong(const Error& error) {
  avoid_snapshots_ = true;
  link_.tell(DocumentFailed{
      id_,
      make_error(ErrorKind::snapshot, error.code, where() + ": " + error.message + "; the document is read without it"),
      false});
  resubscribe();
}

void DocumentLogic::on(const frames::Cut& event) {
  // What stands for the records may come now, if it was not there before.
  const bool missed = phase_ == Phase::open && event.offset > std::max(history_.offset(), cut_);
  if (missed && options_.snapshots && !avoid_snapshots_) {
    cut_ = event.offset;
    return resubscribe();
  }
  if (event.offset > history_.offset()) {
    history_.cut(event.offset);
    intake_.jump(history_);
  }
  link_.tell(RecordsCut{id_, event.offset});
}

// ---- sending ----

Flushed DocumentLogic::flush(std::size_t budget_bytes) {
  if (phase_ != Phase::open) return Flushed::nothing;
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
