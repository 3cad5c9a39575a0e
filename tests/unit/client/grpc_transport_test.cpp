// What is said about an address where there is no relay: what is wrong with it, and what to do. Real sockets.
#include "weir/client/grpc_transport.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

namespace weir::client {
namespace {

using boost::asio::ip::tcp;

/// A port of this machine, taken and not listened to until answer().
class Port {
 public:
  Port() : acceptor_(io_) {
    acceptor_.open(tcp::v4());
    acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
  }
  ~Port() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    tcp::socket knock(io_);
    boost::system::error_code ignored;
    knock.connect(acceptor_.local_endpoint(), ignored);
    knock.close(ignored);
    thread_.join();
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  /// Whoever connects is told this, and left.
  void answer(std::string with) {
    acceptor_.listen();
    thread_ = std::thread([this, with = std::move(with)] {
      while (!stopping_) {
        tcp::socket peer(io_);
        boost::system::error_code error;
        acceptor_.accept(peer, error);
        std::string asked;
        if (!error) boost::asio::read_until(peer, boost::asio::dynamic_buffer(asked), "\r\n\r\n", error);
        if (!error) boost::asio::write(peer, boost::asio::buffer(with), error);
      }
    });
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

struct Heard : TransportEvents {
  void opened(std::uint64_t) override {}
  void received(std::uint64_t, SharedBytes) override {}
  void lost(std::uint64_t, std::string why) override { lost_.set_value(std::move(why)); }
  std::promise<std::string> lost_;
};

/// Why a connection to the address could not be made.
std::string complaint(const std::string& address) {
  const auto heard = std::make_shared<Heard>();
  const auto transport = make_grpc_transport({.address = address});
  transport->open(1, "", heard);
  return heard->lost_.get_future().get();
}

testing::AssertionResult begins(const std::string& text, const std::string& with) {
  if (text.starts_with(with)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text;
}

TEST(GrpcTransport, WhereNothingListensItAsksWhetherARelayRuns) {
  const Port port;
  EXPECT_TRUE(begins(complaint(port.address()), port.address() + ": no relay answers there; is it running"));
}

TEST(GrpcTransport, WhatAnswersHttpOneIsNotItsGrpcAddress) {
  Port port;
  port.answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(begins(complaint(port.address()), port.address() + ": answers, but not gRPC: weir's gRPC address"));
}

TEST(GrpcTransport, WhatHangsUpIsNoRelay) {
  Port port;
  port.answer("");
  EXPECT_TRUE(begins(complaint(port.address()), port.address() + ": no relay answers there"));
}

TEST(GrpcTransport, ANameThatDoesNotExistIsNotFound) {
  EXPECT_TRUE(begins(complaint("no-such-host.invalid:8788"), "no-such-host.invalid:8788: this name was not found"));
}

}  // namespace
}  // namespace weir::client
