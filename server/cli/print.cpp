#include "weir/cli/print.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "weir/storage/document_fields.hpp"

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

std::string_view kind_text(AppendKind kind) {
  switch (kind) {
    case AppendKind::deltas: return "record";
    case AppendKind::tombstone: return "deleted";
    case AppendKind::recreate: return "recreated";
    case AppendKind::cut: return "cut";
  }
  return "unknown";
}

std::string_view fidelity_text(Fidelity fidelity) {
  if (fidelity == Fidelity::lossless) return "lossless";
  return fidelity == Fidelity::lossy ? "lossy" : "unknown";
}

std::string_view standing_text(SnapshotStanding standing) {
  if (standing == SnapshotStanding::verified) return "verified";
  return standing == SnapshotStanding::quarantined ? "quarantined" : "candidate";
}

/// Of one in quarantine: since when, and on whose word.
std::string why_text(const Snapshot& about) {
  if (about.standing != SnapshotStanding::quarantined) return {};
  return " since " + time_text(about.since) + (about.by.empty() ? ", withdrawn" : ", reported by " + about.by);
}

Json state_json(const DocumentName& name, const DocumentState& state) {
  Json json{{"document", name.text()}};
  storage::each_field(state, [&](const char* field, const auto& value) { json[field] = value; });
  return json;
}

void add_record(Json& json, const Record& record) {
  json["offset"] = record.offset.value;
  json["producer"] = record.producer.hex();
  json["sequence"] = record.sequence.value;
  json["time"] = record.time.value;
  json["codec"] = record.codec.value;
  json["payload"] = to_base64(record.payload.view());
}

double bytes_a_record(const storage::DocumentWeight& weight) {
  const std::uint64_t records = weight.run_records + weight.pack_records;
  return records == 0 ? 0 : static_cast<double>(weight.run_bytes + weight.pack_bytes) / static_cast<double>(records);
}

std::string bytes_a_record_text(const storage::DocumentWeight& weight) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", bytes_a_record(weight));
  return text.data();
}

Json weight_json(const storage::DocumentWeight& weight) {
  return {{"runs", weight.runs},
          {"run_records", weight.run_records},
          {"run_bytes", weight.run_bytes},
          {"packs", weight.packs},
          {"pack_records", weight.pack_records},
          {"pack_bytes", weight.pack_bytes},
          {"cut_records", weight.cut_records},
          {"bytes_a_record", bytes_a_record(weight)},
          {"snapshots", weight.snapshots},
          {"snapshot_bytes", weight.snapshot_bytes},
          {"snapshot_stored_bytes", weight.snapshot_stored_bytes}};
}

std::string in_runs(const storage::DocumentWeight& weight) {
  return std::to_string(weight.runs) + " with " + count_of(weight.run_records, "record") + ", " +
         count_of(weight.run_bytes, "byte");
}

std::string in_packs(const storage::DocumentWeight& weight) {
  return std::to_string(weight.packs) + " with " + count_of(weight.pack_records, "record") + ", " +
         count_of(weight.pack_bytes, "byte");
}

std::string record_text(const Record& record) {
  return record.producer.hex().substr(0, 8) + " #" + std::to_string(record.sequence.value) + "  codec " +
         std::to_string(record.codec.value) + "  " + count_of(record.payload.size(), "byte");
}

}  // namespace

std::string count_of(std::uint64_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + ' ' + (number == 1 ? one : many.empty() ? one + 's' : many);
}

std::string quoted(const DocumentPath& path) {
  return '"' + path.document.text() + "\" in the space \"" + path.space.text() + '"';
}

void Printer::space(const SpaceLine& line) {
  if (json_) {
    out_ << Json{{"space", line.name.text()}, {"head", line.head.value}, {"documents", line.documents}}.dump() << '\n';
  } else {
    out_ << line.name.text() << "  " << count_of(line.documents, "document") << ", head " << line.head.value << '\n';
  }
}

void Printer::document(const DocumentLine& line) {
  const auto& [name, state] = line;
  if (json_) {
    out_ << state_json(name, state).dump() << '\n';
  } else {
    out_ << name.text() << "  " << storage::text_of(state.life) << ", " << count_of(state.records, "record") << ", "
         << count_of(state.payload_bytes, "byte") << ", head " << state.head.value << ", last "
         << time_text(state.last_time) << '\n';
  }
}

