#include <algorithm>
#include <istream>

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
  std::uint16_t version = 0;
  std::optional<ArchiveStart> start = {};
  ArchiveEnd end = {};
  std::uint64_t at = 0;
  bool over = false;

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
    case Kind::record:
      least = record_head_bytes;
      most = record_head_bytes + payload_bytes_max;
      break;
    case Kind::start: least = most = start_bytes; break;
    case Kind::end: least = most = end_bytes; break;
    default: return damaged(begin, "what begins here is neither a record nor the end");
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
  if (version == version_whole || version == version_cut) return {};
  return fail(Code::unimplemented, "an export of version " + std::to_string(version) +
                                       "; this weir reads up to version " + std::to_string(version_cut) +
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

/// Version 2 has one, right behind the header.
Result<void> ArchiveReader::State::read_start() {
  if (version != version_cut) return {};
  const std::uint64_t begin = at;
  const auto found = frame();
  if (!found) return found.error();
  Fields fields{found->body};
  ArchiveStart read;
  read.cut = {fields.number<std::uint64_t>()};
  read.records = fields.number<std::uint64_t>();
  read.payload_bytes = fields.number<std::uint64_t>();
  const auto chain = Digest::parse(fields.rest);
  if (found->kind != Kind::start || !fields.good || !chain || read.cut.value == 0 || read.records == 0)
    return damaged(begin, "it does not say where it begins");
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

Result<void> ArchiveReader::State::finish(std::string_view body) {
  Fields fields{body};
  ArchiveEnd said;
  said.head = {fields.number<std::uint64_t>()};
  said.records = fields.number<std::uint64_t>();
  said.payload_bytes = fields.number<std::uint64_t>();
  const auto chain = Digest::parse(fields.rest);
  if (chain) said.chain = *chain;
  const Digest whole = digest.finish();
  const auto seal = take(whole.bytes.size());
  if (!seal) return seal.error();
  if (*seal != whole.view()) return damaged(at, "its checksum is another");
  if (said != end) return damaged(at, "its end says something else than its records");
  if (in.peek() != std::istream::traits_type::eof()) return damaged(at, "more comes after its end");
  over = true;
  return {};
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
const std::optional<ArchiveStart>& ArchiveReader::start() const { return state_->start; }
const ArchiveEnd& ArchiveReader::end() const { return state_->end; }

Result<std::optional<Record>> ArchiveReader::next() {
  State& state = *state_;
  if (state.over) return std::optional<Record>();
  const std::uint64_t begin = state.at;
  auto frame = state.frame();
  if (!frame) return frame.error();
  if (frame->kind == Kind::header) return damaged(begin, "a second header");
  if (frame->kind == Kind::start) return damaged(begin, "a beginning in the middle");
  if (frame->kind == Kind::record) {
    auto record = state.record(std::move(frame->body));
    if (!record) return record.error();
    return std::optional<Record>(std::move(*record));
  }
  if (auto whole = state.finish(frame->body); !whole) return whole.error();
  return std::optional<Record>();
}

}  // namespace weir::archive
