#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>

#include "weir/archive/archive.hpp"
#include "weir/cli/docs.hpp"

namespace weir::cli {

namespace {

using archive::ArchiveEnd;
using archive::ArchiveReader;
using archive::ArchiveStart;
using archive::ArchiveWriter;

/// Of one append.
constexpr std::size_t run_deltas_max = 1000;
constexpr std::size_t run_bytes_max = std::size_t{1} << 20;

/// How far it is, on a terminal.
class Progress {
 public:
  explicit Progress(const Streams& streams) : streams_(streams) {}
  ~Progress() {
    if (shown_) streams_.err << '\n';
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void at(const ArchiveEnd& end) {
    if (!streams_.err_is_terminal || end.records % 10'000 != 0) return;
    streams_.err << '\r' << end.records << " records, " << (end.payload_bytes >> 20) << " MiB" << std::flush;
    shown_ = true;
  }

 private:
  const Streams& streams_;
  bool shown_ = false;
};

/// Where the export begins; `state` says how much lies before. Empty: it was cut after `state` was asked for.
std::optional<ArchiveStart> start_at(const Cursor& cut, const DocumentState& state) {
  if (cut.offset != state.cut) return std::nullopt;
  return ArchiveStart{cut.offset, cut.chain, state.cut_records, state.cut_payload_bytes};
}

Result<ArchiveEnd> write_archive(DocumentSource& source, const DocumentPath& path, const DocumentState& state,
                                 std::ostream& out, const Streams& streams) {
  std::optional<ArchiveWriter> begun;  // when it is known where the document begins
  std::optional<ArchiveStart> start;
  bool cut_meanwhile = false;
  const auto writer = [&]() -> ArchiveWriter& { return begun ? *begun : begun.emplace(out, path, state.epoch, start); };
  Progress progress(streams);
  Result<void> added;
  const auto on_record = [&](const Record& record) {
    if (cut_meanwhile) return false;
    added = writer().add(record);
    progress.at(writer().so_far());
    return added.has_value();
  };
  const auto on_cut = [&](const Cursor& cut) { cut_meanwhile = begun.has_value() || !(start = start_at(cut, state)); };
  const auto end = source.read(path, state.epoch, {}, on_record, on_cut);
  if (!added) return added.error();
  if (!end) return end.error();
  if (cut_meanwhile) return fail(Code::aborted, "the document " + quoted(path) + " was cut meanwhile; export it again");
  if (end->chain != writer().so_far().chain) {
    return fail(Code::data_loss, "what was read of the document " + quoted(path) +
                                     " is not what its chain value names; look at the relay's log, and try again");
  }
  return writer().finish();
}

/// A file appears under its name only when it is whole.
Result<ArchiveEnd> write_file(DocumentSource& source, const DocumentPath& path, const DocumentState& state,
                              const std::string& file, const Streams& streams) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    return fail(Code::already_exists, file + " exists already; remove it, or name another file with --out");
  }
  const std::string part = file + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  if (!out) return fail(Code::failed_precondition, "cannot write " + part + ": " + std::strerror(errno));
  auto end = write_archive(source, path, state, out, streams);
  out.close();
  if (end && !out.good()) end = fail(Code::resource_exhausted, "cannot write " + part + "; is there room on the disk?");
  if (end) {
    std::error_code failed;
    std::filesystem::rename(part, file, failed);
    if (failed) end = fail(Code::failed_precondition, "cannot rename " + part + ": " + failed.message());
  }
  if (!end) std::filesystem::remove(part, ignored);
  return end;
}

/// What the first pass over a file learns.
struct Survey {
  DocumentPath path;
  ArchiveEnd end;
  Digest chain;  ///< of the document under its new name
  /// The offset of the first record whose sequence is not its producer's next; 0 when there is none.
  Offset broken_count;
};

Result<ArchiveReader> open_archive(std::ifstream& in, const std::string& file) {
  in.open(file, std::ios::binary);
  if (!in) return fail(Code::not_found, "cannot read " + file + ": " + std::strerror(errno));
  auto reader = ArchiveReader::open(in);
  if (!reader) return fail(reader.error().code, file + ": " + reader.error().message);
  return reader;
}

Result<Survey> survey(const DocsOptions& options) {
  std::ifstream in;
  auto reader = open_archive(in, options.file);
  if (!reader) return reader.error();
  const std::string& space = options.space.empty() ? reader->path().space.text() : options.space;
  const std::string& document = options.document.empty() ? reader->path().document.text() : options.document;
  auto path = path_of(space, document);
  if (!path) return path.error();
  Survey found{std::move(*path), {}, {}, {}};
  found.chain = chain_start(found.path);
  std::map<ProducerId, Sequence> counts;
  for (;;) {
    const auto record = reader->next();
    if (!record) return fail(record.error().code, options.file + ": " + record.error().message);
    if (!*record) break;
    const auto& [offset, producer, sequence, time, codec, payload] = **record;
    found.chain = chain_next(found.chain, producer, sequence, codec, payload.view());
    Sequence& last = counts[producer];
    if (sequence != last.next() && found.broken_count.value == 0) found.broken_count = offset;
    last = sequence;
  }
  found.end = reader->end();
  if (const auto& start = reader->start()) {
    return fail(Code::failed_precondition,
                options.file + ": the first " + std::to_string(start->records) +
                    " records of this document were cut before it was exported, and are not in the file; a part of a "
                    "document cannot be put back");
  }
  return found;
}

/// Gathers records into runs, and puts them.
class Putter {
 public:
  Putter(DocumentSource& source, const DocumentPath& path, Epoch epoch) : source_(source), path_(path), epoch_(epoch) {}

