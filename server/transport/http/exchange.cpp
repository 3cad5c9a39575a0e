#include "weir/http/exchange.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <utility>

#include "weir/http/closing.hpp"
#include "weir/http/front_door.hpp"

namespace weir::http {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using net::ip::tcp;

namespace {

using Parser = bhttp::request_parser<bhttp::string_body>;

/// One connection. Lives in the frame of run().
class Exchange {
 public:
  Exchange(const FrontDoor& door, tcp::socket socket, std::size_t thread, std::shared_ptr<void> slot)
      : door_(door), stream_(std::move(socket)), thread_(thread), slot_(std::move(slot)) {}

  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  net::awaitable<void> run();

 private:
  enum class Next { request, end };

  net::awaitable<bool> read_header(bool first);
  net::awaitable<void> refuse_message(boost::system::error_code error);
  net::awaitable<Next> answer();
  net::awaitable<Next> answer_request();
  net::awaitable<bool> read_body();
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] bool wants_upgrade() const;
  net::awaitable<Next> upgrade();
  net::awaitable<Reply> call_handler(Request& request);
  net::awaitable<Next> send(Reply reply);
  net::awaitable<Next> send_whole(Reply reply, bool keep);
  net::awaitable<Next> send_stream(Reply reply, bool keep);
  net::awaitable<bool> send_pieces(BodySource& source, bool chunked);
  net::awaitable<Result<std::string>> next_piece(BodySource& source);
  template <class Body>
  void fill_header(bhttp::response<Body>& response, const Reply& reply, bool keep) const;

