#include "weir/cli/docs.hpp"

#include <istream>
#include <ostream>

namespace weir::cli {

namespace {

Result<void> list_spaces(DocumentSource& source, Printer& printer) {
  for (std::string after;;) {
    const auto listed = source.spaces(after);
    if (!listed) return listed.error();
    for (const SpaceLine& line : listed->lines) printer.space(line);
    if (listed->next_after.empty()) return {};
    after = listed->next_after;
  }
}

Result<void> list_documents(DocumentSource& source, const SpaceName& space, Printer& printer) {
  bool any = false;
  for (std::string after;;) {
    const auto listed = source.documents(space, after);
    if (!listed) return listed.error();
    for (const DocumentLine& line : listed->lines) printer.document(line);
    any = any || !listed->lines.empty();
    if (listed->next_after.empty()) break;
    after = listed->next_after;
  }
  if (any) return {};
  return fail(Code::not_found,
              "nothing has been written to the space \"" + space.text() + "\"; `weir docs ls` lists what there is");
}

Result<void> show(DocumentSource& source, const DocumentPath& path, Printer& printer) {
  const auto state = existing(source, path, false);
  if (!state) return state.error();
  std::optional<storage::DocumentWeight> weight;
  std::vector<SnapshotLine> snapshots;
  if (state->life == DocumentLife::alive) {
    auto listed = source.snapshots(path);
    if (!listed) return listed.error();
    snapshots = std::move(*listed);
    auto weighed = source.weigh(path);
    if (!weighed) return weighed.error();
    weight = *weighed;
  }
  printer.state(path, *state, weight, snapshots);
  return {};
}

/// Counts down what may still be printed.
class Limit {
 public:
  explicit Limit(std::uint64_t left) : left_(left) {}
  /// Whether there may be another.
  [[nodiscard]] bool count() { return --left_ > 0; }

 private:
  std::uint64_t left_;
};

Result<void> tail_document(DocumentSource& source, const DocumentPath& path, const DocsOptions& options,
                           Printer& printer, const std::stop_token& stop) {
  const auto as_of = parse_as_of(options.as_of);
  if (!as_of) return as_of.error();
  const auto state = existing(source, path, true);
  if (!state) return state.error();
  Limit limit(options.limit);
  const auto print = [&](const Record& record) {
    printer.record(record);
    return limit.count() && (options.follow ? printer.flush() : printer.good());
  };
  const auto print_cut = [&](const Cursor& cut) {
    printer.cut(cut.offset);
    if (options.follow) static_cast<void>(printer.flush());
  };
  if (options.follow) return source.follow(path, state->epoch, Offset{options.from}, print, print_cut, stop);
  if (Offset{options.from} >= state->head) return {};
  const auto end = source.read(path, state->epoch, Offset{options.from}, *as_of, print, print_cut);
  if (!end) return end.error();
  return {};
}

Result<void> tail_space(DocumentSource& source, const SpaceName& space, const DocsOptions& options, Printer& printer,
                        const std::stop_token& stop) {
  Limit limit(options.limit);
  const auto print = [&](const FeedLine& line) {
    printer.entry(line);
    return limit.count() && (options.follow ? printer.flush() : printer.good());
  };
  return source.feed(space, Offset{options.from}, options.follow, print, stop);
}

Result<void> delete_document(DocumentSource& source, const DocumentPath& path, const DocsOptions& options,
                             const Streams& streams, Printer& printer) {
  const auto state = existing(source, path, true);
  if (!state) return state.error();
  if (!options.yes) {
    if (!streams.in_is_terminal) {
      return fail(Code::failed_precondition, "nothing was deleted: say --yes to delete " + quoted(path) + " for ever");
    }
    streams.err << "Delete " << quoted(path) << " with its " << count_of(state->records, "record")
                << " for ever? [y/N] " << std::flush;
    std::string answer;
    std::getline(streams.in, answer);
    if (answer != "y" && answer != "yes") return fail(Code::cancelled, "nothing was deleted");
  }
  const auto offset = source.remove(path);
  if (!offset) return offset.error();
  printer.deleted(path, *offset);
  return {};
}

Result<void> run_command(DocumentSource& source, const DocsOptions& options, const Streams& streams,
                         const std::stop_token& stop) {
  Printer printer(streams.out, options.json);
  if (options.command == DocsCommand::export_document) return export_document(source, options, streams);
  if (options.command == DocsCommand::import_document) return import_document(source, options, streams);
  if (options.command == DocsCommand::ls && options.space.empty()) return list_spaces(source, printer);
  if (options.command == DocsCommand::tail && options.limit == 0) return {};
  if (options.document.empty()) {
    if (!options.as_of.empty())
      return fail(Code::invalid_argument, "--as-of is for one document: name it behind SPACE");
    const auto space = SpaceName::parse(options.space);
    if (!space) return space.error();
    return options.command == DocsCommand::ls ? list_documents(source, *space, printer)
                                              : tail_space(source, *space, options, printer, stop);
  }
  const auto path = path_of(options.space, options.document);
  if (!path) return path.error();
  switch (options.command) {
    case DocsCommand::show: return show(source, *path, printer);
    case DocsCommand::tail: return tail_document(source, *path, options, printer, stop);
    case DocsCommand::snapshots: return list_snapshots(source, *path, printer);
    case DocsCommand::withdraw: return withdraw_snapshot(source, *path, Offset{options.offset}, printer);
    case DocsCommand::release: return release_snapshot(source, *path, options, printer);
    default: return delete_document(source, *path, options, streams, printer);
  }
}

}  // namespace

bool changes(DocsCommand command) {
  return command == DocsCommand::import_document || command == DocsCommand::delete_document ||
         command == DocsCommand::compact || command == DocsCommand::withdraw || command == DocsCommand::release;
}

Result<DocumentPath> path_of(const std::string& space, const std::string& document) {
  auto space_name = SpaceName::parse(space);
  if (!space_name) return space_name.error();
  auto document_name = DocumentName::parse(document);
  if (!document_name) return document_name.error();
  return DocumentPath{std::move(*space_name), std::move(*document_name)};
}

Result<DocumentState> existing(DocumentSource& source, const DocumentPath& path, bool alive) {
  auto state = source.document(path);
  if (!state) return state;
  if (state->life == DocumentLife::absent) {
    return fail(Code::not_found, "there is no document " + quoted(path) + "; `weir docs ls` lists what there is");
  }
  if (alive && state->life == DocumentLife::deleted) {
    return fail(Code::not_found, "the document " + quoted(path) + " was deleted; its records are gone");
  }
  return state;
}

Result<void> run_docs(DocumentSource& source, const DocsOptions& options, const Streams& streams,
                      std::stop_token stop) {
  auto done = run_command(source, options, streams, stop);
  streams.out.flush();
  return done;
}

}  // namespace weir::cli
