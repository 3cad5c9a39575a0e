// Addresses taken apart.
#include <gmock/gmock.h>

#include "weir/http/target.hpp"

namespace weir::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Target, parts_the_query_and_drops_the_fragment) {
  const Target target = Target::parse("/a/b?c=d?e#f?g");
  EXPECT_EQ(target.path, "/a/b");
  EXPECT_EQ(target.query, "c=d?e");
  EXPECT_EQ(Target::parse("/a#b?c").path, "/a");
  EXPECT_EQ(Target::parse("/a#b?c").query, "");
  EXPECT_EQ(Target::parse("").path, "");
}

TEST(Target, leaves_segments_as_they_were_sent) {
  EXPECT_THAT(Target::parse("/a/b%2Fc/d").segments(), ElementsAre("a", "b%2Fc", "d"));
  EXPECT_THAT(Target::parse("/").segments(), ElementsAre(""));
  EXPECT_THAT(Target::parse("//a/").segments(), ElementsAre("", "a", ""));
  EXPECT_THAT(Target::parse("").segments(), IsEmpty());
  EXPECT_THAT(Target::parse("http://localhost/a").segments(), IsEmpty());
}

TEST(Target, finds_a_parameter_by_its_whole_name) {
  const Target target = Target::parse("/?token=a%3Db&to=c&empty=&flag&to=d&bad=%");
  EXPECT_EQ(target.parameter("token"), "a=b");
  EXPECT_EQ(target.parameter("to"), "c");
  EXPECT_EQ(target.parameter("empty"), "");
  EXPECT_EQ(target.parameter("flag"), "");
  EXPECT_EQ(target.parameter("bad"), std::nullopt);
  EXPECT_EQ(target.parameter("tok"), std::nullopt);
  EXPECT_EQ(Target::parse("/").parameter("x"), std::nullopt);
}

TEST(Target, decodes_percent_once) {
  EXPECT_EQ(percent_decode("a%2fB%2F%25%32+").value(), "a/B/%2+");
  EXPECT_EQ(percent_decode("%2525").value(), "%25");
  EXPECT_EQ(percent_decode("%00").value(), std::string(1, '\0'));
  for (const char* bad : {"%", "%2", "%2g", "%g2", "a%", "%-1", "% 1"}) {
    EXPECT_EQ(percent_decode(bad).error().code, Code::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace weir::http
