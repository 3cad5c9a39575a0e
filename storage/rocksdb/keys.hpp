// Where each row lies. Every key is a tag or a number, then big-endian parts, so that what is read together lies
// together and in order. docs/storage-format.md draws them.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "weir/rocksdb/encoding.hpp"
#include "weir/vocabulary/ids.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::storage::rocks {

/// Short numbers that stand for names inside one store; never used again for another name.
using SpaceId = Number<struct SpaceIdTag>;        // 32 bits in keys
using DocumentId = Number<struct DocumentIdTag>;  // 64 bits in keys
/// Which life of a document: 1 is the first, each re-creation opens the next. 32 bits in keys.
using Life = Number<struct LifeTag>;
/// Which upload of a snapshot in a document's life; what was sealed keeps it, so that its parts need not move.
using UploadNumber = Number<struct UploadNumberTag>;

namespace keys {

inline std::string tagged(char tag) { return std::string(1, tag); }

inline std::string meta(std::string_view name) { return tagged('M').append(name); }
inline std::string space(std::string_view name) { return tagged('S').append(name); }

inline std::string documents(SpaceId space) {
  std::string key = tagged('D');
  put_big_endian(key, static_cast<std::uint32_t>(space.value));
  return key;
}
inline std::string document(SpaceId space, std::string_view name) { return documents(space).append(name); }

inline std::string name(DocumentId document) {
  std::string key = tagged('N');
  put_big_endian(key, document.value);
  return key;
}

inline std::string marks(DocumentId document) {
  std::string key = tagged('K');
  put_big_endian(key, document.value);
  return key;
}
inline std::string mark(DocumentId document, Epoch epoch, const ProducerId& producer) {
  std::string key = marks(document);
  put_big_endian(key, epoch.value);
  return key.append(producer.view());
}

inline std::string of_life(std::string key, DocumentId document, Life life) {
  put_big_endian(key, document.value);
  put_big_endian(key, static_cast<std::uint32_t>(life.value));
  return key;
}
inline std::string notes(DocumentId document, Life life) { return of_life(tagged('T'), document, life); }
inline std::string note(DocumentId document, Life life, std::string_view key) {
  return notes(document, life).append(key);
}

inline std::string chain_points(DocumentId document, Life life) { return of_life(tagged('C'), document, life); }
inline std::string chain_point(DocumentId document, Life life, Offset offset) {
  std::string key = chain_points(document, life);
  put_big_endian(key, offset.value);
  return key;
}

inline std::string orders(SpaceId space) {
  std::string key = tagged('O');
  put_big_endian(key, static_cast<std::uint32_t>(space.value));
  return key;
}
inline std::string order(SpaceId space, Offset first) {
  std::string key = orders(space);
  put_big_endian(key, first.value);
  return key;
}

inline std::string snapshots(DocumentId document, Life life) { return of_life(tagged('I'), document, life); }
inline std::string snapshot(DocumentId document, Life life, SnapshotId id) {
  std::string key = snapshots(document, life);
  put_big_endian(key, id.value);
  return key;
}
/// The numbers last given to snapshots and uploads lie where snapshot 0 would.
inline std::string snapshot_numbers(DocumentId document, Life life) { return snapshot(document, life, {}); }

inline std::string uploads(DocumentId document, Life life) { return of_life(tagged('U'), document, life); }
inline std::string upload(DocumentId document, Life life, UploadNumber upload) {
  std::string key = uploads(document, life);
  put_big_endian(key, upload.value);
  return key;
}

/// In the family `packs`, behind all packs: no document's number is so large.
inline constexpr char snapshot_part_tag = '\xFE';
inline std::string snapshot_parts(DocumentId document, Life life) {
  return of_life(tagged(snapshot_part_tag), document, life);
}
inline bool is_snapshot_part(std::string_view key) { return key.starts_with(snapshot_part_tag); }
inline std::string snapshot_part(DocumentId document, Life life, UploadNumber upload, std::uint64_t index) {
  std::string key = snapshot_parts(document, life);
  put_big_endian(key, upload.value);
  put_big_endian(key, static_cast<std::uint32_t>(index));
  return key;
}

/// In the family `runs`.
inline std::string runs(DocumentId document, Life life) { return of_life({}, document, life); }
inline std::string run(DocumentId document, Life life, Offset first) {
  std::string key = runs(document, life);
  put_big_endian(key, first.value);
  return key;
}

/// In the family `packs`.
inline std::string packs(DocumentId document, Life life) { return of_life({}, document, life); }
inline std::string pack(DocumentId document, Life life, Offset first) { return run(document, life, first); }

/// The first key behind all that begin with `prefix` (which is not all 0xFF: tags and ids never are).
inline std::string behind(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

/// The number at the end of a run's, a pack's, an order entry's or a chain point's key.
inline Offset offset_of(std::string_view key) {
  return {Decoder(key.substr(key.size() - 8)).big_endian<std::uint64_t>()};
}

}  // namespace keys
}  // namespace weir::storage::rocks
