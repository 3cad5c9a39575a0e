#include "weir/rocksdb/check.hpp"

#include <limits>

namespace weir::storage::rocks {
namespace {

constexpr std::size_t note_key_bytes_max = 255;
constexpr std::size_t note_value_bytes_max = std::size_t{64} << 10;

std::optional<Error> invalid(const Append& append, const char* why) {
  return fail(Code::invalid_argument, "append to document \"" + append.path->document.text() + "\": " + why);
}

std::optional<Error> stale(const Append& append, const char* why) {
  return fail(Code::aborted, "document \"" + append.path->document.text() + "\" " + why);
}

std::optional<Error> refuse_deltas(const Append& append) {
  const std::uint64_t first = append.first_sequence.value;
  if (append.producer == ProducerId{}) return invalid(append, "it has no producer");
  if (first == 0) return invalid(append, "sequences begin with 1");
  if (append.deltas.size() - 1 > std::numeric_limits<std::uint64_t>::max() - first)
    return invalid(append, "its sequences exceed 64 bits");
  if (append.assumed_mark && append.first_sequence <= *append.assumed_mark)
    return invalid(append, "its sequences are not above the mark");
  for (const Delta& delta : append.deltas)
    if (delta.codec.value > std::numeric_limits<std::uint32_t>::max()) return invalid(append, "a codec has 32 bits");
  return std::nullopt;
}

}  // namespace

std::optional<Error> refuse_shape(const Append& append) {
  for (const Note& note : append.notes) {
    if (note.key.empty() || note.key.size() > note_key_bytes_max)
      return invalid(append, "the key of a note has 1 to 255 bytes");
    if (note.value.size() > note_value_bytes_max) return invalid(append, "a note has at most 64 KiB");
  }
  switch (append.kind) {
    case AppendKind::deltas:
      if (!append.deltas.empty()) return refuse_deltas(append);
      return append.notes.empty() ? invalid(append, "there is nothing to store") : std::nullopt;
    case AppendKind::tombstone:
      return append.deltas.empty() && append.notes.empty() ? std::nullopt
                                                           : invalid(append, "a tombstone carries nothing");
    case AppendKind::recreate:
      return append.deltas.empty() ? std::nullopt : invalid(append, "a re-creation carries no deltas");
    case AppendKind::cut:
      return append.deltas.empty() && append.notes.empty() ? std::nullopt : invalid(append, "a cut carries nothing");
  }
  return invalid(append, "its kind is unknown");
}

std::optional<Error> refuse_state(const Append& append, DocumentLife life, Epoch epoch, Sequence mark) {
  if (append.epoch != epoch) return stale(append, "has another epoch than the append assumes; load it again");
  switch (append.kind) {
    case AppendKind::recreate:
      return life == DocumentLife::deleted ? std::nullopt : stale(append, "is not deleted, so it cannot be re-created");
    case AppendKind::tombstone:
      return life == DocumentLife::alive ? std::nullopt : stale(append, "does not exist, so it cannot be deleted");
    case AppendKind::cut:
      return life == DocumentLife::alive ? std::nullopt : stale(append, "does not exist, so it cannot be cut");
    case AppendKind::deltas: break;
  }
  if (life == DocumentLife::deleted) return stale(append, "was deleted");
  if (append.assumed_mark && *append.assumed_mark != mark)
    return stale(append, "has another last sequence of this producer than the append assumes; load it again");
  return std::nullopt;
}

}  // namespace weir::storage::rocks