  [[nodiscard]] Result<void> add(const Record& record) {
    if (!fits(record)) {
      if (auto put = flush(); !put) return put;
    }
    if (run_.deltas.empty()) run_ = {record.producer, record.sequence, record.time, {}};
    run_.deltas.push_back({record.codec, record.payload});
    bytes_ += record.payload.size();
    return {};
  }
  [[nodiscard]] Result<void> flush() {
    bytes_ = 0;
    if (run_.deltas.empty()) return {};
    return source_.put(path_, epoch_, std::exchange(run_, {}));
  }

 private:
  [[nodiscard]] bool fits(const Record& record) const {
    return !run_.deltas.empty() && run_.producer == record.producer &&
           run_.first_sequence.plus(run_.deltas.size()) == record.sequence &&
           (run_.time == record.time || !source_.puts_exactly()) && run_.deltas.size() < run_deltas_max &&
           bytes_ + record.payload.size() <= run_bytes_max;
  }

  DocumentSource& source_;
  const DocumentPath& path_;
  const Epoch epoch_;
  Run run_;
  std::size_t bytes_ = 0;
};

/// Where the records go: a document that has none.
Result<DocumentState> target(DocumentSource& source, const DocumentPath& path, bool recreate) {
  auto state = source.document(path);
  if (!state) return state;
  if (state->life == DocumentLife::deleted) {
    if (!recreate) {
      return fail(Code::failed_precondition, "the document " + quoted(path) +
                                                 " was deleted; say --recreate to open it anew, or import under "
                                                 "another name: weir docs import FILE SPACE DOC");
    }
    if (auto epoch = source.recreate(path); !epoch) return epoch.error();
    return source.document(path);
  }
  if (state->records == 0 && state->cut.value == 0) return state;
  return fail(Code::already_exists, "there is a document " + quoted(path) +
                                        " with records already; delete it first, or import under another name: weir "
                                        "docs import FILE SPACE DOC");
}

Result<void> put_records(DocumentSource& source, const DocsOptions& options, const Survey& survey, Epoch epoch,
                         const Streams& streams) {
  std::ifstream in;
  auto reader = open_archive(in, options.file);
  if (!reader) return reader.error();
  Progress progress(streams);
  Putter putter(source, survey.path, epoch);
  for (;;) {
    const auto record = reader->next();
    if (!record) return record.error();
    if (!*record) break;
    if (auto put = putter.add(**record); !put) return put;
    progress.at(reader->end());
  }
  if (auto put = putter.flush(); !put) return put;
  return source.settle();
}

/// The chain value names every record with its producer, sequence, codec and payload.
Result<void> compare(DocumentSource& source, const Survey& survey) {
  const auto state = source.document(survey.path);
  if (!state) return state.error();
  const auto end = source.read(survey.path, state->epoch, state->head, [](const Record&) { return true; });
  if (!end) return end.error();
  if (end->chain == survey.chain) return {};
  return fail(Code::aborted, "what is stored now as " + quoted(survey.path) +
                                 " is not what the file has: somebody else wrote to it meanwhile; delete it and import "
                                 "again");
}

}  // namespace

Result<void> export_document(DocumentSource& source, const DocsOptions& options, const Streams& streams) {
  const auto path = path_of(options.space, options.document);
  if (!path) return path.error();
  const bool to_output = options.file.empty() || options.file == "-";
  if (to_output && streams.out_is_terminal) {
    return fail(Code::invalid_argument, "an export is not for reading; name a file with --out");
  }
  const auto state = existing(source, *path, true);
  if (!state) return state.error();
  const auto end = to_output ? write_archive(source, *path, *state, streams.out, streams)
                             : write_file(source, *path, *state, options.file, streams);
  if (!end) return end.error();
  Printer(to_output ? streams.err : streams.out, options.json).archive("exported", *path, *end);
  return {};
}

Result<void> import_document(DocumentSource& source, const DocsOptions& options, const Streams& streams) {
  const auto found = survey(options);
  if (!found) return found.error();
  if (found->broken_count.value != 0 && !source.puts_exactly()) {
    return fail(Code::failed_precondition,
                "a producer's sequences have a gap or begin anew at offset " +
                    std::to_string(found->broken_count.value) +
                    " of the export, which a running relay refuses; import it into the store of a stopped one, with "
                    "--data");
  }
  const auto state = target(source, found->path, options.recreate);
  if (!state) return state.error();
  if (auto put = put_records(source, options, *found, state->epoch, streams); !put) {
    return fail(put.error().code, put.error().message + "; the document " + quoted(found->path) +
                                      " may have a part of the records now: delete it before you import again");
  }
  if (found->end.records > 0) {
    if (auto same = compare(source, *found); !same) return same;
  }
  Printer(streams.out, options.json).archive("imported", found->path, found->end);
  return {};
}

}  // namespace weir::cli
