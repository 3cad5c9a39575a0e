#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "weir/cli/archive_progress.hpp"

namespace weir::cli {

namespace {

using archive::ArchiveEnd;
using archive::ArchiveStart;
using archive::ArchiveWriter;

/// What is exported: the document as it stands or stood, and which snapshots of it.
struct Plan {
  DocumentPath path;
  DocumentState state;
  AsOf as_of;
  std::optional<ArchiveStart> start;
  std::vector<SnapshotLine> snapshots;
  [[nodiscard]] Offset cut() const { return start ? start->cut : Offset{}; }
};

bool is_then(const Snapshot& snapshot, const Plan& plan) {
  return (plan.as_of.offset.value == 0 || snapshot.offset <= plan.as_of.offset) &&
         (plan.as_of.time.value == 0 || snapshot.time <= plan.as_of.time);
}

/// The newest that another principal has confirmed; for records that are gone, if need be one that nobody has.
std::vector<SnapshotLine> choose(const std::vector<SnapshotLine>& all, const Plan& plan) {
  auto chain = newest_chain(all, [&](const SnapshotLine& line) {
    return line.about.standing == SnapshotStanding::verified && is_then(line.about, plan);
  });
  if (!plan.start || (!chain.empty() && chain.back().about.offset >= plan.cut())) return chain;
  chain = newest_chain(all, [&](const SnapshotLine& line) {
    return line.about.standing != SnapshotStanding::quarantined && is_then(line.about, plan);
  });
  return !chain.empty() && chain.back().about.offset >= plan.cut() ? chain : std::vector<SnapshotLine>();
}

Result<Plan> make_plan(DocumentSource& source, const DocumentPath& path, const DocumentState& state, const AsOf& as_of,
                       const Streams& streams) {
  Plan plan{path, state, as_of, {}, {}};
  if (as_of.offset.value != 0 && as_of.offset < state.cut) {
    return fail(Code::out_of_range, "records up to offset " + std::to_string(state.cut.value) + " of " + quoted(path) +
                                        " are no longer kept; it can be exported as of then or later");
  }
  if (state.cut.value != 0) {
    const auto at = source.read(path, state.epoch, state.cut, {state.cut, {}}, [](const Record&) { return true; });
    if (!at) return at.error();
    plan.start = {state.cut, at->chain, state.cut_records, state.cut_payload_bytes};
  }
  const auto all = source.snapshots(path);
  if (!all) return all.error();
  plan.snapshots = choose(*all, plan);
  if (state.cut.value != 0 && plan.snapshots.empty()) {
    streams.err << "weir: no snapshot stands for the records up to offset " << state.cut.value
                << ", which are no longer kept: what is exported begins behind it, and is not the whole document\n";
  }
  return plan;
}

Result<void> write_snapshots(DocumentSource& source, const Plan& plan, ArchiveWriter& writer,
                             ArchiveProgress& progress) {
  for (const SnapshotLine& line : plan.snapshots) {
    Snapshot about = line.about;
    about.id = {};
    about.base = {};
    if (auto begun = writer.begin({std::move(about), line.base}); !begun) return begun;
    Result<void> added;
    Sha256 hash;
    const auto read = source.read_snapshot(plan.path, line, [&](std::string_view bytes) {
      hash.add(bytes);
      added = writer.add(bytes);
      progress.at(writer.so_far(), bytes.size());
      return added.has_value();
    });
    if (!added) return added;
    if (!read) return read;
    if (hash.finish() != line.about.hash) {
      return fail(Code::data_loss, "the snapshot at offset " + std::to_string(line.about.offset.value) +
                                       " is not what its hash says; withdraw it, and export again");
    }
  }
  return {};
}

Result<ArchiveEnd> write_archive(DocumentSource& source, const Plan& plan, std::ostream& out, const Streams& streams) {
  ArchiveWriter writer(out, plan.path, plan.state.epoch, plan.start, !plan.snapshots.empty());
  ArchiveProgress progress(streams);
  Result<void> added;
  bool cut_meanwhile = false;
  const auto on_record = [&](const Record& record) {
    if (cut_meanwhile) return false;
    added = writer.add(record);
    progress.at(writer.so_far());
    return added.has_value();
  };
  const auto on_cut = [&](const Cursor&) { cut_meanwhile = true; };
  const auto end = source.read(plan.path, plan.state.epoch, plan.cut(), plan.as_of, on_record, on_cut);
  if (!added) return added.error();
  if (!end) return end.error();
  if (cut_meanwhile)
    return fail(Code::aborted, "the document " + quoted(plan.path) + " was cut meanwhile; export it again");
  if (end->chain != writer.so_far().chain) {
    return fail(Code::data_loss, "what was read of the document " + quoted(plan.path) +
                                     " is not what its chain value names; look at the relay's log, and try again");
  }
  if (auto written = write_snapshots(source, plan, writer, progress); !written) return written.error();
  return writer.finish();
}

/// A file appears under its name only when it is whole.
Result<ArchiveEnd> write_file(DocumentSource& source, const Plan& plan, const std::string& file,
                              const Streams& streams) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    return fail(Code::already_exists, file + " exists already; remove it, or name another file with --out");
  }
  const std::string part = file + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  if (!out) return fail(Code::failed_precondition, "cannot write " + part + ": " + std::strerror(errno));
  auto end = write_archive(source, plan, out, streams);
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

}  // namespace

Result<void> export_document(DocumentSource& source, const DocsOptions& options, const Streams& streams) {
  const auto path = path_of(options.space, options.document);
  if (!path) return path.error();
  const bool to_output = options.file.empty() || options.file == "-";
  if (to_output && streams.out_is_terminal) {
    return fail(Code::invalid_argument, "an export is not for reading; name a file with --out");
  }
  const auto as_of = parse_as_of(options.as_of);
  if (!as_of) return as_of.error();
  const auto state = existing(source, *path, true);
  if (!state) return state.error();
  const auto plan = make_plan(source, *path, *state, *as_of, streams);
  if (!plan) return plan.error();
  const auto end =
      to_output ? write_archive(source, *plan, streams.out, streams) : write_file(source, *plan, options.file, streams);
  if (!end) return end.error();
  Printer(to_output ? streams.err : streams.out, options.json).archive("exported", *path, *end, plan->cut());
  return {};
}

}  // namespace weir::cli
