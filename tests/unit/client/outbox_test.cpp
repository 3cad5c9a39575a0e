// What the outbox promises about sequences, whatever the order of answers.
#include "weir/client/outbox.hpp"

#include <gtest/gtest.h>

namespace weir::client {
namespace {

struct OutboxTest : testing::Test {
  std::size_t in_flight = 0;
  Outbox outbox{in_flight};
  void add(const std::string& payload) { outbox.add({.delta = {{}, SharedBytes::copy(payload)}}); }
  std::string frame(std::size_t bytes_max = 1000) {
    const auto next = outbox.next_frame({bytes_max, 100});
    if (!next) return "none";
    std::string text = std::to_string(next->first_sequence.value) + (next->base ? " base:" : ":");
    for (std::size_t i = next->from; i < next->from + next->count; ++i)
      text += ' ' + std::string(outbox[i].delta.payload.view());
    return text;
  }
};

TEST_F(OutboxTest, NumbersWhenSentAndSendsTheSameAgain) {
  add("aa");
  add("bb");
  EXPECT_EQ(outbox.first_sequence(), Sequence{1});
  EXPECT_EQ(frame(2), "1: aa");
  EXPECT_EQ(in_flight, 2U);
  EXPECT_EQ(frame(), "2: bb");
  EXPECT_EQ(frame(), "none");
  outbox.disconnected();
  EXPECT_EQ(in_flight, 0U);
  add("cc");
  EXPECT_EQ(frame(), "1: aa bb cc");
  EXPECT_EQ(outbox.stored({2}).size(), 2U);
  EXPECT_TRUE(outbox.in_flight());  // a frame is answered as a whole
  EXPECT_EQ(outbox.stored({3}).size(), 1U);
  EXPECT_FALSE(outbox.in_flight());
  EXPECT_EQ(outbox.bytes(), 0U);
}

TEST_F(OutboxTest, WhatIsStoredBehindARefusedFrameIsNotWhatWasRefused) {
  add("mine 1");
  EXPECT_EQ(frame(), "1: mine 1");
  add("mine 2");
  EXPECT_EQ(frame(), "2: mine 2");
  outbox.refused({1});  // another device's bytes lie under 1
  const std::vector<OutboxEntry> done = outbox.stored({2});
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done.front().delta.payload.view(), "mine 2");
  outbox.restart();
  EXPECT_EQ(frame(), "1: mine 1");
}

TEST_F(OutboxTest, AFrameHoldsConsecutiveSequencesOnly) {
  add("aa");
  EXPECT_EQ(frame(), "1: aa");
  outbox.disconnected();
  outbox.continue_after({9});
  add("bb");
  EXPECT_EQ(frame(), "1: aa");
  EXPECT_EQ(frame(), "10: bb");
}

TEST_F(OutboxTest, ANewerOfferTakesTheOldersPlace) {
  add("aa");
  outbox.reopen({});
  outbox.offer({{.delta = {{}, SharedBytes::copy("state")}, .offered = true}});
  EXPECT_EQ(frame(), "1 base: state aa");
  outbox.reopen({5});
  EXPECT_EQ(frame(), "6: aa");
  EXPECT_EQ(outbox.bytes(), 2U);
}

TEST_F(OutboxTest, RewindsOnlyToWhatIsHere) {
  add("aa");
  add("bb");
  EXPECT_EQ(frame(), "1: aa bb");
  (void)outbox.stored({1});
  outbox.answered({});
  EXPECT_FALSE(outbox.rewind({1}));
  EXPECT_FALSE(outbox.rewind({4}));
  EXPECT_TRUE(outbox.rewind({2}));
  EXPECT_EQ(frame(), "2: bb");
}

}  // namespace
}  // namespace weir::client
