// Snapshots from clients that lie: offers of what is not there, huge ones, chunks out of order and after errors, many
// at once, attestations of anything, reads at any position. The input's first byte is the world's seed; then comes a
// script, each step of four bytes: what happens, who does it to which document, and two numbers. A frame of any bytes
// may follow a step.
#include <cstdint>
#include <string_view>

#include "snapshot_world.hpp"

namespace {

using namespace weir;        // NOLINT
using namespace weir::fuzz;  // NOLINT

struct Step {
  std::uint8_t what;
  HostileClient& client;
  std::size_t document;
  std::uint8_t a;
  std::uint8_t b;
};

frames::SnapshotOffer offer_of(SnapshotWorld& world, const Step& step, const std::string& bytes) {
  frames::SnapshotOffer offer;
  offer.document = step.client.handle(step.document);
  offer.epoch = step.client.epoch(step.document);
  const auto state = world.log().document(SnapshotWorld::path(step.document));
  offer.offset = state->head;
  if (const auto chain = world.log().chain(SnapshotWorld::path(step.document), offer.offset)) offer.chain = *chain;
  offer.hash = sha256(bytes);
  offer.size = bytes.size();
  return offer;
}

void send_all(const Step& step, const frames::SnapshotOffer& offer, const std::string& bytes) {
  step.client.say(offer);
  const std::size_t chunk = 1 + step.b * std::size_t{16};
  for (std::size_t at = 0; at == 0 || at < bytes.size(); at += chunk) {
    const std::string_view rest = std::string_view(bytes).substr(at, chunk);
    step.client.say(
        frames::SnapshotChunk{offer.document, at, SharedBytes::copy(rest), at + rest.size() == bytes.size(), 0, 0});
  }
}

/// The bits of `lies` say in what.
frames::SnapshotOffer lie(frames::SnapshotOffer offer, std::uint8_t lies, std::uint8_t by) {
  if ((lies & 1) != 0) offer.offset = {offer.offset.value + by - 128};
  if ((lies & 2) != 0) offer.size = by < 128 ? offer.size + by : ~std::uint64_t{by};
  if ((lies & 4) != 0) offer.hash.bytes[by % 32] ^= std::byte{1};
  if ((lies & 8) != 0) offer.chain.bytes[by % 32] ^= std::byte{1};
  if ((lies & 16) != 0) offer.epoch.value += by;
  if ((lies & 32) != 0) offer.document.value += by;
  if ((lies & 64) != 0) offer.codec.value = by;
  return offer;
}

/// A snapshot that is there, or one that is not.
Snapshot some_snapshot(SnapshotWorld& world, const Step& step) {
  const auto all = world.stored(step.document);
  if (!all.empty() && step.a % 4 != 0) return all[step.a % all.size()];
  Snapshot made_up;
  made_up.offset = {step.a};
  made_up.hash = sha256(content(step.b));
  return made_up;
}

/// Of a content as far as it goes, or of other bytes; the next may follow it, and go on for ever.
void chunk(const Step& step) {
  constexpr std::size_t size = 512;
  const bool far = step.b >= 250;
  const std::uint64_t position = far ? ~std::uint64_t{step.b} : step.b * std::uint64_t{16};
  const std::string_view bytes = content(step.a);
  std::string data(bytes.substr(std::min<std::size_t>(far ? 0 : position, bytes.size()), size));
  if (step.a >= 128) data.resize(size, 'z');
  const std::uint64_t unpacked = step.a >= 240 ? std::uint64_t{1} << step.b % 64 : 0;
  step.client.say(frames::SnapshotChunk{step.client.handle(step.document), position, SharedBytes::take(std::move(data)),
                                        (step.a & 8) != 0, unpacked, 0});
}

void take(SnapshotWorld& world, const Step& step) {
  const std::string& bytes = content(step.a);
  switch (step.what % 12) {
    case 0: return send_all(step, offer_of(world, step, bytes), bytes);
    case 1: return send_all(step, lie(offer_of(world, step, bytes), step.a, step.b), bytes);
    case 2: return step.client.say(lie(offer_of(world, step, bytes), step.b, step.a));
    case 3: return chunk(step);
    case 4: {
      const Snapshot about = some_snapshot(world, step);
      return step.client.say(
          frames::Attest{step.client.handle(step.document), about.offset, about.hash, step.b % 4 != 0});
    }
    case 5: {
      const Snapshot about = some_snapshot(world, step);
      const std::uint64_t position = step.b < 240 ? step.b * std::uint64_t{13} : ~std::uint64_t{step.b};
      return step.client.read_snapshot(step.document, about.offset, about.hash, position);
    }
    case 6:
      return step.client.say(frames::ReadHistory{900,
                                                 SnapshotWorld::path(step.document),
                                                 {step.a % std::uint64_t{16}},
                                                 {step.b % std::uint64_t{8}},
                                                 {},
                                                 step.b > 127});
    case 7:
      if (step.a % 2 == 0) return step.client.subscribe(step.document, step.b % 2 != 0);
      return step.client.say(frames::Unsubscribe{step.client.handle(step.document)});
    case 8: return step.client.publish(step.document);
    case 9: return world.pass(std::chrono::milliseconds(step.a) * (1 + step.b % 128));
    case 10:
      if (step.a % 4 == 0) return step.client.connect();
      return step.client.stall(step.a % 2 != 0);
    default:
      if (step.a % 8 == 0) return world.delete_document(step.document);
      return world.check();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 2000) return 0;
  SnapshotWorld world(data[0]);
  for (std::size_t at = 1; at + 3 < size; at += 4) {
    HostileClient& client = world.client(data[at + 1]);
    take(world, {data[at], client, (data[at + 1] / 16) % SnapshotWorld::documents, data[at + 2], data[at + 3]});
    if (data[at + 1] < 128) continue;
    const std::size_t bytes = std::min<std::size_t>(data[at + 1] - 128, size - at - 4);
    client.say_bytes({reinterpret_cast<const char*>(data) + at + 4, bytes});
    at += bytes;
  }
  world.pass(1s);
  world.check();
  world.end();
  return 0;
}
