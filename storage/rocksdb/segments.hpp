// A document's records as they lie in the store: runs as they were committed, and packs that took the place of runs.
// Neither overlaps another; together, in the order of their first offsets, they are the document.
//
//   Segments segments(view, document, life);
//   for (segments.seek(offset); segments.valid(); segments.next()) {
//     Result<Segment> segment = segments.read();
//     for (std::size_t i = 0; i < segment->size(); ++i) ... segment->record(i) ...
//   }
//   if (auto error = segments.error()) ...
//
// Threads: an object belongs to one thread.
#pragma once

#include "weir/rocksdb/pack_cache.hpp"
#include "weir/rocksdb/run.hpp"
#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// The records of one run or pack.
class Segment {
 public:
  /// What is known of a record without looking at its payload.
  struct Head {
    Offset offset;
    ProducerId producer;
    Sequence sequence;
    Seconds time;
    std::size_t payload_bytes = 0;
  };

  Segment() = default;
  /// `value` is the run's, and must live until the first record is asked for.
  Segment(Run run, std::string_view value) : run_(std::move(run)), value_(value) {}
  explicit Segment(Unpacked records) : unpacked_(std::move(records)) {}

  [[nodiscard]] std::size_t size() const { return unpacked_ ? unpacked_->size() : run_.entries().size(); }
  [[nodiscard]] Offset offset(std::size_t index) const {
    return unpacked_ ? (*unpacked_)[index].offset : run_.entries()[index].offset;
  }
  [[nodiscard]] Head head(std::size_t index) const;
  /// DATA_LOSS when its checksum is wrong. The payloads of a segment share one buffer, or a few.
  [[nodiscard]] Result<Record> record(std::size_t index);
  /// The index of the first record after `offset`; size() when there is none.
  [[nodiscard]] std::size_t after(Offset offset) const;

 private:
  Run run_;
  std::string_view value_;
  SharedBytes buffer_;  // one copy of a run's value, made when it is needed
  Unpacked unpacked_;
};

class Segments {
 public:
  /// Whoever reads a document as a whole, or much of one, does not have its runs kept: they would take the place of
  /// everything else. A pack is smaller than what is in it, and whoever reads it page by page comes back to it.
  Segments(const View& view, DocumentId document, Life life, Caching runs = Caching::yes, Caching packs = Caching::yes);

  /// To the segment in which the record at `offset` would lie, or else to the first of all; then next().
  void seek(Offset offset);
  /// To the last segment; then prev().
  void seek_to_last();
  [[nodiscard]] bool valid() const { return current_ != nullptr; }
  void next();
  void prev();

  /// Of the segment it stands at.
  [[nodiscard]] Offset first() const { return first_of(*current_); }
  [[nodiscard]] bool is_pack() const { return current_ == &packs_; }
  /// Its bytes in the store, good until it moves.
  [[nodiscard]] std::string_view value() const;
  [[nodiscard]] Result<Segment> read() const;

  /// Why it stopped, if it was not the end.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  [[nodiscard]] static Offset first_of(const Scan& scan);
  void choose_lowest();
  void choose_highest();

  const Store& store_;
  const DocumentId document_;
  const Life life_;
  Scan packs_;
  Scan runs_;
  Scan* current_ = nullptr;
};

}  // namespace weir::storage::rocks