void Printer::state(const DocumentPath& path, const DocumentState& state,
                    const std::optional<storage::DocumentWeight>& weight, const std::vector<SnapshotLine>& snapshots) {
  std::uint64_t snapshot_bytes = 0;
  for (const SnapshotLine& line : snapshots) snapshot_bytes += line.about.size;
  const auto quarantined = std::ranges::count(snapshots, SnapshotStanding::quarantined,
                                              [](const SnapshotLine& line) { return line.about.standing; });
  if (json_) {
    Json json = state_json(path.document, state);
    json["snapshots"] = snapshots.size();
    json["snapshot_bytes"] = snapshot_bytes;
    json["snapshots_quarantined"] = quarantined;
    if (weight) json["weight"] = weight_json(*weight);
    out_ << json.dump() << '\n';
    return;
  }
  out_ << "space          " << path.space.text() << "\ndocument       " << path.document.text() << "\nlife           "
       << storage::text_of(state.life) << "\nepoch          " << state.epoch.value << "\nhead           "
       << state.head.value << "\nrecords        " << state.records << "\npayload bytes  " << state.payload_bytes
       << "\nfirst          " << time_text(state.first_time) << "\nlast           " << time_text(state.last_time)
       << '\n';
  if (state.cut.value != 0) {
    out_ << "cut            up to offset " << state.cut.value << ": " << count_of(state.cut_records, "record") << ", "
         << count_of(state.cut_payload_bytes, "byte") << " are no longer kept\n";
  }
  if (!snapshots.empty()) {
    out_ << "snapshots      " << snapshots.size() << ", " << count_of(snapshot_bytes, "byte");
    if (quarantined > 0) out_ << "; in quarantine: " << quarantined << ", see `weir docs snapshots`";
    out_ << '\n';
  }
  if (!weight) return;
  out_ << "in runs        " << in_runs(*weight) << "\nin packs       " << in_packs(*weight) << "\nbytes a record "
       << bytes_a_record_text(*weight) << "\nin snapshots   " << weight->snapshots << " with "
       << count_of(weight->snapshot_bytes, "byte") << ", stored in " << weight->snapshot_stored_bytes << '\n';
  if (weight->cut_records > 0) {
    out_ << "of these cut   " << count_of(weight->cut_records, "record")
         << ", beside others that are kept; `weir docs compact` gives their room back\n";
  }
}

void Printer::snapshot(const SnapshotLine& line) {
  const Snapshot& about = line.about;
  if (json_) {
    out_ << Json{{"offset", about.offset.value},
                 {"base", line.base.value},
                 {"size", about.size},
                 {"hash", about.hash.hex()},
                 {"chain", about.chain.hex()},
                 {"codec", about.codec.value},
                 {"fidelity", fidelity_text(about.fidelity)},
                 {"standing", standing_text(about.standing)},
                 {"served", line.served},
                 {"time", about.time.value},
                 {"since", about.since.value},
                 {"by", about.by},
                 {"author", about.author},
                 {"records", about.records},
                 {"payload_bytes", about.payload_bytes}}
                .dump()
         << '\n';
    return;
  }
  out_ << about.offset.value << "  " << time_text(about.time) << "  " << standing_text(about.standing)
       << why_text(about) << "  " << count_of(about.size, "byte") << " for " << count_of(about.records, "record")
       << ", " << count_of(about.payload_bytes, "byte");
  if (line.base.value != 0) out_ << "  on " << line.base.value;
  out_ << "  by " << (about.author.empty() ? "-" : about.author) << '\n';
}

void Printer::withdrawn(const DocumentPath& path, Offset offset) {
  standing("withdrawn", path, offset, "withdrew the snapshot", "");
}

void Printer::released(const DocumentPath& path, Offset offset) {
  standing("released", path, offset, "released the snapshot", ": a candidate again");
}

