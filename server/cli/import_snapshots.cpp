#include <algorithm>

#include "weir/cli/import_parts.hpp"

namespace weir::cli {

namespace {

using archive::ArchivedSnapshot;
using archive::ArchiveReader;

/// A place in the document that the records were put into.
struct Place {
  Offset offset;
  Digest chain;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
};

/// Where the first `count` records of the new document end, for each of the counts.
Result<std::vector<Place>> places_of(DocumentSource& source, const Survey& survey, Epoch epoch,
                                     const std::vector<std::uint64_t>& counts) {
  std::vector<Place> places(counts.size());
  Place now{{}, chain_start(survey.path), 0, 0};
  const std::uint64_t most = *std::max_element(counts.begin(), counts.end());
  const auto read = source.read(survey.path, epoch, {}, {}, [&](const Record& record) {
    now.offset = record.offset;
    now.chain = chain_next(now.chain, record.producer, record.sequence, record.codec, record.payload.view());
    ++now.records;
    now.payload_bytes += record.payload.size();
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (counts[i] == now.records) places[i] = now;
    return now.records < most;
  });
  if (!read) return read.error();
  return places;
}

/// As it is called in the new document; `old` are the file's, in its order.
Result<SnapshotLine> moved(const std::vector<ArchivedSnapshot>& old, std::size_t at, const std::vector<Place>& places) {
  SnapshotLine line{old[at].about};
  line.about.offset = places[at].offset;
  line.about.chain = places[at].chain;
  line.about.records = places[at].records;
  line.about.payload_bytes = places[at].payload_bytes;
  if (old[at].base.value == 0) return line;
  for (std::size_t i = at; i-- > 0;) {
    if (old[i].about.offset != old[at].base) continue;
    line.base = places[i].offset;
    return line;
  }
  return fail(Code::data_loss, "the export has a snapshot without the one it lies on");
}

}  // namespace

Result<void> can_be_put(const DocumentSource& source, const Survey& survey) {
  if (survey.start && (survey.snapshots.empty() || survey.snapshots.back().about.offset < survey.start->cut)) {
    return fail(
        Code::failed_precondition,
        "the first " + count_of(survey.start->records, "record of this document was", "records of this document were") +
            " cut before it was exported, and nothing in the file stands for what is gone; a part of a document "
            "cannot be put back");
  }
  if (source.puts_exactly()) return {};
  if (survey.start) {
    return fail(Code::failed_precondition,
                "the export begins behind offset " + std::to_string(survey.start->cut.value) +
                    ", where the document was cut, which a running relay cannot take over; import it into the store of "
                    "a stopped one, with --data");
  }
  if (survey.broken_count.value == 0) return {};
  return fail(Code::failed_precondition,
              "a producer's sequences have a gap or begin anew at offset " + std::to_string(survey.broken_count.value) +
                  " of the export, which a running relay refuses; import it into the store of a stopped one, with "
                  "--data");
}

Result<void> put_snapshots(DocumentSource& source, ArchiveReader& reader, Survey& survey, Epoch epoch,
                           ArchiveProgress& progress, const Streams& streams) {
  const bool cut = survey.start.has_value();
  if (survey.snapshots.empty() && !cut) return {};
  if (!source.puts_exactly() && survey.snapshots.size() > 1) {
    streams.err << "weir: the snapshots of the export lie on each other, which a running relay does not take; the "
                   "records are all there without them\n";
    survey.end.snapshots = survey.end.snapshot_bytes = 0;
    return {};
  }
  std::vector<std::uint64_t> counts = survey.places;
  if (cut) counts.push_back(survey.placeholders);
  const auto places = places_of(source, survey, epoch, counts);
  if (!places) return places.error();
  for (std::size_t at = 0; at < survey.snapshots.size(); ++at) {
    if (auto next = reader.next_snapshot(); !next) return next.error();
    const auto line = moved(survey.snapshots, at, *places);
    if (!line) return line.error();
    const auto put = source.put_snapshot(survey.path, epoch, *line, [&]() -> Result<std::string> {
      auto bytes = reader.bytes();
      if (bytes) progress.at(reader.end(), bytes->size());
      return bytes;
    });
    if (!put) return put;
  }
  return cut ? source.cut(survey.path, epoch, places->back().offset) : Result<void>();
}

}  // namespace weir::cli
