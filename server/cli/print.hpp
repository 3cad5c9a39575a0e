// What `weir docs` prints: for people, or one JSON object a line.
//
//   Printer printer(std::cout, options.json);
//   printer.record(record);
//
// Numbers that need all 64 bits (epochs) are strings in JSON; payloads are base64.
//
// Threads: one at a time.
#pragma once

#include <iosfwd>

#include "weir/archive/archive.hpp"
#include "weir/cli/document_source.hpp"

namespace weir::cli {

class Printer {
 public:
  Printer(std::ostream& out, bool json) : out_(out), json_(json) {}

  void space(const SpaceLine& line);
  void document(const DocumentLine& line);
  void state(const DocumentPath& path, const DocumentState& state, const std::optional<storage::DocumentWeight>& weight,
             const std::vector<SnapshotLine>& snapshots);
  void snapshot(const SnapshotLine& line);
  void withdrawn(const DocumentPath& path, Offset offset);
  void released(const DocumentPath& path, Offset offset);
  void record(const Record& record);
  /// Where a document's records begin, when others before were wanted.
  void cut(Offset offset);
  void entry(const FeedLine& line);
  void deleted(const DocumentPath& path, Offset offset);
  /// `what`: "exported" or "imported"; `cut`: where it begins, of the file's offsets.
  void archive(const char* what, const DocumentPath& path, const archive::ArchiveEnd& end, Offset cut);
  void compacted(const DocumentPath& path, const storage::DocumentWeight& before, const storage::DocumentWeight& after);
  void finding(const storage::Finding& finding);
  void verified(const storage::VerifyCounts& counts);
  /// What was printed is seen; false when nobody reads any more.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool good() const;

 private:
  /// What an operator has done to a snapshot.
  void standing(const char* what, const DocumentPath& path, Offset offset, const char* done, const char* now);

  std::ostream& out_;
  const bool json_;
};

/// "1 record", "2 records"; `many` where an s is not enough.
[[nodiscard]] std::string count_of(std::uint64_t number, const std::string& one, const std::string& many = {});
/// `"plan" in the space "notes"`
[[nodiscard]] std::string quoted(const DocumentPath& path);

}  // namespace weir::cli
