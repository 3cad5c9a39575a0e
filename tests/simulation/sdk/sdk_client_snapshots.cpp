// A device's part in snapshots: it makes them, takes them, and says whether others' are right. One that lies leaves
// something out, puts in what was never written, and calls right ones wrong; no honest device may be fooled by it, nor
// call an honest one a liar.
#include <algorithm>

#include "../client.hpp"
#include "sdk_client.hpp"

namespace weir::simulation {
namespace {

/// Of a number that nobody has written: edit() makes smaller ones.
constexpr std::uint64_t lie = std::uint64_t{1} << 61;

bool tells_a_lie(const std::set<std::uint64_t>& numbers) { return numbers.lower_bound(lie) != numbers.end(); }

}  // namespace

/// What an earlier process of this app has not published yet, or what it has begun to, is in no record.
bool SdkClient::has_what_the_relay_has(const DocumentPath& path) const {
  const AppDocument& kept = kept_.at(path);
  return kept.numbers == kept.from_relay &&
         std::none_of(waiting_.begin(), waiting_.end(), [&](const auto& entry) { return entry.second.path == path; });
}

void SdkClient::perform(const client::SnapshotAsked& effect) {
  if (!device_.makes_snapshots) violated("asked for a snapshot, though it does not make them");
  const auto found = subscriptions_.find(effect.document);
  if (found == subscriptions_.end() || !has_what_the_relay_has(found->second.path)) return;
  std::set<std::uint64_t> numbers = kept_.at(found->second.path).numbers;
  if (device_.lies && !numbers.empty()) {
    numbers.erase(std::next(numbers.begin(), static_cast<std::ptrdiff_t>(world_.chance.below(numbers.size()))));
    numbers.insert(lie + world_.chance.below(lie));
  }
  session_->offer_snapshot(effect.document, effect.cursor,
                           {SharedBytes::take(encode_numbers(numbers, 0)), {}, Fidelity::lossless}, now());
}

void SdkClient::perform(const client::AttestationAsked& effect) {
  if (!device_.makes_snapshots) violated("asked about a snapshot, though it does not make them");
  const auto found = subscriptions_.find(effect.document);
  if (found == subscriptions_.end() || !has_what_the_relay_has(found->second.path)) return;
  std::set<std::uint64_t> numbers = decode_numbers(effect.snapshot.bytes.view());
  const bool is_a_lie = tells_a_lie(numbers);
  for (const Record& record : effect.snapshot.records) numbers.merge(decode_numbers(record.payload.view()));
  const bool right = numbers == kept_.at(found->second.path).numbers;
  if (right == is_a_lie)
    violated(right ? "a lie is found to be right"
                   : "an honest snapshot of " + found->second.path.document.text() + " up to " +
                         std::to_string(effect.offset.value) + " is found to be wrong");
  ++snapshots_.compared;
  session_->attest(effect.document, effect.offset, effect.hash, right && !device_.lies, now());
}

void SdkClient::perform(const client::SnapshotKept&) {
  if (!device_.makes_snapshots) violated("told of a snapshot that it did not make");
  ++snapshots_.made;
}

void SdkClient::perform(const client::SnapshotRead& effect) {
  const auto found = subscriptions_.find(effect.document);
  if (found == subscriptions_.end()) return;
  Subscription& subscription = found->second;
  const std::string where = subscription.path.document.text() + " up to " + std::to_string(effect.offset.value);
  if (!subscription.takes_snapshots) violated("given a snapshot, though it did not ask for any: " + where);
  if (!effect.verified) violated("an unverified snapshot: " + where);
  if (effect.offset <= subscription.last) violated("a snapshot of what it has: " + where);
  const std::set<std::uint64_t> numbers = decode_numbers(effect.bytes.view());
  if (tells_a_lie(numbers)) violated("fooled by " + where);
  if (!effect.cursor || effect.cursor->offset != effect.offset) violated("nowhere to go on behind " + where);
  AppDocument& kept = kept_.at(subscription.path);
  kept.numbers.insert(numbers.begin(), numbers.end());
  kept.from_relay.insert(numbers.begin(), numbers.end());
  kept.cursor = effect.cursor;
  subscription.last = effect.offset;
  ++snapshots_.taken;
}

/// What stands for the records is sent to who asks for snapshots, from where it had come to.
void SdkClient::perform(const client::RecordsCut& effect) {
  const auto found = subscriptions_.find(effect.document);
  if (found == subscriptions_.end()) return;
  const DocumentPath path = found->second.path;
  if (found->second.takes_snapshots) violated("nothing stands for what was cut of " + path.document.text());
  tell("reads behind a cut of " + path.document.text() + ", and takes snapshots from now on");
  device_.takes_snapshots = true;
  session_->unsubscribe(effect.document, now());
  subscriptions_.erase(found);
  subscribe(path, false);
}

}  // namespace weir::simulation
