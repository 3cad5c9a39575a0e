// A connection that asks to speak another protocol, on its way from the front door to whoever speaks it. The two never
// include each other: the composition root puts the functions together.
//
// Threads: the connection's own.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/http/target.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::http {

/// What an upgrade asks for.
struct UpgradeRequest {
  Target target = {};
  std::vector<std::string> subprotocols = {};  ///< in the client's order
};

/// The connection itself, handed over for good.
struct Upgraded {
  boost::asio::ip::tcp::socket socket;
  boost::beast::http::request<boost::beast::http::empty_body> request;
  std::string early;           ///< bytes that came in behind the request
  std::size_t thread = 0;      ///< index of the thread it lives on
  std::shared_ptr<void> slot;  ///< to be held as long as the connection lives: it counts against the limit
};

using TakeOver = std::function<void(Upgraded)>;
/// Decides by the address; an error is answered as such.
using UpgradeRouter = std::function<Result<TakeOver>(const UpgradeRequest&)>;

}  // namespace weir::http
