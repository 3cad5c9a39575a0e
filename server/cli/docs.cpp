#include "weir/cli/docs.hpp"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

#include "weir/rocksdb/rocks_log.hpp"

namespace weir::cli {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t page_entries = 1000;
constexpr std::size_t page_bytes = std::size_t{1} << 20;

std::string time_text(Seconds time) {
  if (time.value == 0) return "-";
  const auto seconds = static_cast<std::time_t>(time.value);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string_view life_text(storage::DocumentLife life) {
  if (life == storage::DocumentLife::alive) return "alive";
  return life == storage::DocumentLife::deleted ? "deleted" : "absent";
}

Json state_json(const DocumentName& name, const storage::DocumentState& state) {
  return {{"document", name.text()},
          {"life", life_text(state.life)},
          {"epoch", std::to_string(state.epoch.value)},
          {"head", state.head.value},
          {"records", state.records},
          {"payload_bytes", state.payload_bytes},
          {"first_time", state.first_time.value},
          {"last_time", state.last_time.value}};
}

Result<void> list_spaces(const storage::DeltaLog& log, const DocsOptions& options, std::ostream& out) {
  for (std::string after;;) {
    const auto names = log.spaces(after, page_entries);
    if (!names) return names.error();
    for (const SpaceName& name : *names) {
      const auto state = log.space(name);
      if (!state) return state.error();
      if (options.json) {
        out << Json{{"space", name.text()}, {"head", state->head.value}, {"documents", state->documents}}.dump()
            << '\n';
      } else {
        out << name.text() << "  " << state->documents << " documents, head " << state->head.value << '\n';
      }
    }
    if (names->size() < page_entries) return {};
    after = names->back().text();
  }
}

Result<void> list_documents(const storage::DeltaLog& log, const SpaceName& space, const DocsOptions& options,
                            std::ostream& out) {
  for (std::string after;;) {
    const auto found = log.documents(space, after, page_entries);
    if (!found) return found.error();
    for (const auto& [name, state] : *found) {
      if (options.json) {
        out << state_json(name, state).dump() << '\n';
      } else {
        out << name.text() << "  " << life_text(state.life) << ", " << state.records << " records, "
            << state.payload_bytes << " bytes, head " << state.head.value << ", last " << time_text(state.last_time)
            << '\n';
      }
    }
    if (found->size() < page_entries) return {};
    after = found->back().name.text();
  }
}

Result<storage::DocumentState> existing(const storage::DeltaLog& log, const DocumentPath& path) {
  auto state = log.document(path);
  if (state && state->life == storage::DocumentLife::absent) {
    return fail(Code::not_found, "there is no document \"" + path.document.text() + "\" in the space \"" +
                                     path.space.text() + "\"; `weir docs ls` lists what there is");
  }
  return state;
}

Result<void> show(const storage::DeltaLog& log, const DocumentPath& path, const DocsOptions& options,
                  std::ostream& out) {
  const auto state = existing(log, path);
  if (!state) return state.error();
  if (options.json) {
    out << state_json(path.document, *state).dump() << '\n';
    return {};
  }
  out << "space          " << path.space.text() << "\ndocument       " << path.document.text() << "\nlife           "
      << life_text(state->life) << "\nepoch          " << state->epoch.value << "\nhead           " << state->head.value
      << "\nrecords        " << state->records << "\npayload bytes  " << state->payload_bytes << "\nfirst          "
      << time_text(state->first_time) << "\nlast           " << time_text(state->last_time) << '\n';
  return {};
}

void print_record(const Record& record, bool json, std::ostream& out) {
  if (json) {
    out << Json{{"offset", record.offset.value},     {"producer", record.producer.hex()},
                {"sequence", record.sequence.value}, {"time", record.time.value},
                {"codec", record.codec.value},       {"payload", to_base64(record.payload.view())}}
               .dump()
        << '\n';
  } else {
    out << record.offset.value << "  " << time_text(record.time) << "  " << record.producer.hex().substr(0, 8) << " #"
        << record.sequence.value << "  codec " << record.codec.value << "  " << record.payload.size() << " bytes\n";
  }
}

Result<void> tail(const storage::DeltaLog& log, const DocumentPath& path, const DocsOptions& options,
                  std::ostream& out) {
  const auto state = existing(log, path);
  if (!state) return state.error();
  Offset after{options.from};
  for (std::uint64_t left = options.limit; left > 0;) {
    const auto page = log.read_document(path, after, state->head, page_bytes);
    if (!page) return page.error();
    for (const Record& record : page->records) {
      if (left-- == 0) return {};
      print_record(record, options.json, out);
      after = record.offset;
    }
    if (page->complete || page->records.empty()) return {};
  }
  return {};
}

}  // namespace

Result<void> run_docs(const storage::DeltaLog& log, const DocsOptions& options, DocsCommand command,
                      std::ostream& out) {
  if (command == DocsCommand::spaces) return list_spaces(log, options, out);
  auto space = SpaceName::parse(options.space);
  if (!space) return space.error();
  if (command == DocsCommand::documents) return list_documents(log, *space, options, out);
  auto document = DocumentName::parse(options.document);
  if (!document) return document.error();
  const DocumentPath path{std::move(*space), std::move(*document)};
  return command == DocsCommand::show ? show(log, path, options, out) : tail(log, path, options, out);
}

Result<void> run_docs(const std::filesystem::path& data, const DocsOptions& options, DocsCommand command,
                      std::ostream& out) {
  std::error_code missing;
  if (!std::filesystem::is_directory(data / "log", missing)) {
    return fail(Code::not_found, "there is no store in " + data.string() + "; name its folder with --data");
  }
  const auto log = storage::RocksLog::open_read_only({.path = data / "log", .file_system = {}});
  if (!log) return log.error();
  return run_docs(**log, options, command, out);
}

}  // namespace weir::cli
