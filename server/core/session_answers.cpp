// What a session does with what the hub answers and delivers, and with what its feeders ask for.
#include "weir/core/close_codes.hpp"
#include "weir/core/session.hpp"

namespace weir::core {

// ---- from the hub ----

void Session::receive(SessionMessage message) {
  std::visit([this](const auto& what) { on(what); }, message);
  pace();
}

Feeder& Session::feeder(const SpaceName& space) {
  FeederHost& host = *this;
  auto& feed = feeds_[space];
  if (!feed) {
    Feeder::Options options{id(), space, static_cast<OutQueue::FeederId>(++requests_), dialect_->kind(), unpacks_};
    feed = std::make_unique<Feeder>(std::move(options), limits_, *encoders_[static_cast<std::size_t>(dialect_->kind())],
                                    queue_, host);
  }
  return *feed;
}

void Session::on(const SubscribeAnswer& answer) {
  auto node = requested_.extract(answer.request);
  if (node.empty() || closing_) return;
  const std::uint64_t request = request_names_.extract(answer.request).mapped();
  const SpaceName space = node.mapped().space;
  subscriptions_[answer.subscribed.document] = std::move(node.mapped());
  host_.listen(answer.subscribed.document, true);
  frames::Subscribed subscribed = answer.subscribed;
  subscribed.request = request;
  tell(subscribed);
  feeder(space).add(answer);
}

void Session::on(const SubscribeRefused& refused) {
  requested_.erase(refused.error.request);
  const auto node = request_names_.extract(refused.error.request);
  frames::ErrorEvent error = refused.error;
  error.request = node.empty() ? 0 : node.mapped();
  tell(error);
  if (error.reason == frames::Reason::fenced) close(close_policy, error.error.message);
}

void Session::on(const PublishAnswer& answer) {
  landed(answer.flight, std::holds_alternative<frames::Stored>(answer.event));
  if (closing_) return;
  std::visit([this](const auto& event) { tell(event); }, answer.event);
  const auto* error = std::get_if<frames::ErrorEvent>(&answer.event);
  if (error != nullptr && error->reason == frames::Reason::fenced) close(close_policy, error->error.message);
}

void Session::on(const ContributeAnswer& answer) {
  landed(answer.flight, !answer.error);
  if (closing_) return;
  if (!answer.echo.empty()) send(answer.echo);
  if (answer.error) tell(*answer.error);
}

void Session::on(const JoinAnswer& answer) {
  const auto feed = feeds_.find(answer.space);
  if (feed != feeds_.end()) feed->second->joined(answer);
}

void Session::on(const Fenced& fenced) {
  frames::ErrorEvent error;
  error.error =
      fail(Code::aborted, "a newer session of this producer has taken over in space \"" + fenced.space.text() + '"');
  error.reason = frames::Reason::fenced;
  tell(error);
  close(close_policy, error.error.message);
}

void Session::on(const CoverAnswer& answer) {
  if (!closing_ && subscriptions_.contains(answer.document))
    dialect_->cover_granted(answer.document, answer.cover, *this);
}

void Session::deliver(const DeliveryRef& delivery) {
  const auto known = subscriptions_.find(delivery->document);
  if (known == subscriptions_.end() || closing_) return;
  feeds_.at(known->second.space)->deliver(delivery);
  pace();
}

void Session::deliver(const PresenceDeliveryRef& delivery) {
  const auto known = subscriptions_.find(delivery->document);
  if (known == subscriptions_.end() || !known->second.presence || closing_) return;
  if (delivery->author == id() && !dialect_->wants_own_presence()) return;
  const SharedBytes& bytes = delivery->bytes[static_cast<std::size_t>(dialect_->kind())];
  if (bytes.empty()) return;
  queue_.push_presence(std::to_string(delivery->document.value) + '/' + delivery->key, bytes,
                       limits_.session_queue_bytes_max / 2);
  pace();
}

void Session::have_read(ReadAnswer answer) {
  const auto feed = feeds_.find(answer.space);
  if (feed != feeds_.end() && !closing_) feed->second->have_read(std::move(answer));
  pace();
}

// ---- what the feeders ask ----

void Session::join(const SpaceName& space, std::uint64_t generation, Offset at) {
  host_.to_hub(space, JoinRequest{options_.self, space, generation, at});
}

void Session::ended(DocumentHandle document) {
  if (!subscriptions_.contains(document)) return;
  const std::string words = "the document was deleted; do not offer it again";
  forget(document);
  tell(document_error(document, Code::not_found, frames::Reason::deleted, words));
}

void Session::broken(DocumentHandle document, Error error) {
  const auto known = subscriptions_.find(document);
  if (known == subscriptions_.end()) return;
  host_.to_hub(known->second.space, UnsubscribeRequest{options_.self, document});
  forget(document);
  tell(document_error(document, error.code, frames::Reason::unspecified,
                      "the relay could not read this document's log: " + error.message + "; subscribe again"));
}

void Session::forget(DocumentHandle document) {
  const auto known = subscriptions_.find(document);
  if (known == subscriptions_.end()) return;
  const SpaceName space = known->second.space;
  subscriptions_.erase(known);
  uploads_.abandon(document);
  host_.listen(document, false);
  if (const auto feed = feeds_.find(space); feed != feeds_.end()) feed->second->remove(document);
}

}  // namespace weir::core
