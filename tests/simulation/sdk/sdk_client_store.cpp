// The store of a device.
#include "sdk_client.hpp"

namespace weir::simulation {

void SdkClient::forget_unkept(const std::map<client::Ticket, Waiting>& waiting) {
  if (!store_) return;
  std::map<DocumentPath, std::set<std::uint64_t>> outbox;
  for (const auto& [path, document] : store_->documents)
    for (const client::StoredDelta& stored : document.outbox) {
      const Record record{{}, document.place.producer, stored.sequence, {}, stored.delta.codec, stored.delta.payload};
      const auto numbers = numbers_of(path, record, encrypted_.contains(path));
      if (!numbers) violated("its store has a delta that is not sealed for its place");
      outbox[path].insert(numbers->begin(), numbers->end());
    }
  for (const auto& [ticket, lost] : waiting)
    for (const std::uint64_t number : decode_numbers(lost.payload)) {
      if (outbox[lost.path].contains(number) || kept_.at(lost.path).from_relay.contains(number)) continue;
      kept_.at(lost.path).numbers.erase(number);
      std::erase(edits_[lost.path], number);
    }
}

void SdkClient::perform(const client::Persist& effect) {
  if (!store_) violated("is to write to a store that it does not have");
  unwritten_.push_back(effect);
  if (unwritten_.size() == 1) world_.after(world_.chance.time_below(4ms), session_life_, [this] { write_store(); });
}

void SdkClient::write_store() {
  // What is sent while the disk takes nothing can be stored twice, if the process ends before the answer is kept.
  if (!trusts_store_ && world_.chance.one_in(50)) {
    tell("its disk takes nothing");
    session_->not_kept({Code::resource_exhausted, "the device's disk is full"}, now());
    world_.after(world_.chance.time_below(50ms), session_life_, [this] { write_store(); });
    return step();
  }
  const std::uint64_t number = unwritten_.back().number;
  for (const client::Persist& persist : std::exchange(unwritten_, {}))
    for (const client::StoreChange& change : persist.changes) apply(*store_, change);
  session_->kept(number, now());
  step();
}

}  // namespace weir::simulation
