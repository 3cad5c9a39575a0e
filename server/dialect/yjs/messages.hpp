// The messages of y-websocket, as bytes and as values.
//
//   SyncStep1       00 00 vb(state vector)         QueryAwareness   03
//   SyncStep2       00 01 vb(update)               Auth denied      02 00 vs(reason), from the server
//   Update          00 02 vb(update)
//   Awareness       01 vb(vu n, n × [vu client, vu clock, vs JSON])
//
// What is written here are whole WebSocket frames (server to client, so unmasked), one message each: the client reads
// no more than the first of a frame. An update is opaque; only its length, and whether it is the empty one, is looked
// at. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/vocabulary/bytes.hpp"

namespace weir::yjs {

/// The update that says nothing (format 1): no structs, no deletions.
inline constexpr std::string_view empty_update{"\0\0", 2};
/// The state vector that counts nothing.
inline constexpr std::string_view empty_state_vector{"\0", 1};

struct SyncStep1 {
  std::string_view state_vector;
};
struct SyncStep2 {
  std::string_view update;
};
struct Update {
  std::string_view update;
};
/// One peer's state. "null" says that it has left.
struct AwarenessEntry {
  std::uint64_t client = 0;
  std::uint64_t clock = 0;
  std::string_view json;
};
struct Awareness {
  std::vector<AwarenessEntry> entries;
};
struct QueryAwareness {};
/// A message that a relay has no use for.
struct Ignored {};

using Message = std::variant<SyncStep1, SyncStep2, Update, Awareness, QueryAwareness, Ignored>;

/// The first message in `bytes`, as views of it; nothing when it is malformed. Of an awareness message no more than
/// `entries_max` entries are kept.
[[nodiscard]] std::optional<Message> parse_message(std::string_view bytes, std::size_t entries_max);

// One WebSocket frame each, at the end of `out`.
void put_sync_step1(std::string& out, std::string_view state_vector);
void put_sync_step2(std::string& out, std::string_view update);
void put_update(std::string& out, std::string_view update);
void put_awareness(std::string& out, const std::vector<AwarenessEntry>& entries);
void put_permission_denied(std::string& out, std::string_view reason);
/// WebSocket's own ping: a browser answers it by itself.
void put_websocket_ping(std::string& out);
/// One of those above that take a body, by itself.
[[nodiscard]] SharedBytes encoded(void (*put)(std::string&, std::string_view), std::string_view body);

/// An awareness update of one entry: what is kept as presence. Native clients that use awareness keep the same bytes.
[[nodiscard]] std::string awareness_update(const AwarenessEntry& entry);
/// Its entries, as views of `bytes`. Nothing when `bytes` is not exactly an awareness update, or names nobody.
[[nodiscard]] std::optional<Awareness> parse_awareness_update(std::string_view bytes);

}  // namespace weir::yjs
