// How a connection ends. Private to this module.
//
// A socket that is closed while bytes of the peer lie in it unread, or still arrive, is reset, and a reset may overtake
// the reply that was sent before: the peer, busy sending what nobody wants, never learns why. So the last reply is
// followed by the end of our half only; what still comes is thrown away until the peer ends its half, up to a time and
// an amount; then the socket is closed.
//
// Threads: the connection's own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

namespace weir::http {

struct ClosingLimits {
  std::chrono::milliseconds wait_max{};
  std::size_t bytes_max = 0;
};

/// After the last reply; also when there was none, or the peer has gone already. The socket is closed then.
boost::asio::awaitable<void> close_in_order(boost::beast::tcp_stream& stream, ClosingLimits limits);
/// At once, and so that the peer cannot take it for an orderly end.
void break_off(boost::beast::tcp_stream& stream);
/// Answers that there are too many connections, without looking at the request. `held` is held until the end.
boost::asio::awaitable<void> refuse_connection(boost::asio::ip::tcp::socket socket, ClosingLimits limits,
                                               std::shared_ptr<void> held);

}  // namespace weir::http
