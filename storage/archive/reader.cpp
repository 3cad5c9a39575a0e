#include <algorithm>
#include <istream>
#include <utility>

#include "weir/archive/archive.hpp"
#include "weir/archive/format.hpp"

namespace weir::archive {

namespace {

/// A length is believed only as far as there are bytes: memory is taken in pieces of this size.
constexpr std::size_t piece_bytes = std::size_t{1} << 20;

Error damaged(std::uint64_t at, const std::string& what) {
  return fail(Code::data_loss, "the export is damaged at byte " + std::to_string(at) + ": " + what +
                                   "; use another copy, or export the document again");
}

}  // namespace

struct ArchiveReader::State {
  std::istream& in;
  FileDigest digest = {};
  DocumentPath path = {};
  Epoch epoch = {};
  ArchiveEnd end = {};
  std::optional<ArchiveStart> start = {};
  std::uint64_t at = 0;
  std::uint16_t version = 0;
  bool over = false;
  std::optional<ArchivedSnapshot> waiting = {};  ///< read, and not handed over
  std::optional<Sha256> hash = {};               ///< of the snapshot whose bytes come
  Digest hash_said = {};
  std::uint64_t bytes_left = 0;

  struct Frame {
    Kind kind = Kind::end;
    std::string body;
  };

  /// Exactly so many.
  [[nodiscard]] Result<std::string> take(std::size_t count);
  [[nodiscard]] Result<Frame> frame();
  [[nodiscard]] Result<void> read_magic();
  [[nodiscard]] Result<void> read_header();
  [[nodiscard]] Result<void> read_start();
  [[nodiscard]] Result<Record> record(std::string body);
  [[nodiscard]] Result<void> snapshot(const std::string& body);
  [[nodiscard]] Result<void> end_snapshot();
  [[nodiscard]] Result<void> behind_records(const Frame& frame, std::uint64_t begin);
  [[nodiscard]] Result<void> finish(std::string_view body);
};

Result<std::string> ArchiveReader::State::take(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(piece_bytes, count - before));
    in.read(bytes.data() + before, static_cast<std::streamsize>(bytes.size() - before));
    const auto got = static_cast<std::size_t>(in.gcount());
    at += got;
    if (got != bytes.size() - before) return damaged(at, "it ends here, in the middle");
  }
  return bytes;
}

Result<ArchiveReader::State::Frame> ArchiveReader::State::frame() {
  const std::uint64_t begin = at;
  const auto head = take(frame_head_bytes);
  if (!head) return head.error();
  digest.add(*head);
  Frame frame{static_cast<Kind>(head->front()), {}};
  Fields fields{std::string_view(*head).substr(1)};
  const auto length = fields.number<std::uint32_t>();
  std::size_t least = 0;
  std::size_t most = 0;
  switch (frame.kind) {
    case Kind::header: most = header_bytes_max; break;
    case Kind::start: least = most = start_bytes; break;
    case Kind::record:
      least = record_head_bytes;
      most = record_head_bytes + payload_bytes_max;
      break;
    case Kind::snapshot:
      least = snapshot_head_bytes;
      most = snapshot_head_bytes + author_bytes_max + note_bytes_max;
      break;
    case Kind::part:
      least = 1;
      most = part_bytes_max;
      break;
    case Kind::end: least = most = end_bytes + (version == version_snapshots ? end_snapshots_bytes : 0); break;
    default: return damaged(begin, "what begins here is nothing that an export has");
  }
  if (length < least || length > most) return damaged(begin, "a length of " + std::to_string(length) + " bytes");
  auto body = take(length);
  if (!body) return body.error();
  digest.add(*body);
  frame.body = std::move(*body);
  return frame;
}

Result<void> ArchiveReader::State::read_magic() {
  const auto begin = take(magic.size() + sizeof version);
  if (!begin || !begin->starts_with(magic)) {
    return fail(Code::data_loss, "this is no export of weir; `weir docs export` makes one");
  }
  digest.add(*begin);
  Fields fields{std::string_view(*begin).substr(magic.size())};
  version = fields.number<std::uint16_t>();
  if (version >= version_whole && version <= version_snapshots) return {};
  return fail(Code::unimplemented, "an export of version " + std::to_string(version) +
                                       "; this weir reads up to version " + std::to_string(version_snapshots) +
                                       ", take a newer one");
}

