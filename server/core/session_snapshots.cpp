// What a session does about snapshots and the past: it passes on what the client offers, says and asks, and asks the
// client only when it has been sent everything.
#include <algorithm>

#include "weir/core/session.hpp"

namespace weir::core {
namespace {

/// Of the session's bytes in flight, for each question about the past that is not answered.
constexpr std::size_t answer_bytes = 64 << 10;
/// Questions about the past that are read for at a time. A single message may have thousands.
constexpr std::size_t looks_at_a_time = 4;
/// Of what a foreign client sends as one, in one step to the store.
constexpr std::size_t step_bytes = 512 << 10;

}  // namespace

// ---- from the client ----

void Session::on(frames::SnapshotOffer offer) {
  if (subscription(offer.document) != nullptr) uploads_.begin({options_.self, std::move(offer), false, {}, {}});
}

void Session::on(frames::SnapshotChunk chunk) {
  const Flight flight = fly(chunk.data.size() + sizeof(frames::SnapshotChunk));
  uploads_.add(chunk.document, chunk.position, std::move(chunk.data), chunk.last, flight);
}

void Session::on(const frames::Attest& attest) {
  if (const Subscription* known = subscription(attest.document))
    host_.to_hub(known->space, AttestRequest{options_.self, attest});
}

void Session::on(frames::ReadHistory read) {
  const std::uint64_t request = read.request;
  const DocumentPath path = read.path;
  look_back(request, path, {id(), std::move(read), unpacks_});
}

void Session::on(frames::ReadSnapshot read) {
  const std::uint64_t request = read.request;
  const DocumentPath path = read.path;
  look_back(request, path, {id(), std::move(read), unpacks_});
}

void Session::look_back(std::uint64_t request, const DocumentPath& path, HistoryRequest what) {
  if (auto may = authorizer_.may_read(principal_, path); !may) {
    frames::ErrorEvent error;
    error.error = may.error();
    error.request = request;
    return tell(error);
  }
  what.flight = fly(answer_bytes);
  looks_.push_back(std::move(what));
  look_on();
}

void Session::look_on() {
  while (!looks_.empty() && looking_ < looks_at_a_time && queue_.bytes() < limits_.session_queue_bytes_max) {
    HistoryRequest next = std::move(looks_.front());
    looks_.pop_front();
    ++looking_;
    host_.read(std::move(next));
  }
}

// A foreign client's state, sent as one message: stored like what is sent in chunks.
void Session::offer_snapshot(MadeSnapshot made) {
  const Subscription* known = subscription(made.document);
  if (known == nullptr || closing_) return;
  frames::SnapshotOffer offer;
  offer.document = made.document;
  offer.offset = made.offset;
  offer.hash = sha256(made.bytes.view());
  offer.size = made.bytes.size();
  uploads_.begin({options_.self, offer, true, made.base, std::move(made.note)});
  for (std::size_t at = 0;;) {
    const std::size_t size = std::min(step_bytes, made.bytes.size() - at);
    const bool last = at + size == made.bytes.size();
    uploads_.add(made.document, at, made.bytes.slice(at, size), last, fly(size));
    if (last) return;
    at += size;
  }
}

// ---- from the hub ----

const Feeder* Session::complete(DocumentHandle document) const {
  const auto known = subscriptions_.find(document);
  if (closing_ || known == subscriptions_.end()) return nullptr;
  const auto feed = feeds_.find(known->second.space);
  return feed != feeds_.end() && feed->second->complete(document) ? feed->second.get() : nullptr;
}

void Session::on(const SnapshotAsk& ask) {
  if (const Feeder* feed = complete(ask.document))
    return dialect_->snapshot_wanted(
        {ask.document, feed->position(), static_cast<std::uint64_t>(limits_.snapshots.lease.count()), ask.base,
         ask.base_note, ask.cover},
        *this);
  if (const auto known = subscriptions_.find(ask.document); known != subscriptions_.end())
    host_.to_hub(known->second.space, SnapshotDeclined{options_.self, ask.document});
}

void Session::on(const AttestAsk& ask) {
  if (const Feeder* feed = complete(ask.document)) {
    SnapshotTurn turn{ask.document,      feed->position(), static_cast<std::uint64_t>(limits_.snapshots.lease.count()),
                      ask.snapshot.base, ask.base_note,    ask.cover};
    return dialect_->attestation_wanted({std::move(turn), ask.snapshot}, *this);
  }
  if (const auto known = subscriptions_.find(ask.document); known != subscriptions_.end())
    host_.to_hub(known->second.space, SnapshotDeclined{options_.self, ask.document});
}

void Session::on(const SnapshotAccepted& accepted) { uploads_.accepted(accepted); }

void Session::on(const SnapshotRefused& refused) {
  uploads_.refused(refused.error.document);
  if (!closing_) tell(refused.error);
}

// ---- from the store ----

void Session::have_read(SnapshotReadAnswer answer) {
  const auto feed = feeds_.find(answer.space);
  if (feed != feeds_.end() && !closing_) feed->second->have_read(std::move(answer));
  pace();
}

void Session::have_read(HistoryAnswer answer) {
  --looking_;
  landed(answer.flight, false);
  if (!closing_) std::visit([this](const auto& event) { tell(event); }, answer.event);
  look_on();
  pace();
}

void Session::uploaded(UploadAnswer answer) {
  uploads_.answered(answer);
  pace();
}

// ---- what the uploads ask ----

void Session::offer(DocumentHandle document, SnapshotOffered offered) {
  const auto known = subscriptions_.find(document);
  if (known != subscriptions_.end()) host_.to_hub(known->second.space, std::move(offered));
}

void Session::refused(DocumentHandle document, Error error) {
  const auto known = subscriptions_.find(document);
  if (known == subscriptions_.end() || closing_) return;
  // The hub may have taken it: then it is free to ask another.
  host_.to_hub(known->second.space, SnapshotDeclined{options_.self, document});
  tell(document_error(document, error.code, frames::Reason::snapshot, std::move(error.message)));
}

}  // namespace weir::core
