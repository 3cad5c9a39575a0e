#include <algorithm>
#include <ostream>

#include "weir/archive/archive.hpp"
#include "weir/archive/format.hpp"

namespace weir::archive {

struct ArchiveWriter::State {
  std::ostream& out;
  FileDigest digest = {};
  ArchiveEnd end = {};
  std::string buffer = {};
  bool snapshots = false;        ///< the file says that there may be some
  std::uint64_t bytes_left = 0;  ///< of the snapshot that has begun

  void write(std::string_view bytes) {
    digest.add(bytes);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  /// `more` is the rest of a body that begins with the buffer.
  void frame(Kind kind, std::string_view more = {}) {
    std::string head(1, static_cast<char>(kind));
    put(head, static_cast<std::uint32_t>(buffer.size() + more.size()));
    write(head);
    write(buffer);
    if (!more.empty()) write(more);
    buffer.clear();
  }
  [[nodiscard]] Result<void> written() const {
    if (out.good()) return {};
    return fail(Code::resource_exhausted, "the export cannot be written; is there room on the disk?");
  }
};

ArchiveWriter::ArchiveWriter(std::ostream& out, const DocumentPath& path, Epoch epoch,
                             const std::optional<ArchiveStart>& start, bool snapshots)
    : state_(std::make_unique<State>(State{.out = out})) {
  State& state = *state_;
  state.end.chain = start ? start->chain : chain_start(path);
  state.end.head = start ? start->cut : Offset{};
  state.snapshots = snapshots;
  state.buffer = magic;
  put(state.buffer, snapshots ? version_snapshots : start ? version_cut : version_whole);
  state.write(state.buffer);
  state.buffer.clear();
  put(state.buffer, static_cast<std::uint16_t>(path.space.text().size()));
  state.buffer += path.space.text();
  put(state.buffer, static_cast<std::uint16_t>(path.document.text().size()));
  state.buffer += path.document.text();
  put(state.buffer, epoch.value);
  state.frame(Kind::header);
  if (!start && !snapshots) return;
  put(state.buffer, state.end.head.value);
  put(state.buffer, start ? start->records : 0);
  put(state.buffer, start ? start->payload_bytes : 0);
  state.buffer += state.end.chain.view();
  state.frame(Kind::start);
}

ArchiveWriter::~ArchiveWriter() = default;
ArchiveWriter::ArchiveWriter(ArchiveWriter&&) noexcept = default;

Result<void> ArchiveWriter::add(const Record& record) {
  State& state = *state_;
  if (record.offset <= state.end.head) {
    return fail(Code::invalid_argument, "the records of an export come in the order of their offsets");
  }
  if (record.payload.size() > payload_bytes_max) {
    return fail(Code::resource_exhausted,
                "the payload at offset " + std::to_string(record.offset.value) + " is larger than an export can hold");
  }
  put(state.buffer, record.offset.value);
  state.buffer += record.producer.view();
  put(state.buffer, record.sequence.value);
  put(state.buffer, record.time.value);
  put(state.buffer, static_cast<std::uint32_t>(record.codec.value));
  state.frame(Kind::record, record.payload.view());
  ++state.end.records;
  state.end.head = record.offset;
  state.end.payload_bytes += record.payload.size();
  state.end.chain = chain_next(state.end.chain, record.producer, record.sequence, record.codec, record.payload.view());
  return state.written();
}

Result<void> ArchiveWriter::begin(const ArchivedSnapshot& snapshot) {
  State& state = *state_;
  const Snapshot& about = snapshot.about;
  if (!state.snapshots || state.bytes_left > 0 || about.author.size() > author_bytes_max ||
      about.note.size() > note_bytes_max)
    return fail(Code::invalid_argument, "this snapshot cannot be put into the export");
  put(state.buffer, about.offset.value);
  put(state.buffer, snapshot.base.value);
  state.buffer += about.chain.view();
  state.buffer += about.hash.view();
  put(state.buffer, about.size);
  put(state.buffer, static_cast<std::uint32_t>(about.codec.value));
  put(state.buffer, static_cast<std::uint8_t>(about.fidelity));
  put(state.buffer, static_cast<std::uint8_t>(about.standing));
  put(state.buffer, about.time.value);
  put(state.buffer, about.since.value);
  put(state.buffer, about.records);
  put(state.buffer, about.payload_bytes);
  put(state.buffer, static_cast<std::uint16_t>(about.author.size()));
  state.buffer += about.author;
  state.frame(Kind::snapshot, about.note.view());
  state.bytes_left = about.size;
  ++state.end.snapshots;
  state.end.snapshot_bytes += about.size;
  return state.written();
}

Result<void> ArchiveWriter::add(std::string_view bytes) {
  State& state = *state_;
  if (bytes.size() > state.bytes_left) return fail(Code::invalid_argument, "the snapshot has more bytes than it says");
  state.bytes_left -= bytes.size();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), part_bytes_max)))
    state.frame(Kind::part, bytes.substr(0, part_bytes_max));
  return state.written();
}

Result<ArchiveEnd> ArchiveWriter::finish() {
  State& state = *state_;
  if (state.bytes_left > 0) return fail(Code::invalid_argument, "the snapshot has fewer bytes than it says");
  put(state.buffer, state.end.head.value);
  put(state.buffer, state.end.records);
  put(state.buffer, state.end.payload_bytes);
  state.buffer += state.end.chain.view();
  if (state.snapshots) {
    put(state.buffer, state.end.snapshots);
    put(state.buffer, state.end.snapshot_bytes);
  }
  state.frame(Kind::end);
  const Digest digest = state.digest.finish();
  state.out.write(digest.view().data(), static_cast<std::streamsize>(digest.view().size()));
  state.out.flush();
  if (auto written = state.written(); !written) return written.error();
  return state.end;
}

const ArchiveEnd& ArchiveWriter::so_far() const { return state_->end; }

}  // namespace weir::archive
