// What of a session concerns its store.
#include "weir/client/session.hpp"

namespace weir::client {

void Session::persist() {
  if (!changes_.empty()) tell(Persist{++last_persist_, std::exchange(changes_, {})});
}

/// What an earlier session, or an earlier subscription in this one, has left.
Result<void> Session::restore(DocumentLogic& document) {
  if (!keeps()) return {};
  const auto kept = options_.kept->documents.find(document.path());
  if (kept == options_.kept->documents.end()) return {};
  if (const Result<void> restored = document.restore(kept->second); !restored) {
    to_flush_.erase(document.id());
    return restored;
  }
  options_.kept->documents.erase(kept);
  return {};
}

void Session::when_kept(DocumentId document, Ticket ticket, Time now) {
  advance(now);
  DocumentLogic* found = find(document, ticket);
  if (found == nullptr) return;
  if (!keeps())
    return tell(Settled{.document = document,
                        .ticket = ticket,
                        .error = make_error(ErrorKind::store, Code::failed_precondition,
                                            "this client has no store; give it one (ClientOptions::store)")});
  found->publisher().keep_new();
  persist();
  when_kept_.push_back({last_persist_, document, ticket});
  settle_kept();
}

void Session::kept(std::uint64_t number, Time now) {
  advance(now);
  durable_through_ = number;
  let_go(number);
  settle_kept();
}

void Session::not_kept(const Error& error, Time now) {
  advance(now);
  const std::string what = error.message +
                           "; what the relay has not stored is lost if this program ends now. Make room for it: the "
                           "store is tried again";
  tell(SessionFailed{make_error(ErrorKind::store, error.code, what)});
  let_go(~std::uint64_t{0});
}

void Session::let_go(std::uint64_t through) {
  may_go_through_ = through;
  for (DocumentLogic* document : all()) document->publisher().kept_through(through);
}

void Session::settle_kept() {
  for (; !when_kept_.empty() && when_kept_.front().number <= durable_through_; when_kept_.pop_front())
    tell(Settled{.document = when_kept_.front().document, .ticket = when_kept_.front().ticket});
}

}  // namespace weir::client