void Printer::standing(const char* what, const DocumentPath& path, Offset offset, const char* done, const char* now) {
  if (json_) {
    out_ << Json{{what, offset.value}, {"document", path.document.text()}, {"space", path.space.text()}}.dump() << '\n';
  } else {
    out_ << done << " at offset " << offset.value << " of " << quoted(path) << now << '\n';
  }
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

void Printer::cut(Offset offset) {
  if (json_) {
    out_ << Json{{"cut", offset.value}}.dump() << '\n';
  } else {
    out_ << offset.value << "  the records up to here are no longer kept\n";
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
      if (line.kind != AppendKind::cut) json["time"] = line.record.time.value;
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

void Printer::archive(const char* what, const DocumentPath& path, const archive::ArchiveEnd& end, Offset cut) {
  if (json_) {
    Json json{{what, path.document.text()},         {"space", path.space.text()}, {"records", end.records},
              {"payload_bytes", end.payload_bytes}, {"head", end.head.value},     {"chain", end.chain.hex()}};
    if (cut.value != 0) json["cut"] = cut.value;
    json["snapshots"] = end.snapshots;
    json["snapshot_bytes"] = end.snapshot_bytes;
    out_ << json.dump() << '\n';
    return;
  }
  out_ << what << ' ' << quoted(path) << ": " << count_of(end.records, "record") << ", "
       << count_of(end.payload_bytes, "byte");
  if (cut.value != 0) out_ << ", behind offset " << cut.value << " where it was cut";
  if (end.snapshots > 0)
    out_ << "; " << count_of(end.snapshots, "snapshot") << ", " << count_of(end.snapshot_bytes, "byte");
  out_ << '\n';
}

void Printer::compacted(const DocumentPath& path, const storage::DocumentWeight& before,
                        const storage::DocumentWeight& after) {
  if (json_) {
    out_ << Json{{"compacted", path.document.text()},
                 {"space", path.space.text()},
                 {"before", weight_json(before)},
                 {"after", weight_json(after)}}
                .dump()
         << '\n';
    return;
  }
  out_ << "compacted " << quoted(path) << '\n';
  for (const auto& [when, weight] : {std::pair("before", before), std::pair("after ", after)}) {
    out_ << "  " << when << "  runs: " << in_runs(weight) << "; packs: " << in_packs(weight) << "; "
         << bytes_a_record_text(weight) << " bytes a record\n";
  }
}

void Printer::finding(const storage::Finding& finding) {
  if (json_) {
    Json json{{"finding", finding.what}};
    if (!finding.space.empty()) json["space"] = finding.space;
    if (!finding.document.empty()) json["document"] = finding.document;
    if (finding.offset) json["offset"] = finding.offset->value;
    out_ << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    return;
  }
  out_ << (finding.space.empty() ? "the store" : finding.space);
  if (!finding.document.empty()) out_ << "  " << finding.document;
  if (finding.offset) out_ << "  offset " << finding.offset->value;
  out_ << ": " << finding.what << '\n';
}

void Printer::verified(const storage::VerifyCounts& counts) {
  if (json_) {
    out_ << Json{{"findings", counts.findings},
                 {"spaces", counts.spaces},
                 {"documents", counts.documents},
                 {"deleted", counts.deleted},
                 {"cut", counts.cut},
                 {"records", counts.records},
                 {"payload_bytes", counts.payload_bytes},
                 {"runs", counts.runs},
                 {"packs", counts.packs},
                 {"order_entries", counts.order_entries},
                 {"marks", counts.marks},
                 {"notes", counts.notes},
                 {"chain_values", counts.chain_values},
                 {"snapshots", counts.snapshots},
                 {"snapshot_bytes", counts.snapshot_bytes}}
                .dump()
         << '\n';
    return;
  }
  out_ << "read " << count_of(counts.records, "record") << " (" << count_of(counts.payload_bytes, "byte") << ") in "
       << count_of(counts.runs, "run") << " and " << count_of(counts.packs, "pack") << ", of "
       << count_of(counts.documents, "document") << " (" << counts.deleted << " deleted, " << counts.cut << " cut) in "
       << count_of(counts.spaces, "space") << "; " << count_of(counts.order_entries, "order entry", "order entries")
       << ", " << count_of(counts.marks, "mark") << ", " << count_of(counts.notes, "note") << ", "
       << count_of(counts.chain_values, "chain value") << ", " << count_of(counts.snapshots, "snapshot") << " ("
       << count_of(counts.snapshot_bytes, "byte") << ")\n";
  if (counts.findings == 0) {
    out_ << "all is well\n";
  } else {
    out_ << count_of(counts.findings, "thing is", "things are") << " wrong\n";
  }
}

bool Printer::flush() {
  out_.flush();
  return good();
}

bool Printer::good() const { return out_.good(); }

}  // namespace weir::cli
