#include "random_events.hpp"

namespace weir::frames {

// Small numbers, numbers of any width, and the edges, about equally often.
std::uint64_t RandomEvents::number() {
  switch (below(4)) {
    case 0: return below(3);
    case 1: return below(1000);
    case 2: return random_() >> below(64);
    default: return ~std::uint64_t{0} - below(2);
  }
}

std::string RandomEvents::text(std::size_t bytes_max) {
  std::string out(below(bytes_max + 1), ' ');
  for (char& c : out) c = static_cast<char>('a' + below(26));
  return out;
}

SharedBytes RandomEvents::bytes(std::size_t bytes_max) {
  std::string out(below(8) == 0 ? below(bytes_max + 1) : below(std::min<std::size_t>(bytes_max, 40) + 1), ' ');
  for (char& c : out) c = static_cast<char>(random_() & 0xFF);
  return SharedBytes::take(std::move(out));
}

ProducerId RandomEvents::producer() {
  ProducerId id;
  id.bytes[0] = std::byte{1};
  id.bytes[15] = static_cast<std::byte>(below(4));
  return id;
}

DocumentPath RandomEvents::path() {
  return {SpaceName::parse(text(20) + "s").value(), DocumentName::parse(text(200) + "ü/d").value()};
}

Subscribe RandomEvents::subscribe() {
  Subscribe out{number(), path(), static_cast<From>(below(3)), std::nullopt, coin(), coin(), coin()};
  if (out.from == From::cursor || coin()) out.cursor = Cursor{{number()}, {number()}, sha256(text(4))};
  return out;
}

ClientEvent RandomEvents::client() {
  switch (below(11)) {
    case 0: {
      Hello hello{static_cast<std::uint32_t>(number()), producer(), text(50), {}, coin(), text(30)};
      for (std::uint64_t i = below(4); i > 0; --i) hello.packs.push_back(static_cast<std::uint32_t>(number()));
      return hello;
    }
    case 1: return subscribe();
    case 2: return Unsubscribe{{number()}};
    case 3: {
      Publish publish{{number()}, {number()}, {1 + below(1000)}, {}, coin()};
      for (std::uint64_t i = 1 + below(6); i > 0; --i)
        publish.deltas.push_back({{static_cast<std::uint32_t>(number())}, bytes(5000)});
      return publish;
    }
    case 4: return SetPresence{{number()}, bytes(4096)};
    case 5:
      return SnapshotOffer{{number()},      {number()}, {number()},       sha256(text(4)),
                           sha256(text(4)), number(),   {number() >> 32}, fidelity()};
    case 6: return SnapshotChunk{{number()}, number(), bytes(5000), coin(), 0, 0};
    case 7: return Attest{{number()}, {number()}, sha256(text(4)), coin()};
    case 8: return ReadHistory{number(), path(), {number()}, {number()}, {number()}, coin()};
    case 9: return ReadSnapshot{number(), path(), {number()}, sha256(text(4)), number()};
    default: return Pong{number()};
  }
}

PresenceUpdate RandomEvents::presence() { return {{number()}, text(20), producer(), bytes(4096), coin()}; }

Records RandomEvents::records() {
  Records out{{number()}, {}, coin()};
  Record record{{1 + below(1000)}, producer(), {1 + below(1000)}, {below(2'000'000'000)}, {}, {}};
  for (std::uint64_t i = 1 + below(20); i > 0; --i) {
    record.codec = {static_cast<std::uint32_t>(number())};
    record.payload = out.stub ? SharedBytes() : bytes(5000);
    out.records.push_back(record);
    record.offset = record.offset.plus(1 + (coin() ? 0 : below(100'000)));
    record.sequence = record.sequence.plus(below(6) == 0 ? below(50) : 1);
    if (below(3) == 0) record.time = below(8) == 0 ? Seconds{below(2'000'000'000)} : record.time.plus(below(100));
    if (below(4) == 0) record.producer = producer();
  }
  return out;
}

Fidelity RandomEvents::fidelity() { return static_cast<Fidelity>(below(3)); }

SnapshotHeader RandomEvents::snapshot() {
  return {{number()},      {number()}, sha256(text(4)), number(), {number() >> 32},
          sha256(text(4)), {number()}, fidelity(),      coin(),   {number()}};
}

ServerEvent RandomEvents::server() {
  switch (below(17)) {
    case 0:
      return Welcome{{number()},
                     text(10),
                     text(8),
                     static_cast<std::uint32_t>(number()),
                     number(),
                     number(),
                     number(),
                     static_cast<std::uint32_t>(number()),
                     static_cast<std::uint32_t>(number()),
                     number()};
    case 1: {
      Subscribed out{number(), {number()}, {number()}, {number()}, {number()}, coin(), {}};
      for (std::uint64_t i = below(4); i > 0; --i) out.presence.push_back(presence());
      return out;
    }
    case 2:
    case 3: return records();
    case 4: return CaughtUp{{number()}, {number()}};
    case 5: return Stored{{number()}, {number()}, {number()}};
    case 6: return presence();
    case 7:
      return ErrorEvent{{coin() ? Code::aborted : Code::unauthenticated, text(100)},
                        number(),
                        {number()},
                        number(),
                        {number()},
                        {number()},
                        static_cast<Reason>(below(10))};
    case 8: return GoingAway{number(), text(20), text(20)};
    case 9: return Pack{{number()}, bytes(5000)};
    case 10: return snapshot();
    case 11: return SnapshotChunk{{number()}, number(), bytes(5000), coin(), number(), number()};
    case 12: return SnapshotWanted{{number()}, number()};
    case 13: return AttestationWanted{{number()}, {number()}, sha256(text(4)), number(), {number() >> 32}, number()};
    case 14: return SnapshotStored{{number()}, {number()}, sha256(text(4))};
    case 15: {
      History out{number(), {number()}, {}, {}, {number()}, coin(), {number()}, {number()}};
      for (std::uint64_t i = below(3); i > 0; --i) out.snapshots.push_back(snapshot());
      if (coin()) {
        Records page = records();
        while (page.stub) page = records();
        out.records = std::move(page.records);
      }
      return out;
    }
    default: return coin() ? ServerEvent(Ping{number()}) : ServerEvent(Cut{{number()}, {number()}});
  }
}

}  // namespace weir::frames
