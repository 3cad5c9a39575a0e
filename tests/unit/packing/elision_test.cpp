// Checksums left out: only when they are right, and put back.
#include <gtest/gtest.h>

#include "examples.hpp"
#include "weir/packing/elision.hpp"

namespace weir::packing {
namespace {

struct Dropped {
  Form form;
  std::string bytes;
  std::string references;
};

/// Drops and restores a row of payloads, and says what was left of each.
std::vector<Dropped> there_and_back(const std::vector<std::string>& payloads) {
  Elider elider;
  Restorer restorer;
  std::vector<Dropped> dropped;
  for (const std::string& payload : payloads) {
    std::string references;
    const Elided elided = elider.drop(payload, references);
    dropped.push_back({elided.form, std::string(elided.bytes), references});
    ByteReader reader(dropped.back().references);
    std::string again = "before";
    EXPECT_TRUE(restorer.restore(elided.form, dropped.back().bytes, reader, payload.size(), again));
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(again, "before" + payload);
  }
  return dropped;
}

TEST(Elision, LoroLosesItsHead) {
  const std::string right = loro_payload("some rest");
  std::string wrong = right;
  wrong[17] = static_cast<char>(wrong[17] + 1);
  const auto dropped = there_and_back({right, wrong, right.substr(0, 20), right.substr(0, 3)});
  EXPECT_EQ(dropped[0].form, Form::loro);
  EXPECT_EQ(dropped[0].bytes, "some rest");
  for (std::size_t i = 1; i < dropped.size(); ++i) EXPECT_EQ(dropped[i].form, Form::plain);
}

TEST(Elision, LoroAsTheLibraryWritesIt) {
  const std::string payload(
      "loro\0\0\0\0\0\0\0\0\0\0\0\0\x4d\x4e\xc8\xb1\0\4\x3d\0\1\0\1\1\x10\1\xf0\xde\xbc\x9a\x78\x56\x34\x12\1\1\0\0\0\0"
      "\0"
      "\5\1\0\0\1\0\6\1\4\1\2\0\0\5\4text\0\x0e\1\4\2\1\0\2\1\0\2\1\5\2\1\1\0\2\1\x5c",
      84);
  EXPECT_EQ(there_and_back({payload})[0].form, Form::loro);
}

TEST(Elision, AutomergeLosesItsHashAndKnownDependencies) {
  Digest first;
  Digest second;
  Digest third;
  const Digest unknown = sha256("never seen");
  const std::string one = automerge_payload({}, "one", first);
  const std::string two = automerge_payload({first}, "two", second);
  const std::string three = automerge_payload({first, unknown, second}, "three", third);
  const auto dropped = there_and_back({one, two, three});
  for (const Dropped& each : dropped) EXPECT_EQ(each.form, Form::automerge);
  EXPECT_EQ(dropped[0].references, "");
  EXPECT_EQ(dropped[1].references, "\1");
  EXPECT_EQ(dropped[2].references, std::string("\2\0\1", 3));
  EXPECT_EQ(dropped[1].bytes.size(), two.size() - 8 - 32);
  EXPECT_EQ(dropped[2].bytes.size(), three.size() - 8 - 64);
}

TEST(Elision, AutomergeWithAnythingElseStaysWhole) {
  Digest hash;
  std::string wrong = automerge_payload({}, "wrong", hash);
  wrong[5] = static_cast<char>(wrong[5] + 1);
  std::string many = "\1\1";
  put_varint(many, 70);  // more dependencies than are remembered
  many += std::string(70 * 32, 'd');
  many = "\x85\x6F\x4A\x83" + std::string(sha256(many).view().substr(0, 4)) + many;
  std::string cut = "\1\1\3";
  cut = "\x85\x6F\x4A\x83" + std::string(sha256(cut).view().substr(0, 4)) + cut;
  for (const Dropped& each : there_and_back({wrong, many, cut})) EXPECT_EQ(each.form, Form::plain);
}

TEST(Elision, OnlyTheLastHashesAreRemembered) {
  RecentHashes recent;
  EXPECT_EQ(recent.at(1), nullptr);
  for (int i = 0; i < 100; ++i) recent.add(sha256(std::to_string(i)));
  EXPECT_EQ(recent.distance(sha256("99").view()), 1U);
  EXPECT_EQ(recent.distance(sha256("36").view()), 64U);
  EXPECT_EQ(recent.distance(sha256("35").view()), 0U);
  EXPECT_EQ(*recent.at(64), sha256("36"));
  EXPECT_EQ(recent.at(65), nullptr);
  EXPECT_EQ(recent.at(0), nullptr);
}

TEST(Elision, HostileLeavingsAreRefused) {
  const auto refused = [](Form form, const std::string& bytes, const std::string& references, std::size_t bytes_max) {
    Restorer restorer;
    ByteReader reader(references);
    std::string out;
    return !restorer.restore(form, bytes, reader, bytes_max, out);
  };
  EXPECT_TRUE(refused(Form::plain, "long", "", 3));
  EXPECT_TRUE(refused(Form::loro, "x", "", 20));
  EXPECT_TRUE(refused(Form::automerge, "", "", 100));
  EXPECT_TRUE(refused(Form::automerge, "\1\1\1", "\1", 100));                                  // refers to nothing
  EXPECT_TRUE(refused(Form::automerge, std::string("\1\1\1", 3), std::string(1, '\0'), 100));  // nothing there
  EXPECT_TRUE(refused(Form::automerge, "\1\1\x7F", "", 1000));
}

}  // namespace
}  // namespace weir::packing
