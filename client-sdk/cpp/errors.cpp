#include "weir/client/errors.hpp"

namespace weir::client {
namespace {

ErrorKind kind_of(const frames::ErrorEvent& event) {
  switch (event.reason) {
    case frames::Reason::deleted: return ErrorKind::deleted;
    case frames::Reason::epoch: return ErrorKind::epoch_changed;
    case frames::Reason::fenced: return ErrorKind::fenced;
    case frames::Reason::resend_differs:
    case frames::Reason::not_comparable: return ErrorKind::resend_refused;
    case frames::Reason::producer_owned: return ErrorKind::producer_owned;
    case frames::Reason::protocol: return ErrorKind::protocol;
    case frames::Reason::snapshot: return ErrorKind::snapshot;
    case frames::Reason::unspecified:
    case frames::Reason::sequence_gap: break;
  }
  const bool denied = event.error.code == Code::permission_denied || event.error.code == Code::unauthenticated;
  return denied ? ErrorKind::access_denied : ErrorKind::other;
}

}  // namespace

ClientError error_from_answer(const frames::ErrorEvent& event, std::string_view where) {
  ClientError error{kind_of(event), event.error, event.reason, event.retry_after_ms};
  if (!where.empty()) error.error.message = std::string(where) + ": " + event.error.message;
  return error;
}

ClientError make_error(ErrorKind kind, Code code, std::string message) {
  return {kind, {code, std::move(message)}, frames::Reason::unspecified, 0};
}

Error takes_no_key() {
  return fail(Code::failed_precondition,
              "this document was subscribed without SubscribeOptions::encryption: it takes no key, and what is "
              "published stays plain; close it, and subscribe with `encryption`");
}

ClientError lacks_key(std::string_view where) {
  return make_error(
      ErrorKind::unknown_key, Code::failed_precondition,
      std::string(where) +
          ": this document is encrypted, and was subscribed without SubscribeOptions::encryption: nothing "
          "is published to it, for it would be plain; close it, and subscribe with its key");
}

bool is_transient(Code code) {
  switch (code) {
    case Code::resource_exhausted:
    case Code::unavailable:
    case Code::internal:
    case Code::aborted:
    case Code::cancelled:
    case Code::unknown: return true;
    default: return false;
  }
}

}  // namespace weir::client
