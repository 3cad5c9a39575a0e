// A conversation with a session, the test playing the relay and the clock.
//
//   Scene scene;
//   const DocumentId d = scene.subscribe("d");
//   scene.welcome(); scene.answer_subscribe();
//   EXPECT_EQ(scene.published(), "1: aa bb");
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/client/session.hpp"
#include "weir/frames/codec.hpp"

namespace weir::client {

inline constexpr Epoch epoch{7};
inline constexpr DocumentHandle handle{3};

inline ProducerId producer_of(char fill) { return *ProducerId::parse(std::string(16, fill)); }
inline DocumentPath path_of(const std::string& document, const std::string& space = "s") {
  return {*SpaceName::parse(space), *DocumentName::parse(document)};
}
inline SharedBytes bytes(std::string_view text) { return SharedBytes::copy(text); }

struct Limits {
  std::uint32_t heartbeat_ms = 10'000;
  std::uint64_t in_flight_bytes_max = 1000;
};

struct Answer {
  DocumentHandle document = handle;
  Epoch epoch = client::epoch;
  Offset head{};
  Sequence last_sequence{};
  bool lost_history = false;
  std::vector<frames::PresenceUpdate> presence{};
};

struct Scene {
  explicit Scene(SessionOptions options = {})
      : session(std::move(options), [this] { return ++randoms * random_step; }, now) {
    take();
  }

  /// Everything until now is taken in: what the session sent, what it told.
  void take() {
    for (Effect& effect : session.poll(now)) {
      if (const auto* open = std::get_if<Open>(&effect)) {
        ++connections;
        attempt = open->attempt;
        address = open->address;
      }
      if (const auto* send = std::get_if<Send>(&effect)) {
        auto events = frames::decode_client_frame(bytes(send->bytes), {});
        ASSERT_TRUE(events);
        for (frames::ClientEvent& event : *events) sent.push_back(std::move(event));
      }
      told.push_back(std::move(effect));
    }
  }
  void advance(Time time) {
    const Time end = now + time;
    while (session.deadline() && *session.deadline() <= end) {
      now = std::max(now, *session.deadline());
      take();
    }
    now = end;
    take();
  }

  // ---- as the relay ----

  template <class... Events>
  void say(const Events&... events) {
    std::string frame;
    (frames::encode(frames::ServerEvent(events), frame), ...);
    session.received(attempt, bytes(frame), now);
    take();
  }
  frames::Hello welcome(const Limits& limits = {}) {
    session.opened(attempt, token, now);
    take();
    const auto hello = next<frames::Hello>();
    frames::Welcome event;
    event.heartbeat_ms = limits.heartbeat_ms;
    event.in_flight_bytes_max = limits.in_flight_bytes_max;
    event.payload_bytes_max = 500;
    event.frame_bytes_max = 2000;
    event.presence_bytes_max = 100;
    say(event);
    return hello;
  }
  frames::Subscribe answer_subscribe(const Answer& answer = {}) {
    const auto subscribe = next<frames::Subscribe>();
    say(frames::Subscribed{subscribe.request, answer.document, answer.epoch, answer.head, answer.last_sequence,
                           answer.lost_history, answer.presence});
    return subscribe;
  }
  void stored(std::uint64_t through, DocumentHandle document = handle) {
    say(frames::Stored{document, {through}, {through}});
  }
  void caught_up(std::uint64_t offset) { say(frames::CaughtUp{handle, {offset}}); }
  void refuse(Code code, frames::Reason reason, std::uint64_t through, std::uint64_t expected = 0,
              std::uint64_t retry_after_ms = 0) {
    frames::ErrorEvent error;
    error.error = {code, "no"};
    error.document = handle;
    error.reason = reason;
    error.through_sequence = {through};
    error.expected_sequence = {expected};
    error.retry_after_ms = retry_after_ms;
    say(error);
  }
  void drop() {
    session.lost(attempt, make_error(ErrorKind::connection, Code::unavailable, "dropped"), now);
    take();
  }
  frames::Subscribe reconnect(const Answer& answer) {
    const int before = connections;
    drop();
    while (connections == before) advance(std::chrono::milliseconds(100));
    welcome();
    return answer_subscribe(answer);
  }

  // ---- as the application ----

  DocumentId subscribe(const std::string& document, SubscribeOptions options = {}) {
    const DocumentId id = *session.subscribe(path_of(document), std::move(options), now);
    take();
    return id;
  }
  Ticket publish(DocumentId document, std::string_view payload) {
    session.publish(document, {{}, bytes(payload)}, ++last_ticket, now);
    take();
    return last_ticket;
  }

  // ---- looking ----

  /// The next event sent, which must be of this kind.
  template <class Event>
  Event next() {
    if (sent.empty() || !std::holds_alternative<Event>(sent.front())) {
      ADD_FAILURE() << "another event was expected; " << sent.size() << " wait";
      return {};
    }
    Event event = std::get<Event>(sent.front());
    sent.erase(sent.begin());
    return event;
  }
  /// The next publish in short: first sequence, "base" if it is one, payloads.
  std::string published() {
    const auto publish = next<frames::Publish>();
    std::string text = std::to_string(publish.first_sequence.value) + (publish.base ? " base:" : ":");
    for (const Delta& delta : publish.deltas) text += ' ' + std::string(delta.payload.view());
    return text;
  }
  /// All effects of a kind so far.
  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Effect& effect : told)
      if (const auto* kind = std::get_if<Kind>(&effect)) found.push_back(*kind);
    return found;
  }
  /// "stored at 3", the error's kind as a number, or "waits".
  std::string outcome(Ticket ticket) const {
    for (const Settled& settled : all<Settled>())
      if (settled.ticket == ticket)
        return settled.error ? "error " + std::to_string(static_cast<int>(settled.error->kind))
                             : "stored at " + std::to_string(settled.offset.value);
    return "waits";
  }
  static std::string error(ErrorKind kind) { return "error " + std::to_string(static_cast<int>(kind)); }

  Time now{1000};
  std::uint64_t randoms = 0;
  std::uint64_t random_step = 0x3141'5926'5358'9793;
  Session session;
  std::uint64_t attempt = 0;
  int connections = 0;
  std::string address;
  std::string token;
  Ticket last_ticket = 0;
  std::vector<frames::ClientEvent> sent;
  std::vector<Effect> told;
};

/// One open document that has stored one delta, and has two more on the wire: sequences 2 and 3.
struct ThreePublished : Scene {
  explicit ThreePublished(SubscribeOptions options = {}) {
    document = subscribe("d", std::move(options));
    welcome();
    answer_subscribe();
    for (const char* payload : {"aa", "bb", "cc"}) tickets.push_back(publish(document, payload));
    sent.clear();
    stored(1);
  }
  DocumentId document;
  std::vector<Ticket> tickets;
};

}  // namespace weir::client
