// What a reader of one document can tell about its relay (docs/encryption.md): that it repeats, leaves out or reorders
// records, keeps one's own back, or shows people different histories.
//
//   checks.begin(history)                             reading starts here: what was known of producers is forgotten
//   if (auto wrong = checks.look(record, own, Begins::unknown)) return end(*wrong);
//   checks.read(record, chain_after_it)
//   checks.stored(sequence, offset)                   one's own, which must come then
//
// A producer may begin anywhere, and goes on by one, unless its count begins anew (`base`, after lost history). Without
// the key nobody says so; then a gap is one only where both records came after the reader was first caught up, for a
// producer begins anew once in an epoch. Chain values of what was read are kept, the last 16,384 of them, to be
// compared with those that authors have sealed into their records.
//
// Internal. Threads: one, the session's.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "weir/client/errors.hpp"
#include "weir/client/sealed_contents.hpp"

namespace weir::client {

/// Whether a producer's count begins anew with a record.
enum class Begins : std::uint8_t { no, yes, unknown };

class ReaderChecks {
 public:
  static constexpr std::size_t points_max = 16'384;

  /// From the start, from a cursor, or from now on: producers may begin anywhere, and no chain value is known but this.
  void begin(Offset offset, const std::optional<Digest>& chain);
  /// A snapshot stands for what was not read; without a chain value: it was cut.
  void jump(Offset offset, const std::optional<Digest>& chain);
  /// Another producer id is ours from now on.
  void forget_own() { own_stored_.clear(); }

  /// Says whether a record, which comes next, can be the next.
  [[nodiscard]] std::optional<ClientError> look(const Record& record, bool own, Begins begins) const;
  /// Says whether its author has seen what was read here.
  [[nodiscard]] std::optional<ClientError> look(const Record& record, const Seen& seen, Epoch epoch) const;
  /// It was taken; `chain`: with it, when it can be followed.
  void read(const Record& record, bool own, const std::optional<Digest>& chain);

  /// The relay says that our delta with this sequence is a record at `offset`.
  void stored(Sequence sequence, Offset offset, const ProducerId& own);
  /// Everything up to `offset` was delivered.
  [[nodiscard]] std::optional<ClientError> caught_up(Offset offset);

  /// The chain value behind a record or snapshot that was read, if it is still known.
  [[nodiscard]] std::optional<Digest> chain_at(Offset offset) const;

 private:
  struct Point {
    Offset offset;
    Digest chain;
    bool gap = false;  ///< what is between the point before and this one was not read
  };
  struct OwnStored {
    Sequence sequence;
    Offset offset;
  };
  struct Last {
    Sequence sequence;
    bool after_catching_up = false;
  };
  void add(Point point);

  std::unordered_map<ProducerId, Last> last_;
  bool was_caught_up_ = false;
  std::deque<Point> points_;
  std::deque<OwnStored> own_stored_;  ///< and not read yet
  Offset from_;                       ///< what is not behind this is not read
};

}  // namespace weir::client
