#include "weir/yjs/messages.hpp"

#include "weir/yjs/lib0.hpp"

namespace weir::yjs {
namespace {

constexpr std::uint64_t message_sync = 0;
constexpr std::uint64_t message_awareness = 1;
constexpr std::uint64_t message_auth = 2;
constexpr std::uint64_t message_query_awareness = 3;

constexpr std::uint64_t sync_step1 = 0;
constexpr std::uint64_t sync_step2 = 1;
constexpr std::uint64_t sync_update = 2;

constexpr unsigned char websocket_binary = 0x82;  // final frame of a binary message
constexpr unsigned char websocket_ping = 0x89;

std::optional<Message> parse_sync(Reader& in) {
  const std::uint64_t step = in.varuint();
  const std::string_view body = in.bytes();
  if (!in.ok()) return std::nullopt;
  switch (step) {
    case sync_step1: return SyncStep1{body};
    case sync_step2: return SyncStep2{body};
    case sync_update: return Update{body};
    default: return Ignored{};
  }
}

std::optional<AwarenessEntry> take_entry(Reader& in) {
  AwarenessEntry entry;
  entry.client = in.varuint();
  entry.clock = in.varuint();
  entry.json = in.bytes();
  return in.ok() ? std::optional(entry) : std::nullopt;
}

void put_entry(std::string& out, const AwarenessEntry& entry) {
  put_varuint(out, entry.client);
  put_varuint(out, entry.clock);
  put_bytes(out, entry.json);
}

std::optional<Message> parse_awareness(Reader& in, std::size_t entries_max) {
  Reader body(in.bytes());
  const std::uint64_t count = in.ok() ? body.varuint() : 0;
  Awareness awareness;
  for (std::uint64_t i = 0; i < count && body.ok() && awareness.entries.size() < entries_max; ++i) {
    if (const auto entry = take_entry(body)) awareness.entries.push_back(*entry);
  }
  if (!in.ok() || !body.ok()) return std::nullopt;
  return awareness;
}

// RFC 6455, 5.2: two bytes, and the length in two or eight more when it does not fit.
void put_frame_header(std::string& out, unsigned char first, std::size_t size) {
  out.push_back(static_cast<char>(first));
  const int length_bytes = size < 126 ? 0 : size < 0x10000 ? 2 : 8;
  out.push_back(static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127));
  for (int i = length_bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(size >> (8 * i) & 0xFF));
}

// `kind` is written in front of vb(body).
void put_message(std::string& out, std::string_view kind, std::string_view body) {
  put_frame_header(out, websocket_binary, kind.size() + varuint_size(body.size()) + body.size());
  out.append(kind);
  put_bytes(out, body);
}

constexpr char bytes_sync_step1[] = {message_sync, sync_step1};
constexpr char bytes_sync_step2[] = {message_sync, sync_step2};
constexpr char bytes_update[] = {message_sync, sync_update};
constexpr char bytes_awareness[] = {message_awareness};
constexpr char bytes_denied[] = {message_auth, 0};

}  // namespace

std::optional<Message> parse_message(std::string_view bytes, std::size_t entries_max) {
  Reader in(bytes);
  const std::uint64_t kind = in.varuint();
  if (!in.ok()) return std::nullopt;
  switch (kind) {
    case message_sync: return parse_sync(in);
    case message_awareness: return parse_awareness(in, entries_max);
    case message_query_awareness: return QueryAwareness{};
    default: return Ignored{};
  }
}

void put_sync_step1(std::string& out, std::string_view state_vector) {
  put_message(out, {bytes_sync_step1, sizeof bytes_sync_step1}, state_vector);
}

void put_sync_step2(std::string& out, std::string_view update) {
  put_message(out, {bytes_sync_step2, sizeof bytes_sync_step2}, update);
}

void put_update(std::string& out, std::string_view update) {
  put_message(out, {bytes_update, sizeof bytes_update}, update);
}

void put_awareness(std::string& out, const std::vector<AwarenessEntry>& entries) {
  std::string body;
  put_varuint(body, entries.size());
  for (const AwarenessEntry& entry : entries) put_entry(body, entry);
  put_message(out, {bytes_awareness, sizeof bytes_awareness}, body);
}

void put_permission_denied(std::string& out, std::string_view reason) {
  put_message(out, {bytes_denied, sizeof bytes_denied}, reason);
}

void put_websocket_ping(std::string& out) { put_frame_header(out, websocket_ping, 0); }

SharedBytes encoded(void (*put)(std::string&, std::string_view), std::string_view body) {
  std::string out;
  put(out, body);
  return SharedBytes::take(std::move(out));
}

std::string awareness_update(const AwarenessEntry& entry) {
  std::string out;
  put_varuint(out, 1);
  put_entry(out, entry);
  return out;
}

std::optional<Awareness> parse_awareness_update(std::string_view bytes) {
  Reader in(bytes);
  Awareness awareness;
  for (std::uint64_t left = in.varuint(); left > 0 && in.ok(); --left) {
    if (const auto entry = take_entry(in)) awareness.entries.push_back(*entry);
  }
  if (!in.ok() || !in.rest().empty() || awareness.entries.empty()) return std::nullopt;
  return awareness;
}

}  // namespace weir::yjs
