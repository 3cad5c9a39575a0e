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
void write(Sink& out, const RecordsView& records) {
  out.number(1, records.document.value);
  for (const Record* first = records.first; first != records.last;) {
    const Record* last = run_end(first, records.last);
    out.message(2, [&](auto& run) { write_run(run, first, last, records.stub); });
    first = last;
  }
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

template <class Event>
void append(std::uint32_t kind, const Event& event, std::string& out) {
  StringSink sink(out);
  sink.message(frame_events, [&](auto& body) { body.message(kind, [&](auto& fields) { write(fields, event); }); });
}

}  // namespace

// The kinds are numbered in the order of the variants; sync.proto and frames.hpp are kept alike.
void encode(const ServerEvent& event, std::string& out) {
  static_assert(std::is_same_v<std::variant_alternative_t<10, ServerEvent>, Pack>);
  std::visit([&](const auto& body) { append(static_cast<std::uint32_t>(event.index()) + 1, body, out); }, event);
}

void encode(const ClientEvent& event, std::string& out) {
  static_assert(std::is_same_v<std::variant_alternative_t<5, ClientEvent>, Pong>);
  std::visit([&](const auto& body) { append(static_cast<std::uint32_t>(event.index()) + 1, body, out); }, event);
}

void encode_records(DocumentHandle document, const Record* records, std::size_t count, bool stub, std::string& out) {
  append(3, RecordsView{document, records, records + count, stub}, out);
}

}  // namespace weir::frames
