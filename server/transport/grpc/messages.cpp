#include "weir/grpc/messages.hpp"

#include "weir/v1/relay.pb.h"

namespace weir::rpc {

void fill(const weir::Record& record, v1::Record& message) {
  message.set_offset(record.offset.value);
  message.set_producer(std::string(record.producer.view()));
  message.set_sequence(record.sequence.value);
  message.set_time(record.time.value);
  message.set_codec(static_cast<std::uint32_t>(record.codec.value));
  message.set_payload(record.payload.view().data(), record.payload.size());
}

void fill(const storage::FeedEntry& entry, v1::FeedEntry& message) {
  message.set_document(entry.document.text());
  message.set_epoch(entry.epoch.value);
  switch (entry.kind) {
    case AppendKind::deltas: return fill(entry.record, *message.mutable_record());
    case AppendKind::tombstone:
      message.mutable_deleted()->set_offset(entry.record.offset.value);
      message.mutable_deleted()->set_time(entry.record.time.value);
      return;
    case AppendKind::recreate:
      message.mutable_recreated()->set_offset(entry.record.offset.value);
      message.mutable_recreated()->set_time(entry.record.time.value);
      return;
    case AppendKind::cut: return message.mutable_cut()->set_offset(entry.record.offset.value);
  }
}

void fill(const storage::DocumentSummary& summary, v1::DocumentInfo& message) {
  message.set_document(summary.name.text());
  message.set_life(summary.state.life == DocumentLife::alive     ? v1::LIFE_ALIVE
                   : summary.state.life == DocumentLife::deleted ? v1::LIFE_DELETED
                                                                 : v1::LIFE_ABSENT);
  message.set_epoch(summary.state.epoch.value);
  message.set_head(summary.state.head.value);
  message.set_records(summary.state.records);
  message.set_payload_bytes(summary.state.payload_bytes);
  message.set_first_time(summary.state.first_time.value);
  message.set_last_time(summary.state.last_time.value);
  message.set_cut(summary.state.cut.value);
  message.set_cut_records(summary.state.cut_records);
  message.set_cut_payload_bytes(summary.state.cut_payload_bytes);
}

void fill(const Snapshot& snapshot, const core::SnapshotList& all, bool served, v1::SnapshotInfo& message) {
  message.set_offset(snapshot.offset.value);
  message.set_hash(std::string(snapshot.hash.view()));
  message.set_size(snapshot.size);
  message.set_codec(static_cast<std::uint32_t>(snapshot.codec.value));
  message.set_chain(std::string(snapshot.chain.view()));
  for (const Snapshot& one : all)
    if (one.id == snapshot.base) message.set_base(one.offset.value);
  message.set_fidelity(snapshot.fidelity == Fidelity::lossless ? v1::FIDELITY_LOSSLESS
                       : snapshot.fidelity == Fidelity::lossy  ? v1::FIDELITY_LOSSY
                                                               : v1::FIDELITY_UNKNOWN);
  message.set_standing(snapshot.standing == SnapshotStanding::verified      ? v1::STANDING_VERIFIED
                       : snapshot.standing == SnapshotStanding::quarantined ? v1::STANDING_QUARANTINED
                                                                            : v1::STANDING_CANDIDATE);
  message.set_served(served);
  message.set_time(snapshot.time.value);
  message.set_since(snapshot.since.value);
  message.set_author(snapshot.author);
  message.set_by(snapshot.by);
  message.set_records(snapshot.records);
  message.set_payload_bytes(snapshot.payload_bytes);
}

}  // namespace weir::rpc
