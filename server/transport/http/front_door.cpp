#include "weir/http/front_door.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "weir/http/closing.hpp"
#include "weir/http/exchange.hpp"

namespace weir::http {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

/// Connections beyond the limit that are told so in order; others are just closed.
constexpr std::size_t refusals_max = 100;

/// Counts one connection for as long as it is held.
std::shared_ptr<void> make_slot(const std::shared_ptr<std::atomic<std::size_t>>& count) {
  count->fetch_add(1, std::memory_order_relaxed);
  return {nullptr, [count](void*) { count->fetch_sub(1, std::memory_order_relaxed); }};
}

}  // namespace

FrontDoor::FrontDoor(std::vector<runtime::IoThread*> threads, FrontDoorOptions options, const Routes& routes,
                     UpgradeRouter upgrades)
    : threads_(std::move(threads)),
      options_(std::move(options)),
      routes_(routes),
      guard_(options_.guard),
      upgrades_(std::move(upgrades)),
      acceptor_(threads_.front()->context()) {}

Result<void> FrontDoor::listen() {
  boost::system::error_code error;
  const auto address = net::ip::make_address(options_.address, error);
  if (error) return fail(Code::invalid_argument, "\"" + options_.address + "\" is not an IP address to listen on");
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return fail(Code::unavailable, "cannot listen on " + options_.address + ":" + std::to_string(options_.port) + ": " +
                                       error.message() + ". Is another weir running? Choose another with --http");
  }
  net::post(acceptor_.get_executor(), [this] { accept_next(); });
  return {};
}

tcp::endpoint FrontDoor::endpoint() const {
  boost::system::error_code ignored;
  return acceptor_.local_endpoint(ignored);
}

ClosingLimits FrontDoor::closing_limits() const { return {options_.close_wait_max, options_.close_bytes_max}; }

void FrontDoor::drain(std::function<void()> done) {
  stopping_ = true;
  net::post(acceptor_.get_executor(), [this, done = std::move(done)]() mutable {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    in_hand_.when_none(std::move(done));
  });
}

void FrontDoor::accept_next() {
  if (stopping_ || !acceptor_.is_open()) return;
  const std::size_t thread = next_thread_++ % threads_.size();
  acceptor_.async_accept(threads_[thread]->context(),
                         [this, thread](boost::system::error_code error, tcp::socket socket) {
                           on_accepted(error, std::move(socket), thread);
                         });
}

void FrontDoor::on_accepted(boost::system::error_code error, tcp::socket socket, std::size_t thread) {
  if (error == net::error::operation_aborted || error == net::error::bad_descriptor) return;
  if (error == net::error::no_descriptors || error == net::error::no_buffer_space || error == net::error::no_memory) {
    return retry_later();
  }
  if (!error && connections_->load(std::memory_order_relaxed) >= options_.connections_max) {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    refuse(std::move(socket));
  } else if (!error) {
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    // The thread owns the socket from here on.
    threads_[thread]->post([this, held = std::make_shared<tcp::socket>(std::move(socket)), thread,
                            slot = make_slot(connections_)]() mutable {
      serve_connection(*this, std::move(*held), thread, std::move(slot));
    });
  }
  accept_next();
}

void FrontDoor::refuse(tcp::socket socket) {
  if (refusals_->load(std::memory_order_relaxed) >= refusals_max) return;
  const auto executor = socket.get_executor();
  net::co_spawn(executor, refuse_connection(std::move(socket), closing_limits(), make_slot(refusals_)), net::detached);
}

/// Out of descriptors: accepting again at once would only spin.
void FrontDoor::retry_later() {
  threads_.front()->call_after(std::chrono::milliseconds(100), [this] { accept_next(); });
}

}  // namespace weir::http
