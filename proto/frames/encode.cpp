// Events to frames: each message of sync.proto described once, fields in the order of their numbers, so that equal
// events always give equal bytes.
#include <cstdlib>
#include <utility>

#include "weir/frames/codec.hpp"
#include "weir/frames/wire_writer.hpp"

namespace weir::frames {
namespace {

constexpr std::uint32_t frame_events = 1;

std::uint64_t low32(std::uint64_t value) { return value & 0xFFFF'FFFF; }  // for fields that are uint32 on the wire

template <class Sink>
void write(Sink& out, const Hello& hello) {
  out.number(1, hello.protocol_version);
  out.bytes(2, hello.producer.view());
  out.bytes(3, hello.token);
  if (!hello.packs.empty()) {
    out.message(4, [&](auto& packed) {
      for (const std::uint32_t pack : hello.packs) packed.varint(pack);
    });
  }
  out.flag(5, hello.makes_snapshots);
  out.bytes(6, hello.client);
}

template <class Sink>
void write(Sink& out, const Subscribe& subscribe) {
  out.number(1, subscribe.request);
  out.bytes(2, subscribe.path.space.text());
  out.bytes(3, subscribe.path.document.text());
  out.number(4, static_cast<std::uint64_t>(subscribe.from));
  if (subscribe.cursor) {
    out.message(5, [&](auto& cursor) {
      cursor.fixed64(1, subscribe.cursor->epoch.value);
      cursor.number(2, subscribe.cursor->offset.value);
      cursor.bytes(3, subscribe.cursor->chain.view());
    });
  }
  out.flag(6, subscribe.presence);
  out.flag(7, subscribe.snapshots);
  out.flag(8, subscribe.recreate);
}

template <class Sink>
void write(Sink& out, const Unsubscribe& unsubscribe) {
  out.number(1, unsubscribe.document.value);
}

template <class Sink>
void write_delta(Sink& out, std::uint32_t field, Codec codec, std::string_view payload) {
  out.message(field, [&](auto& delta) {
    delta.number(1, low32(codec.value));
    delta.bytes(2, payload);
  });
}

template <class Sink>
void write(Sink& out, const Publish& publish) {
  out.number(1, publish.document.value);
  out.fixed64(2, publish.epoch.value);
  out.number(3, publish.first_sequence.value);
  for (const Delta& delta : publish.deltas) write_delta(out, 4, delta.codec, delta.payload.view());
  out.flag(5, publish.base);
}

template <class Sink>
void write(Sink& out, const SetPresence& presence) {
  out.number(1, presence.document.value);
  out.bytes(2, presence.data.view());
}

template <class Sink>
void write(Sink& out, const Pong& pong) {
  out.number(1, pong.nonce);
}

template <class Sink>
void write(Sink&, const Refused&) {
  std::abort();  // it is what a decoder says of an event, not an event: nobody sends it
}

template <class Sink>
void write(Sink& out, const Welcome& welcome) {
  out.number(1, welcome.session.value);
  out.bytes(2, welcome.server_version);
  out.bytes(3, welcome.durability);
  out.number(4, welcome.heartbeat_ms);
  out.number(5, welcome.in_flight_bytes_max);
  out.number(6, welcome.payload_bytes_max);
  out.number(7, welcome.frame_bytes_max);
  out.number(8, welcome.subscriptions_max);
  out.number(9, welcome.presence_bytes_max);
  out.number(10, welcome.snapshot_bytes_max);
}

template <class Sink>
void write(Sink& out, const PresenceUpdate& presence) {
  out.number(1, presence.document.value);
  out.bytes(2, presence.key);
  if (presence.producer != ProducerId{}) out.bytes(3, presence.producer.view());
  out.bytes(4, presence.data.view());
  out.flag(5, presence.gone);
}

template <class Sink>
void write(Sink& out, const Subscribed& subscribed) {
  out.number(1, subscribed.request);
  out.number(2, subscribed.document.value);
  out.fixed64(3, subscribed.epoch.value);
  out.number(4, subscribed.head.value);
  out.number(5, subscribed.last_sequence.value);
  out.flag(6, subscribed.lost_history);
  for (const PresenceUpdate& presence : subscribed.presence) {
    out.message(7, [&](auto& body) { write(body, presence); });
  }
}

/// Records that lie together, and whether their reader is their author.
struct RecordsView {
  DocumentHandle document;
  const Record* first = nullptr;
  const Record* last = nullptr;
  bool stub = false;
};

// The end of the run that begins at `first`: one producer, consecutive sequences, and a time that does not go back.
const Record* run_end(const Record* first, const Record* last) {
  const Record* end = first + 1;
  for (; end != last; ++end) {
    const Record& previous = end[-1];
    const bool follows = end->producer == previous.producer && end->sequence == previous.sequence.next() &&
                         end->offset > previous.offset && end->time >= previous.time;
    if (!follows) break;
  }
  return end;
}

// One number for each record but the first, packed; left out when all are 0.
template <class Sink, class Gap>
void write_gaps(Sink& out, std::uint32_t field, const Record* first, const Record* last, const Gap& gap) {
  bool any = false;
  for (const Record* record = first + 1; record != last && !any; ++record) any = gap(record[-1], *record) != 0;
  if (!any) return;
  out.message(field, [&](auto& packed) {
    for (const Record* record = first + 1; record != last; ++record) packed.varint(gap(record[-1], *record));
  });
}

template <class Sink>
void write_run(Sink& out, const Record* first, const Record* last, bool stub) {
  out.bytes(1, first->producer.view());
  out.number(2, first->sequence.value);
  out.number(3, first->offset.value);
  out.number(4, first->time.value);
  write_gaps(out, 5, first, last, [](const Record& a, const Record& b) { return b.offset.value - a.offset.value - 1; });
  write_gaps(out, 6, first, last, [](const Record& a, const Record& b) { return b.time.value - a.time.value; });
  for (const Record* record = first; record != last; ++record) {
    write_delta(out, 7, record->codec, stub ? std::string_view() : record->payload.view());
  }
  out.flag(8, stub);
}

template <class Sink>
void write_runs(Sink& out, std::uint32_t field, const Record* first, const Record* last, bool stub) {
  while (first != last) {
    const Record* end = run_end(first, last);
    out.message(field, [&](auto& run) { write_run(run, first, end, stub); });
    first = end;
  }
}

template <class Sink>
void write(Sink& out, const RecordsView& records) {
  out.number(1, records.document.value);
  write_runs(out, 2, records.first, records.last, records.stub);
}

template <class Sink>
void write(Sink& out, const Records& records) {
  const Record* first = records.records.data();
  write(out, RecordsView{records.document, first, first + records.records.size(), records.stub});
}

template <class Sink>
void write(Sink& out, const CaughtUp& caught_up) {
  out.number(1, caught_up.document.value);
  out.number(2, caught_up.offset.value);
}

template <class Sink>
void write(Sink& out, const Stored& stored) {
  out.number(1, stored.document.value);
  out.number(2, stored.through_sequence.value);
  out.number(3, stored.offset.value);
}

template <class Sink>
void write(Sink& out, const ErrorEvent& error) {
  out.number(1, static_cast<std::uint64_t>(error.error.code));
  out.bytes(2, error.error.message);
  out.number(3, error.request);
  out.number(4, error.document.value);
  out.number(5, error.retry_after_ms);
  out.number(6, error.expected_sequence.value);
  out.number(7, error.through_sequence.value);
  out.number(8, static_cast<std::uint64_t>(error.reason));
}

template <class Sink>
void write(Sink& out, const GoingAway& going_away) {
  out.number(1, going_away.reconnect_after_ms);
  out.bytes(2, going_away.address);
  out.bytes(3, going_away.reason);
}

template <class Sink>
void write(Sink& out, const Ping& ping) {
  out.number(1, ping.nonce);
}

template <class Sink>
void write(Sink& out, const Cut& cut) {
  out.number(1, cut.document.value);
  out.number(2, cut.offset.value);
}

template <class Sink>
void write(Sink& out, const Pack& pack) {
  out.number(1, pack.document.value);
  out.bytes(2, pack.data.view());
}

template <class Sink>
void write(Sink& out, const SnapshotOffer& offer) {
  out.number(1, offer.document.value);
  out.fixed64(2, offer.epoch.value);
  out.number(3, offer.offset.value);
  out.bytes(4, offer.chain.view());
  out.bytes(5, offer.hash.view());
  out.number(6, offer.size);
  out.number(7, low32(offer.codec.value));
  out.number(8, static_cast<std::uint64_t>(offer.fidelity));
}

template <class Sink>
void write(Sink& out, const SnapshotChunk& chunk) {
  out.number(1, chunk.document.value);
  out.number(2, chunk.position);
  out.bytes(3, chunk.data.view());
  out.flag(4, chunk.last);
  out.number(5, chunk.unpacked_size);
  out.number(6, chunk.request);
}

template <class Sink>
void write(Sink& out, const Attest& attest) {
  out.number(1, attest.document.value);
  out.number(2, attest.offset.value);
  out.bytes(3, attest.hash.view());
  out.flag(4, attest.valid);
}

template <class Sink>
void write(Sink& out, const ReadHistory& read) {
  out.number(1, read.request);
  out.bytes(2, read.path.space.text());
  out.bytes(3, read.path.document.text());
  out.number(4, read.after.value);
  out.number(5, read.as_of_offset.value);
  out.number(6, read.as_of_time.value);
  out.flag(7, read.snapshots);
}

template <class Sink>
void write(Sink& out, const ReadSnapshot& read) {
  out.number(1, read.request);
  out.bytes(2, read.path.space.text());
  out.bytes(3, read.path.document.text());
  out.number(4, read.offset.value);
  out.bytes(5, read.hash.view());
  out.number(6, read.position);
}

template <class Sink>
void write(Sink& out, const SnapshotHeader& snapshot) {
  out.number(1, snapshot.document.value);
  out.number(2, snapshot.offset.value);
  out.bytes(3, snapshot.hash.view());
  out.number(4, snapshot.size);
  out.number(5, low32(snapshot.codec.value));
  out.bytes(6, snapshot.chain.view());
  out.number(7, snapshot.base.value);
  out.number(8, static_cast<std::uint64_t>(snapshot.fidelity));
  out.flag(9, snapshot.verified);
  out.number(10, snapshot.time.value);
}

template <class Sink>
void write(Sink& out, const SnapshotWanted& wanted) {
  out.number(1, wanted.document.value);
  out.number(2, wanted.lease_ms);
}

template <class Sink>
void write(Sink& out, const AttestationWanted& wanted) {
  out.number(1, wanted.document.value);
  out.number(2, wanted.offset.value);
  out.bytes(3, wanted.hash.view());
  out.number(4, wanted.size);
  out.number(5, low32(wanted.codec.value));
  out.number(6, wanted.lease_ms);
}

template <class Sink>
void write(Sink& out, const SnapshotStored& stored) {
  out.number(1, stored.document.value);
  out.number(2, stored.offset.value);
  out.bytes(3, stored.hash.view());
}

template <class Sink>
void write(Sink& out, const History& history) {
  out.number(1, history.request);
  out.fixed64(2, history.epoch.value);
  for (const SnapshotHeader& snapshot : history.snapshots) out.message(3, [&](auto& body) { write(body, snapshot); });
  const Record* first = history.records.data();
  write_runs(out, 4, first, first + history.records.size(), false);
  out.number(5, history.offset.value);
  out.flag(6, history.complete);
  out.number(7, history.cut.value);
  out.number(8, history.head.value);
}

template <class Event>
void append(std::uint32_t kind, const Event& event, std::string& out) {
  StringSink sink(out);
  sink.message(frame_events, [&](auto& body) { body.message(kind, [&](auto& fields) { write(fields, event); }); });
}

}  // namespace

// The kinds are numbered in the order of the variants; sync.proto and frames.hpp are kept alike.
void encode(const ServerEvent& event, std::string& out) {
  static_assert(std::is_same_v<std::variant_alternative_t<16, ServerEvent>, History>);
  std::visit([&](const auto& body) { append(static_cast<std::uint32_t>(event.index()) + 1, body, out); }, event);
}

void encode(const ClientEvent& event, std::string& out) {
  static_assert(std::is_same_v<std::variant_alternative_t<10, ClientEvent>, ReadSnapshot>);
  std::visit([&](const auto& body) { append(static_cast<std::uint32_t>(event.index()) + 1, body, out); }, event);
}

void encode_records(DocumentHandle document, const Record* records, std::size_t count, bool stub, std::string& out) {
  append(3, RecordsView{document, records, records + count, stub}, out);
}

}  // namespace weir::frames
