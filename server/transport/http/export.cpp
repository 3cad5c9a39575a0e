#include "weir/http/export.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "weir/vocabulary/digest.hpp"

namespace weir::http {

namespace {

std::string record_line(const Record& record) {
  const nlohmann::ordered_json line = {
      {"offset", record.offset.value},     {"producer", record.producer.hex()},
      {"sequence", record.sequence.value}, {"time", record.time.value},
      {"codec", record.codec.value},       {"payload", to_base64(record.payload.view())}};
  return line.dump() + "\n";
}

/// Where an export stands. Held by the reply's body.
struct Export {
  const storage::DeltaLog& log;
  DocumentPath path;
  Epoch epoch;
  Offset upto;
  Offset cut;
  ExportRange range;
  bool complete = false;
  bool failed = false;

  Result<std::string> next();
};

Result<std::string> Export::next() {
  if (failed) return fail(Code::aborted, "the export was broken off");
  std::string lines;
  while (lines.empty() && !complete && range.records_max > 0) {
    const auto page = log.read_document(path, range.after, upto, range.page_bytes);
    const auto state = page ? log.document(path) : Result<storage::DocumentState>(page.error());
    const bool other = state && state->epoch != epoch;
    if (!state || other || page->cut > cut) {
      // Told in the stream, for people; and by breaking it off, for programs.
      failed = true;
      const Error error = !state ? state.error()
                                 : fail(Code::aborted, std::string("the document was ") + (other ? "deleted" : "cut") +
                                                           " while it was exported");
      return error_reply(error).body;
    }
    for (const Record& record : page->records) {
      if (range.records_max == 0) break;
      --range.records_max;
      range.after = record.offset;
      lines += record_line(record);
    }
    complete = page->complete || page->records.empty();
  }
  return lines;
}

}  // namespace

Reply export_reply(const storage::DeltaLog& log, runtime::BlockingPool& readers, const DocumentPath& path,
                   ExportRange range) {
  const auto state = log.document(path);
  if (!state) return error_reply(state.error());
  if (state->life == storage::DocumentLife::absent) return error_reply(absent(path));
  if (state->life == storage::DocumentLife::deleted) {
    return error_reply(fail(Code::not_found, "the document \"" + path.document.text() + "\" was deleted at offset " +
                                                 std::to_string(state->head.value)));
  }
  Reply reply;
  reply.content_type = "application/x-ndjson";
  reply.headers.emplace_back("Weir-Epoch", std::to_string(state->epoch.value));
  reply.headers.emplace_back("Weir-Head", std::to_string(state->head.value));
  if (range.after < state->cut) reply.headers.emplace_back("Weir-Cut", std::to_string(state->cut.value));
  auto standing = std::make_shared<Export>(Export{log, path, state->epoch, state->head, state->cut, range});
  reply.stream = [standing, &readers](Piece piece) {
    readers.submit([standing, piece = std::move(piece)] { piece(standing->next()); });
  };
  return reply;
}

}  // namespace weir::http
