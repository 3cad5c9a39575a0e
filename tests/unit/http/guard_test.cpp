// Which names and pages are trusted.
#include <gtest/gtest.h>

#include "weir/http/guard.hpp"

namespace weir::http {
namespace {

TEST(Guard, trusts_what_can_only_be_this_machine) {
  const Guard guard({});
  for (const char* host :
       {"localhost", "LocalHost:80", "a.localhost", "127.0.0.1", "127.255.255.254:1", "[::1]:8787", "::1"})
    EXPECT_TRUE(guard.check_host(host)) << host;
  for (const char* host : {"", ":80", "localhost.", "notlocalhost", "localhost.example", "127.0.0.1.example", "127.1",
                           "0x7f000001", "10.0.0.1", "[::]", "[", "[]", "*"})
    EXPECT_EQ(guard.check_host(host).error().code, Code::permission_denied) << host;
}

TEST(Guard, trusts_configured_names_and_pages) {
  const Guard guard({.hosts = {"Notes.Example"}, .origins = {"https://App.Example"}});
  EXPECT_TRUE(guard.check_host("notes.example:443"));
  EXPECT_FALSE(guard.check_host("more.notes.example"));
  EXPECT_TRUE(guard.check_origin("https://app.example", "notes.example"));
  EXPECT_FALSE(guard.check_origin("http://app.example", "notes.example"));
  EXPECT_FALSE(guard.check_origin("https://app.example:8443", "notes.example"));
}

TEST(Guard, a_star_allows_any) {
  const Guard guard({.hosts = {"*"}, .origins = {"*"}});
  EXPECT_TRUE(guard.check_host("anything.example"));
  EXPECT_TRUE(guard.check_origin("null", "localhost"));
}

TEST(Guard, takes_a_page_of_its_own_and_programs_without_one) {
  const Guard guard({});
  EXPECT_TRUE(guard.check_origin("", "localhost:8787"));
  EXPECT_TRUE(guard.check_origin("http://localhost:8787", "localhost:8787"));
  EXPECT_TRUE(guard.check_origin("https://LOCALHOST:8787", "localhost:8787"));
  for (const char* origin :
       {"null", "http://localhost", "localhost:8787", "://localhost:8788", "http://127.0.0.1:8787"})
    EXPECT_EQ(guard.check_origin(origin, "localhost:8787").error().code, Code::permission_denied) << origin;
}

TEST(Guard, says_what_to_set_and_quotes_no_control_characters) {
  const Guard guard({});
  const Error error = guard.check_host("evil\x1b[31m\"\n" + std::string(1000, 'x')).error();
  EXPECT_NE(error.message.find("access.hosts"), std::string::npos);
  EXPECT_NE(error.message.find("\"evil?[31m??xxx"), std::string::npos);
  EXPECT_LT(error.message.size(), 300U);
  EXPECT_NE(guard.check_origin("x", "y").error().message.find("access.origins"), std::string::npos);
}

}  // namespace
}  // namespace weir::http
