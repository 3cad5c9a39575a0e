#include "weir/native/native_dialect.hpp"

#include "weir/core/snapshot_header.hpp"
#include "weir/frames/codec.hpp"

namespace weir::native {

SharedBytes NativeEncoder::records(DocumentHandle document, std::span<const Record> records, bool own) const {
  std::string bytes;
  frames::encode_records(document, records.data(), records.size(), own, bytes);
  return SharedBytes::take(std::move(bytes));
}

SharedBytes NativeEncoder::pack(DocumentHandle document, const SharedBytes& pack) const {
  std::string bytes;
  frames::encode(frames::ServerEvent(frames::Pack{document, pack}), bytes);
  return SharedBytes::take(std::move(bytes));
}

SharedBytes NativeEncoder::snapshot(DocumentHandle document, const Snapshot& snapshot, Offset base_offset,
                                    const SnapshotPart& part) const {
  std::string bytes;
  if (part.position == 0) {
    frames::SnapshotHeader header = core::header_of(snapshot, base_offset);
    header.document = document;
    frames::encode(frames::ServerEvent(header), bytes);
  }
  const frames::SnapshotChunk chunk{document, part.position, part.bytes, part.last, part.compressed ? part.size : 0, 0};
  frames::encode(frames::ServerEvent(chunk), bytes);
  return SharedBytes::take(std::move(bytes));
}

SharedBytes NativeEncoder::presence(const frames::PresenceUpdate& update) const {
  std::string bytes;
  frames::encode(frames::ServerEvent(update), bytes);
  return SharedBytes::take(std::move(bytes));
}

void NativeDialect::message(const SharedBytes& message, core::SessionPort& port) {
  frames::Limits limits;
  limits.payload_bytes_max = limits_.payload_bytes_max;
  limits.presence_bytes_max = limits_.presence_bytes_max;
  auto events = frames::decode_client_frame(message, limits);
  if (!events) {
    frames::ErrorEvent error;
    error.error = events.error();
    error.reason = frames::Reason::protocol;
    event(error, port);
    return port.close(1002, "not a weir.v1 frame");
  }
  for (frames::ClientEvent& event : *events) port.submit(std::move(event));
}

void NativeDialect::event(const frames::ServerEvent& event, core::SessionPort& port) {
  if (std::holds_alternative<frames::Welcome>(event)) greeted_ = true;
  std::string bytes;
  frames::encode(event, bytes);
  port.send(SharedBytes::take(std::move(bytes)));
}

void NativeDialect::snapshot_wanted(const core::SnapshotTurn& turn, core::SessionPort& port) {
  event(frames::SnapshotWanted{turn.document, turn.lease_ms}, port);
}

void NativeDialect::attestation_wanted(const core::AttestationTurn& attestation, core::SessionPort& port) {
  const Snapshot& snapshot = attestation.snapshot;
  event(frames::AttestationWanted{attestation.turn.document, snapshot.offset, snapshot.hash, snapshot.size,
                                  snapshot.codec, attestation.turn.lease_ms},
        port);
}

}  // namespace weir::native
