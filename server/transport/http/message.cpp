#include "weir/http/message.hpp"

#include <nlohmann/json.hpp>

namespace weir::http {

unsigned status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::out_of_range: return 400;
    case Code::unauthenticated: return 401;
    case Code::permission_denied: return 403;
    case Code::not_found: return 404;
    case Code::aborted:
    case Code::already_exists:
    case Code::failed_precondition: return 409;
    case Code::resource_exhausted: return 429;
    case Code::cancelled: return 499;
    case Code::unimplemented: return 501;
    case Code::unavailable: return 503;
    case Code::unknown:
    case Code::internal:
    case Code::data_loss: return 500;
  }
  return 500;
}

Reply error_reply(unsigned status, const Error& error) {
  const nlohmann::json body = {{"error", {{"code", name(error.code)}, {"message", error.message}}}};
  Reply reply;
  reply.status = status;
  // A message may quote what was asked for, and that may be any bytes.
  reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return reply;
}

Reply error_reply(const Error& error) { return error_reply(status_of(error.code), error); }

}  // namespace weir::http
