// A request and its reply, as handlers see them: no library's types.
//
//   void hello(const Request& request, const Respond& respond) {
//     respond(json_reply(200, {{"hello", request.captures[0]}}));
//   }
//
// Threads: a handler is called on the connection's thread and must not block. It calls `respond` once, from any thread,
// then or later; the request lives until then.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/http/target.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::http {

struct Request {
  std::string method = {};  ///< GET also for HEAD: the connection leaves the body out
  Target target = {};
  std::vector<std::string> captures = {};  ///< what stood for the {} of the route, decoded
  std::string bearer_token = {};           ///< of the Authorization header
  std::string if_none_match = {};
  std::string accept_encoding = {};
};

/// Gives the next piece of a body, from any thread; an empty one ends it, an error breaks the connection off so that
/// the reader cannot mistake the part for the whole.
using Piece = std::function<void(Result<std::string>)>;
/// Asked for a piece each time the one before has been sent.
using BodySource = std::function<void(Piece)>;

struct Reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string_view static_body = {};  ///< used when it is not empty: bytes that live as long as the process
  BodySource stream = {};             ///< used when it is set
};

using Respond = std::function<void(Reply)>;
using Handler = std::function<void(const Request&, const Respond&)>;

/// {"error": {"code": "NOT_FOUND", "message": "..."}} with the status that fits the code.
[[nodiscard]] Reply error_reply(const Error& error);
/// The same with a status of its own.
[[nodiscard]] Reply error_reply(unsigned status, const Error& error);
[[nodiscard]] unsigned status_of(Code code);

}  // namespace weir::http
