#include "weir/yjs/messages.hpp"

#include <gtest/gtest.h>

#include <random>

#include "weir/vocabulary/digest.hpp"
#include "weir/yjs/lib0.hpp"

namespace weir::yjs {
namespace {

using namespace std::string_literals;

// Without the WebSocket header of a short frame, which is checked.
std::string body(const std::string& frame) {
  EXPECT_EQ(static_cast<unsigned char>(frame.at(0)), 0x82);
  EXPECT_EQ(static_cast<std::size_t>(frame.at(1)), frame.size() - 2);
  return frame.substr(2);
}

std::string written(void (*put)(std::string&, std::string_view), std::string_view body_bytes) {
  std::string out;
  put(out, body_bytes);
  return body(out);
}

// What the project's own library puts on the wire (y-protocols 1.0, lib0 0.2).
TEST(Messages, AreTheBytesThatClientsKnow) {
  EXPECT_EQ(to_hex(written(put_sync_step1, empty_state_vector)), "00000100");
  EXPECT_EQ(to_hex(written(put_sync_step2, empty_update)), "0001020000");
  EXPECT_EQ(to_hex(written(put_update, "abc")), "000203616263");
  EXPECT_EQ(to_hex(written(put_permission_denied, "no")), "0200026e6f");
  std::string out;
  put_awareness(out, {});
  EXPECT_EQ(to_hex(body(out)), "010100");
  out.clear();
  put_awareness(out, {{300, 5, "{}"}, {1, 2, "null"}});
  EXPECT_EQ(to_hex(body(out)),
            "010e"
            "02"
            "ac0205027b7d"
            "0102046e756c6c");
  out.clear();
  put_websocket_ping(out);
  EXPECT_EQ(to_hex(out), "8900");
}

TEST(Messages, OfEveryLengthHaveTheirHeader) {
  for (const std::size_t size : {0U, 1U, 121U, 122U, 123U, 124U, 1000U, 65'529U, 65'530U, 65'531U, 65'532U, 200'000U}) {
    std::string out;
    put_update(out, std::string(size, 'u'));
    std::size_t header = 2;
    std::uint64_t length = static_cast<unsigned char>(out[1]);
    if (length >= 126) {
      const std::size_t bytes = length == 126 ? 2 : 8;
      header += bytes;
      length = 0;
      for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | static_cast<unsigned char>(out[2 + i]);
      EXPECT_GE(length, bytes == 2 ? 126U : 0x10000U);  // the shortest form, as RFC 6455 demands
    }
    ASSERT_EQ(out.size(), header + length) << size;
    const auto message = parse_message(std::string_view(out).substr(header), 10);
    ASSERT_TRUE(message) << size;
    EXPECT_EQ(std::get<Update>(*message).update.size(), size);
  }
}

TEST(Messages, ComeBackAsTheyWere) {
  EXPECT_EQ(std::get<SyncStep1>(*parse_message("\0\0\1\0"s, 10)).state_vector, "\0"s);
  EXPECT_EQ(std::get<SyncStep2>(*parse_message("\0\1\2ab"s, 10)).update, "ab");
  EXPECT_EQ(std::get<Update>(*parse_message("\0\2\0"s, 10)).update, "");
  EXPECT_TRUE(std::holds_alternative<QueryAwareness>(*parse_message("\3"s, 10)));
  const std::string bytes = "\x01\x0e\x02\xac\x02\x05\x02{}\x01\x02\x04null"s;
  const auto message = parse_message(bytes, 10);
  const auto& entries = std::get<Awareness>(*message).entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].client, 300U);
  EXPECT_EQ(entries[0].clock, 5U);
  EXPECT_EQ(entries[0].json, "{}");
  EXPECT_EQ(entries[1].json, "null");
}

TEST(Messages, OfOtherKindsAreIgnored) {
  for (const std::string& bytes : {"\2\0\1x"s, "\4"s, "\x63whatever"s, "\0\3\1x"s}) {
    EXPECT_TRUE(std::holds_alternative<Ignored>(*parse_message(bytes, 10))) << to_hex(bytes);
  }
}

TEST(Messages, WhatFollowsTheFirstInAFrameIsNotRead) {
  EXPECT_EQ(std::get<Update>(*parse_message("\0\2\1a\0\2\1b"s, 10)).update, "a");
}

TEST(Messages, MalformedAreNothing) {
  const std::string malformed[] = {"",
                                   "\0"s,
                                   "\0\0"s,
                                   "\0\2\5abc"s,
                                   "\0\2\xff\xff\xff\xff\xff\xff\xff\x0f"s,
                                   "\0\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
                                   "\x80"s,
                                   "\x80\x80\x80\x80\x80\x80\x80\x80\x00"s,
                                   "\1"s,
                                   "\1\1\1"s,
                                   "\1\3\1\1\1"s,
                                   "\1\5\1\1\1\5x"s};
  for (const std::string& bytes : malformed) EXPECT_FALSE(parse_message(bytes, 10)) << to_hex(bytes);
}

TEST(Messages, KeepNoMoreAwarenessThanAsked) {
  std::string entries;
  put_varuint(entries, 1'000'000);
  for (int i = 0; i < 1'000'000; ++i) entries += "\1\1\0"s;
  std::string bytes = "\1"s;
  put_bytes(bytes, entries);
  EXPECT_EQ(std::get<Awareness>(*parse_message(bytes, 7)).entries.size(), 7U);
}

TEST(Numbers, HoldWhatJavaScriptHolds) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, varuint_max}) {
    std::string out;
    put_varuint(out, value);
    EXPECT_EQ(out.size(), varuint_size(value));
    Reader in(out);
    EXPECT_EQ(in.varuint(), value);
    EXPECT_TRUE(in.ok());
    EXPECT_TRUE(in.rest().empty());
  }
  std::string large;
  put_varuint(large, varuint_max + 1);
  Reader in(large);
  EXPECT_EQ(in.varuint(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(AwarenessUpdates, StandAlone) {
  const AwarenessEntry entry{4'000'000'000, 77, "{\"user\":\"é\"}"};
  const std::string bytes = awareness_update(entry);
  const auto back = parse_awareness_update(bytes);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->entries.size(), 1U);
  EXPECT_EQ(back->entries[0].client, entry.client);
  EXPECT_EQ(back->entries[0].clock, entry.clock);
  EXPECT_EQ(back->entries[0].json, entry.json);
  EXPECT_FALSE(parse_awareness_update(bytes + "x"));
  EXPECT_FALSE(parse_awareness_update(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(parse_awareness_update(""));
  EXPECT_FALSE(parse_awareness_update(std::string(1, '\0')));
}

TEST(Messages, RandomBytesAreReadInPlace) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 30, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 5 == 0 ? random() : random() % 4);
    const auto message = parse_message(bytes, 5);
    if (!message) continue;
    if (const auto* update = std::get_if<Update>(&*message)) {
      EXPECT_LE(update->update.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace weir::yjs
