#include "reference.hpp"

#include <weir/v1/sync.pb.h>

namespace weir::frames {
namespace {

SharedBytes bytes(const std::string& text) { return SharedBytes::copy(text); }
ProducerId producer(const std::string& raw) { return raw.empty() ? ProducerId{} : ProducerId::parse(raw).value(); }
Code code(std::uint32_t value) { return static_cast<Code>(value); }

Digest digest(const std::string& raw) { return Digest::parse(raw).value(); }
DocumentPath path(const std::string& space, const std::string& document) {
  return {SpaceName::parse(space).value(), DocumentName::parse(document).value()};
}

SnapshotChunk convert(const v1::SnapshotChunk& in) {
  return {{in.document()}, in.position(), bytes(in.data()), in.last(), in.unpacked_size(), in.request()};
}

std::optional<ClientEvent> convert(const v1::ClientEvent& event) {
  switch (event.event_case()) {
    case v1::ClientEvent::kHello: {
      const auto& hello = event.hello();
      return Hello{hello.protocol_version(),
                   producer(hello.producer()),
                   hello.token(),
                   {hello.packs().begin(), hello.packs().end()},
                   hello.makes_snapshots(),
                   hello.client()};
    }
    case v1::ClientEvent::kSubscribe: {
      const auto& in = event.subscribe();
      Subscribe out{in.request(),
                    path(in.space(), in.document()),
                    static_cast<From>(in.from()),
                    std::nullopt,
                    in.presence(),
                    in.snapshots(),
                    in.recreate()};
      if (in.has_cursor())
        out.cursor = Cursor{{in.cursor().epoch()}, {in.cursor().offset()}, Digest::parse(in.cursor().chain()).value()};
      return out;
    }
    case v1::ClientEvent::kUnsubscribe: return Unsubscribe{{event.unsubscribe().document()}};
    case v1::ClientEvent::kPublish: {
      const auto& in = event.publish();
      Publish out{{in.document()}, {in.epoch()}, {in.first_sequence()}, {}, in.base()};
      for (const auto& delta : in.deltas()) out.deltas.push_back({{delta.codec()}, bytes(delta.payload())});
      return out;
    }
    case v1::ClientEvent::kPresence: return SetPresence{{event.presence().document()}, bytes(event.presence().data())};
    case v1::ClientEvent::kPong: return Pong{event.pong().nonce()};
    case v1::ClientEvent::kSnapshotOffer: {
      const auto& in = event.snapshot_offer();
      return SnapshotOffer{{in.document()},   {in.epoch()}, {in.offset()}, digest(in.chain()),
                           digest(in.hash()), in.size(),    {in.codec()},  static_cast<Fidelity>(in.fidelity())};
    }
    case v1::ClientEvent::kSnapshotChunk: return convert(event.snapshot_chunk());
    case v1::ClientEvent::kAttest: {
      const auto& in = event.attest();
      return Attest{{in.document()}, {in.offset()}, digest(in.hash()), in.valid()};
    }
    case v1::ClientEvent::kReadHistory: {
      const auto& in = event.read_history();
      return ReadHistory{in.request(),      path(in.space(), in.document()),
                         {in.after()},      {in.as_of_offset()},
                         {in.as_of_time()}, in.snapshots()};
    }
    case v1::ClientEvent::kReadSnapshot: {
      const auto& in = event.read_snapshot();
      return ReadSnapshot{
          in.request(), path(in.space(), in.document()), {in.offset()}, digest(in.hash()), in.position()};
    }
    default: return std::nullopt;
  }
}

PresenceUpdate convert(const v1::PresenceUpdate& in) {
  return {{in.document()}, in.key(), producer(in.producer()), bytes(in.data()), in.gone()};
}

Records convert(const google::protobuf::RepeatedPtrField<v1::Run>& runs) {
  Records out;
  for (const v1::Run& run : runs) {
    std::uint64_t offset = run.first_offset();
    std::uint64_t time = run.time();
    for (int i = 0; i < run.deltas_size(); ++i) {
      if (i > 0) {
        offset += 1 + (run.offset_gaps().empty() ? 0 : run.offset_gaps(i - 1));
        time += run.time_gaps().empty() ? 0 : run.time_gaps(i - 1);
      }
      out.records.push_back({{offset},
                             producer(run.producer()),
                             {run.first_sequence() + static_cast<unsigned>(i)},
                             {time},
                             {run.deltas(i).codec()},
                             bytes(run.deltas(i).payload())});
    }
    out.stub = run.stub();
  }
  return out;
}

Records convert(const v1::Records& in) {
  Records out = convert(in.runs());
  out.document = {in.document()};
  return out;
}

SnapshotHeader convert(const v1::SnapshotHeader& in) {
  return {{in.document()}, {in.offset()},      digest(in.hash()), in.size(),
          {in.codec()},    digest(in.chain()), {in.base()},       static_cast<Fidelity>(in.fidelity()),
          in.verified(),   {in.time()}};
}

History convert(const v1::History& in) {
  History out{in.request(),  {in.epoch()},  {},         convert(in.runs()).records,
              {in.offset()}, in.complete(), {in.cut()}, {in.head()}};
  for (const auto& snapshot : in.snapshots()) out.snapshots.push_back(convert(snapshot));
  return out;
}

Subscribed convert(const v1::Subscribed& in) {
  Subscribed out{in.request(), {in.document()}, {in.epoch()}, {in.head()}, {in.last_sequence()}, in.lost_history(), {}};
  for (const auto& presence : in.presence()) out.presence.push_back(convert(presence));
  return out;
}

std::optional<ServerEvent> convert(const v1::ServerEvent& event) {
  switch (event.event_case()) {
    case v1::ServerEvent::kWelcome: {
      const auto& in = event.welcome();
      return Welcome{{in.session()},           in.server_version(),    in.durability(),      in.heartbeat_ms(),
                     in.in_flight_bytes_max(), in.payload_bytes_max(), in.frame_bytes_max(), in.subscriptions_max(),
                     in.presence_bytes_max(),  in.snapshot_bytes_max()};
    }
    case v1::ServerEvent::kSubscribed: return convert(event.subscribed());
    case v1::ServerEvent::kRecords: return convert(event.records());
    case v1::ServerEvent::kCaughtUp: return CaughtUp{{event.caught_up().document()}, {event.caught_up().offset()}};
    case v1::ServerEvent::kStored: {
      const auto& in = event.stored();
      return Stored{{in.document()}, {in.through_sequence()}, {in.offset()}};
    }
    case v1::ServerEvent::kPresence: return convert(event.presence());
    case v1::ServerEvent::kError: {
      const auto& in = event.error();
      return ErrorEvent{{code(in.code()), in.message()},
                        in.request(),
                        {in.document()},
                        in.retry_after_ms(),
                        {in.expected_sequence()},
                        {in.through_sequence()},
                        static_cast<Reason>(in.reason())};
    }
    case v1::ServerEvent::kGoingAway: {
      const auto& in = event.going_away();
      return GoingAway{in.reconnect_after_ms(), in.address(), in.reason()};
    }
    case v1::ServerEvent::kPing: return Ping{event.ping().nonce()};
    case v1::ServerEvent::kPack: return Pack{{event.pack().document()}, SharedBytes::copy(event.pack().data())};
    case v1::ServerEvent::kCut: return Cut{{event.cut().document()}, {event.cut().offset()}};
    case v1::ServerEvent::kSnapshot: return convert(event.snapshot());
    case v1::ServerEvent::kSnapshotChunk: return convert(event.snapshot_chunk());
    case v1::ServerEvent::kSnapshotWanted:
      return SnapshotWanted{{event.snapshot_wanted().document()}, event.snapshot_wanted().lease_ms()};
    case v1::ServerEvent::kAttestationWanted: {
      const auto& in = event.attestation_wanted();
      return AttestationWanted{{in.document()}, {in.offset()}, digest(in.hash()),
                               in.size(),       {in.codec()},  in.lease_ms()};
    }
    case v1::ServerEvent::kSnapshotStored: {
      const auto& in = event.snapshot_stored();
      return SnapshotStored{{in.document()}, {in.offset()}, digest(in.hash())};
    }
    case v1::ServerEvent::kHistory: return convert(event.history());
    default: return std::nullopt;
  }
}

template <class Frame, class Event>
std::optional<std::vector<Event>> read(const std::string& bytes) {
  Frame frame;
  if (!frame.ParseFromString(bytes)) return std::nullopt;
  std::vector<Event> events;
  for (const auto& event : frame.events()) {
    if (auto converted = convert(event)) events.push_back(std::move(*converted));
  }
  return events;
}

template <class Frame>
std::optional<std::string> rewrite(const std::string& bytes) {
  Frame frame;
  if (!frame.ParseFromString(bytes)) return std::nullopt;
  return frame.SerializeAsString();
}

}  // namespace

std::optional<std::vector<ClientEvent>> reference_client(const std::string& bytes) {
  return read<v1::ClientFrame, ClientEvent>(bytes);
}

std::optional<std::vector<ServerEvent>> reference_server(const std::string& bytes) {
  return read<v1::ServerFrame, ServerEvent>(bytes);
}

std::optional<std::string> reference_rewrite(const std::string& bytes, bool from_server) {
  return from_server ? rewrite<v1::ServerFrame>(bytes) : rewrite<v1::ClientFrame>(bytes);
}

}  // namespace weir::frames
