#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reference.hpp"
#include "vectors.hpp"
#include "weir/frames/codec.hpp"

namespace weir::frames {
namespace {

std::string contents(const std::string& name) {
  std::ifstream in(std::string(WEIR_VECTORS) + "/" + name, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Json vectors(const std::string& name) { return Json::parse(contents(name)); }

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

template <class Events>
Json all_json(const Events& events) {
  Json json = Json::array();
  for (const auto& event : events) json.push_back(to_json(event));
  return json;
}

template <class Events>
std::string all_encoded(const Events& events) {
  std::string frame;
  for (const auto& event : events) encode(event, frame);
  return frame;
}

TEST(Vectors, AreWhatThisVersionMakes) {
  for (const auto& [name, text] : golden_vectors()) {
    EXPECT_EQ(contents(name), text) << name << " differs: the wire changed. If that is meant, run make_vectors.";
  }
}

TEST(Vectors, FramesDecodeEncodeAndPleaseProtobuf) {
  const Json all = vectors("frames.json");
  ASSERT_GT(all.size(), 25U);
  for (const Json& vector : all) {
    const std::string frame = from_hex(vector["hex"]);
    const bool from_server = vector["from"] == "server";
    EXPECT_EQ(reference_rewrite(frame, from_server), frame) << vector["name"];
    if (from_server) {
      const auto events = decode_server_frame(SharedBytes::copy(frame));
      ASSERT_TRUE(events) << vector["name"];
      EXPECT_EQ(all_json(*events), vector["events"]) << vector["name"];
      EXPECT_EQ(all_encoded(*events), frame) << vector["name"];
      EXPECT_EQ(*events, reference_server(frame)) << vector["name"];
    } else {
      const auto events = decode_client_frame(SharedBytes::copy(frame), {});
      ASSERT_TRUE(events) << vector["name"];
      EXPECT_EQ(all_json(*events), vector["events"]) << vector["name"];
      EXPECT_EQ(all_encoded(*events), frame) << vector["name"];
      EXPECT_EQ(*events, reference_client(frame)) << vector["name"];
    }
  }
}

TEST(Vectors, ToleratedFramesDecode) {
  for (const Json& vector : vectors("tolerated.json")) {
    const SharedBytes frame = SharedBytes::copy(from_hex(vector["hex"]));
    const Json events = vector["from"] == "server" ? all_json(decode_server_frame(frame).value())
                                                   : all_json(decode_client_frame(frame, {}).value());
    EXPECT_EQ(events, vector["events"]) << vector["name"];
  }
}

TEST(Vectors, MalformedFramesAreRefused) {
  for (const Json& vector : vectors("malformed.json")) {
    const SharedBytes frame = SharedBytes::copy(from_hex(vector["hex"]));
    const auto check = [&](const auto& result) {
      ASSERT_FALSE(result) << vector["name"];
      EXPECT_EQ(result.error().code, Code::invalid_argument) << vector["name"];
    };
    if (vector["from"] == "server") {
      check(decode_server_frame(frame));
    } else {
      check(decode_client_frame(frame, {}));
    }
  }
}

// From the documented bytes alone: SHA-256 over what docs/protocol.md draws.
TEST(Vectors, ChainsFollowTheDocument) {
  const auto big_endian = [](std::uint64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
    return out;
  };
  for (const Json& vector : vectors("chain.json")) {
    const std::string space = vector["space"];
    const std::string document = vector["document"];
    Digest chain = sha256("weir1" + big_endian(space.size(), 2) + space + big_endian(document.size(), 2) + document);
    EXPECT_EQ(chain.hex(), vector["start"].get<std::string>());
    for (const Json& record : vector["records"]) {
      chain = sha256(std::string(chain.view()) + from_hex(record["producer"]) +
                     big_endian(std::stoull(record["sequence"].get<std::string>()), 8) +
                     big_endian(record["codec"].get<std::uint64_t>(), 4) +
                     std::string(sha256(from_hex(record["payload"])).view()));
      EXPECT_EQ(chain.hex(), record["chain"].get<std::string>());
    }
  }
}

}  // namespace
}  // namespace weir::frames
