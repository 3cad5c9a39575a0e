#include "weir/client/relay_messages.hpp"

#include <cstring>

#include "weir/v1/relay.pb.h"

namespace weir::client {
namespace {

/// What only a broken peer would send.
Error broken(const Error& why) { return fail(Code::internal, "the relay's answer makes no sense: " + why.message); }

DocumentLife life_from(v1::Life life) {
  if (life == v1::LIFE_ALIVE) return DocumentLife::alive;
  return life == v1::LIFE_DELETED ? DocumentLife::deleted : DocumentLife::absent;
}

Result<FeedItem> from_entry(const v1::FeedEntry& message) {
  auto document = DocumentName::parse(message.document());
  if (!document) return broken(document.error());
  FeedItem item{AppendKind::deltas, std::move(*document), Epoch{message.epoch()}, {}};
  if (message.has_record()) {
    auto record = from_message(message.record());
    if (!record) return record.error();
    item.record = std::move(*record);
  } else if (message.has_deleted()) {
    item.kind = AppendKind::tombstone;
    item.record.offset = {message.deleted().offset()};
    item.record.time = {message.deleted().time()};
  } else if (message.has_recreated()) {
    item.kind = AppendKind::recreate;
    item.record.offset = {message.recreated().offset()};
    item.record.time = {message.recreated().time()};
  } else if (message.has_cut()) {
    item.kind = AppendKind::cut;
    item.record.offset = {message.cut().offset()};
  }
  return item;
}

}  // namespace

Result<SpaceInfo> from_message(const v1::SpaceInfo& message) {
  auto name = SpaceName::parse(message.space());
  if (!name) return broken(name.error());
  return SpaceInfo{std::move(*name), Offset{message.head()}, message.documents()};
}

Result<DocumentInfo> from_message(const v1::DocumentInfo& message) {
  auto name = DocumentName::parse(message.document());
  if (!name) return broken(name.error());
  return DocumentInfo{std::move(*name),
                      {.life = life_from(message.life()),
                       .epoch = {message.epoch()},
                       .head = {message.head()},
                       .records = message.records(),
                       .payload_bytes = message.payload_bytes(),
                       .first_time = {message.first_time()},
                       .last_time = {message.last_time()},
                       .cut = {message.cut()},
                       .cut_records = message.cut_records(),
                       .cut_payload_bytes = message.cut_payload_bytes()}};
}

Result<Record> from_message(const v1::Record& message) {
  const auto producer = ProducerId::parse(message.producer());
  if (!producer) return broken(producer.error());
  return Record{{message.offset()}, *producer,         {message.sequence()},
                {message.time()},   {message.codec()}, SharedBytes::copy(message.payload())};
}

Result<Cursor> from_message(const v1::Cursor& message) {
  Cursor cursor{{message.epoch()}, {message.offset()}, {}};
  if (message.chain().empty()) return cursor;
  const auto chain = Digest::parse(message.chain());
  if (!chain) return broken(chain.error());
  cursor.chain = *chain;
  return cursor;
}

Result<SnapshotInfo> from_message(const v1::SnapshotInfo& message) {
  const auto chain = Digest::parse(message.chain());
  if (!chain) return broken(chain.error());
  const auto hash = Digest::parse(message.hash());
  if (!hash) return broken(hash.error());
  SnapshotInfo info;
  info.about.offset = {message.offset()};
  info.about.chain = *chain;
  info.about.hash = *hash;
  info.about.size = message.size();
  info.about.codec = {message.codec()};
  if (message.fidelity() == v1::FIDELITY_LOSSLESS) info.about.fidelity = Fidelity::lossless;
  if (message.fidelity() == v1::FIDELITY_LOSSY) info.about.fidelity = Fidelity::lossy;
  if (message.standing() == v1::STANDING_VERIFIED) info.about.standing = SnapshotStanding::verified;
  if (message.standing() == v1::STANDING_QUARANTINED) info.about.standing = SnapshotStanding::quarantined;
  info.about.time = {message.time()};
  info.about.since = {message.since()};
  info.about.author = message.author();
  info.about.by = message.by();
  info.about.records = message.records();
  info.about.payload_bytes = message.payload_bytes();
  info.base = {message.base()};
  info.served = message.served();
  return info;
}

Result<StoreIncarnation> store_from(std::string_view bytes) {
  StoreIncarnation store;
  if (bytes.size() != store.bytes.size()) {
    return fail(Code::internal, "the relay's answer makes no sense: the name of its store has " +
                                    std::to_string(bytes.size()) + " bytes");
  }
  std::memcpy(store.bytes.data(), bytes.data(), bytes.size());
  return store;
}

Result<FeedStretch> from_message(const v1::FeedResponse& message) {
  FeedStretch stretch;
  for (const v1::FeedEntry& entry : message.entries()) {
    // An entry of a kind that this client does not know yet is passed over.
    if (entry.what_case() == v1::FeedEntry::WHAT_NOT_SET) continue;
    auto item = from_entry(entry);
    if (!item) return item.error();
    stretch.items.push_back(std::move(*item));
  }
  const auto store = store_from(message.cursor().store());
  if (!store) return store.error();
  stretch.place = {*store, Offset{message.cursor().offset()}};
  stretch.caught_up = message.caught_up();
  return stretch;
}

}  // namespace weir::client
