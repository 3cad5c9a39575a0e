// What of a document concerns snapshots and cuts.
#include <algorithm>

#include "weir/client/document_logic.hpp"

namespace weir::client {
namespace {

/// Of a snapshot, in one event.
constexpr std::size_t chunk_bytes = std::size_t{256} << 10;

}  // namespace

// ---- made here ----

void DocumentLogic::offer_snapshot(const Cursor& at, const MadeSnapshot& plain) {
  if (phase_ != Phase::open || at.epoch != history_.epoch() || !link_.welcome()) return;
  const MadeSnapshot made = intake_.cipher() != nullptr ? intake_.cipher()->seal(plain, at) : plain;
  frames::SnapshotOffer offer;
  offer.document = handle_;
  offer.epoch = at.epoch;
  offer.offset = at.offset;
  offer.chain = at.chain;
  offer.hash = sha256(made.bytes.view());
  offer.size = made.bytes.size();
  offer.codec = made.codec;
  offer.fidelity = made.fidelity;
  link_.send(offer);
  const std::uint64_t frame_max = link_.welcome()->frame_bytes_max;
  const std::size_t chunk_max = frame_max > 0 ? std::min<std::size_t>(chunk_bytes, frame_max / 2) : chunk_bytes;
  for (std::size_t at_byte = 0;;) {
    const std::size_t size = std::min(chunk_max, made.bytes.size() - at_byte);
    const bool last = at_byte + size == made.bytes.size();
    link_.send(frames::SnapshotChunk{handle_, at_byte, made.bytes.slice(at_byte, size), last});
    if (last) return;
    at_byte += size;
  }
}

void DocumentLogic::attest(Offset offset, const Digest& hash, bool valid) {
  if (phase_ == Phase::open) link_.send(frames::Attest{handle_, offset, hash, valid});
}

std::optional<Cursor> DocumentLogic::idle_at() const {
  if (phase_ != Phase::open || !caught_up_ || publisher_.pending() > 0 || intake_.lacks_key()) return std::nullopt;
  if (own_at_ > history_.offset()) return std::nullopt;  // the application has what the cursor stands before
  return history_.cursor();
}

// ---- from the relay ----

void DocumentLogic::on(const frames::SnapshotHeader& event) {
  if (phase_ != Phase::open || !options_.snapshots || avoid_snapshots_) return;
  if (event.offset < history_.offset())
    return snapshot_wrong(fail(Code::data_loss, "a snapshot stands for less than what was read"));
  const std::optional<Error> wrong = intake_.look(event);
  if (intake_.lacks_key()) publisher_.keep_place();
  if (wrong) return snapshot_wrong(*wrong);
  const SnapshotReader::Limits limits{.bytes_max = link_.welcome()->snapshot_bytes_max, .unpacks = link_.takes_packs()};
  if (auto begun = snapshot_.begin(event, limits); !begun) snapshot_wrong(begun.error());
}

void DocumentLogic::on(const frames::SnapshotChunk& event) {
  if (event.request != 0) return work_.on(event);
  if (phase_ != Phase::open || !snapshot_.reading()) return;
  const auto whole = snapshot_.add(event);
  if (!whole) return snapshot_wrong(whole.error());
  if (!*whole) return;
  const frames::SnapshotHeader header = snapshot_.header();
  take_snapshot(header, snapshot_.take());
}

void DocumentLogic::take_snapshot(const frames::SnapshotHeader& header, SharedBytes bytes) {
  SnapshotContents contents{header.codec, std::move(bytes)};
  if (intake_.cipher() != nullptr) {
    const Opened<SnapshotContents> opened =
        intake_.cipher()->open_snapshot(header.codec, contents.bytes.view(), header.offset, header.chain, header.base);
    if (!opened) return snapshot_wrong(opened.error().error);
    contents = *opened;
  }
  history_.jump(header.offset, header.chain);
  intake_.jump(history_);
  link_.tell(SnapshotRead{id_, contents.bytes, contents.codec, header.offset, header.base, header.verified,
                          header.fidelity, history_.cursor()});
}

/// Nothing of it is taken, and what it stands for is read as records.
void DocumentLogic::snapshot_wrong(const Error& error) {
  avoid_snapshots_ = true;
  link_.tell(DocumentFailed{
      id_,
      make_error(ErrorKind::snapshot, error.code, where() + ": " + error.message + "; the document is read without it"),
      false});
  resubscribe();
}

void DocumentLogic::on(const frames::Cut& event) {
  // What stands for the records may come now, if it was not there before.
  const bool missed = phase_ == Phase::open && event.offset > std::max(history_.offset(), cut_);
  if (missed && options_.snapshots && !avoid_snapshots_) {
    cut_ = event.offset;
    return resubscribe();
  }
  if (event.offset > history_.offset()) {
    history_.cut(event.offset);
    intake_.jump(history_);
  }
  link_.tell(RecordsCut{id_, event.offset});
}

}  // namespace weir::client
