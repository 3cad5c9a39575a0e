// Where a reader stands in a document: epoch, offset, and the chain value that names what it has read.
//
// Its own deltas come back live without their payloads, so the digests of what was published are kept until then.
//
// Threads: one, the session's.
#pragma once

#include <optional>
#include <unordered_map>

#include "weir/vocabulary/record.hpp"

namespace weir::client {

class History {
 public:
  History(const DocumentPath& path, const std::optional<Cursor>& cursor);

  /// 0 until known.
  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] Offset offset() const { return offset_; }
  /// None when the chain could not be followed: then reading starts over.
  [[nodiscard]] std::optional<Cursor> cursor() const;
  /// None when it could not be followed.
  [[nodiscard]] const std::optional<Digest>& chain() const { return chain_; }

  /// From the first record of this epoch.
  void start_over(Epoch epoch);
  /// From the middle, without what came before.
  void start_live(Epoch epoch, Offset offset);

  void published(Sequence sequence, std::string_view payload);
  /// A new producer, a new count.
  void forget_published() { published_.clear(); }

  /// A record of one's own without its payload, of which nothing is known here: it was published elsewhere under the
  /// same producer, or in an earlier life. It must be read from the log.
  [[nodiscard]] bool must_read(const Record& record) const {
    return chain_ && record.offset > offset_ && !published_.contains(record.sequence);
  }
  /// False for a record that was read before. `own`: of this producer; `stub`: its payload was left out.
  [[nodiscard]] bool advance(const Record& record, bool own, bool stub);
  /// The same, with the chain value behind it, which may be unknown: of a record with its payload, which is the next.
  void read(const Record& record, bool own, const std::optional<Digest>& chain);
  /// Everything up to `offset` was read at once.
  void jump(Offset offset, const Digest& chain);
  /// Where it stands, to come back to.
  struct Mark {
    Offset offset;
    std::optional<Digest> chain;
  };
  [[nodiscard]] Mark mark() const { return {offset_, chain_}; }
  void back(const Mark& mark) {
    offset_ = mark.offset;
    chain_ = mark.chain;
  }
  /// Records up to `offset` are not kept any more, so the chain cannot be followed through them.
  void cut(Offset offset);

 private:
  Digest start_;
  Epoch epoch_;
  Offset offset_;
  std::optional<Digest> chain_;
  std::unordered_map<Sequence, Digest> published_;
};

}  // namespace weir::client
