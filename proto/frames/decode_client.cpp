// Client frames to events. The bytes are a stranger's: see wire_reader.hpp for the framing; here, for each event:
//  1. gather its fields into a plain struct, as protobuf would: the last value of a field wins, repeated ones add up, a
//     second event in the same place takes the place of the first unless it is of the same kind (then they merge);
//  2. check it: what breaks a rule for itself alone becomes a Refused in its place, with a message for people.
// Nothing is stored beyond a limit, and room is made for what was counted, never for what was claimed.
#include <optional>
#include <utility>

#include "weir/frames/codec.hpp"
#include "weir/frames/decode_snapshots.hpp"
#include "weir/frames/wire_reader.hpp"

namespace weir::frames {
namespace {

constexpr std::size_t packs_max = 64;

struct RawHello {
  std::uint32_t protocol_version = 0;
  std::string_view producer;
  std::string_view token;
  std::vector<std::uint32_t> packs;
  bool makes_snapshots = false;
  std::string_view client;
};

struct RawCursor {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  std::string_view chain;
};

struct RawSubscribe {
  std::uint64_t request = 0;
  std::string_view space;
  std::string_view document;
  std::uint64_t from = 0;
  std::optional<RawCursor> cursor;
  bool presence = false;
  bool snapshots = false;
  bool recreate = false;
};

struct RawPublish {
  std::uint64_t document = 0;
  std::uint64_t epoch = 0;
  std::uint64_t first_sequence = 0;
  std::vector<Delta> deltas;
  std::uint64_t deltas_counted = 0;
  std::uint64_t largest_payload = 0;
  bool base = false;
};

struct RawPresence {
  std::uint64_t document = 0;
  std::string_view data;
};

using RawEvent = std::variant<std::monostate, RawHello, RawSubscribe, Unsubscribe, RawPublish, RawPresence, Pong,
                              RawSnapshotOffer, RawSnapshotChunk, RawAttest, RawReadHistory, RawReadSnapshot>;

std::uint32_t low32(std::uint64_t value) { return static_cast<std::uint32_t>(value & 0xFFFF'FFFF); }

class ClientDecoder {
 public:
  ClientDecoder(const SharedBytes& message, const Limits& limits) : message_(message), limits_(limits) {}

  Result<std::vector<ClientEvent>> run() {
    WireReader in(message_.view());
    while (in.next()) {
      if (in.key() != bytes_key(1)) continue;
      RawEvent raw;
      if (!read_event(in.bytes(), raw)) in.fail();
      if (std::holds_alternative<std::monostate>(raw)) continue;  // of a kind that this version does not know
      if (events_.size() == limits_.events_max)
        return fail(Code::invalid_argument, "frame has more than " + std::to_string(limits_.events_max) +
                                                " events; send them in several frames");
      if (in.ok()) std::visit([&](auto& event) { finish(event); }, raw);
    }
    if (!in.ok()) return fail(Code::invalid_argument, "message is not a weir.v1 ClientFrame");
    return std::move(events_);
  }

 private:
  // ---- 1. gather ----

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
        case bytes_key(1): good = read(in.bytes(), as<RawHello>(event)); break;
        case bytes_key(2): good = read(in.bytes(), as<RawSubscribe>(event)); break;
        case bytes_key(3): good = read(in.bytes(), as<Unsubscribe>(event)); break;
        case bytes_key(4): good = read(in.bytes(), as<RawPublish>(event)); break;
        case bytes_key(5): good = read(in.bytes(), as<RawPresence>(event)); break;
        case bytes_key(6): good = read(in.bytes(), as<Pong>(event)); break;
        case bytes_key(7): good = frames::read(in.bytes(), as<RawSnapshotOffer>(event)); break;
        case bytes_key(8): good = frames::read(in.bytes(), as<RawSnapshotChunk>(event)); break;
        case bytes_key(9): good = frames::read(in.bytes(), as<RawAttest>(event)); break;
        case bytes_key(10): good = frames::read(in.bytes(), as<RawReadHistory>(event)); break;
        case bytes_key(11): good = frames::read(in.bytes(), as<RawReadSnapshot>(event)); break;
        default: break;
      }
      if (!good) return false;
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, RawHello& hello) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): hello.protocol_version = low32(in.value()); break;
        case bytes_key(2): hello.producer = in.bytes(); break;
        case bytes_key(3): hello.token = in.bytes(); break;
        case varint_key(4): add_pack(hello, in.value()); break;
        case bytes_key(4): {
          std::uint64_t pack = 0;
          for (std::string_view packed = in.bytes(); !packed.empty(); add_pack(hello, pack)) {
            if (!WireReader::take_varint(packed, pack)) return false;
          }
          break;
        }
        case varint_key(5): hello.makes_snapshots = in.value() != 0; break;
        case bytes_key(6): hello.client = in.bytes(); break;
        default: break;
      }
    }
    return in.ok();
  }

  static void add_pack(RawHello& hello, std::uint64_t pack) {
    if (hello.packs.size() <= packs_max) hello.packs.push_back(low32(pack));  // one above: enough to refuse it
  }

  static bool read(std::string_view bytes, RawCursor& cursor) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case fixed64_key(1): cursor.epoch = in.value(); break;
        case varint_key(2): cursor.offset = in.value(); break;
        case bytes_key(3): cursor.chain = in.bytes(); break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, RawSubscribe& subscribe) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): subscribe.request = in.value(); break;
        case bytes_key(2): subscribe.space = in.bytes(); break;
        case bytes_key(3): subscribe.document = in.bytes(); break;
        case varint_key(4): subscribe.from = in.value(); break;
        case bytes_key(5): {
          if (!subscribe.cursor) subscribe.cursor.emplace();
          if (!read(in.bytes(), *subscribe.cursor)) return false;
          break;
        }
        case varint_key(6): subscribe.presence = in.value() != 0; break;
        case varint_key(7): subscribe.snapshots = in.value() != 0; break;
        case varint_key(8): subscribe.recreate = in.value() != 0; break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, Unsubscribe& unsubscribe) {
    WireReader in(bytes);
    while (in.next()) {
      if (in.key() == varint_key(1)) unsubscribe.document = {in.value()};
    }
    return in.ok();
  }

  bool read(std::string_view bytes, RawPublish& publish) const {
    if (!make_room(bytes, publish)) return false;
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): publish.document = in.value(); break;
        case fixed64_key(2): publish.epoch = in.value(); break;
        case varint_key(3): publish.first_sequence = in.value(); break;
        case bytes_key(4):
          if (!read_delta(in.bytes(), publish)) return false;
          break;
        case varint_key(5): publish.base = in.value() != 0; break;
        default: break;
      }
    }
    return in.ok();
  }

  // Counts the deltas that are really there, so that the vector is allocated once and no larger than needed.
  bool make_room(std::string_view bytes, RawPublish& publish) const {
    WireReader in(bytes);
    while (in.next()) publish.deltas_counted += in.key() == bytes_key(4) ? 1 : 0;
    if (publish.deltas_counted <= limits_.deltas_max)
      publish.deltas.reserve(static_cast<std::size_t>(publish.deltas_counted));
    return in.ok();
  }

  bool read_delta(std::string_view bytes, RawPublish& publish) const {
    std::uint32_t codec = 0;
    std::string_view payload;
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): codec = low32(in.value()); break;
        case bytes_key(2): payload = in.bytes(); break;
        default: break;
      }
    }
    if (payload.size() > publish.largest_payload) publish.largest_payload = payload.size();
    if (publish.deltas_counted <= limits_.deltas_max && payload.size() <= limits_.payload_bytes_max)
      publish.deltas.push_back({Codec{codec}, payload.empty() ? SharedBytes() : message_.slice(payload)});
    return in.ok();
  }

  static bool read(std::string_view bytes, RawPresence& presence) {
    WireReader in(bytes);
    while (in.next()) {
      switch (in.key()) {
        case varint_key(1): presence.document = in.value(); break;
        case bytes_key(2): presence.data = in.bytes(); break;
        default: break;
      }
    }
    return in.ok();
  }

  static bool read(std::string_view bytes, Pong& pong) {
    WireReader in(bytes);
    while (in.next()) {
      if (in.key() == varint_key(1)) pong.nonce = in.value();
    }
    return in.ok();
  }

  // ---- 2. check ----

  void finish(std::monostate) {}
  void finish(const Unsubscribe& unsubscribe) { events_.emplace_back(unsubscribe); }
  void finish(const Pong& pong) { events_.emplace_back(pong); }

  void finish(RawHello& raw) {
    const auto producer = ProducerId::parse(raw.producer);
    if (!producer) return refuse({.error = producer.error()});
    if (raw.packs.size() > packs_max)
      return refuse({.error = fail(Code::invalid_argument, "hello names more than 64 pack versions")});
    // It goes into the operator's log, where a line break or a terminal's escape would forge lines.
    if (!raw.client.empty() && !SpaceName::parse(raw.client))
      return refuse({.error = fail(Code::invalid_argument,
                                   "hello's client must be at most 255 bytes of UTF-8 without control characters")});
    events_.emplace_back(Hello{raw.protocol_version, *producer, std::string(raw.token), std::move(raw.packs),
                               raw.makes_snapshots, std::string(raw.client)});
  }

  void finish(const RawSubscribe& raw) {
    const auto path = path_of(raw.request, raw.space, raw.document);
    if (!path) return;
    Subscribe subscribe;
    subscribe.request = raw.request;
    subscribe.path = *path;
    if (raw.from > static_cast<std::uint64_t>(From::live_only))
      return refuse({.request = raw.request,
                     .error = fail(Code::invalid_argument, "subscribe.from is " + std::to_string(raw.from) +
                                                               "; this server knows 0, 1 and 2")});
    subscribe.from = static_cast<From>(raw.from);
    if (subscribe.from == From::cursor && !raw.cursor)
      return refuse(
          {.request = raw.request, .error = fail(Code::invalid_argument, "subscribe from a cursor needs the cursor")});
    if (raw.cursor) {
      auto cursor = check_cursor(*raw.cursor, subscribe.path);
      if (!cursor) return refuse({.request = raw.request, .error = cursor.error()});
      subscribe.cursor = *cursor;
    }
    subscribe.presence = raw.presence;
    subscribe.snapshots = raw.snapshots;
    subscribe.recreate = raw.recreate;
    events_.emplace_back(std::move(subscribe));
  }

  static Result<Cursor> check_cursor(const RawCursor& raw, const DocumentPath& path) {
    if (raw.chain.empty() && raw.offset == 0) return Cursor{{raw.epoch}, {0}, chain_start(path)};
    const auto chain = Digest::parse(raw.chain);
    if (!chain)
      return fail(Code::invalid_argument,
                  "cursor's chain value has " + std::to_string(raw.chain.size()) + " bytes; it must have 32");
    return Cursor{{raw.epoch}, {raw.offset}, *chain};
  }

  void finish(RawPublish& raw) {
    const std::uint64_t count = raw.deltas_counted;
    Sequence through{raw.first_sequence + count - 1};
    const auto refused = [&](std::string why) {
      refuse({.document = {raw.document},
              .error = fail(Code::invalid_argument, std::move(why)),
              .through_sequence = through});
    };
    if (raw.first_sequence == 0 || count == 0 || through.value < raw.first_sequence) {
      through = {};
      return refused(count == 0 ? "publish carries no deltas" : "publish.first_sequence is out of range; count from 1");
    }
    if (count > limits_.deltas_max)
      return refused("publish carries " + std::to_string(count) + " deltas; at most " +
                     std::to_string(limits_.deltas_max) + " are allowed, send them in several");
    if (raw.largest_payload > limits_.payload_bytes_max)
      return refused("a delta has " + std::to_string(raw.largest_payload) + " bytes; at most " +
                     std::to_string(limits_.payload_bytes_max) + " are allowed, make smaller ones");
    events_.emplace_back(Publish{{raw.document}, {raw.epoch}, {raw.first_sequence}, std::move(raw.deltas), raw.base});
  }

  void finish(const RawPresence& raw) {
    if (raw.data.size() > limits_.presence_bytes_max)
      return refuse({.document = {raw.document},
                     .error = fail(Code::invalid_argument,
                                   "presence has " + std::to_string(raw.data.size()) + " bytes; at most " +
                                       std::to_string(limits_.presence_bytes_max) + " are allowed")});
    events_.emplace_back(SetPresence{{raw.document}, raw.data.empty() ? SharedBytes() : message_.slice(raw.data)});
  }

  void finish(const RawSnapshotOffer& raw) {
    const auto chain = Digest::parse(raw.chain);
    const auto hash = Digest::parse(raw.hash);
    if (!chain || !hash)
      return refuse({.document = {raw.document},
                     .error = fail(Code::invalid_argument, "a snapshot's chain value and hash must have 32 bytes")});
    events_.emplace_back(SnapshotOffer{
        {raw.document}, {raw.epoch}, {raw.offset}, *chain, *hash, raw.size, {raw.codec}, fidelity_of(raw.fidelity)});
  }

  void finish(const RawSnapshotChunk& raw) {
    if (raw.unpacked_size != 0)
      return refuse({.document = {raw.document},
                     .error = fail(Code::invalid_argument, "chunks of a snapshot are to be sent as they are")});
    SharedBytes data = raw.data.empty() ? SharedBytes() : message_.slice(raw.data);
    events_.emplace_back(SnapshotChunk{{raw.document}, raw.position, std::move(data), raw.last, 0, 0});
  }

  void finish(const RawAttest& raw) {
    const auto hash = Digest::parse(raw.hash);
    if (!hash)
      return refuse(
          {.document = {raw.document}, .error = fail(Code::invalid_argument, "a snapshot's hash must have 32 bytes")});
    events_.emplace_back(Attest{{raw.document}, {raw.offset}, *hash, raw.valid});
  }

  void finish(const RawReadHistory& raw) {
    const auto path = path_of(raw.request, raw.space, raw.document);
    if (!path) return;
    events_.emplace_back(
        ReadHistory{raw.request, *path, {raw.after}, {raw.as_of_offset}, {raw.as_of_time}, raw.snapshots});
  }

  void finish(const RawReadSnapshot& raw) {
    const auto path = path_of(raw.request, raw.space, raw.document);
    if (!path) return;
    const auto hash = Digest::parse(raw.hash);
    if (!hash)
      return refuse(
          {.request = raw.request, .error = fail(Code::invalid_argument, "a snapshot's hash must have 32 bytes")});
    events_.emplace_back(ReadSnapshot{raw.request, *path, {raw.offset}, *hash, raw.position});
  }

  /// Empty when a name is not legal; the event is then refused.
  std::optional<DocumentPath> path_of(std::uint64_t request, std::string_view space, std::string_view document) {
    const auto space_name = SpaceName::parse(space);
    const auto document_name = DocumentName::parse(document);
    if (space_name && document_name) return DocumentPath{*space_name, *document_name};
    refuse({.request = request, .error = space_name ? document_name.error() : space_name.error()});
    return std::nullopt;
  }

  void refuse(Refused refused) { events_.emplace_back(std::move(refused)); }

  const SharedBytes& message_;
  const Limits& limits_;
  std::vector<ClientEvent> events_;
};

}  // namespace

Result<std::vector<ClientEvent>> decode_client_frame(const SharedBytes& message, const Limits& limits) {
  return ClientDecoder(message, limits).run();
}

}  // namespace weir::frames
