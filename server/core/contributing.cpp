// A foreign client's deltas on their way to the log: without sequences, recognised by their digest.
//
// They have no sequence whose gap would show, so a session whose delta was not stored is held up here: its later ones
// are refused too, until it has answered a query. Such an answer (it comes with a cover) holds everything the client
// has and the log has not. Without this a client that vanishes at the wrong moment would leave a hole that nobody can
// fill.
//
// While one of a document's contributions is at the log, the next wait and go there together, those of one author
// as one append and one delivery: a message for each keystroke then costs about what a batch of them does. Whoever is
// alone waits for nothing.
#include "weir/core/publishing.hpp"

#include <utility>

namespace weir::core {
namespace {

/// Appends of a document's contributions at the log before the next ones wait. One: what waits meanwhile is the batch.
constexpr std::size_t in_flight_max = 1;
/// Of contributions in one append: small beside a session's queue, which is the unit in which a reader falls behind.
constexpr std::size_t joined_bytes_max = 32 * 1024;

}  // namespace

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
  if (request.contribution.payload) {
    const Digest digest = sha256(request.contribution.payload->view());
    if (DigestWindow::Entry* known = document.digests.find(digest)) {
      // Its cover, if any, still counts: it is committed behind the copy that is stored or under way.
      if (known->durable)
        answer_known(document, subscriber, request);
      else
        known->waiting.push_back(request);
      request.contribution.payload.reset();
      request.flight = {};
      if (!request.contribution.cover) return;
    } else {
      document.digests.submitted(digest);
      pending.digests.push_back(digest);
      subscriber.contributed = subscriber.contributed.next();
      pending.first = subscriber.contributed;
      pending.deltas.push_back({{}, *request.contribution.payload});
    }
  }
  if (request.contribution.cover) pending.cover = document.cover.grow(*request.contribution.cover);
  if (pending.deltas.empty() && !pending.cover) {
    if (request.flight.bytes > 0)
      effects_->push_back(Tell{request.session, ContributeAnswer{document.handle, {}, {}, request.flight}});
    return;
  }
  pending.contribution = std::move(request);
  gather(document, std::move(pending));
}

// Stored already: its author gets it back all the same.
void Publishing::answer_known(Document& document, const Subscriber& author, const ContributeRequest& request) {
  ++counts_.duplicates[static_cast<std::size_t>(author.dialect)];
  SharedBytes echo;
  if (request.contribution.echo) {
    const Record record{{}, author.producer, {}, now_.wall, {}, *request.contribution.payload};
    echo = encoders_[static_cast<std::size_t>(author.dialect)]->records(document.handle, {&record, 1}, true);
  }
  effects_->push_back(Tell{request.session, ContributeAnswer{document.handle, {}, std::move(echo), request.flight}});
}

// ---- many in one append ----

void Publishing::gather(Document& document, Pending pending) {
  Gathering& gathering = gathering_[&document];
  if (gathering.in_flight < in_flight_max) {
    ++gathering.in_flight;
    return submit(std::move(pending), std::nullopt);
  }
  if (gathering.waiting.empty() || !can_join(gathering.waiting.back(), pending)) {
    gathering.waiting.push_back(std::move(pending));
    return;
  }
  Pending& last = gathering.waiting.back();
  last.deltas.push_back(std::move(pending.deltas.front()));
  last.digests.push_back(pending.digests.front());
  last.contribution->flight.bytes += pending.contribution->flight.bytes;
}

bool Publishing::can_join(const Pending& last, const Pending& next) {
  return last.author.id == next.author.id && !last.cover && !next.cover &&
         last.contribution->contribution.echo == next.contribution->contribution.echo &&
         next.first.value == last.first.value + last.deltas.size() &&
         last.contribution->flight.bytes + next.contribution->flight.bytes <= joined_bytes_max;
}

void Publishing::submit_gathered(Document& document) {
  const auto found = gathering_.find(&document);
  if (found == gathering_.end()) return;
  for (Pending& pending : std::exchange(found->second.waiting, {})) {
    ++found->second.in_flight;
    submit(std::move(pending), std::nullopt);
  }
  if (found->second.in_flight == 0) gathering_.erase(found);
}

void Publishing::contribution_finished(Pending& pending) {
  Document& document = *pending.document;
  effects_->push_back(Tell{pending.author, ContributeAnswer{document.handle, {}, {}, pending.contribution->flight}});
  --gathering_.at(&document).in_flight;
  submit_gathered(document);
  for (const Digest& digest : pending.digests)
    for (ContributeRequest& waiting : document.digests.committed(digest)) contribute(document, std::move(waiting));
}

void Publishing::contribution_failed(Pending& pending, const Error& error) {
  Document& document = *pending.document;
  std::deque<Pending> lost;
  const auto gathering = gathering_.find(&document);
  lost.swap(gathering->second.waiting);
  if (--gathering->second.in_flight == 0) gathering_.erase(gathering);
  lost.push_front(std::move(pending));
  for (Pending& each : lost) {
    for (const Digest& digest : each.digests)
      for (const ContributeRequest& repeated : document.digests.failed(digest)) refuse(document, repeated, error);
    refuse(document, *each.contribution, error);
  }
}

// ---- refusing ----

void Publishing::refuse(Document& document, const ContributeRequest& request, Error error) {
  if (const auto found = document.subscribers.find(request.session.id); found != document.subscribers.end())
    found->second.contribution_lost = true;
  frames::ErrorEvent event;
  event.error = std::move(error);
  event.document = request.contribution.document;
  effects_->push_back(Tell{request.session, ContributeAnswer{event.document, std::move(event), {}, request.flight}});
}

}  // namespace weir::core
