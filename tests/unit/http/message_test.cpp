// Errors as replies.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "weir/http/message.hpp"

namespace weir::http {
namespace {

TEST(Message, gives_each_code_its_status) {
  const std::pair<Code, unsigned> expected[] = {{Code::invalid_argument, 400},
                                                {Code::out_of_range, 400},
                                                {Code::unauthenticated, 401},
                                                {Code::permission_denied, 403},
                                                {Code::not_found, 404},
                                                {Code::aborted, 409},
                                                {Code::already_exists, 409},
                                                {Code::failed_precondition, 409},
                                                {Code::resource_exhausted, 429},
                                                {Code::cancelled, 499},
                                                {Code::unimplemented, 501},
                                                {Code::unavailable, 503},
                                                {Code::unknown, 500},
                                                {Code::internal, 500},
                                                {Code::data_loss, 500}};
  for (const auto& [code, status] : expected) {
    const Reply reply = error_reply(fail(code, "words"));
    EXPECT_EQ(reply.status, status) << name(code);
    const auto body = nlohmann::json::parse(reply.body);
    EXPECT_EQ(body["error"]["code"], name(code));
    EXPECT_EQ(body["error"]["message"], "words");
    EXPECT_EQ(reply.content_type, "application/json");
  }
  EXPECT_EQ(error_reply(418, fail(Code::not_found, "")).status, 418U);
}

TEST(Message, quotes_any_bytes_as_valid_json) {
  const Reply reply = error_reply(fail(Code::not_found, std::string("a\"\\\n\0\xff\xc3", 7) + "b"));
  const std::string message = nlohmann::json::parse(reply.body)["error"]["message"];
  EXPECT_TRUE(message.starts_with("a\"\\\n"));
  EXPECT_TRUE(message.ends_with("b"));
  EXPECT_EQ(reply.body.find('\xff'), std::string::npos);
}

}  // namespace
}  // namespace weir::http
