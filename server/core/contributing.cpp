// A foreign client's deltas on their way to the log: without sequences, recognised by their digest.
//
// They have no sequence whose gap would show, so a session whose delta was not stored is held up here: its later ones
// are refused too, until it has answered a query. Such an answer (it comes with a cover) holds everything the client
// has and the log has not. Without this a client that vanishes at the wrong moment would leave a hole that nobody can
// fill.
#include "weir/core/publishing.hpp"

namespace weir::core {

void Publishing::contribute(Document& document, ContributeRequest request) {
  const auto found = document.subscribers.find(request.session.id);
  if (found == document.subscribers.end()) return;
  Subscriber& subscriber = found->second;
  if (!subscriber.writable)
    return refuse(document, request,
                  fail(Code::permission_denied,
                       "you may read document \"" + document.path->document.text() + "\" but not write to it"));
  if (lane_failed_)
    return refuse(document, request, fail(Code::unavailable, "the relay is recovering from a failed write; try again"));
  if (request.contribution.cover)
    subscriber.contribution_lost = false;
  else if (subscriber.contribution_lost)
    return refuse(document, request,
                  fail(Code::unavailable, "an earlier update was not stored yet; the relay will ask for both"));
  Pending pending;
  pending.document = &document;
  pending.author = request.session;
  pending.dialect = subscriber.dialect;
  pending.producer = subscriber.producer;
  pending.ephemeral = true;
  pending.principal = subscriber.principal;
  pending.bytes = request.bytes;
  if (request.contribution.payload) {
    const Digest digest = sha256(request.contribution.payload->view());
    if (DigestWindow::Entry* known = document.digests.find(digest)) {
      // Its cover, if any, still counts: it is committed behind the copy that is stored or under way.
      if (known->durable) {
        SharedBytes echo;
        if (request.contribution.echo) {
          const Record record{{}, subscriber.producer, {}, now_.wall, {}, *request.contribution.payload};
          echo = encoders_[static_cast<std::size_t>(subscriber.dialect)]->records(document.handle, {&record, 1}, true);
        }
        effects_->push_back(
            Tell{request.session, ContributeAnswer{document.handle, {}, std::move(echo), request.bytes}});
      } else {
        known->waiting.push_back(request);
      }
      request.contribution.payload.reset();
      pending.bytes = 0;
      if (!request.contribution.cover) return;
    } else {
      document.digests.submitted(digest);
      pending.digest = digest;
      subscriber.contributed = subscriber.contributed.next();
      pending.first = subscriber.contributed;
      pending.deltas.push_back({{}, *request.contribution.payload});
    }
  }
  std::vector<Note> notes;
  if (request.contribution.cover) {
    pending.cover = document.cover.grow(*request.contribution.cover);
    if (pending.cover) notes.push_back({cover_note, SharedBytes::copy(*pending.cover)});
  }
  if (pending.deltas.empty() && notes.empty()) {
    if (pending.bytes > 0)
      effects_->push_back(Tell{request.session, ContributeAnswer{document.handle, {}, {}, pending.bytes}});
    return;
  }
  pending.contribution = std::move(request);
  submit(std::move(pending), std::nullopt, std::move(notes));
}

void Publishing::refuse(Document& document, const ContributeRequest& request, Error error) {
  ++refused_;
  if (const auto found = document.subscribers.find(request.session.id); found != document.subscribers.end())
    found->second.contribution_lost = true;
  frames::ErrorEvent event;
  event.error = std::move(error);
  event.document = request.contribution.document;
  effects_->push_back(Tell{request.session, ContributeAnswer{event.document, std::move(event), {}, request.bytes}});
}

}  // namespace weir::core
