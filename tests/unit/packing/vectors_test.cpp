// The golden vectors: packs written once, read for ever.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "examples.hpp"
#include "weir/packing/pack.hpp"

namespace weir::packing {
namespace {

using Json = nlohmann::json;

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

Json vectors() {
  std::ifstream in(WEIR_VECTORS "/packs.json");
  EXPECT_TRUE(in) << "proto/vectors/packs.json is missing";
  return Json::parse(in);
}

void expect_records(const Json& expected, const std::vector<Record>& records) {
  ASSERT_EQ(expected.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(expected[i]["offset"], std::to_string(records[i].offset.value));
    EXPECT_EQ(expected[i]["producer"], records[i].producer.hex());
    EXPECT_EQ(expected[i]["sequence"], std::to_string(records[i].sequence.value));
    EXPECT_EQ(expected[i]["time"], std::to_string(records[i].time.value));
    EXPECT_EQ(expected[i]["codec"], std::to_string(records[i].codec.value));
    EXPECT_EQ(expected[i]["payload"], to_hex(records[i].payload.view()));
  }
}

TEST(PackVectors, GiveTheirRecords) {
  const Json all = vectors();
  EXPECT_GE(all.size(), examples().size());
  for (const Json& vector : all) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    const SharedBytes bytes = SharedBytes::take(from_hex(vector["hex"]));
    const auto records = unpack(bytes);
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_EQ(vector["count"], records->size());
    const Example read{"", *records};
    EXPECT_EQ(vector["chain"], read.chain().hex());
    EXPECT_EQ(inspect(bytes.view())->chain, read.chain());
    if (vector.contains("records")) expect_records(vector["records"], *records);
  }
}

}  // namespace
}  // namespace weir::packing
