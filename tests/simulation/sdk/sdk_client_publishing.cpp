// What a device publishes, and what it is told of it.
#include <algorithm>

#include "../client.hpp"
#include "sdk_client.hpp"

namespace weir::simulation {

using client::DocumentId;
using client::ErrorKind;

void SdkClient::edit() {
  if (subscriptions_.empty()) return;
  auto entry = subscriptions_.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(world_.chance.below(subscriptions_.size())));
  const std::uint64_t number = world_.chance.below(std::uint64_t{1} << 60);
  kept_.at(entry->second.path).numbers.insert(number);
  edits_[entry->second.path].push_back(number);
  const std::size_t padding = world_.chance.one_in(20) ? world_.chance.below(1500) : world_.chance.below(40);
  publish(entry->first, encode_numbers({number}, padding));
  if (!world_.chance.one_in(4)) step();  // else with what comes next, in one frame
}

void SdkClient::publish(DocumentId document, const std::string& payload) {
  waiting_[++last_ticket_] = {subscriptions_.at(document).path, payload};
  session_->publish(document, {{}, SharedBytes::copy(payload)}, last_ticket_, now());
}

// What an earlier process of this app had not yet stored when it ended, or what a closed document gave up.
void SdkClient::publish_what_the_relay_lacks(DocumentId document, const DocumentPath& path) {
  const AppDocument& kept = kept_.at(path);
  std::set<std::uint64_t> lacking;
  std::set_difference(kept.numbers.begin(), kept.numbers.end(), kept.from_relay.begin(), kept.from_relay.end(),
                      std::inserter(lacking, lacking.end()));
  for (const auto& [ticket, waiting] : waiting_)
    if (waiting.path == path)
      for (const std::uint64_t number : decode_numbers(waiting.payload)) lacking.erase(number);
  if (!lacking.empty()) publish(document, encode_numbers(lacking, 0));
}

void SdkClient::perform(const client::Settled& effect) {
  const auto node = waiting_.extract(effect.ticket);
  if (node.empty()) violated("told twice what became of a delta");
  const Waiting& waiting = node.mapped();
  if (effect.error) {
    const bool expected = effect.error->kind == ErrorKind::deleted || effect.error->kind == ErrorKind::fenced ||
                          effect.error->kind == ErrorKind::closed;
    if (!expected) violated("a delta was refused: " + effect.error->error.message);
    return;
  }
  if (const auto digest = stored_digest(waiting.path, effect, waiting.payload))
    oracle_.acknowledged(waiting.path, effect.epoch, effect.producer, effect.sequence, *digest);
  for (const std::uint64_t number : decode_numbers(waiting.payload)) kept_.at(waiting.path).from_relay.insert(number);
}

std::optional<Digest> SdkClient::stored_digest(const DocumentPath& path, const client::Settled& settled,
                                               const std::string& payload) const {
  if (!encrypted_.contains(path)) return sha256(payload);
  const auto state = log_.document(path);
  if (!state || state->life != DocumentLife::alive || state->epoch != settled.epoch) return std::nullopt;
  if (settled.offset <= state->cut) return std::nullopt;
  const auto found = log_.find(path, settled.producer, settled.sequence, settled.sequence, ~std::uint64_t{0});
  if (!found || found->empty()) violated("a sealed delta is said to be stored and is not");
  const auto numbers = numbers_of(path, found->front(), true);
  for (const std::uint64_t number : decode_numbers(payload))
    if (!numbers || std::find(numbers->begin(), numbers->end(), number) == numbers->end())
      violated("a sealed record does not hold what was published in it");
  return sha256(found->front().payload.view());
}

}  // namespace weir::simulation