Result<void> ArchiveReader::State::read_header() {
  const std::uint64_t begin = at;
  const auto header = frame();
  if (!header) return header.error();
  Fields fields{header->body};
  auto space = SpaceName::parse(fields.bytes(fields.number<std::uint16_t>()));
  auto document = DocumentName::parse(fields.bytes(fields.number<std::uint16_t>()));
  epoch = {fields.number<std::uint64_t>()};
  if (header->kind != Kind::header || !fields.good || !fields.rest.empty() || !space || !document) {
    return damaged(begin, "this is no header");
  }
  path = {std::move(*space), std::move(*document)};
  end.chain = chain_start(path);
  return {};
}

/// Versions above 1 have one, right behind the header; in version 3 it may say that nothing was cut.
Result<void> ArchiveReader::State::read_start() {
  if (version == version_whole) return {};
  const std::uint64_t begin = at;
  const auto found = frame();
  if (!found) return found.error();
  Fields fields{found->body};
  ArchiveStart read;
  read.cut = {fields.number<std::uint64_t>()};
  read.records = fields.number<std::uint64_t>();
  read.payload_bytes = fields.number<std::uint64_t>();
  const auto chain = Digest::parse(fields.rest);
  const bool is_start = found->kind == Kind::start && fields.good && chain;
  const bool whole = read.cut.value == 0 && read.records == 0 && read.payload_bytes == 0;
  if (is_start && whole && version == version_snapshots && *chain == end.chain) return {};
  if (!is_start || read.cut.value == 0 || read.records == 0) return damaged(begin, "it does not say where it begins");
  read.chain = *chain;
  start = read;
  end.head = read.cut;
  end.chain = read.chain;
  return {};
}

Result<Record> ArchiveReader::State::record(std::string body) {
  const SharedBytes bytes = SharedBytes::take(std::move(body));
  Fields fields{bytes.view()};
  Record record;
  record.offset = {fields.number<std::uint64_t>()};
  const auto producer = ProducerId::parse(fields.bytes(sizeof(ProducerId::bytes)));
  record.sequence = {fields.number<std::uint64_t>()};
  record.time = {fields.number<std::uint64_t>()};
  record.codec = {fields.number<std::uint32_t>()};
  record.payload = bytes.slice(fields.rest);
  if (!producer || record.offset <= end.head || record.sequence.value == 0) {
    return damaged(at - bytes.size(), "a record that cannot be");
  }
  record.producer = *producer;
  ++end.records;
  end.head = record.offset;
  end.payload_bytes += record.payload.size();
  end.chain = chain_next(end.chain, record.producer, record.sequence, record.codec, record.payload.view());
  return record;
}

Result<void> ArchiveReader::State::snapshot(const std::string& body) {
  Fields fields{body};
  ArchivedSnapshot read;
  Snapshot& about = read.about;
  about.offset = {fields.number<std::uint64_t>()};
  read.base = {fields.number<std::uint64_t>()};
  const auto chain = Digest::parse(fields.bytes(sizeof(Digest::bytes)));
  const auto hash_of_bytes = Digest::parse(fields.bytes(sizeof(Digest::bytes)));
  about.size = fields.number<std::uint64_t>();
  about.codec = {fields.number<std::uint32_t>()};
  const auto fidelity = fields.number<std::uint8_t>();
  const auto standing = fields.number<std::uint8_t>();
  about.time = {fields.number<std::uint64_t>()};
  about.since = {fields.number<std::uint64_t>()};
  about.records = fields.number<std::uint64_t>();
  about.payload_bytes = fields.number<std::uint64_t>();
  about.author = fields.bytes(fields.number<std::uint16_t>());
  const bool known = fidelity <= static_cast<std::uint8_t>(Fidelity::lossy) &&
                     standing < static_cast<std::uint8_t>(SnapshotStanding::quarantined);
  const bool placed = about.offset.value != 0 && about.offset <= end.head && read.base < about.offset;
  if (!fields.good || !chain || !hash_of_bytes || !known || !placed || about.author.size() > author_bytes_max)
    return damaged(at - body.size(), "a snapshot that cannot be");
  about.chain = *chain;
  about.hash = hash_said = *hash_of_bytes;
  about.fidelity = static_cast<Fidelity>(fidelity);
  about.standing = static_cast<SnapshotStanding>(standing);
  about.note = SharedBytes::copy(fields.rest);
  bytes_left = about.size;
  hash.emplace();
  ++end.snapshots;
  end.snapshot_bytes += about.size;
  waiting = std::move(read);
  return {};
}

