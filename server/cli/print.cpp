#include "weir/cli/print.hpp"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

namespace weir::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string time_text(Seconds time) {
  if (time.value == 0) return "-";
  const auto seconds = static_cast<std::time_t>(time.value);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(time.value);
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string_view life_text(DocumentLife life) {
  if (life == DocumentLife::alive) return "alive";
  return life == DocumentLife::deleted ? "deleted" : "absent";
}

std::string_view kind_text(AppendKind kind) {
  if (kind == AppendKind::tombstone) return "deleted";
  return kind == AppendKind::recreate ? "recreated" : "record";
}

Json state_json(const DocumentName& name, const DocumentState& state) {
  return {{"document", name.text()},
          {"life", life_text(state.life)},
          {"epoch", std::to_string(state.epoch.value)},
          {"head", state.head.value},
          {"records", state.records},
          {"payload_bytes", state.payload_bytes},
          {"first_time", state.first_time.value},
          {"last_time", state.last_time.value}};
}

void add_record(Json& json, const Record& record) {
  json["offset"] = record.offset.value;
  json["producer"] = record.producer.hex();
  json["sequence"] = record.sequence.value;
  json["time"] = record.time.value;
  json["codec"] = record.codec.value;
  json["payload"] = to_base64(record.payload.view());
}

std::string record_text(const Record& record) {
  return record.producer.hex().substr(0, 8) + " #" + std::to_string(record.sequence.value) + "  codec " +
         std::to_string(record.codec.value) + "  " + std::to_string(record.payload.size()) + " bytes";
}

}  // namespace

std::string quoted(const DocumentPath& path) {
  return '"' + path.document.text() + "\" in the space \"" + path.space.text() + '"';
}

void Printer::space(const SpaceLine& line) {
  if (json_) {
    out_ << Json{{"space", line.name.text()}, {"head", line.head.value}, {"documents", line.documents}}.dump() << '\n';
  } else {
    out_ << line.name.text() << "  " << line.documents << " documents, head " << line.head.value << '\n';
  }
}

void Printer::document(const DocumentLine& line) {
  const auto& [name, state] = line;
  if (json_) {
    out_ << state_json(name, state).dump() << '\n';
  } else {
    out_ << name.text() << "  " << life_text(state.life) << ", " << state.records << " records, " << state.payload_bytes
         << " bytes, head " << state.head.value << ", last " << time_text(state.last_time) << '\n';
  }
}

void Printer::state(const DocumentPath& path, const DocumentState& state) {
  if (json_) {
    out_ << state_json(path.document, state).dump() << '\n';
    return;
  }
  out_ << "space          " << path.space.text() << "\ndocument       " << path.document.text() << "\nlife           "
       << life_text(state.life) << "\nepoch          " << state.epoch.value << "\nhead           " << state.head.value
       << "\nrecords        " << state.records << "\npayload bytes  " << state.payload_bytes << "\nfirst          "
       << time_text(state.first_time) << "\nlast           " << time_text(state.last_time) << '\n';
}

void Printer::record(const Record& record) {
  if (json_) {
    Json json;
    add_record(json, record);
    out_ << json.dump() << '\n';
  } else {
    out_ << record.offset.value << "  " << time_text(record.time) << "  " << record_text(record) << '\n';
  }
}

void Printer::entry(const FeedLine& line) {
  const bool is_record = line.kind == AppendKind::deltas;
  if (json_) {
    Json json{{"kind", kind_text(line.kind)},
              {"document", line.document.text()},
              {"epoch", std::to_string(line.epoch.value)}};
    if (is_record) {
      add_record(json, line.record);
    } else {
      json["offset"] = line.record.offset.value;
      json["time"] = line.record.time.value;
    }
    out_ << json.dump() << '\n';
    return;
  }
  out_ << line.record.offset.value << "  " << time_text(line.record.time) << "  " << line.document.text() << "  "
       << (is_record ? record_text(line.record) : std::string(kind_text(line.kind))) << '\n';
}

void Printer::deleted(const DocumentPath& path, Offset offset) {
  if (json_) {
    out_ << Json{{"space", path.space.text()}, {"document", path.document.text()}, {"deleted_at", offset.value}}.dump()
         << '\n';
  } else {
    out_ << "deleted " << quoted(path) << ", at offset " << offset.value << '\n';
  }
}

void Printer::archive(const char* what, const DocumentPath& path, const archive::ArchiveEnd& end) {
  if (json_) {
    out_ << Json{{what, path.document.text()},         {"space", path.space.text()}, {"records", end.records},
                 {"payload_bytes", end.payload_bytes}, {"head", end.head.value},     {"chain", end.chain.hex()}}
                .dump()
         << '\n';
  } else {
    out_ << what << ' ' << quoted(path) << ": " << end.records << " records, " << end.payload_bytes << " bytes\n";
  }
}

bool Printer::flush() {
  out_.flush();
  return good();
}

bool Printer::good() const { return out_.good(); }

}  // namespace weir::cli
