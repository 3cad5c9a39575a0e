#include "weir/app/limits.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace weir::app {

core::Limits core_limits(const config::Settings& settings) {
  core::Limits limits;
  limits.snapshots.ask = settings.snapshots_ask;
  limits.snapshots.tail_bytes_min = settings.snapshots_tail_bytes_min.value;
  limits.snapshots.tail_records_min = settings.snapshots_tail_records_min;
  limits.snapshots.layer_bytes_max = settings.snapshots_layer_bytes_max.value;
  limits.snapshots.bytes_max = settings.limits_snapshot_bytes_max.value;
  limits.snapshots.lease = settings.snapshots_lease;
  limits.snapshots.maintain_interval = std::min(limits.snapshots.maintain_interval, settings.retention_interval);
  limits.snapshots.serve_unverified_after =
      std::chrono::duration_cast<std::chrono::seconds>(settings.snapshots_serve_unverified_after);
  limits.payload_bytes_max = settings.limits_payload_bytes_max.value;
  limits.frame_bytes_max = settings.limits_frame_bytes_max.value;
  limits.foreign_frame_bytes_max = settings.limits_foreign_frame_bytes_max.value;
  limits.hello_bytes_max = settings.limits_hello_bytes_max.value;
  limits.hello_wait_max = settings.limits_hello_wait_max;
  limits.session_queue_bytes_max = settings.limits_session_queue_bytes_max.value;
  limits.in_flight_bytes_max = settings.limits_in_flight_bytes_max.value;
  limits.subscriptions_max = settings.limits_subscriptions_max;
  limits.presence_bytes_max = settings.limits_presence_bytes_max.value;
  limits.presence_slots_max = settings.limits_presence_slots_max;
  limits.ring_bytes_max = settings.limits_ring_bytes_max.value;
  limits.read_bytes_max = settings.limits_read_bytes_max.value;
  limits.resend_records_scanned_max = settings.limits_resend_records_scanned_max;
  limits.digests_max = settings.limits_digests_max;
  limits.producers_cached_max = settings.limits_producers_cached_max;
  limits.opening_requests_max = settings.limits_opening_requests_max;
  limits.document_idle_max = settings.limits_document_idle_max;
  limits.heartbeat = settings.limits_heartbeat;
  limits.stall_max = settings.limits_stall_max;
  limits.cover_lease = settings.limits_cover_lease;
  return limits;
}

bool is_off(std::string_view address) { return address.empty() || address == "off"; }

Result<Address> parse_address(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::invalid_argument,
                "\"" + std::string(text) + "\" is not an address and a port, such as 127.0.0.1:8787");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  Address address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) return wrong();
  boost::system::error_code invalid;
  const auto ip = boost::asio::ip::make_address(host, invalid);
  if (invalid) return wrong();
  address.host = ip.to_string();
  address.loopback = ip.is_loopback();
  return address;
}

}  // namespace weir::app