Result<void> ArchiveReader::State::end_snapshot() {
  if (!hash) return {};
  const bool right = hash->finish() == hash_said;
  hash.reset();
  return right ? Result<void>() : damaged(at, "a snapshot whose bytes are not what its hash says");
}

Result<void> ArchiveReader::State::finish(std::string_view body) {
  Fields fields{body};
  ArchiveEnd said;
  said.head = {fields.number<std::uint64_t>()};
  said.records = fields.number<std::uint64_t>();
  said.payload_bytes = fields.number<std::uint64_t>();
  const auto chain = Digest::parse(fields.bytes(sizeof(Digest::bytes)));
  if (chain) said.chain = *chain;
  if (version == version_snapshots) {
    said.snapshots = fields.number<std::uint64_t>();
    said.snapshot_bytes = fields.number<std::uint64_t>();
  }
  const Digest whole = digest.finish();
  const auto seal = take(whole.bytes.size());
  if (!seal) return seal.error();
  if (*seal != whole.view()) return damaged(at, "its checksum is another");
  if (said != end) return damaged(at, "its end says something else than its records");
  if (in.peek() != std::istream::traits_type::eof()) return damaged(at, "more comes after its end");
  over = true;
  return {};
}

/// A snapshot begins, or the file ends.
Result<void> ArchiveReader::State::behind_records(const Frame& frame, std::uint64_t begin) {
  if (frame.kind == Kind::snapshot && version == version_snapshots) return snapshot(frame.body);
  if (frame.kind == Kind::end) return finish(frame.body);
  if (frame.kind == Kind::start) return damaged(begin, "a beginning in the middle");
  if (frame.kind == Kind::header) return damaged(begin, "a second header");
  return damaged(begin, "what begins here has no place here");
}

ArchiveReader::ArchiveReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveReader::~ArchiveReader() = default;
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;

Result<ArchiveReader> ArchiveReader::open(std::istream& in) {
  auto state = std::make_unique<State>(State{.in = in});
  if (auto begun = state->read_magic(); !begun) return begun.error();
  if (auto begun = state->read_header(); !begun) return begun.error();
  if (auto begun = state->read_start(); !begun) return begun.error();
  return ArchiveReader(std::move(state));
}

const DocumentPath& ArchiveReader::path() const { return state_->path; }
Epoch ArchiveReader::epoch() const { return state_->epoch; }
const ArchiveEnd& ArchiveReader::end() const { return state_->end; }

const std::optional<ArchiveStart>& ArchiveReader::start() const { return state_->start; }

Result<std::optional<Record>> ArchiveReader::next() {
  State& state = *state_;
  if (state.over || state.end.snapshots > 0) return std::optional<Record>();
  const std::uint64_t begin = state.at;
  auto frame = state.frame();
  if (!frame) return frame.error();
  if (frame->kind == Kind::record) {
    auto record = state.record(std::move(frame->body));
    if (!record) return record.error();
    return std::optional<Record>(std::move(*record));
  }
  if (auto taken = state.behind_records(*frame, begin); !taken) return taken.error();
  return std::optional<Record>();
}

Result<std::optional<ArchivedSnapshot>> ArchiveReader::next_snapshot() {
  State& state = *state_;
  while (!state.over && !state.waiting) {
    const auto passed = bytes();
    if (!passed) return passed.error();
    if (!passed->empty()) continue;
    const std::uint64_t begin = state.at;
    const auto frame = state.frame();
    if (!frame) return frame.error();
    if (auto taken = state.behind_records(*frame, begin); !taken) return taken.error();
  }
  return std::exchange(state.waiting, std::nullopt);
}

Result<std::string> ArchiveReader::bytes() {
  State& state = *state_;
  if (state.bytes_left == 0) {
    if (auto ended = state.end_snapshot(); !ended) return ended.error();
    return std::string();
  }
  const std::uint64_t begin = state.at;
  auto frame = state.frame();
  if (!frame) return frame.error();
  if (frame->kind != Kind::part || frame->body.size() > state.bytes_left)
    return damaged(begin, "a snapshot that is not of the length it says");
  state.bytes_left -= frame->body.size();
  state.hash->add(frame->body);
  return std::move(frame->body);
}

}  // namespace weir::archive
