// What a simulated device does about snapshots: it makes them, takes them, and says whether others' are right. One that
// lies leaves something out; no honest device may be fooled by it.
#include <algorithm>

#include "client.hpp"
#include "weir/packing/compression.hpp"

namespace weir::simulation {

bool Client::is_the_relays(const Replica& replica) const {
  return replica.outbox.empty() && !replica.must_offer && replica.cursor && replica.cursor->offset.value > 0 &&
         replica.cursor->offset >= replica.stored_at;
}

// ---- making ----

void Client::on(const frames::SnapshotWanted& event) {
  if (!snapshots_.makes) violated("asked for a snapshot, though it does not make them");
  const auto found = open_.find(event.document);
  if (found == open_.end()) return;
  const Replica& replica = device_.replicas[found->second.path];
  if (!is_the_relays(replica) || replica.numbers.empty()) return;
  std::set<std::uint64_t> numbers = replica.numbers;
  if (snapshots_.lies) {  // not twice the same: equal bytes from two producers would vouch for each other
    auto left_out = numbers.begin();
    std::advance(left_out, static_cast<std::ptrdiff_t>(world_.chance.below(numbers.size())));
    numbers.erase(left_out);
    numbers.insert(world_.chance.below(std::uint64_t{1} << 60));
  }
  const std::string bytes = encode_numbers(numbers, 0);
  frames::SnapshotOffer offer;
  offer.document = event.document;
  offer.epoch = found->second.epoch;
  offer.offset = replica.cursor->offset;
  offer.chain = replica.cursor->chain;
  offer.hash = sha256(bytes);
  offer.size = bytes.size();
  offer.fidelity = Fidelity::lossless;
  send(offer);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(1 + world_.chance.below(400), bytes.size() - at);
    const bool last = at + size == bytes.size();
    send(frames::SnapshotChunk{event.document, at, SharedBytes::copy(bytes.substr(at, size)), last, 0, 0});
    at += size;
  }
}

// ---- taking ----

std::string Client::plain(const frames::SnapshotChunk& chunk) const {
  if (chunk.unpacked_size == 0) return std::string(chunk.data.view());
  if (!unpacks_) violated("a compressed chunk, though it did not say that it can unpack");
  packing::Decompressor decompressor(chunk.data.view());
  const auto bytes = decompressor.pull(static_cast<std::size_t>(chunk.unpacked_size));
  if (!bytes || !decompressor.at_end()) violated("a chunk that cannot be unpacked");
  return std::string(*bytes);
}

void Client::on(const frames::SnapshotHeader& event) {
  if (!snapshots_.wanted) violated("sent a snapshot, though it did not ask for any");
  if (open_.contains(event.document)) snapshots_.arriving[event.document] = {event, {}};
}

void Client::on(const frames::SnapshotChunk& event) {
  if (event.request != 0) {
    auto node = snapshots_.compared.extract(event.request);
    if (node.empty()) return;
    auto& [wanted, bytes] = node.mapped();
    bytes += plain(event);
    if (event.last) return compare(wanted, bytes);
    const auto open = open_.find(wanted.document);
    if (open == open_.end()) return;
    send(frames::ReadSnapshot{event.request, open->second.path, wanted.offset, wanted.hash, bytes.size()});
    snapshots_.compared.insert(std::move(node));
    return;
  }
  const auto found = snapshots_.arriving.find(event.document);
  const auto open = open_.find(event.document);
  if (found == snapshots_.arriving.end() || open == open_.end()) return;
  auto& [header, bytes] = found->second;
  if (event.position != bytes.size()) violated("a chunk out of its place");
  bytes += plain(event);
  if (!event.last) return;
  take_snapshot(open->second, header, bytes);
  snapshots_.arriving.erase(found);
}

void Client::take_snapshot(Open& open, const frames::SnapshotHeader& header, const std::string& bytes) {
  Replica& replica = device_.replicas[open.path];
  const std::string where = open.path.document.text() + " up to " + std::to_string(header.offset.value);
  if (bytes.size() != header.size || sha256(bytes) != header.hash)
    violated("another snapshot than announced: " + where);
  if (!header.verified) violated("an unverified snapshot: " + where);
  if (header.offset <= replica.cursor->offset) violated("a snapshot of what it has: " + where);
  for (const std::uint64_t number : decode_numbers(bytes)) replica.numbers.insert(number);
  replica.cursor->offset = header.offset;
  replica.cursor->chain = header.chain;
  replica.read.clear();
  replica.read_after = header.offset;
  SpaceView& view = spaces_[open.path.space];
  view.seen = std::max(view.seen, header.offset);
  ++snapshots_.taken;
}

void Client::on(const frames::Cut& event) {
  const auto found = open_.find(event.document);
  if (found == open_.end()) return;
  const DocumentPath path = found->second.path;
  tell("reads behind a cut of " + path.document.text());
  // What stands for the records is sent to who asks for snapshots.
  snapshots_.wanted = true;
  send(frames::Unsubscribe{event.document});
  open_.erase(found);
  subscribe(static_cast<std::size_t>(std::find(paths_.begin(), paths_.end(), path) - paths_.begin()));
}

// ---- confirming ----

void Client::on(const frames::AttestationWanted& event) {
  const auto open = open_.find(event.document);
  if (open == open_.end()) return;
  const std::uint64_t request = 1000 + world_.chance.below(1'000'000);
  snapshots_.compared[request] = {event, {}};
  send(frames::ReadSnapshot{request, open->second.path, event.offset, event.hash, 0});
}

void Client::compare(const frames::AttestationWanted& wanted, const std::string& bytes) {
  const auto open = open_.find(wanted.document);
  if (open == open_.end()) return;
  const Replica& replica = device_.replicas[open->second.path];
  const bool known = wanted.offset >= replica.read_after && replica.cursor->offset >= wanted.offset;
  if (!is_the_relays(replica) || !known) return;
  std::set<std::uint64_t> numbers;
  for (const std::uint64_t number : decode_numbers(bytes)) numbers.insert(number);
  for (auto record = replica.read.upper_bound(wanted.offset); record != replica.read.end(); ++record)
    numbers.insert(record->second.begin(), record->second.end());
  const bool same = numbers == replica.numbers;
  // A device that lies has no reason to lie about others'.
  send(frames::Attest{wanted.document, wanted.offset, wanted.hash, same});
  ++snapshots_.attested;
}

}  // namespace weir::simulation
