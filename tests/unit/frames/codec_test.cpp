#include "weir/frames/codec.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "random_events.hpp"
#include "reference.hpp"

namespace weir::frames {
namespace {

// Every allocation of this executable is counted, so that a test can say what a decoder may spend.
std::size_t allocated_bytes = 0;
std::size_t largest_allocation = 0;

}  // namespace
}  // namespace weir::frames

// Not inlined: g++ 12 would otherwise see free() meet what it takes for its own operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  weir::frames::allocated_bytes += size;
  weir::frames::largest_allocation = std::max(weir::frames::largest_allocation, size);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace weir::frames {
namespace {

constexpr int seeds = 3000;

SharedBytes shared(const std::string& frame) { return SharedBytes::copy(frame); }

Result<std::vector<ClientEvent>> decode_client(const std::string& frame) {
  return decode_client_frame(shared(frame), Limits{});
}

TEST(Frames, RoundTripAndAgreeWithProtobuf) {
  for (int seed = 0; seed < seeds; ++seed) {
    RandomEvents random(static_cast<std::uint64_t>(seed));
    std::vector<ClientEvent> client;
    std::vector<ServerEvent> server;
    std::string client_frame;
    std::string server_frame;
    for (std::uint64_t i = random.below(5); i > 0; --i) {
      encode(client.emplace_back(random.client()), client_frame);
      encode(server.emplace_back(random.server()), server_frame);
    }
    const auto client_back = decode_client(client_frame);
    ASSERT_TRUE(client_back) << "seed " << seed;
    EXPECT_EQ(*client_back, client) << "seed " << seed;
    EXPECT_EQ(reference_client(client_frame), client) << "seed " << seed;
    EXPECT_EQ(reference_rewrite(client_frame, false), client_frame) << "seed " << seed;

    const auto server_back = decode_server_frame(shared(server_frame));
    ASSERT_TRUE(server_back) << "seed " << seed;
    EXPECT_EQ(*server_back, server) << "seed " << seed;
    EXPECT_EQ(reference_server(server_frame), server) << "seed " << seed;
    EXPECT_EQ(reference_rewrite(server_frame, true), server_frame) << "seed " << seed;
  }
}

TEST(Frames, RecordsLyingElsewhereAreEncodedAlike) {
  RandomEvents random(7);
  for (int i = 0; i < 200; ++i) {
    const ServerEvent event = random.server();
    const auto* records = std::get_if<Records>(&event);
    if (records == nullptr) continue;
    std::string one;
    encode(event, one);
    std::string other;
    encode_records(records->document, records->records.data(), records->records.size(), records->stub, other);
    EXPECT_EQ(one, other);
  }
}

TEST(Frames, AStubCarriesNoPayloadButCounts) {
  const ProducerId producer = *ProducerId::parse("0123456789abcdef");
  const Record records[] = {{{5}, producer, {1}, {9}, {1}, SharedBytes::copy("secret")},
                            {{6}, producer, {2}, {9}, {2}, SharedBytes::copy("secret")}};
  std::string frame;
  encode_records({3}, records, 2, true, frame);
  EXPECT_EQ(frame.find("secret"), std::string::npos);
  const auto events = decode_server_frame(shared(frame));
  const auto& back = std::get<Records>(events.value().at(0));
  EXPECT_TRUE(back.stub);
  ASSERT_EQ(back.records.size(), 2U);
  EXPECT_EQ(back.records[1].offset, Offset{6});
  EXPECT_EQ(back.records[1].codec, Codec{2});
  EXPECT_TRUE(back.records[1].payload.empty());
}

TEST(Frames, PayloadsAreSlicesOfTheMessage) {
  std::string frame;
  encode(ClientEvent(Publish{{1}, {2}, {3}, {{{0}, SharedBytes::copy(std::string(100'000, 'p'))}}, false}), frame);
  const SharedBytes message = shared(frame);
  allocated_bytes = 0;
  const auto events = decode_client_frame(message, Limits{});
  EXPECT_LT(allocated_bytes, 2000U);
  const std::string_view payload = std::get<Publish>(events.value().at(0)).deltas.at(0).payload.view();
  EXPECT_GE(payload.data(), message.view().data());
  EXPECT_LE(payload.data() + payload.size(), message.view().data() + message.size());
}

TEST(Frames, EveryTruncationIsRefusedOrEndsBetweenEvents) {
  RandomEvents random(11);
  std::string client;
  std::string server;
  for (int i = 0; i < 12; ++i) {
    encode(random.client(), client);
    encode(random.server(), server);
  }
  for (std::size_t length = 0; length < client.size(); ++length) {
    const std::string part = client.substr(0, length);
    const auto events = decode_client(part);
    EXPECT_EQ(events.has_value(), reference_client(part).has_value()) << length;
  }
  for (std::size_t length = 0; length < server.size(); ++length) {
    const std::string part = server.substr(0, length);
    const auto events = decode_server_frame(shared(part));
    EXPECT_EQ(events.has_value(), reference_rewrite(part, true).has_value()) << length;
  }
}

// Whatever bits are turned: no crash (the sanitizers listen), and memory in proportion to the bytes that are there.
TEST(Frames, TurnedBitsCostNoMoreThanTheirBytes) {
  for (int seed = 0; seed < 30; ++seed) {
    RandomEvents random(static_cast<std::uint64_t>(seed));
    std::string client;
    std::string server;
    for (int i = 0; i < 4; ++i) {
      encode(random.client(), client);
      encode(random.server(), server);
    }
    for (int turn = 0; turn < 400; ++turn) {
      for (std::string* frame : {&client, &server}) {
        std::string turned = *frame;
        for (std::uint64_t bits = 1 + random.below(4); bits > 0; --bits) {
          char& byte = turned[random.below(turned.size())];
          byte = static_cast<char>(byte ^ (1 << random.below(8)));
        }
        const SharedBytes message = shared(turned);
        largest_allocation = 0;
        if (frame == &client) {
          (void)decode_client_frame(message, Limits{});
        } else {
          (void)decode_server_frame(message);
        }
        EXPECT_LE(largest_allocation, 4096 + 200 * turned.size());
      }
    }
  }
}

TEST(Frames, NestedGroupsCostNoStack) {
  std::string frame;
  for (int i = 0; i < 1'000'000; ++i) frame += "\x9b\x06";
  EXPECT_FALSE(decode_client(frame));
  EXPECT_FALSE(decode_server_frame(shared(frame)));
}

std::string publish_of(std::size_t deltas, std::size_t bytes) {
  Publish publish{{4}, {2}, {10}, {}, false};
  for (std::size_t i = 0; i < deltas; ++i) publish.deltas.push_back({{0}, SharedBytes::copy(std::string(bytes, 'x'))});
  std::string frame;
  encode(ClientEvent(publish), frame);
  return frame;
}

const Refused* refused(const Result<std::vector<ClientEvent>>& events) {
  return events && events->size() == 1 ? std::get_if<Refused>(&events->front()) : nullptr;
}

TEST(Limits, APayloadMayBeAsLargeAsSaidAndNoLarger) {
  const Limits limits{.events_max = 10, .deltas_max = 3, .payload_bytes_max = 100, .presence_bytes_max = 50};
  const auto decode = [&](const std::string& frame) { return decode_client_frame(shared(frame), limits); };
  EXPECT_TRUE(std::holds_alternative<Publish>(decode(publish_of(3, 100)).value().at(0)));

  const auto large = decode(publish_of(2, 101));
  ASSERT_NE(refused(large), nullptr);
  EXPECT_EQ(refused(large)->document, DocumentHandle{4});
  EXPECT_EQ(refused(large)->through_sequence, Sequence{11});
  EXPECT_EQ(refused(large)->error.code, Code::invalid_argument);
  EXPECT_EQ(refused(large)->error.message, "a delta has 101 bytes; at most 100 are allowed, make smaller ones");

  const auto many = decode(publish_of(4, 1));
  ASSERT_NE(refused(many), nullptr);
  EXPECT_EQ(refused(many)->error.message, "publish carries 4 deltas; at most 3 are allowed, send them in several");

  std::string presence;
  encode(ClientEvent(SetPresence{{4}, SharedBytes::copy(std::string(51, 'x'))}), presence);
  ASSERT_NE(refused(decode(presence)), nullptr);
  EXPECT_EQ(refused(decode(presence))->error.message, "presence has 51 bytes; at most 50 are allowed");
}

TEST(Limits, TheOthersInTheFrameLiveOn) {
  std::string frame;
  encode(ClientEvent(Pong{1}), frame);
  frame += publish_of(1, (1 << 20) + 1);
  encode(ClientEvent(Pong{2}), frame);
  const auto events = decode_client(frame);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ(events->at(0), ClientEvent(Pong{1}));
  EXPECT_TRUE(std::holds_alternative<Refused>(events->at(1)));
  EXPECT_EQ(events->at(2), ClientEvent(Pong{2}));
}

TEST(Limits, AFrameOfTooManyEventsIsRefusedWhole) {
  std::string frame;
  for (int i = 0; i < 11; ++i) encode(ClientEvent(Pong{1}), frame);
  EXPECT_TRUE(decode_client_frame(shared(frame), {.events_max = 11}));
  const auto events = decode_client_frame(shared(frame), {.events_max = 10});
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, Code::invalid_argument);
}

TEST(Limits, AClientsNameCannotForgeALineOfTheLog) {
  std::string frame;
  encode(ClientEvent(Hello{1, *ProducerId::parse("0123456789abcdef"), "", {}, false, "a\nb"}), frame);
  EXPECT_NE(refused(decode_client(frame)), nullptr);
}

TEST(Limits, PackVersionsAreBounded) {
  Hello hello{1, *ProducerId::parse("0123456789abcdef"), "", std::vector<std::uint32_t>(64, 7), false, ""};
  std::string frame;
  encode(ClientEvent(hello), frame);
  EXPECT_EQ(decode_client(frame).value().at(0), ClientEvent(hello));
  hello.packs.assign(100'000, 7);
  frame.clear();
  encode(ClientEvent(hello), frame);
  EXPECT_NE(refused(decode_client(frame)), nullptr);
}

}  // namespace
}  // namespace weir::frames
