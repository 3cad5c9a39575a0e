// `weir docs import`: a file is read to its end, its records are put, and then what stands for records.
//
// A document that was cut begins with empty records, which are cut again behind the snapshots: so whoever reads it is
// told that something is missing, and is sent what stands for it.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "weir/cli/archive_progress.hpp"
#include "weir/cli/import_parts.hpp"

namespace weir::cli {

namespace {

using archive::ArchiveReader;

/// Of one append.
constexpr std::size_t run_deltas_max = 1000;
constexpr std::size_t run_bytes_max = std::size_t{1} << 20;

Result<ArchiveReader> open_archive(std::ifstream& in, const std::string& file) {
  in.open(file, std::ios::binary);
  if (!in) return fail(Code::not_found, "cannot read " + file + ": " + std::strerror(errno));
  auto reader = ArchiveReader::open(in);
  if (!reader) return fail(reader.error().code, file + ": " + reader.error().message);
  return reader;
}

/// The `number`-th that stands in the place of records that are gone.
Record placeholder(std::uint64_t number, Seconds time) {
  return {{}, ProducerId::parse("weir docs import").value(), {number}, time, {0}, {}};
}

Result<Survey> survey(const DocsOptions& options) {
  std::ifstream in;
  auto reader = open_archive(in, options.file);
  if (!reader) return reader.error();
  const auto named = [&](const Error& error) { return fail(error.code, options.file + ": " + error.message); };
  const std::string& space = options.space.empty() ? reader->path().space.text() : options.space;
  const std::string& document = options.document.empty() ? reader->path().document.text() : options.document;
  auto path = path_of(space, document);
  if (!path) return path.error();
  Survey found;
  found.path = std::move(*path);
  found.start = reader->start();
  std::map<ProducerId, Sequence> counts;
  for (;;) {
    const auto record = reader->next();
    if (!record) return named(record.error());
    if (!*record) break;
    if (found.first_time.value == 0) found.first_time = (*record)->time;
    Sequence& last = counts[(*record)->producer];
    if ((*record)->sequence != last.next() && found.broken_count.value == 0) found.broken_count = (*record)->offset;
    last = (*record)->sequence;
  }
  for (;;) {
    auto snapshot = reader->next_snapshot();
    if (!snapshot) return named(snapshot.error());
    if (!*snapshot) break;
    if (found.first_time.value == 0) found.first_time = (*snapshot)->about.time;
    found.snapshots.push_back(std::move(**snapshot));
  }
  found.end = reader->end();
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
  if (state->records == 0 && state->cut_records == 0) return state;
  return fail(Code::already_exists, "there is a document " + quoted(path) +
                                        " with records already; delete it first, or import under another name: weir "
                                        "docs import FILE SPACE DOC");
}

/// One for the cut, and for each snapshot before it.
void place_what_is_gone(Survey& survey) {
  if (!survey.start) return;
  std::set<Offset> gone{survey.start->cut};
  for (const auto& [about, base] : survey.snapshots)
    if (about.offset < survey.start->cut) gone.insert(about.offset);
  survey.placeholders = gone.size();
  for (std::size_t i = 0; i < survey.snapshots.size(); ++i) {
    const auto upto = gone.upper_bound(survey.snapshots[i].about.offset);
    survey.places[i] = static_cast<std::uint64_t>(std::distance(gone.begin(), upto));
  }
}

/// The reader stands behind the records afterwards.
Result<void> put_records(DocumentSource& source, ArchiveReader& reader, Survey& survey, Epoch epoch,
                         ArchiveProgress& progress) {
  Putter putter(source, survey.path, epoch);
  survey.chain = chain_start(survey.path);
  const auto add = [&](const Record& record) {
    survey.chain = chain_next(survey.chain, record.producer, record.sequence, record.codec, record.payload.view());
    return putter.add(record);
  };
  survey.places.assign(survey.snapshots.size(), 0);
  place_what_is_gone(survey);
  for (std::uint64_t number = 1; number <= survey.placeholders; ++number)
    if (auto put = add(placeholder(number, survey.first_time)); !put) return put;
  for (std::uint64_t records = survey.placeholders + 1;; ++records) {
    const auto record = reader.next();
    if (!record) return record.error();
    if (!*record) break;
    for (std::size_t i = 0; i < survey.snapshots.size(); ++i)
      if (survey.snapshots[i].about.offset >= (*record)->offset) survey.places[i] = records;
    if (auto put = add(**record); !put) return put;
    progress.at(reader.end());
  }
  if (auto put = putter.flush(); !put) return put;
  return source.settle();
}

/// The chain value names every record with its producer, sequence, codec and payload.
Result<void> compare(DocumentSource& source, const Survey& survey) {
  const auto state = source.document(survey.path);
  if (!state) return state.error();
  const auto end = source.read(survey.path, state->epoch, state->head, {}, [](const Record&) { return true; });
  if (!end) return end.error();
  if (end->chain == survey.chain) return {};
  return fail(Code::aborted, "what is stored now as " + quoted(survey.path) +
                                 " is not what the file has: somebody else wrote to it meanwhile; delete it and import "
                                 "again");
}

}  // namespace

Result<void> import_document(DocumentSource& source, const DocsOptions& options, const Streams& streams) {
  auto found = survey(options);
  if (!found) return found.error();
  if (auto can = can_be_put(source, *found); !can) return can;
  const auto state = target(source, found->path, options.recreate);
  if (!state) return state.error();
  std::ifstream in;
  auto reader = open_archive(in, options.file);
  if (!reader) return reader.error();
  {
    ArchiveProgress progress(streams);
    auto put = put_records(source, *reader, *found, state->epoch, progress);
    if (put) put = put_snapshots(source, *reader, *found, state->epoch, progress, streams);
    if (!put) {
      return fail(put.error().code, put.error().message + "; the document " + quoted(found->path) +
                                        " may have a part of the records now: delete it before you import again");
    }
  }
  if (found->end.records > 0 || found->start) {
    if (auto same = compare(source, *found); !same) return same;
  }
  Printer(streams.out, options.json)
      .archive("imported", found->path, found->end, found->start ? found->start->cut : Offset{});
  return {};
}

}  // namespace weir::cli
