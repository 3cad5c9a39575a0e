// A client of the native protocol over a real socket: says events, hears events.
//
//   NativeClient ann(port, 1);                            // connected and greeted
//   const auto plan = ann.subscribe("notes", "plan");
//   ann.publish(plan, 1, {"a"});
//   EXPECT_EQ(ann.hear<frames::Stored>().through_sequence, Sequence{1});
//
// Two with one number are one producer. Threads: one.
#pragma once

#include <deque>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "raw_client.hpp"
#include "weir/frames/codec.hpp"

namespace weir::test {

class NativeClient {
 public:
  NativeClient(std::uint16_t port, int producer) : raw_(port) {
    if (raw_.handshake("/v1/sync", "Sec-WebSocket-Protocol: weir.v1\r\n") != 101)
      throw std::runtime_error("not upgraded");
    frames::Hello hello;
    hello.protocol_version = frames::protocol_version;
    hello.producer.bytes[0] = static_cast<std::byte>(producer);
    say(hello);
    welcome = hear<frames::Welcome>();
  }

  void say(const frames::ClientEvent& event) {
    std::string frame;
    frames::encode(event, frame);
    raw_.send_frame(Opcode::binary, frame);
  }
  frames::Subscribed subscribe(const std::string& space, const std::string& document) {
    frames::Subscribe subscribe;
    subscribe.request = ++requests_;
    subscribe.path = {SpaceName::parse(space).value(), DocumentName::parse(document).value()};
    say(subscribe);
    return hear<frames::Subscribed>();
  }
  void publish(const frames::Subscribed& document, std::uint64_t first, const std::vector<std::string>& payloads) {
    frames::Publish publish{document.document, document.epoch, {first}, {}, false};
    for (const std::string& payload : payloads) publish.deltas.push_back({Codec{0}, SharedBytes::copy(payload)});
    say(publish);
  }

  /// The next event of this kind, waiting for it. Others keep their place.
  template <class Event>
  Event hear() {
    for (std::size_t at = 0;; ++at) {
      while (at >= inbox_.size()) read_message();
      if (!std::holds_alternative<Event>(inbox_[at])) continue;
      Event event = std::get<Event>(std::move(inbox_[at]));
      inbox_.erase(inbox_.begin() + static_cast<std::ptrdiff_t>(at));
      return event;
    }
  }
  /// Payloads of the next records, "-" for a stub, until there are `count`.
  std::vector<std::string> read(std::size_t count) {
    std::vector<std::string> payloads;
    while (payloads.size() < count) {
      const auto records = hear<frames::Records>();
      for (const Record& record : records.records)
        payloads.push_back(records.stub ? "-" : std::string(record.payload.view()));
    }
    return payloads;
  }
  [[nodiscard]] RawClient& raw() { return raw_; }

  frames::Welcome welcome;

 private:
  void read_message() {
    const Frame frame = raw_.read_frame();
    if (frame.opcode != Opcode::binary) throw std::runtime_error("the relay closed the connection");
    for (auto& event : frames::decode_server_frame(SharedBytes::copy(frame.payload)).value())
      inbox_.push_back(std::move(event));
  }

  RawClient raw_;
  std::uint64_t requests_ = 0;
  std::deque<frames::ServerEvent> inbox_;
};

}  // namespace weir::test
