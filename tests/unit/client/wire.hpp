// A transport that the test plays by hand: what the client does arrives here, what the relay says is said from here.
//
//   const auto wire = std::make_shared<Wire>();
//   Client client({}, wire->transport());
//   wire->greet(); wire->answer_subscribe();
//   EXPECT_EQ(wire->next<frames::Publish>().deltas.size(), 1u);      waits for it
//
// Threads: the test's and the client's.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "weir/client/transport.hpp"
#include "weir/frames/codec.hpp"

namespace weir::client {

/// Far more than any machine needs: a condition that never comes fails instead of hanging.
inline constexpr std::chrono::minutes wait_max{1};

class Wire : public std::enable_shared_from_this<Wire> {
 public:
  [[nodiscard]] std::unique_ptr<Transport> transport() { return std::make_unique<Bound>(shared_from_this()); }

  /// Waits for the next connection, opens it, and answers its Hello.
  frames::Hello greet(frames::Welcome welcome = usual_welcome()) {
    {
      std::unique_lock lock(mutex_);
      ++greeted_;
      EXPECT_TRUE(changed_.wait_for(lock, wait_max, [this] { return opens_ == greeted_; }));
    }
    events()->opened(attempt());
    frames::Hello hello = next<frames::Hello>();
    say(welcome);
    return hello;
  }
  frames::Subscribe answer_subscribe(bool lost_history = false) {
    const auto subscribe = next<frames::Subscribe>();
    frames::Subscribed answer;
    answer.request = subscribe.request;
    answer.document = {3};
    answer.epoch = {7};
    answer.lost_history = lost_history;
    say(answer);
    return subscribe;
  }
  void say(const frames::ServerEvent& event) {
    std::string frame;
    frames::encode(event, frame);
    events()->received(attempt(), SharedBytes::take(std::move(frame)));
  }
  void lose() {
    std::shared_ptr<TransportEvents> events = this->events();
    const std::uint64_t lost = attempt();
    {
      const std::scoped_lock lock(mutex_);
      events_ = nullptr;
    }
    events->lost(lost, "the test cut the wire");
  }

  /// The next event from the client, which must be of this kind.
  template <class Event>
  Event next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, wait_max, [this] { return !sent_.empty(); })) {
      ADD_FAILURE() << "the client sends nothing";
      return {};
    }
    const frames::ClientEvent event = std::move(sent_.front());
    sent_.pop_front();
    const auto* wanted = std::get_if<Event>(&event);
    EXPECT_NE(wanted, nullptr) << "the client sent an event of kind " << event.index();
    return wanted != nullptr ? *wanted : Event{};
  }
  [[nodiscard]] bool silent() {
    const std::scoped_lock lock(mutex_);
    return sent_.empty();
  }
  void until_reads(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, wait_max, [&] { return reads_ >= count; }));
  }
  [[nodiscard]] std::size_t reads() {
    const std::scoped_lock lock(mutex_);
    return reads_;
  }
  [[nodiscard]] bool gone() {
    const std::scoped_lock lock(mutex_);
    return gone_;
  }
  [[nodiscard]] static frames::Welcome usual_welcome() {
    frames::Welcome welcome;
    welcome.heartbeat_ms = 10'000;
    welcome.payload_bytes_max = 500;
    welcome.frame_bytes_max = 2000;
    welcome.presence_bytes_max = 100;
    return welcome;
  }

 private:
  class Bound final : public Transport {
   public:
    explicit Bound(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
    ~Bound() override {
      wire_->change([&] {
        wire_->gone_ = true;
        wire_->events_ = nullptr;
      });
    }
    void open(std::uint64_t attempt, const std::string&, std::shared_ptr<TransportEvents> events) override {
      wire_->change([&] {
        ++wire_->opens_;
        wire_->attempt_ = attempt;
        wire_->sent_.clear();
        wire_->events_ = std::move(events);
      });
    }
    void send(std::uint64_t, std::string frame) override {
      auto events = frames::decode_client_frame(SharedBytes::take(std::move(frame)), {});
      ASSERT_TRUE(events);
      wire_->change([&] {
        for (frames::ClientEvent& event : *events) wire_->sent_.push_back(std::move(event));
      });
    }
    void read(std::uint64_t) override {
      wire_->change([&] { ++wire_->reads_; });
    }
    void shut(std::uint64_t) override {
      wire_->change([&] { wire_->events_ = nullptr; });
    }

   private:
    std::shared_ptr<Wire> wire_;
  };

  template <class Change>
  void change(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::shared_ptr<TransportEvents> events() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, wait_max, [this] { return events_ != nullptr; }));
    return events_;
  }
  std::uint64_t attempt() {
    const std::scoped_lock lock(mutex_);
    return attempt_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<TransportEvents> events_;
  std::uint64_t attempt_ = 0;
  std::size_t opens_ = 0;
  std::size_t greeted_ = 0;
  std::deque<frames::ClientEvent> sent_;
  std::size_t reads_ = 0;
  bool gone_ = false;
};

}  // namespace weir::client
