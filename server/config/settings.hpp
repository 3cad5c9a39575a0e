// What can be set, with its defaults. keys.cpp says what each means and what it may be; load.hpp says where values come
// from.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::config {

using Milliseconds = std::chrono::milliseconds;
using List = std::vector<std::string>;

/// A size, written "64KiB", "1MiB" or as a plain number.
struct Bytes {
  std::uint64_t value = 0;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

inline constexpr std::uint64_t kibi = 1024;
inline constexpr std::uint64_t mebi = 1024 * kibi;
inline constexpr std::int64_t day_ms = 24 * 3'600'000;

/// Named as the keys are, with the dot as an underscore.
struct Settings {
  std::string data = "weir-data";
  std::string http = "127.0.0.1:8787";
  std::string grpc = "127.0.0.1:8788";
  bool insecure = false;
  std::string durability = "sync";
  Milliseconds durability_interval{100};
  std::uint64_t threads = 0;
  std::uint64_t readers = 4;
  Milliseconds drain_wait_max{10'000};
  Milliseconds reconnect_after{1000};

  List access_hosts;
  List access_origins;

  std::string spaces_create = "any";
  List spaces_listed;

  std::string log_level = "info";
  std::string log_format = "text";

  Bytes storage_queue_bytes_max{64 * mebi};
  Bytes storage_write_buffer_bytes{64 * mebi};
  Bytes storage_block_cache_bytes{64 * mebi};
  bool storage_packing = true;

  bool snapshots_ask = true;
  Bytes snapshots_tail_bytes_min{64 * kibi};
  std::uint64_t snapshots_tail_records_min = 500;
  Bytes snapshots_layer_bytes_max{4 * mebi};
  Milliseconds snapshots_lease{30'000};
  Milliseconds snapshots_serve_unverified_after{3'600'000};
  Bytes snapshots_cache_bytes_max{32 * mebi};

  std::string retention_keep = "everything";
  Milliseconds retention_for{90 * day_ms};
  Milliseconds retention_grace{7 * day_ms};
  bool retention_lossy = false;
  List retention_spaces;
  Milliseconds retention_interval{600'000};

  std::uint64_t limits_connections_max = 10'000;
  Bytes limits_header_bytes_max{8 * kibi};
  Milliseconds limits_header_wait_max{5000};
  Milliseconds limits_http_idle_max{60'000};
  Milliseconds limits_close_wait_max{5000};
  std::uint64_t limits_grpc_calls_max = 1000;
  Bytes limits_grpc_buffer_bytes_max{256 * mebi};
  Bytes limits_payload_bytes_max{mebi};
  Bytes limits_snapshot_bytes_max{256 * mebi};
  Bytes limits_frame_bytes_max{4 * mebi};
  Bytes limits_foreign_frame_bytes_max{128 * mebi};
  Bytes limits_hello_bytes_max{16 * kibi};
  Milliseconds limits_hello_wait_max{10'000};
  Bytes limits_session_queue_bytes_max{mebi};
  Bytes limits_in_flight_bytes_max{mebi};
  std::uint64_t limits_subscriptions_max = 1000;
  Bytes limits_presence_bytes_max{4 * kibi};
  std::uint64_t limits_presence_slots_max = 1000;
  Bytes limits_ring_bytes_max{256 * kibi};
  Bytes limits_read_bytes_max{256 * kibi};
  std::uint64_t limits_resend_records_scanned_max = 100'000;
  std::uint64_t limits_digests_max = 4096;
  std::uint64_t limits_producers_cached_max = 4096;
  std::uint64_t limits_opening_requests_max = 10'000;
  Milliseconds limits_document_idle_max{60'000};
  Milliseconds limits_heartbeat{15'000};
  Milliseconds limits_stall_max{600'000};
  Milliseconds limits_cover_lease{5000};
};

}  // namespace weir::config
