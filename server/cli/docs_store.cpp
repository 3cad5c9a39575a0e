#include "weir/cli/docs_store.hpp"

#include <ostream>

namespace weir::cli {

namespace {

constexpr std::size_t page_documents = 1000;

/// A line on the terminal that is written over, and ended when there was one.
class ProgressLine {
 public:
  explicit ProgressLine(const Streams& streams) : streams_(streams) {}
  ~ProgressLine() { end(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const std::string& text) {
    if (!streams_.err_is_terminal) return;
    streams_.err << '\r' << text << std::flush;
    shown_ = true;
  }
  void end() {
    if (shown_) streams_.err << '\n';
    shown_ = false;
  }

 private:
  const Streams& streams_;
  bool shown_ = false;
};

Result<void> compact_one(storage::RocksLog& log, const DocumentPath& path, Printer& printer, const Streams& streams) {
  const auto before = log.weigh(path);
  if (!before) return before.error();
  {
    ProgressLine line(streams);
    auto packed = log.pack(path, [&](std::uint64_t done, std::uint64_t all) {
      line.show(quoted(path) + ": " + std::to_string(done) + " of " + count_of(all, "record"));
    });
    if (!packed) return packed;
  }
  const auto after = log.weigh(path);
  if (!after) return after.error();
  printer.compacted(path, *before, *after);
  return {};
}

Result<void> compact_space(storage::RocksLog& log, const SpaceName& space, Printer& printer, const Streams& streams) {
  bool any = false;
  for (std::string after;;) {
    const auto listed = log.documents(space, after, page_documents);
    if (!listed) return listed.error();
    for (const auto& [name, state] : *listed) {
      any = true;
      if (state.life != DocumentLife::alive || state.records == 0) continue;
      if (auto compacted = compact_one(log, {space, name}, printer, streams); !compacted) return compacted;
    }
    if (listed->size() < page_documents) break;
    after = listed->back().name.text();
  }
  if (any) return {};
  return fail(Code::not_found,
              "nothing has been written to the space \"" + space.text() + "\"; `weir docs ls` lists what there is");
}

Result<storage::VerifyOptions> what_to_verify(const DocsOptions& options) {
  storage::VerifyOptions verify;
  if (!options.space.empty()) {
    auto space = SpaceName::parse(options.space);
    if (!space) return space.error();
    verify.space = *std::move(space);
  }
  if (!options.document.empty()) {
    auto document = DocumentName::parse(options.document);
    if (!document) return document.error();
    verify.document = *std::move(document);
  }
  return verify;
}

}  // namespace

Result<void> compact_documents(storage::RocksLog& log, const DocsOptions& options, const Streams& streams) {
  Printer printer(streams.out, options.json);
  if (options.document.empty()) {
    const auto space = SpaceName::parse(options.space);
    if (!space) return space.error();
    if (auto compacted = compact_space(log, *space, printer, streams); !compacted) return compacted;
  } else {
    const auto path = path_of(options.space, options.document);
    if (!path) return path.error();
    if (auto compacted = compact_one(log, *path, printer, streams); !compacted) return compacted;
  }
  auto reclaimed = log.reclaim();
  streams.out.flush();
  return reclaimed;
}

Result<void> verify_documents(const storage::RocksLog& log, const DocsOptions& options, const Streams& streams) {
  auto verify = what_to_verify(options);
  if (!verify) return verify.error();
  Printer printer(streams.out, options.json);
  ProgressLine line(streams);
  verify->finding = [&](const storage::Finding& finding) {
    line.end();
    printer.finding(finding);
  };
  verify->progress = [&](std::uint64_t records) { line.show(count_of(records, "record") + " read"); };
  const auto counts = log.verify(*verify);
  line.end();
  if (!counts) return counts.error();
  printer.verified(*counts);
  streams.out.flush();
  if (counts->findings == 0) return {};
  return fail(Code::data_loss,
              "the store is not as it must be; keep a copy of its folder as it is, export what can "
              "be read, and restore the rest from a backup");
}

}  // namespace weir::cli
