// Server frames to events, for clients. Fields are gathered as protobuf would (decode_client.cpp says how); runs are
// spread into records. What a server must not send is malformed: a client can only close and connect again.
#include <algorithm>
#include <iterator>
#include <utility>

#include "weir/frames/codec.hpp"
#include "weir/frames/decode_snapshots.hpp"
#include "weir/frames/wire_reader.hpp"

namespace weir::frames {
namespace {

struct RawRun {
  std::string_view producer;
  std::uint64_t first_sequence = 0;
  std::uint64_t first_offset = 0;
  std::uint64_t time = 0;
  std::vector<std::uint64_t> offset_gaps;
  std::vector<std::uint64_t> time_gaps;
  std::vector<Delta> deltas;
  bool stub = false;
};

/// A document's records, in parts that are all stubs or all not.
struct RawRecords {
  std::uint64_t document = 0;
  std::vector<Records> parts;
};

using RawEvent = std::variant<std::monostate, Welcome, Subscribed, RawRecords, CaughtUp, Stored, PresenceUpdate,
                              ErrorEvent, GoingAway, Ping, Cut, Pack, SnapshotHeader, SnapshotChunk, SnapshotWanted,
                              AttestationWanted, SnapshotStored, History>;

std::uint32_t low32(std::uint64_t value) { return static_cast<std::uint32_t>(value & 0xFFFF'FFFF); }

// A code that this version does not know is still an error.
Code code_of(std::uint64_t value) {
  const std::uint32_t code = low32(value);
  const bool known = code == 1 || code == 2 || code == 3 || (code >= 5 && code <= 16);
  return known ? static_cast<Code>(code) : Code::unknown;
}

Reason reason_of(std::uint64_t value) {
  return value <= static_cast<std::uint64_t>(Reason::snapshot) ? static_cast<Reason>(value) : Reason::unspecified;
}

// A repeated number, packed or not.
bool read_numbers(const WireReader& in, std::vector<std::uint64_t>& numbers) {
  if ((in.key() & 7) == 0) {
    numbers.push_back(in.value());
    return true;
  }
  std::uint64_t number = 0;
  for (std::string_view packed = in.bytes(); !packed.empty(); numbers.push_back(number)) {
    if (!WireReader::take_varint(packed, number)) return false;
  }
  return true;
}

class ServerDecoder {
 public:
  explicit ServerDecoder(const SharedBytes& message) : message_(message) {}

  Result<std::vector<ServerEvent>> run() {
    WireReader in(message_.view());
    while (in.next()) {
      if (in.key() != bytes_key(1)) continue;
      RawEvent event;
      if (!read_event(in.bytes(), event)) {
        in.fail();
      } else {
        std::visit([&](auto& body) { finish(body); }, event);
      }
    }
    if (!in.ok()) return fail(Code::invalid_argument, "message is not a weir.v1 ServerFrame");
    return std::move(events_);
  }

 private:
  template <class Raw>
  static Raw& as(RawEvent& event) {
    if (!std::holds_alternative<Raw>(event)) event.emplace<Raw>();
    return std::get<Raw>(event);
  }

  bool read_event(std::string_view bytes, RawEvent& event) {
    WireReader in(bytes);
    while (in.next()) {
      bool good = true;
      switch (in.key()) {
        case bytes_key(1): good = read(in.bytes(), as<Welcome>(event)); break;
        case bytes_key(2): good = read(in.bytes(), as<Subscribed>(event)); break;
        case bytes_key(3): good = read(in.bytes(), as<RawRecords>(event)); break;
        case bytes_key(4): good = read(in.bytes(), as<CaughtUp>(event)); break;
        case bytes_key(5): good = read(in.bytes(), as<Stored>(event)); break;
        case bytes_key(6): good = read(in.bytes(), as<PresenceUpdate>(event)); break;
        case bytes_key(7): good = read(in.bytes(), as<ErrorEvent>(event)); break;
        case bytes_key(8): good = read(in.bytes(), as<GoingAway>(event)); break;
        case bytes_key(9): good = read(in.bytes(), as<Ping>(event)); break;
        case bytes_key(10): good = read(in.bytes(), as<Cut>(event)); break;
        case bytes_key(11): good = read(in.bytes(), as<Pack>(event)); break;
        case bytes_key(12): good = frames::read(in.bytes(), as<SnapshotHeader>(event)); break;
        case bytes_key(13): good = read(in.bytes(), as<SnapshotChunk>(event)); break;
        case bytes_key(14): good = frames::read(in.bytes(), as<SnapshotWanted>(event)); break;
        case bytes_key(15): good = frames::read(in.bytes(), as<AttestationWanted>(event)); break;
        case bytes_key(16): good = frames::read(in.bytes(), as<SnapshotStored>(event)); break;
        case bytes_key(17): good = read(in.bytes(), as<History>(event)); break;
        default: break;
      }
      if (!good) return false;
    }
    return in.ok();
  }

  template <class Body>
  void finish(Body& body) {
    events_.emplace_back(std::move(body));
  }
  void finish(std::monostate) {}
  void finish(RawRecords& raw) {
    if (raw.parts.empty()) raw.parts.emplace_back();
    for (Records& part : raw.parts) {
      part.document = {raw.document};
      events_.emplace_back(std::move(part));
    }
  }

  static bool read(std::string_view bytes, Welcome& welcome) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): welcome.session = {in.value()}; break;
        case bytes_key(2): welcome.server_version = in.bytes(); break;
        case bytes_key(3): welcome.durability = in.bytes(); break;
        case varint_key(4): welcome.heartbeat_ms = low32(in.value()); break;
        case varint_key(5): welcome.in_flight_bytes_max = in.value(); break;
        case varint_key(6): welcome.payload_bytes_max = in.value(); break;
        case varint_key(7): welcome.frame_bytes_max = in.value(); break;
        case varint_key(8): welcome.subscriptions_max = low32(in.value()); break;
        case varint_key(9): welcome.presence_bytes_max = low32(in.value()); break;
        case varint_key(10): welcome.snapshot_bytes_max = in.value(); break;
        default: break;
      }
    }
    return in.ok();
  }

