// A front door on a free port of the loopback, one thread behind it, and routes that do what a test says.
//
//   start({.header_bytes_max = 1024});
//   RawClient client = connect();
//   EXPECT_EQ(client.request("GET", "/hello").body, "hello\n");
//
// Threads: a test's own; handlers run on the door's.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raw_client.hpp"
#include "weir/http/front_door.hpp"
#include "weir/runtime/reader_pool.hpp"

namespace weir::test {

inline http::Reply text_reply(std::string text) { return {.content_type = "text/plain", .body = std::move(text)}; }

/// "NOT_FOUND", from an error's body.
inline std::string error_code(const HttpReply& reply) {
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  if (!body.contains("error") || body["error"].value("message", "").empty()) return "no error: " + reply.body;
  return body["error"].value("code", "");
}

class Http : public testing::Test {
 protected:
  /// /hello answers at once, /echo/{} with what it was given, POST /take takes a body, /held, once, when the test says.
  void SetUp() override {
    routes_.add("GET", "/hello",
                [](const http::Request&, const http::Respond& respond) { respond(text_reply("hello\n")); });
    routes_.add("GET", "/echo/{}", [](const http::Request& request, const http::Respond& respond) {
      const nlohmann::json body = {{"capture", request.captures.at(0)},
                                   {"q", request.target.parameter("q").value_or("none")},
                                   {"token", request.bearer_token}};
      respond({.body = body.dump()});
    });
    routes_.add("POST", "/take",
                [](const http::Request&, const http::Respond& respond) { respond(text_reply("taken\n")); });
    routes_.add("GET", "/held",
                [this](const http::Request&, const http::Respond& respond) { held_.set_value(respond); });
  }
  void TearDown() override {
    thread_.stop();
    readers_.stop();
  }

  void start(http::FrontDoorOptions options = {}) {
    door_.emplace(std::vector<runtime::IoThread*>{&thread_}, std::move(options), routes_,
                  [](const http::UpgradeRequest&) -> Result<http::TakeOver> {
                    return fail(Code::not_found, "no WebSocket is served here");
                  });
    ASSERT_TRUE(door_->listen());
    thread_.start();
  }
  [[nodiscard]] std::uint16_t port() const { return door_->endpoint().port(); }
  [[nodiscard]] RawClient connect() const { return RawClient(port()); }
  /// Waits for the request to /held that a client has sent; what answers it.
  http::Respond held() { return held_.get_future().get(); }
  /// Connects until there is room: a connection that has ended frees its place a moment later.
  void connect_when_there_is_room() const {
    while (connect().request("GET", "/hello", "Connection: close\r\n").status != 200) {
    }
  }

  runtime::IoThread thread_{"test"};
  runtime::ReaderPool readers_{2};
  http::Routes routes_;
  std::optional<http::FrontDoor> door_;
  std::promise<http::Respond> held_;
};

}  // namespace weir::test
