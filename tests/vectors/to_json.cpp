#include "vectors.hpp"

namespace weir::frames {
namespace {

std::string text(std::uint64_t value) { return std::to_string(value); }  // JSON's numbers end at 2^53

Json delta_json(Codec codec, const SharedBytes& payload) {
  return {{"codec", codec.value}, {"payload", to_hex(payload.view())}};
}

Json body(const Hello& hello) {
  return {{"type", "hello"},
          {"protocol_version", hello.protocol_version},
          {"producer", hello.producer.hex()},
          {"token", hello.token},
          {"packs", hello.packs},
          {"makes_snapshots", hello.makes_snapshots},
          {"client", hello.client}};
}

Json body(const Subscribe& subscribe) {
  Json cursor;
  if (subscribe.cursor) {
    cursor = {{"epoch", text(subscribe.cursor->epoch.value)},
              {"offset", text(subscribe.cursor->offset.value)},
              {"chain", subscribe.cursor->chain.hex()}};
  }
  return {{"type", "subscribe"},
          {"request", text(subscribe.request)},
          {"space", subscribe.path.space.text()},
          {"document", subscribe.path.document.text()},
          {"from", static_cast<int>(subscribe.from)},
          {"cursor", cursor},
          {"presence", subscribe.presence},
          {"snapshots", subscribe.snapshots},
          {"recreate", subscribe.recreate}};
}

Json body(const Unsubscribe& unsubscribe) {
  return {{"type", "unsubscribe"}, {"document", text(unsubscribe.document.value)}};
}

Json body(const Publish& publish) {
  Json deltas = Json::array();
  for (const Delta& delta : publish.deltas) deltas.push_back(delta_json(delta.codec, delta.payload));
  return {{"type", "publish"},
          {"document", text(publish.document.value)},
          {"epoch", text(publish.epoch.value)},
          {"first_sequence", text(publish.first_sequence.value)},
          {"deltas", deltas},
          {"base", publish.base}};
}

Json body(const SetPresence& presence) {
  return {
      {"type", "set_presence"}, {"document", text(presence.document.value)}, {"data", to_hex(presence.data.view())}};
}

Json body(const Pong& pong) { return {{"type", "pong"}, {"nonce", text(pong.nonce)}}; }

Json body(const Refused& refused) {
  return {{"type", "refused"},
          {"request", text(refused.request)},
          {"document", text(refused.document.value)},
          {"code", static_cast<int>(refused.error.code)},
          {"message", refused.error.message},
          {"through_sequence", text(refused.through_sequence.value)}};
}

Json body(const Welcome& welcome) {
  return {{"type", "welcome"},
          {"session", text(welcome.session.value)},
          {"server_version", welcome.server_version},
          {"durability", welcome.durability},
          {"heartbeat_ms", welcome.heartbeat_ms},
          {"in_flight_bytes_max", text(welcome.in_flight_bytes_max)},
          {"payload_bytes_max", text(welcome.payload_bytes_max)},
          {"frame_bytes_max", text(welcome.frame_bytes_max)},
          {"subscriptions_max", welcome.subscriptions_max},
          {"presence_bytes_max", welcome.presence_bytes_max},
          {"snapshot_bytes_max", text(welcome.snapshot_bytes_max)}};
}

Json body(const PresenceUpdate& presence) {
  return {{"type", "presence"},
          {"document", text(presence.document.value)},
          {"key", to_hex(presence.key)},
          {"producer", presence.producer.hex()},
          {"data", to_hex(presence.data.view())},
          {"gone", presence.gone}};
}

Json body(const Subscribed& subscribed) {
  Json presence = Json::array();
  for (const PresenceUpdate& one : subscribed.presence) presence.push_back(body(one));
  return {{"type", "subscribed"},
          {"request", text(subscribed.request)},
          {"document", text(subscribed.document.value)},
          {"epoch", text(subscribed.epoch.value)},
          {"head", text(subscribed.head.value)},
          {"last_sequence", text(subscribed.last_sequence.value)},
          {"lost_history", subscribed.lost_history},
          {"presence", presence}};
}

Json records_json(const std::vector<Record>& records) {
  Json list = Json::array();
  for (const Record& record : records) {
    list.push_back({{"offset", text(record.offset.value)},
                    {"producer", record.producer.hex()},
                    {"sequence", text(record.sequence.value)},
                    {"time", text(record.time.value)},
                    {"codec", record.codec.value},
                    {"payload", to_hex(record.payload.view())}});
  }
  return list;
}

Json body(const Records& records) {
  return {{"type", "records"},
          {"document", text(records.document.value)},
          {"stub", records.stub},
          {"records", records_json(records.records)}};
}

Json body(const CaughtUp& caught_up) {
  return {
      {"type", "caught_up"}, {"document", text(caught_up.document.value)}, {"offset", text(caught_up.offset.value)}};
}

Json body(const Stored& stored) {
  return {{"type", "stored"},
          {"document", text(stored.document.value)},
          {"through_sequence", text(stored.through_sequence.value)},
          {"offset", text(stored.offset.value)}};
}

Json body(const ErrorEvent& error) {
  return {{"type", "error"},
          {"code", static_cast<int>(error.error.code)},
          {"message", error.error.message},
          {"request", text(error.request)},
          {"document", text(error.document.value)},
          {"retry_after_ms", text(error.retry_after_ms)},
          {"expected_sequence", text(error.expected_sequence.value)},
          {"through_sequence", text(error.through_sequence.value)},
          {"reason", static_cast<int>(error.reason)}};
}

Json body(const GoingAway& going_away) {
  return {{"type", "going_away"},
          {"reconnect_after_ms", text(going_away.reconnect_after_ms)},
          {"address", going_away.address},
          {"reason", going_away.reason}};
}

Json body(const Ping& ping) { return {{"type", "ping"}, {"nonce", text(ping.nonce)}}; }

Json body(const Cut& cut) {
  return {{"type", "cut"}, {"document", text(cut.document.value)}, {"offset", text(cut.offset.value)}};
}

Json body(const Pack& pack) {
  return {{"type", "pack"}, {"document", text(pack.document.value)}, {"data", to_hex(pack.data.view())}};
}

Json body(const SnapshotOffer& offer) {
  return {{"type", "snapshot_offer"},
          {"document", text(offer.document.value)},
          {"epoch", text(offer.epoch.value)},
          {"offset", text(offer.offset.value)},
          {"chain", offer.chain.hex()},
          {"hash", offer.hash.hex()},
          {"size", text(offer.size)},
          {"codec", offer.codec.value},
          {"fidelity", static_cast<int>(offer.fidelity)}};
}

Json body(const SnapshotChunk& chunk) {
  return {{"type", "snapshot_chunk"},
          {"document", text(chunk.document.value)},
          {"position", text(chunk.position)},
          {"data", to_hex(chunk.data.view())},
          {"last", chunk.last},
          {"unpacked_size", text(chunk.unpacked_size)},
          {"request", text(chunk.request)}};
}

Json body(const Attest& attest) {
  return {{"type", "attest"},
          {"document", text(attest.document.value)},
          {"offset", text(attest.offset.value)},
          {"hash", attest.hash.hex()},
          {"valid", attest.valid}};
}

Json body(const ReadHistory& read) {
  return {{"type", "read_history"},
          {"request", text(read.request)},
          {"space", read.path.space.text()},
          {"document", read.path.document.text()},
          {"after", text(read.after.value)},
          {"as_of_offset", text(read.as_of_offset.value)},
          {"as_of_time", text(read.as_of_time.value)},
          {"snapshots", read.snapshots}};
}

Json body(const ReadSnapshot& read) {
  return {{"type", "read_snapshot"},           {"request", text(read.request)},
          {"space", read.path.space.text()},   {"document", read.path.document.text()},
          {"offset", text(read.offset.value)}, {"hash", read.hash.hex()},
          {"position", text(read.position)}};
}

Json body(const SnapshotHeader& snapshot) {
  return {{"type", "snapshot"},
          {"document", text(snapshot.document.value)},
          {"offset", text(snapshot.offset.value)},
          {"hash", snapshot.hash.hex()},
          {"size", text(snapshot.size)},
          {"codec", snapshot.codec.value},
          {"chain", snapshot.chain.hex()},
          {"base", text(snapshot.base.value)},
          {"fidelity", static_cast<int>(snapshot.fidelity)},
          {"verified", snapshot.verified},
          {"time", text(snapshot.time.value)}};
}

Json body(const SnapshotWanted& wanted) {
  return {{"type", "snapshot_wanted"}, {"document", text(wanted.document.value)}, {"lease_ms", text(wanted.lease_ms)}};
}

Json body(const AttestationWanted& wanted) {
  return {{"type", "attestation_wanted"},        {"document", text(wanted.document.value)},
          {"offset", text(wanted.offset.value)}, {"hash", wanted.hash.hex()},
          {"size", text(wanted.size)},           {"codec", wanted.codec.value},
          {"lease_ms", text(wanted.lease_ms)}};
}

Json body(const SnapshotStored& stored) {
  return {{"type", "snapshot_stored"},
          {"document", text(stored.document.value)},
          {"offset", text(stored.offset.value)},
          {"hash", stored.hash.hex()}};
}

Json body(const History& history) {
  Json snapshots = Json::array();
  for (const SnapshotHeader& snapshot : history.snapshots) snapshots.push_back(body(snapshot));
  return {{"type", "history"},
          {"request", text(history.request)},
          {"epoch", text(history.epoch.value)},
          {"snapshots", snapshots},
          {"records", records_json(history.records)},
          {"offset", text(history.offset.value)},
          {"complete", history.complete},
          {"cut", text(history.cut.value)},
          {"head", text(history.head.value)}};
}

}  // namespace

Json to_json(const ClientEvent& event) {
  return std::visit([](const auto& one) { return body(one); }, event);
}

Json to_json(const ServerEvent& event) {
  return std::visit([](const auto& one) { return body(one); }, event);
}

}  // namespace weir::frames
