#include "weir/config/keys.hpp"

#include <algorithm>

#include "weir/config/distance.hpp"

namespace weir::config {

namespace {

using S = Settings;
constexpr std::uint64_t second = 1000;
constexpr std::uint64_t hour = 3600 * second;
constexpr std::uint64_t year = 366 * 24 * hour;
constexpr std::uint64_t gibi = 1024 * mebi;

const std::vector<Key>& table() {
  static const std::vector<Key> all = {
      {"data", &S::data, "Folder of the store. One process at a time."},
      {"http", &S::http, "Address and port for HTTP and WebSocket. Another than loopback needs `insecure`."},
      {"grpc", &S::grpc, "Address and port for gRPC; `off` or nothing: none. Another than loopback needs `insecure`."},
      {"insecure", &S::insecure, "Allow an address that others can reach although nobody is asked who they are."},
      {"durability",
       &S::durability,
       "When an acknowledgement leaves: `sync` after the fsync; `interval` before it, so that a power cut may lose the "
       "last moments (clients then see a new epoch).",
       0,
       0,
       {"sync", "interval"}},
      {"durability_interval", &S::durability_interval, "Time between fsyncs under durability = interval.", 1,
       60 * second},
      {"threads", &S::threads, "Shard threads; 0: one for each core.", 0, 64},
      {"readers", &S::readers, "Threads that read the store.", 1, 64},
      {"drain_wait_max", &S::drain_wait_max, "How long a stopping relay waits for its clients to leave.", 0, hour},
      {"reconnect_after", &S::reconnect_after, "What a stopping relay tells its clients to wait before they come back.",
       0, hour},
      {"access.hosts", &S::access_hosts,
       "Host names, beside the loopback ones, that requests may be addressed to, without a port; \"*\" allows any."},
      {"access.origins", &S::access_origins,
       "Origins (\"https://app.example\") whose pages may connect, beside the relay's own; \"*\" allows any."},
      {"spaces.create",
       &S::spaces_create,
       "`any`: a space comes into being on first use; `listed`: only those listed.",
       0,
       0,
       {"any", "listed"}},
      {"spaces.listed", &S::spaces_listed, "The spaces there are under spaces.create = listed."},
      {"log.level", &S::log_level, "The least that is logged.", 0, 0, {"debug", "info", "warning", "error"}},
      {"log.format",
       &S::log_format,
       "`text` for people, `json` for machines: one object a line.",
       0,
       0,
       {"text", "json"}},
      {"storage.queue_bytes_max", &S::storage_queue_bytes_max,
       "What may wait for the disk before publishers are told to wait.", mebi, 4 * gibi},
      {"storage.write_buffer_bytes", &S::storage_write_buffer_bytes, "RocksDB's memtable; small ones stall more.", mebi,
       4 * gibi},
      {"storage.block_cache_bytes", &S::storage_block_cache_bytes, "RocksDB's cache of what was read.", mebi,
       64 * gibi},
      {"storage.packing", &S::storage_packing,
       "Keep documents small: a thread of the lowest priority packs what was stored. When it is off, `weir docs "
       "compact` "
       "does."},
      {"snapshots.ask", &S::snapshots_ask,
       "Ask clients for snapshots, which stand for old records when somebody joins. What they offer unasked is taken "
       "all the same."},
      {"snapshots.tail_bytes_min", &S::snapshots_tail_bytes_min,
       "One is asked for when so much was written since the last, and as much as that one has ...", kibi, gibi},
      {"snapshots.tail_records_min", &S::snapshots_tail_records_min,
       "... or so many records, while the document is smaller than that.", 1, 1'000'000'000},
      {"snapshots.layer_bytes_max", &S::snapshots_layer_bytes_max,
       "Of y-websocket clients, who send and are sent each as one message: what was made of more is built of layers.",
       64 * kibi, gibi},
      {"snapshots.lease", &S::snapshots_lease, "How long a client that was asked is waited for before another is.",
       second, hour},
      {"snapshots.serve_unverified_after", &S::snapshots_serve_unverified_after,
       "Age at which a snapshot that nobody else has confirmed, and nobody has reported, is served to who joins. "
       "Records are never cut behind it.",
       0, year},
      {"snapshots.cache_bytes_max", &S::snapshots_cache_bytes_max,
       "Parts of snapshots kept in memory for those who join at the same time.", mebi, 64 * gibi},
      {"retention.keep",
       &S::retention_keep,
       "`everything`; `since-snapshot`: records go once a verified snapshot stands for them; `for`: the same, but only "
       "those older than retention.for.",
       0,
       0,
       {"everything", "since-snapshot", "for"}},
      {"retention.for", &S::retention_for, "Age of what goes under retention.keep = for.", second, 100 * year},
      {"retention.grace", &S::retention_grace, "Time between a snapshot being verified and records going.", 0, year},
      {"retention.lossy", &S::retention_lossy,
       "Let snapshots stand in for good that are lossy, or may be: those of y-websocket clients are never known not to "
       "be."},
      {"retention.spaces", &S::retention_spaces,
       "Other rules for single spaces: \"acme-notes = since-snapshot\", \"drafts = for 30d lossy\", \"law = "
       "everything\"."},
      {"retention.interval", &S::retention_interval, "How often documents that nobody has open are looked through.",
       second, 24 * hour},
      {"limits.connections_max", &S::limits_connections_max,
       "Connections at a time, and gRPC calls at a time; one more is answered 503, or RESOURCE_EXHAUSTED.", 1,
       1'000'000},
      {"limits.header_bytes_max", &S::limits_header_bytes_max, "Header of an HTTP request.", kibi, mebi},
      {"limits.header_wait_max", &S::limits_header_wait_max, "Time for an HTTP request to arrive.", 100, hour},
      {"limits.http_idle_max", &S::limits_http_idle_max, "Time between two requests of an HTTP connection.", 100, hour},
      {"limits.close_wait_max", &S::limits_close_wait_max,
       "How long a connection that ends is waited for: a session since its last progress, HTTP since its last reply.",
       100, hour},
      {"limits.grpc_calls_max", &S::limits_grpc_calls_max, "Calls at a time over one gRPC connection; more wait.", 1,
       1'000'000},
      {"limits.grpc_buffer_bytes_max", &S::limits_grpc_buffer_bytes_max,
       "What gRPC may use for its buffers before it reads more slowly.", 16 * mebi, 64 * gibi},
      {"limits.payload_bytes_max", &S::limits_payload_bytes_max, "One delta.", 1, 16 * mebi},
      {"limits.snapshot_bytes_max", &S::limits_snapshot_bytes_max, "One snapshot.", kibi, 64 * gibi},
      {"limits.frame_bytes_max", &S::limits_frame_bytes_max, "One message of the native protocol.", kibi, 64 * mebi},
      {"limits.foreign_frame_bytes_max", &S::limits_foreign_frame_bytes_max,
       "One message of y-websocket; a first one may be a whole document.", kibi, gibi},
      {"limits.hello_bytes_max", &S::limits_hello_bytes_max, "A message before hello.", 256, mebi},
      {"limits.hello_wait_max", &S::limits_hello_wait_max, "Time for hello to come.", 100, hour},
      {"limits.session_queue_bytes_max", &S::limits_session_queue_bytes_max,
       "What waits in memory for one reader; one that falls further behind is served from the log.", 4 * kibi, gibi},
      {"limits.in_flight_bytes_max", &S::limits_in_flight_bytes_max,
       "What one session has published and is not answered yet; above it the session is not read.", 4 * kibi, gibi},
      {"limits.subscriptions_max", &S::limits_subscriptions_max, "Documents one session subscribes to.", 1, 1'000'000},
      {"limits.presence_bytes_max", &S::limits_presence_bytes_max, "One presence value.", 1, mebi},
      {"limits.presence_slots_max", &S::limits_presence_slots_max, "Presence values of one document.", 1, 1'000'000},
      {"limits.ring_bytes_max", &S::limits_ring_bytes_max,
       "Recent deliveries remembered per space, for readers that come back.", 4 * kibi, gibi},
      {"limits.read_bytes_max", &S::limits_read_bytes_max, "One read of the log while a reader catches up.", 4 * kibi,
       64 * mebi},
      {"limits.resend_records_scanned_max", &S::limits_resend_records_scanned_max,
       "How far back a resend is looked for, in records.", 1, 100'000'000},
      {"limits.digests_max", &S::limits_digests_max, "Digests of recent foreign updates remembered per document.", 1,
       10'000'000},
      {"limits.producers_cached_max", &S::limits_producers_cached_max, "Producers remembered per document.", 1,
       10'000'000},
      {"limits.opening_requests_max", &S::limits_opening_requests_max, "Requests that wait while a document is opened.",
       1, 10'000'000},
      {"limits.document_idle_max", &S::limits_document_idle_max, "A document nobody uses is closed after this.", 100,
       24 * hour},
      {"limits.heartbeat", &S::limits_heartbeat, "Time between pings.", 100, hour},
      {"limits.stall_max", &S::limits_stall_max, "A reader that takes nothing for so long is closed.", second,
       24 * hour},
      {"limits.cover_lease", &S::limits_cover_lease,
       "How long one y-websocket client is waited for before the next is asked what the relay lacks.", 100, hour},
  };
  return all;
}

}  // namespace

std::span<const Key> keys() { return table(); }

const Key* find_key(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Key& key) { return key.name == name; });
  return found == table().end() ? nullptr : &*found;
}

std::string_view suggest(std::string_view name) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(3, name.size() / 3) + 1;
  for (const Key& key : table()) {
    // A key under the wrong table, or under none, is near as well.
    const std::string_view last = key.name.substr(key.name.rfind('.') + 1);
    const std::size_t away =
        std::min(edit_distance(name, key.name), edit_distance(name.substr(name.rfind('.') + 1), last) + 1);
    if (away < least) {
      least = away;
      best = key.name;
    }
  }
  return best;
}

std::string environment_name(const Key& key) {
  std::string name = "WEIR_";
  for (const char c : key.name) name.push_back(c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
  return name;
}

}  // namespace weir::config
