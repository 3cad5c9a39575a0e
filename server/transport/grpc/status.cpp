#include "weir/grpc/status.hpp"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace weir::rpc {

namespace {

constexpr std::chrono::milliseconds retry_after_default{1000};

google::rpc::RetryInfo retry_info(std::chrono::milliseconds delay) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  info.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(delay.count() % 1000 * 1'000'000));
  return info;
}

google::rpc::ErrorInfo error_info(const Error& error, const Details& details) {
  google::rpc::ErrorInfo info;
  info.set_reason(details.reason.empty() ? std::string(weir::name(error.code)) : details.reason);
  info.set_domain("weir");
  for (const auto& [key, value] : details.metadata) (*info.mutable_metadata())[key] = value;
  return info;
}

}  // namespace

::grpc::Status to_status(const Error& error, const Details& details) {
  google::rpc::Status status;
  status.set_code(static_cast<std::int32_t>(error.code));
  status.set_message(error.message);
  status.add_details()->PackFrom(error_info(error, details));
  auto retry_after = details.retry_after;
  if (!retry_after && error.code == Code::unavailable) retry_after = retry_after_default;
  if (retry_after) status.add_details()->PackFrom(retry_info(*retry_after));
  if (!details.field.empty()) {
    google::rpc::BadRequest request;
    auto* violation = request.add_field_violations();
    violation->set_field(details.field);
    violation->set_description(error.message);
    status.add_details()->PackFrom(request);
  }
  return {static_cast<::grpc::StatusCode>(error.code), error.message, status.SerializeAsString()};
}

::grpc::Status to_status(const frames::ErrorEvent& event) {
  Details details;
  if (event.reason != frames::Reason::unspecified) details.reason = name(event.reason);
  if (event.retry_after_ms > 0) details.retry_after = std::chrono::milliseconds(event.retry_after_ms);
  if (event.expected_sequence.value > 0) {
    details.metadata["expected_sequence"] = std::to_string(event.expected_sequence.value);
  }
  return to_status(event.error, details);
}

std::string_view name(frames::Reason reason) {
  switch (reason) {
    case frames::Reason::unspecified: return "UNSPECIFIED";
    case frames::Reason::deleted: return "DELETED";
    case frames::Reason::epoch: return "EPOCH";
    case frames::Reason::fenced: return "FENCED";
    case frames::Reason::resend_differs: return "RESEND_DIFFERS";
    case frames::Reason::not_comparable: return "NOT_COMPARABLE";
    case frames::Reason::sequence_gap: return "SEQUENCE_GAP";
    case frames::Reason::producer_owned: return "PRODUCER_OWNED";
    case frames::Reason::protocol: return "PROTOCOL";
    case frames::Reason::snapshot: return "SNAPSHOT";
  }
  return "UNSPECIFIED";
}

::grpc::Status going_away(std::chrono::milliseconds reconnect_after) {
  return to_status(fail(Code::unavailable, "the relay is stopping; connect again"),
                   {.reason = "GOING_AWAY", .retry_after = reconnect_after});
}

}  // namespace weir::rpc
