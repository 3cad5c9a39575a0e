#include "weir/yjs/encoder.hpp"

#include <gtest/gtest.h>

#include "weir/yjs/messages.hpp"

namespace weir::yjs {
namespace {

Record record(std::uint64_t codec, std::string_view payload) {
  return {{1}, *ProducerId::parse("0123456789abcdef"), {1}, {9}, {codec}, SharedBytes::copy(payload)};
}

TEST(Encoder, MakesOneFrameOfEachRecord) {
  const Record records[] = {record(0, "one"), record(0, "three")};
  std::string wanted;
  put_update(wanted, "one");
  put_update(wanted, "three");
  EXPECT_EQ(Encoder().records({3}, records, false).view(), wanted);
  EXPECT_EQ(Encoder().records({3}, records, true).view(), wanted);  // the author's ack
}

TEST(Encoder, LeavesOutWhatSuchClientsCannotRead) {
  const Record records[] = {record(1, "zstd"), record(0, "raw"), record(16, "sealed"), record(0, "")};
  std::string wanted;
  put_update(wanted, "raw");
  EXPECT_EQ(Encoder().records({3}, records, false).view(), wanted);
  EXPECT_TRUE(Encoder().records({3}, {records, 1}, false).empty());
}

TEST(Encoder, ShowsPresenceAsAwareness) {
  const std::string entry = awareness_update({300, 5, "{}"});
  frames::PresenceUpdate update{{3}, presence_key(300), {}, SharedBytes::copy(entry), false};
  std::string wanted;
  put_awareness(wanted, {{300, 5, "{}"}});
  EXPECT_EQ(Encoder().presence(update).view(), wanted);

  update.gone = true;
  wanted.clear();
  put_awareness(wanted, {{300, 5, "null"}});  // with the clock it had
  EXPECT_EQ(Encoder().presence(update).view(), wanted);
}

TEST(Encoder, ShowsAwarenessOfNativeClients) {
  std::string data("\2", 1);
  data += awareness_update({300, 5, "{}"}).substr(1) + awareness_update({301, 6, "[1]"}).substr(1);
  const frames::PresenceUpdate native{{3}, "native key", {}, SharedBytes::copy(data), false};
  std::string wanted;
  put_awareness(wanted, {{300, 5, "{}"}, {301, 6, "[1]"}});
  EXPECT_EQ(Encoder().presence(native).view(), wanted);
}

TEST(Encoder, LeavesOutPresenceOfOtherKinds) {
  for (const std::string_view data :
       {std::string_view(), std::string_view("{\"cursor\":1}"), std::string_view("\0", 1)}) {
    const frames::PresenceUpdate native{{3}, "native key", {}, SharedBytes::copy(data), false};
    EXPECT_TRUE(Encoder().presence(native).empty());
  }
}

}  // namespace
}  // namespace weir::yjs
