// Which handler an address gets.
#include <gmock/gmock.h>

#include "weir/http/routes.hpp"

namespace weir::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RoutesTest : public testing::Test {
 protected:
  void add(const std::string& method, const std::string& pattern) {
    routes_.add(method, pattern, [this, pattern](const Request& request, const Respond& respond) {
      captures_ = request.captures;
      respond({.body = pattern});
    });
  }
  Reply serve(const std::string& method, const std::string& target) {
    captures_.clear();
    Request request{.method = method, .target = Target::parse(target)};
    std::vector<Reply> replies;
    routes_.serve(request, [&](Reply reply) { replies.push_back(std::move(reply)); });
    EXPECT_EQ(replies.size(), 1U);
    return replies.at(0);
  }

  Routes routes_;
  std::vector<std::string> captures_;
};

TEST_F(RoutesTest, captures_whole_segments_decoded) {
  add("GET", "/s/{}/d/{}");
  EXPECT_EQ(serve("GET", "/s/a%2Fb/d/c%20d?q=1").body, "/s/{}/d/{}");
  EXPECT_THAT(captures_, ElementsAre("a/b", "c d"));
  EXPECT_EQ(serve("GET", "/s/{}/d/").body, "/s/{}/d/{}");
  EXPECT_THAT(captures_, ElementsAre("{}", ""));
  for (const char* other : {"/s/a/d", "/s/a/d/b/", "/s//a/d/b", "/S/a/d/b", "s/a/d/b", "/%73/a/d/b"})
    EXPECT_EQ(serve("GET", other).status, 404U) << other;
  EXPECT_EQ(serve("GET", "/s/%/d/x").status, 400U);
}

TEST_F(RoutesTest, the_first_that_fits_serves) {
  add("GET", "/a/{}");
  add("GET", "/a/b");
  EXPECT_EQ(serve("GET", "/a/b").body, "/a/{}");
}

TEST_F(RoutesTest, tells_which_methods_there_are) {
  add("POST", "/a");
  add("DELETE", "/a");
  const Reply reply = serve("GET", "/a");
  EXPECT_EQ(reply.status, 405U);
  EXPECT_THAT(reply.headers, ElementsAre(std::pair<std::string, std::string>("Allow", "DELETE, POST")));
}

TEST_F(RoutesTest, asks_the_fallback_last_and_only_for_reading) {
  add("GET", "/a");
  routes_.fallback([](const Request& request) -> std::optional<Reply> {
    if (request.target.path == "/nothing") return std::nullopt;
    return Reply{.body = "a page"};
  });
  EXPECT_EQ(serve("GET", "/a").body, "/a");
  EXPECT_EQ(serve("GET", "/b").body, "a page");
  EXPECT_EQ(serve("GET", "/nothing").status, 404U);
  EXPECT_EQ(serve("POST", "/b").status, 404U);
}

TEST_F(RoutesTest, quotes_only_the_beginning_of_a_long_address) {
  add("GET", "/a");
  const Reply reply = serve("GET", "/" + std::string(5000, 'x'));
  EXPECT_THAT(reply.body, HasSubstr("GET /a"));
  EXPECT_LT(reply.body.size(), 500U);
}

}  // namespace
}  // namespace weir::http
