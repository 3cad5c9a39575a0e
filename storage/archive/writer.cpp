#include <ostream>

#include "weir/archive/archive.hpp"
#include "weir/archive/format.hpp"

namespace weir::archive {

struct ArchiveWriter::State {
  std::ostream& out;
  FileDigest digest = {};
  ArchiveEnd end = {};
  std::string buffer = {};

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
                             const std::optional<ArchiveStart>& start)
    : state_(std::make_unique<State>(State{.out = out})) {
  State& state = *state_;
  state.end.chain = chain_start(path);
  state.buffer = magic;
  put(state.buffer, start ? version_cut : version_whole);
  state.write(state.buffer);
  state.buffer.clear();
  put(state.buffer, static_cast<std::uint16_t>(path.space.text().size()));
  state.buffer += path.space.text();
  put(state.buffer, static_cast<std::uint16_t>(path.document.text().size()));
  state.buffer += path.document.text();
  put(state.buffer, epoch.value);
  state.frame(Kind::header);
  if (!start) return;
  state.end.head = start->cut;
  state.end.chain = start->chain;
  put(state.buffer, start->cut.value);
  put(state.buffer, start->records);
  put(state.buffer, start->payload_bytes);
  state.buffer += start->chain.view();
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

Result<ArchiveEnd> ArchiveWriter::finish() {
  State& state = *state_;
  put(state.buffer, state.end.head.value);
  put(state.buffer, state.end.records);
  put(state.buffer, state.end.payload_bytes);
  state.buffer += state.end.chain.view();
  state.frame(Kind::end);
  const Digest digest = state.digest.finish();
  state.out.write(digest.view().data(), static_cast<std::streamsize>(digest.view().size()));
  state.out.flush();
  if (auto written = state.written(); !written) return written.error();
  return state.end;
}

const ArchiveEnd& ArchiveWriter::so_far() const { return state_->end; }

}  // namespace weir::archive