  const FrontDoor& door_;
  beast::tcp_stream stream_;
  const std::size_t thread_;
  std::shared_ptr<void> slot_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  /// The body is on its way and its end was not sent.
  bool streaming_ = false;
};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

net::awaitable<void> Exchange::run() {
  bool first = true;
  for (;;) {
    if (!co_await read_header(first)) break;
    first = false;
    if (co_await answer() == Next::end) break;
  }
  // Unless it was handed over, or timed out and is closed, or has to be broken off.
  if (stream_.socket().is_open() && !streaming_) co_await close_in_order(stream_, door_.closing_limits());
}

/// In the middle of a body, neither the last chunk nor an orderly end: the reader must see that something is missing.
/// Also when the relay ends, which may be anywhere.
Exchange::~Exchange() {
  if (streaming_ && stream_.socket().is_open()) break_off(stream_);
}

/// False when there is no request to answer.
net::awaitable<bool> Exchange::read_header(bool first) {
  const FrontDoorOptions& options = door_.options();
  boost::system::error_code error;
  if (!first && buffer_.size() == 0) {
    // Between requests a client may take its time; within one it may not.
    stream_.expires_after(options.idle_wait_max);
    const std::size_t count =
        co_await stream_.async_read_some(buffer_.prepare(1024), net::redirect_error(net::use_awaitable, error));
    if (error) co_return false;
    buffer_.commit(count);
  }
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
  parser_->body_limit(options.body_bytes_max);
  stream_.expires_after(options.header_wait_max);
  co_await bhttp::async_read_header(stream_, buffer_, *parser_, net::redirect_error(net::use_awaitable, error));
  if (!error) co_return true;
  co_await refuse_message(error);
  co_return false;
}

/// Answers what is wrong with the message itself. Nothing, when it just did not come.
net::awaitable<void> Exchange::refuse_message(boost::system::error_code error) {
  if (error.category() != make_error_code(bhttp::error::bad_method).category() ||
      error == bhttp::error::end_of_stream || error == bhttp::error::partial_message) {
    co_return;
  }
  unsigned status = 400;
  std::string text = "not an HTTP request: " + error.message();
  if (error == bhttp::error::header_limit) {
    const bool before_fields = parser_->get().target().empty();
    status = before_fields ? 414 : 431;
    text = before_fields ? "the request's address is too long" : "the request's header is too long";
  } else if (error == bhttp::error::body_limit) {
    status = 413;
    text = "the request's body is too long: at most " + std::to_string(door_.options().body_bytes_max) +
           " bytes are taken here";
  }
  Reply reply = error_reply(status, fail(Code::invalid_argument, text));
  reply.headers.emplace_back("Connection", "close");
  co_await send(std::move(reply));
}

net::awaitable<Exchange::Next> Exchange::answer() {
  const auto in_hand = door_.in_hand().take();
  if (auto allowed = check(); !allowed) {
    const auto& message = parser_->get();
    const bool nameless = message.count(bhttp::field::host) != 1;
    Reply reply = nameless ? error_reply(400, allowed.error()) : error_reply(allowed.error());
    reply.headers.emplace_back("Connection", "close");
    co_return co_await send(std::move(reply));
  }
  if (wants_upgrade()) co_return co_await upgrade();
  co_return co_await answer_request();
}

/// Host and Origin.
Result<void> Exchange::check() const {
  const auto& message = parser_->get();
  if (message.count(bhttp::field::host) != 1) {
    return fail(Code::invalid_argument, "a request needs exactly one Host header");
  }
  const std::string_view host = view(message[bhttp::field::host]);
  if (auto allowed = door_.guard().check_host(host); !allowed) return allowed;
  const bool reads_only = message.method() == bhttp::verb::get || message.method() == bhttp::verb::head;
  if (reads_only && !wants_upgrade()) return {};
  return door_.guard().check_origin(view(message[bhttp::field::origin]), host);
}

bool Exchange::wants_upgrade() const {
  return bhttp::token_list{parser_->get()[bhttp::field::upgrade]}.exists("websocket");
}

net::awaitable<Exchange::Next> Exchange::upgrade() {
  const auto& message = parser_->get();
  if (parser_->chunked() || parser_->content_length_remaining().value_or(0) > 0) {
    co_return co_await send(error_reply(fail(Code::invalid_argument, "an upgrade request has no body")));
  }
  UpgradeRequest request{Target::parse(view(message.target())), {}};
  for (const auto& name : bhttp::token_list{message[bhttp::field::sec_websocket_protocol]}) {
    request.subprotocols.emplace_back(name.data(), name.size());
  }
  auto take_over = door_.upgrades()(request);
  if (!take_over) co_return co_await send(error_reply(take_over.error()));
  Upgraded upgraded{stream_.release_socket(), bhttp::request<bhttp::empty_body>(std::move(parser_->get().base())),
                    beast::buffers_to_string(buffer_.data()), thread_, std::move(slot_)};
  door_.answered(101);
  (*take_over)(std::move(upgraded));
  co_return Next::end;
}

net::awaitable<Exchange::Next> Exchange::answer_request() {
  if (!co_await read_body()) co_return Next::end;
  const auto& message = parser_->get();
  Request request;
  request.method = message.method() == bhttp::verb::head ? "GET" : std::string(view(message.method_string()));
  request.target = Target::parse(view(message.target()));
  request.if_none_match = view(message[bhttp::field::if_none_match]);
  request.accept_encoding = view(message[bhttp::field::accept_encoding]);
  const std::string_view authorization = view(message[bhttp::field::authorization]);
  if (beast::iequals(
          beast::string_view(authorization.substr(0, 7).data(), std::min<std::size_t>(authorization.size(), 7)),
          "Bearer ")) {
    request.bearer_token = authorization.substr(7);
  }
  Reply reply = co_await call_handler(request);
  co_return co_await send(std::move(reply));
}

net::awaitable<bool> Exchange::read_body() {
  boost::system::error_code error;
  stream_.expires_after(door_.options().header_wait_max);
  co_await bhttp::async_read(stream_, buffer_, *parser_, net::redirect_error(net::use_awaitable, error));
  if (error) co_await refuse_message(error);
  co_return !error;
}

net::awaitable<Reply> Exchange::call_handler(Request& request) {
  // The reply may come from any thread: it is brought back to this one.
  auto start = [this, &request](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    door_.routes().serve(request, [shared, executor = stream_.get_executor()](Reply reply) {
      net::post(executor, [shared, reply = std::move(reply)]() mutable { std::move (*shared)(std::move(reply)); });
    });
  };
  stream_.expires_never();
  co_return co_await net::async_initiate<const net::use_awaitable_t<>, void(Reply)>(std::move(start),
                                                                                    net::use_awaitable);
}

template <class Body>
void Exchange::fill_header(bhttp::response<Body>& response, const Reply& reply, bool keep) const {
  response.result(reply.status);
  response.version(parser_->get().version() < 11 ? 10 : 11);
  response.set(bhttp::field::server, door_.options().server);
  response.set(bhttp::field::content_type, reply.content_type);
  response.set("X-Content-Type-Options", "nosniff");
  response.set(bhttp::field::cache_control, "no-store");
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.keep_alive(keep);
}

net::awaitable<Exchange::Next> Exchange::send(Reply reply) {
  door_.answered(reply.status);
  bool keep = parser_->is_header_done() && parser_->is_done() && parser_->get().keep_alive() && !door_.stopping();
  for (const auto& [name, value] : reply.headers) {
    if (beast::iequals(name, "connection") && beast::iequals(value, "close")) keep = false;
  }
  if (reply.stream) co_return co_await send_stream(std::move(reply), keep);
  co_return co_await send_whole(std::move(reply), keep);
}

net::awaitable<Exchange::Next> Exchange::send_whole(Reply reply, bool keep) {
  const std::string_view body = reply.static_body.empty() ? std::string_view(reply.body) : reply.static_body;
  const bool head = parser_->is_header_done() && parser_->get().method() == bhttp::verb::head;
  const bool without_body = reply.status == 304 || reply.status == 204;
  bhttp::response<bhttp::span_body<const char>> response;
  fill_header(response, reply, keep);
  if (!without_body) response.content_length(body.size());
  if (!head && !without_body) response.body() = {body.data(), body.size()};
  bhttp::response_serializer<bhttp::span_body<const char>> serializer(response);
  boost::system::error_code error;
  stream_.expires_after(door_.options().write_wait_max);
  if (head || without_body) {
    co_await bhttp::async_write_header(stream_, serializer, net::redirect_error(net::use_awaitable, error));
  } else {
    co_await bhttp::async_write(stream_, serializer, net::redirect_error(net::use_awaitable, error));
  }
  co_return error || !keep ? Next::end : Next::request;
}

net::awaitable<Exchange::Next> Exchange::send_stream(Reply reply, bool keep) {
  const bool chunked = parser_->get().version() >= 11;
  const bool head = parser_->get().method() == bhttp::verb::head;
  if (!chunked) keep = false;  // the end of the connection is the end of the body
  bhttp::response<bhttp::empty_body> response;
  fill_header(response, reply, keep);
  if (chunked) response.chunked(true);
  bhttp::response_serializer<bhttp::empty_body> serializer(response);
  boost::system::error_code error;
  streaming_ = !head;  // from the header on: to an old client, a header and an end are an empty body
  stream_.expires_after(door_.options().write_wait_max);
  co_await bhttp::async_write_header(stream_, serializer, net::redirect_error(net::use_awaitable, error));
  if (error) co_return Next::end;
  if (head) co_return keep ? Next::request : Next::end;
  if (!co_await send_pieces(reply.stream, chunked)) co_return Next::end;
  streaming_ = false;
  co_return keep ? Next::request : Next::end;
}

net::awaitable<bool> Exchange::send_pieces(BodySource& source, bool chunked) {
  boost::system::error_code error;
  for (;;) {
    Result<std::string> piece = co_await next_piece(source);
    if (!piece) co_return false;
    stream_.expires_after(door_.options().write_wait_max);
    if (piece->empty()) {
      if (chunked) {
        co_await net::async_write(stream_, bhttp::make_chunk_last(), net::redirect_error(net::use_awaitable, error));
      }
      co_return !error;
    }
    if (chunked) {
      co_await net::async_write(stream_, bhttp::make_chunk(net::buffer(*piece)),
                                net::redirect_error(net::use_awaitable, error));
    } else {
      co_await net::async_write(stream_, net::buffer(*piece), net::redirect_error(net::use_awaitable, error));
    }
    if (error) co_return false;
  }
}

net::awaitable<Result<std::string>> Exchange::next_piece(BodySource& source) {
  auto start = [this, &source](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    source([shared, executor = stream_.get_executor()](Result<std::string> piece) {
      net::post(executor, [shared, piece = std::move(piece)]() mutable { std::move (*shared)(std::move(piece)); });
    });
  };
  stream_.expires_never();
  co_return co_await net::async_initiate<const net::use_awaitable_t<>, void(Result<std::string>)>(std::move(start),
                                                                                                  net::use_awaitable);
}

net::awaitable<void> run_exchange(const FrontDoor& door, tcp::socket socket, std::size_t thread,
                                  std::shared_ptr<void> slot) {
  Exchange exchange(door, std::move(socket), thread, std::move(slot));
  co_await exchange.run();
}

}  // namespace

void serve_connection(const FrontDoor& door, tcp::socket socket, std::size_t thread, std::shared_ptr<void> slot) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto executor = socket.get_executor();
  net::co_spawn(executor, run_exchange(door, std::move(socket), thread, std::move(slot)), net::detached);
}

}  // namespace weir::http
