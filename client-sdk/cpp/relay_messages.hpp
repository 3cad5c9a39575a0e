// The relay's messages as plain values: what a peer sends is looked at before it is believed.
//
// Internal: it names generated code. Threads: pure functions.
#pragma once

#include <string_view>

#include "weir/client/relay.hpp"

namespace weir::v1 {
class Cursor;
class DocumentInfo;
class FeedResponse;
class Record;
class SnapshotInfo;
class SpaceInfo;
}  // namespace weir::v1

namespace weir::client {

[[nodiscard]] Result<SpaceInfo> from_message(const v1::SpaceInfo& message);
[[nodiscard]] Result<DocumentInfo> from_message(const v1::DocumentInfo& message);
[[nodiscard]] Result<Record> from_message(const v1::Record& message);
/// Without a chain value, it is all 0.
[[nodiscard]] Result<Cursor> from_message(const v1::Cursor& message);
[[nodiscard]] Result<SnapshotInfo> from_message(const v1::SnapshotInfo& message);
[[nodiscard]] Result<FeedStretch> from_message(const v1::FeedResponse& message);
/// INTERNAL unless it is 16 bytes.
[[nodiscard]] Result<StoreIncarnation> store_from(std::string_view bytes);

}  // namespace weir::client
