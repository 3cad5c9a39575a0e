#include "weir/http/closing.hpp"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

namespace weir::http {

namespace net = boost::asio;
namespace beast = boost::beast;
using net::ip::tcp;

namespace {
constexpr std::string_view full_reply =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Type: application/json\r\n"
    "Content-Length: 84\r\n\r\n"
    "{\"error\":{\"code\":\"RESOURCE_EXHAUSTED\",\"message\":\"too many connections: try later\"}}\n";
}  // namespace

net::awaitable<void> close_in_order(beast::tcp_stream& stream, ClosingLimits limits) {
  boost::system::error_code error;
  stream.socket().shutdown(tcp::socket::shutdown_send, error);
  stream.expires_after(limits.wait_max);  // in all: a peer that goes on sending gains nothing
  std::array<char, 4096> unwanted;
  for (std::size_t bytes = 0; !error && bytes < limits.bytes_max;) {
    bytes += co_await stream.async_read_some(net::buffer(unwanted), net::redirect_error(net::use_awaitable, error));
  }
  stream.close();
}

void break_off(beast::tcp_stream& stream) {
  boost::system::error_code ignored;
  stream.socket().set_option(net::socket_base::linger(true, 0), ignored);
  stream.socket().close(ignored);
}

net::awaitable<void> refuse_connection(tcp::socket socket, ClosingLimits limits, std::shared_ptr<void> held) {
  beast::tcp_stream stream(std::move(socket));
  boost::system::error_code error;
  stream.expires_after(limits.wait_max);
  co_await net::async_write(stream, net::buffer(full_reply), net::redirect_error(net::use_awaitable, error));
  co_await close_in_order(stream, limits);
  held.reset();
}

}  // namespace weir::http
