// `weir docs`: looking into documents, and moving them: in the store of a stopped relay, or at a running one.
//
//   const auto source = open_store(data, changes(options.command));
//   Result<void> done = run_docs(**source, options, {std::cout, std::cerr, std::cin}, {});
//
// Threads: blocking; any one. The stop token ends what follows, in order, and may be told from any.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <stop_token>
#include <string>

#include "weir/cli/document_source.hpp"
#include "weir/cli/print.hpp"

namespace weir::cli {

enum class DocsCommand : std::uint8_t {
  ls,
  show,
  tail,
  export_document,
  import_document,
  delete_document,
  compact,
  verify,
  snapshots,
  withdraw,
  release
};

struct DocsOptions {
  DocsCommand command = DocsCommand::ls;
  std::string space{};
  std::string document{};
  bool json = false;
  // tail
  std::uint64_t from = 0;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool follow = false;
  // tail, export
  std::string as_of{};  ///< an offset, a time as in 2026-11-28T20:00:00Z, or @ and Unix seconds; empty: the present
  // withdraw, release
  std::uint64_t offset = 0;
  std::string hash{};  ///< the beginning of one, in hexadecimal
  // delete
  bool yes = false;
  // export, import
  std::string file{};
  bool recreate = false;
};

struct Streams {
  std::ostream& out;  ///< what was asked for
  std::ostream& err;  ///< progress, questions
  std::istream& in;   ///< answers
  bool err_is_terminal = false;
  bool out_is_terminal = false;
  bool in_is_terminal = false;
};

/// Whether a command writes to the source.
[[nodiscard]] bool changes(DocsCommand command);

/// NOT_FOUND for what is not there; the message says what to do.
[[nodiscard]] Result<void> run_docs(DocumentSource& source, const DocsOptions& options, const Streams& streams,
                                    std::stop_token stop);

// Parts of it.

/// INVALID_ARGUMENT when it is no moment.
[[nodiscard]] Result<AsOf> parse_as_of(const std::string& text);
/// The snapshot with the greatest offset that passes, behind what it lies on; empty when none does.
[[nodiscard]] std::vector<SnapshotLine> newest_chain(const std::vector<SnapshotLine>& all,
                                                     const std::function<bool(const SnapshotLine&)>& passes);
/// The names, checked.
[[nodiscard]] Result<DocumentPath> path_of(const std::string& space, const std::string& document);
/// The document, unless there never was one; `alive`: unless there is none now.
[[nodiscard]] Result<DocumentState> existing(DocumentSource& source, const DocumentPath& path, bool alive);
[[nodiscard]] Result<void> list_snapshots(DocumentSource& source, const DocumentPath& path, Printer& printer);
[[nodiscard]] Result<void> withdraw_snapshot(DocumentSource& source, const DocumentPath& path, Offset offset,
                                             Printer& printer);
[[nodiscard]] Result<void> release_snapshot(DocumentSource& source, const DocumentPath& path,
                                            const DocsOptions& options, Printer& printer);
[[nodiscard]] Result<void> export_document(DocumentSource& source, const DocsOptions& options, const Streams& streams);
[[nodiscard]] Result<void> import_document(DocumentSource& source, const DocsOptions& options, const Streams& streams);

}  // namespace weir::cli
