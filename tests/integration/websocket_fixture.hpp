// A front door, one thread, and sessions that echo unless a test says otherwise.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_shard.hpp"
#include "raw_client.hpp"
#include "weir/http/front_door.hpp"
#include "weir/websocket/connections.hpp"

namespace weir::test {

/// A listener with one thread and one fake shard: /native is a native session, /framed a foreign one.
class WebSocket : public testing::Test {
 protected:
  void SetUp() override {
    shard_.on_open = [](FakeSession& session) {
      session.on_message = [&session](const SharedBytes& message) { session.say(message); };
    };
  }

  void start(websocket::Limits limits = {}, http::FrontDoorOptions options = {}) {
    connections_.emplace(shard_, limits);
    door_.emplace(std::vector<runtime::IoThread*>{&thread_}, options, routes_,
                  [this](const http::UpgradeRequest& request) { return route(request); });
    ASSERT_TRUE(door_->listen());
    thread_.start();
  }

  void TearDown() override { thread_.stop(); }

  Result<http::TakeOver> route(const http::UpgradeRequest& request) {
    const bool framed = request.target.path == "/framed";
    if (!framed && request.target.path != "/native") return fail(Code::not_found, "no such endpoint");
    const std::string subprotocol = request.subprotocols.empty() ? "" : request.subprotocols.front();
    return http::TakeOver([this, framed, subprotocol](http::Upgraded upgraded) {
      connections_->accept({std::move(upgraded.socket), std::move(upgraded.request), std::move(upgraded.early),
                            std::move(upgraded.slot), std::make_unique<FakeDialect>(framed), subprotocol});
    });
  }

  RawClient connect(std::string_view target = "/native") {
    RawClient client(port());
    EXPECT_EQ(client.handshake(target), 101);
    return client;
  }
  [[nodiscard]] std::uint16_t port() const { return door_->endpoint().port(); }

  runtime::IoThread thread_{"test"};
  FakeShard shard_{thread_};
  http::Routes routes_;
  std::optional<websocket::Connections> connections_;
  std::optional<http::FrontDoor> door_;
};

inline Frame binary(std::string payload) { return {Opcode::binary, true, std::move(payload)}; }

}  // namespace weir::test
