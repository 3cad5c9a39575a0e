// Every bound of the core in one place. All are configured (docs/operations.md), all are tested, none is silent: what
// meets one is answered with an error that names it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::core {

using namespace std::chrono_literals;

/// When snapshots are asked for, and how far they are trusted.
struct SnapshotRules {
  /// False: no client is asked. What clients offer by themselves is still taken.
  bool ask = true;
  /// A snapshot is wanted when so much was written since the last one: as much as that one has, but at least this ...
  std::size_t tail_bytes_min = 64 << 10;
  /// ... or so many records, while the document is smaller than that.
  std::size_t tail_records_min = 500;
  std::size_t bytes_max = std::size_t{256} << 20;
  /// Of a foreign client's: what cannot be sent in parts stays small enough for slow lines.
  std::size_t layer_bytes_max = std::size_t{4} << 20;
  /// A client that was asked has this long to begin, and then as long as upload_max to finish.
  std::chrono::milliseconds lease = 30s;
  std::chrono::milliseconds upload_max = 10min;
  /// A client may offer one unasked this often.
  std::chrono::milliseconds volunteer_interval = 60s;
  /// Served without having been verified when it is so old and nobody has reported it; never cut behind.
  std::chrono::seconds serve_unverified_after = 1h;
  /// A foreign client's snapshot is confirmed by another's equal bytes, so it is best made when nobody has written for
  /// so long.
  std::chrono::milliseconds quiet = 2s;
  /// How often an open document is looked through for what is due.
  std::chrono::milliseconds maintain_interval = 10s;
  /// What nobody is served any more stays this long, for those who are reading it.
  std::chrono::seconds drop_after = 10min;
};

struct Limits {
  SnapshotRules snapshots{};
  /// One delta's payload. At most 16 MiB.
  std::size_t payload_bytes_max = 1 << 20;
  /// One message of the native protocol, and one of y-websocket (a first SyncStep2 may be a whole document).
  std::size_t frame_bytes_max = 4 << 20;
  std::size_t foreign_frame_bytes_max = 128 << 20;
  /// Before hello.
  std::size_t hello_bytes_max = 16 << 10;
  std::chrono::milliseconds hello_wait_max = 10s;
  /// What one session may keep waiting in memory for its reader; above it the reader is served from the log.
  std::size_t session_queue_bytes_max = 1 << 20;
  /// Payload bytes that a session has published and that are not answered yet; above it the session is not read.
  std::size_t in_flight_bytes_max = 1 << 20;
  std::size_t subscriptions_max = 1000;
  std::size_t presence_bytes_max = 4096;
  /// Presence slots of one document; later ones are refused.
  std::size_t presence_slots_max = 1000;
  /// Dispatched deliveries a hub remembers for readers that come back, per space.
  std::size_t ring_bytes_max = 256 << 10;
  /// One read of a document's log while a reader catches up.
  std::size_t read_bytes_max = 256 << 10;
  /// How far back a resend is looked for.
  std::size_t resend_records_scanned_max = 100'000;
  /// Digests of recent foreign updates remembered per document.
  std::size_t digests_max = 4096;
  /// Producers whose marks are kept in memory per document.
  std::size_t producers_cached_max = 4096;
  /// Requests that wait while a document is opened.
  std::size_t opening_requests_max = 10'000;
  /// A document without subscribers or work is closed after this.
  std::chrono::milliseconds document_idle_max = 60s;
  std::chrono::milliseconds heartbeat = 15s;
  /// A session whose output cannot be flushed for this long is closed.
  std::chrono::milliseconds stall_max = 10min;
  /// A foreign client asked for what the relay lacks has this long before the next one is asked.
  std::chrono::milliseconds cover_lease = 5s;
};

}  // namespace weir::core
