// weir's errors as gRPC's status with details: what a program needs to act on, beside the words for people. Private to
// this module.
//
//   reactor->Finish(to_status(fail(Code::not_found, "..."), {.reason = "NO_DOCUMENT"}));
//
// The details travel as a google.rpc.Status in the trailer grpc-status-details-bin: always an ErrorInfo (domain "weir",
// a reason in capitals), a RetryInfo when the same call may succeed later, a BadRequest when one field is wrong.
//
// Threads: pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "weir/frames/frames.hpp"

namespace weir::rpc {

struct Details {
  /// "LOST_HISTORY", ...; empty: the code's name.
  std::string reason = {};
  std::map<std::string, std::string> metadata = {};
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  /// The field of the request that is wrong.
  std::string field = {};
};

[[nodiscard]] ::grpc::Status to_status(const Error& error, const Details& details = {});
/// An error event of a session.
[[nodiscard]] ::grpc::Status to_status(const frames::ErrorEvent& error);
/// "DELETED", "SEQUENCE_GAP", ...: as in the enum Reason of sync.proto.
[[nodiscard]] std::string_view name(frames::Reason reason);

/// What a stopping relay answers.
[[nodiscard]] ::grpc::Status going_away(std::chrono::milliseconds reconnect_after);

}  // namespace weir::rpc
