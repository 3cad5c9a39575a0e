#include "weir/yjs/target.hpp"

#include <gtest/gtest.h>

namespace weir::yjs {
namespace {

struct Case {
  const char* target;
  const char* space;
  const char* room;
  const char* token;
};

TEST(Targets, NameSpaceRoomAndToken) {
  const Case cases[] = {
      {"/yjs/acme/plan", "acme", "plan", ""},
      {"/yjs/acme/plans/2024/q1", "acme", "plans/2024/q1", ""},
      {"/yjs/acme/plan/", "acme", "plan/", ""},
      {"/yjs/acme//plan", "acme", "/plan", ""},
      {"/yjs/a%2Fb/c%20d", "a/b", "c d", ""},
      {"/yjs/acme/%25zz", "acme", "%zz", ""},
      {"/yjs/acme/%E6%97%A5%E6%9C%AC", "acme", "日本", ""},
      {"/yjs/acme/a+b", "acme", "a+b", ""},
      {"/yjs/acme/plan?token=s3cr%2Bet", "acme", "plan", "s3cr+et"},
      {"/yjs/acme/plan?x=1&token=abc&token=def", "acme", "plan", "abc"},
      {"/yjs/acme/plan?mytoken=abc", "acme", "plan", ""},
      {"/yjs/acme/plan?", "acme", "plan", ""},
  };
  for (const Case& wanted : cases) {
    const auto target = parse_target(wanted.target);
    ASSERT_TRUE(target) << wanted.target;
    EXPECT_EQ(target->path.space.text(), wanted.space) << wanted.target;
    EXPECT_EQ(target->path.document.text(), wanted.room) << wanted.target;
    EXPECT_EQ(target->token, wanted.token) << wanted.target;
  }
}

TEST(Targets, OfAnotherKindAreRefused) {
  for (const char* target : {"", "/", "/yjs", "/yjs/", "/yjs/acme", "/yjs/acme?room=/x", "/yjs/acme/", "/yjs//room",
                             "/v1/sync", "yjs/acme/plan", "/yjs/acme/%", "/yjs/acme/%4", "/yjs/acme/%zz",
                             "/yjs/acme/%00", "/yjs/acme/%C0%AF", "/yjs/acme/plan?token=%"}) {
    const auto parsed = parse_target(target);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().code, Code::invalid_argument);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

}  // namespace
}  // namespace weir::yjs