  bool read(std::string_view bytes, Subscribed& subscribed) const {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): subscribed.request = in.value(); break;
        case varint_key(2): subscribed.document = {in.value()}; break;
        case fixed64_key(3): subscribed.epoch = {in.value()}; break;
        case varint_key(4): subscribed.head = {in.value()}; break;
        case varint_key(5): subscribed.last_sequence = {in.value()}; break;
        case varint_key(6): subscribed.lost_history = in.value() != 0; break;
        case bytes_key(7):
          if (!read(in.bytes(), subscribed.presence.emplace_back())) return false;
          break;
        default: break;
      }
    }
    return in.ok();
  }

  bool read(std::string_view bytes, PresenceUpdate& presence) const {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): presence.document = {in.value()}; break;
        case bytes_key(2): presence.key = in.bytes(); break;
        case bytes_key(3): {
          const auto producer = ProducerId::parse(in.bytes());
          if (!producer) return false;
          presence.producer = *producer;
          break;
        }
        case bytes_key(4): presence.data = message_.slice(in.bytes()); break;
        case varint_key(5): presence.gone = in.value() != 0; break;
        default: break;
      }
    }
    return in.ok();
  }

  bool read(std::string_view bytes, RawRecords& records) const {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): records.document = in.value(); break;
        case bytes_key(2):
          if (!read_run(in.bytes(), records)) return false;
          break;
        default: break;
      }
    }
    return in.ok();
  }

  bool read_run(std::string_view bytes, RawRecords& records) const {
    RawRun run;
    return read(bytes, run) && spread(run, records);
  }

  bool read(std::string_view bytes, RawRun& run) const {
    WireReader in(bytes);
    while (in.next()) {
      bool good = true;
      switch (in.key()) {
        case bytes_key(1): run.producer = in.bytes(); break;
        case varint_key(2): run.first_sequence = in.value(); break;
        case varint_key(3): run.first_offset = in.value(); break;
        case varint_key(4): run.time = in.value(); break;
        case varint_key(5):
        case bytes_key(5): good = read_numbers(in, run.offset_gaps); break;
        case varint_key(6):
        case bytes_key(6): good = read_numbers(in, run.time_gaps); break;
        case bytes_key(7): good = read(in.bytes(), run.deltas.emplace_back()); break;
        case varint_key(8): run.stub = in.value() != 0; break;
        default: break;
      }
      if (!good) return false;
    }
    return in.ok();
  }

  bool read(std::string_view bytes, Delta& delta) const {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): delta.codec = {low32(in.value())}; break;
        case bytes_key(2): delta.payload = message_.slice(in.bytes()); break;
        default: break;
      }
    }
    return in.ok();
  }

  // A run to its records. False when its numbers cannot be: offsets or sequences that wrap, gaps for other records.
  static bool spread(RawRun& run, RawRecords& out) {
    const auto producer = ProducerId::parse(run.producer);
    const std::size_t count = run.deltas.size();
    if (!producer || count == 0 || run.first_sequence == 0 || run.first_offset == 0) return false;
    if (!run.offset_gaps.empty() && run.offset_gaps.size() != count - 1) return false;
    if (!run.time_gaps.empty() && run.time_gaps.size() != count - 1) return false;
    if (run.first_sequence + (count - 1) < run.first_sequence) return false;

    if (out.parts.empty() || out.parts.back().stub != run.stub) out.parts.emplace_back().stub = run.stub;
    std::vector<Record>& records = out.parts.back().records;
    Record record{{run.first_offset}, *producer, {run.first_sequence}, {run.time}, {}, {}};
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) {
        const std::uint64_t before = record.offset.value;
        const std::uint64_t gap = run.offset_gaps.empty() ? 0 : run.offset_gaps[i - 1];
        record.offset = record.offset.plus(gap).next();
        if (record.offset.value <= before) return false;  // it wrapped
        record.sequence = record.sequence.next();
        if (!run.time_gaps.empty()) record.time = record.time.plus(run.time_gaps[i - 1]);
      }
      record.codec = run.deltas[i].codec;
      if (!run.stub) record.payload = std::move(run.deltas[i].payload);  // a stub has none, whatever is there
      records.push_back(record);
    }
    return true;
  }

  static bool read(std::string_view bytes, CaughtUp& caught_up) {
    return read_pair(bytes, caught_up.document, caught_up.offset);
  }
  static bool read(std::string_view bytes, Cut& cut) { return read_pair(bytes, cut.document, cut.offset); }
  bool read(std::string_view bytes, Pack& pack) const {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): pack.document = {in.value()}; break;
        case bytes_key(2): pack.data = message_.slice(in.bytes()); break;
        default: break;
      }
    }
    return in.ok();
  }
  bool read(std::string_view bytes, SnapshotChunk& chunk) const {
    RawSnapshotChunk raw{chunk.document.value, chunk.position,      chunk.data.view(),
                         chunk.last,           chunk.unpacked_size, chunk.request};
    if (!frames::read(bytes, raw)) return false;
    chunk = {{raw.document}, raw.position, message_.slice(raw.data), raw.last, raw.unpacked_size, raw.request};
    return true;
  }
  bool read(std::string_view bytes, History& history) const {
    RawRecords records;
    WireReader in(bytes);
    while (in.next()) {
      bool good = true;
      switch (in.key()) {
        case varint_key(1): history.request = in.value(); break;
        case fixed64_key(2): history.epoch = {in.value()}; break;
        case bytes_key(3): good = frames::read(in.bytes(), history.snapshots.emplace_back()); break;
        case bytes_key(4): good = read_run(in.bytes(), records); break;
        case varint_key(5): history.offset = {in.value()}; break;
        case varint_key(6): history.complete = in.value() != 0; break;
        case varint_key(7): history.cut = {in.value()}; break;
        case varint_key(8): history.head = {in.value()}; break;
        default: break;
      }
      if (!good) return false;
    }
    for (Records& part : records.parts)  // stubs are of a live stream; here they would be records without payload
      std::move(part.records.begin(), part.records.end(), std::back_inserter(history.records));
    return in.ok();
  }
  static bool read_pair(std::string_view bytes, DocumentHandle& document, Offset& offset) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): document = {in.value()}; break;
        case varint_key(2): offset = {in.value()}; break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, Stored& stored) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): stored.document = {in.value()}; break;
        case varint_key(2): stored.through_sequence = {in.value()}; break;
        case varint_key(3): stored.offset = {in.value()}; break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, ErrorEvent& error) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): error.error.code = code_of(in.value()); break;
        case bytes_key(2): error.error.message = in.bytes(); break;
        case varint_key(3): error.request = in.value(); break;
        case varint_key(4): error.document = {in.value()}; break;
        case varint_key(5): error.retry_after_ms = in.value(); break;
        case varint_key(6): error.expected_sequence = {in.value()}; break;
        case varint_key(7): error.through_sequence = {in.value()}; break;
        case varint_key(8): error.reason = reason_of(in.value()); break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, GoingAway& going_away) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): going_away.reconnect_after_ms = in.value(); break;
        case bytes_key(2): going_away.address = in.bytes(); break;
        case bytes_key(3): going_away.reason = in.bytes(); break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, Ping& ping) {
    WireReader in(bytes);
    while (in.next()) {
      if (in.key() == varint_key(1)) ping.nonce = in.value();
    }
    return in.ok();
  }

  const SharedBytes& message_;
  std::vector<ServerEvent> events_;
};

}  // namespace

Result<std::vector<ServerEvent>> decode_server_frame(const SharedBytes& message) {
  return ServerDecoder(message).run();
}

}  // namespace weir::frames
