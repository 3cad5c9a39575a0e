// What happens to a document as a whole: it is deleted, created anew, maintained, and its snapshots come and go.
#include <utility>

#include "weir/core/hub.hpp"

namespace weir::core {

// ---- deleting ----

void Hub::on(DeleteRequest request) {
  Document& document = open(request.path);
  if (wait(document, request)) return;
  remove_document(document, std::move(request));
}

void Hub::remove_document(Document& document, DeleteRequest request) {
  const std::string name = '"' + request.path.document.text() + '"';
  if (document.phase == Document::Phase::deleted) {
    effects_->push_back(
        DeleteFinished{request.ticket, fail(Code::not_found, "document " + name + " is deleted already")});
    return;
  }
  if (!document.stored && document.pending == 0) {
    effects_->push_back(
        DeleteFinished{request.ticket, fail(Code::not_found, "there is no document " + name + " in this space")});
    return;
  }
  publishing_.change(
      document, AppendKind::tombstone,
      [this, ticket = request.ticket](Document& changed, const Result<Appended>& result) {
        changed.phase = result ? Document::Phase::deleted : Document::Phase::open;
        publishing_.changed(changed);
        if (result) ended(changed, result->last);
        effects_->push_back(result ? DeleteFinished{ticket, result->last} : DeleteFinished{ticket, result.error()});
        resume(changed);
      });
}

void Hub::ended(Document& document, Offset offset) {
  auto delivery = std::make_shared<Delivery>();
  delivery->document = document.handle;
  delivery->first = delivery->last = offset;
  delivery->ended = true;
  // Not for the ring: whoever listens hears of the end now, live or not, and whoever comes later is refused.
  if (const std::uint64_t threads = document.thread_mask())
    effects_->push_back(Broadcast{threads, std::move(delivery)});
  for (auto& [id, handles] : sessions_) std::erase(handles, document.handle);
  while (!document.subscribers.empty()) document.remove(document.subscribers.begin());
  document.presence = PresenceSet(options_.limits.presence_slots_max);
  document.cover.forget();
  snapshots_.forget(document);
}

// ---- creating anew ----

void Hub::recreate(Document& document, SubscribeRequest request) {
  document.waiting.push_back(std::move(request));
  publishing_.change(document, AppendKind::recreate, [this](Document& changed, const Result<Appended>& result) {
    changed.phase = result ? Document::Phase::open : Document::Phase::deleted;
    if (result) {
      changed.epoch = result->epoch;
      changed.presence = PresenceSet(options_.limits.presence_slots_max);
      changed.digests = DigestWindow(options_.limits.digests_max);
      changed.cover.forget();
      snapshots_.forget(changed);
      return resume(changed);
    }
    for (HubInput& input : std::exchange(changed.waiting, {})) {
      const auto* subscription = std::get_if<SubscribeRequest>(&input);
      if (subscription != nullptr && subscription->what.recreate)
        refuse(*subscription, Code::unavailable, frames::Reason::unspecified,
               "the document could not be created anew: " + result.error().message);
      else
        std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(input));
    }
  });
}

void Hub::refuse(const HubInput& input, const Error& error) {
  if (const auto* removal = std::get_if<DeleteRequest>(&input))
    effects_->push_back(DeleteFinished{removal->ticket, error});
  else if (const auto* withdrawal = std::get_if<WithdrawRequest>(&input))
    effects_->push_back(StandingFinished{withdrawal->ticket, error});
  else if (const auto* release = std::get_if<ReleaseRequest>(&input))
    effects_->push_back(StandingFinished{release->ticket, error});
}

// ---- snapshots ----

void Hub::on(Maintain request) {
  Document& document = open(request.path);
  if (!wait(document, request)) snapshots_.maintain(document);
}

void Hub::on(WithdrawRequest request) {
  Document& document = open(request.path);
  if (!wait(document, request)) snapshots_.withdraw(document, request);
}

void Hub::on(ReleaseRequest request) {
  Document& document = open(request.path);
  if (!wait(document, request)) snapshots_.release(document, request);
}

void Hub::on(SnapshotOffered request) {
  Document* document = find(request.offer.document);
  if (document == nullptr || wait(*document, request)) return;
  if (document->phase == Document::Phase::open) snapshots_.offered(*document, std::move(request));
}

void Hub::on(SnapshotDeclined request) {
  if (Document* document = find(request.document)) snapshots_.declined(*document, request);
}

void Hub::on(AttestRequest request) {
  Document* document = find(request.attest.document);
  if (document == nullptr || wait(*document, request)) return;
  if (document->phase == Document::Phase::open) snapshots_.attest(*document, request);
}

void Hub::on(SnapshotUploaded uploaded) {
  const auto found = documents_.find(*uploaded.path);
  if (found != documents_.end() && found->second->epoch == uploaded.epoch)
    snapshots_.uploaded(*found->second, uploaded);
}

}  // namespace weir::core
