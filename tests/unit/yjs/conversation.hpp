// A conversation between a y-websocket client and the dialect, without a relay: the test speaks for both sides.
//
//   open_with(state_vector);         // the client has said it, and is caught up
//   say(update("typed"));            // port.contributions has it
//
// Threads: the test's.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/yjs/dialect.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::yjs {

inline constexpr DocumentHandle handle{9};

// A session that writes down what is asked of it.
class Port final : public core::SessionPort {
 public:
  void submit(frames::ClientEvent event) override { submitted.push_back(std::move(event)); }
  void hello_foreign(std::string token_said, std::string) override { token = std::move(token_said); }
  void contribute(core::Contribution contribution) override { contributions.push_back(std::move(contribution)); }
  void set_presence(core::ForeignPresence one) override { presence.push_back(std::move(one)); }
  void ask_cover(DocumentHandle document) override { covers_asked += document == handle ? 1 : 0; }
  void offer_snapshot(core::MadeSnapshot made) override { snapshots.push_back(std::move(made)); }
  void send(SharedBytes bytes) override {
    if (!bytes.empty()) sent.emplace_back(bytes.view());
  }
  void close(std::uint16_t code, std::string reason) override {
    close_code = code;
    close_reason = std::move(reason);
  }
  /// Without the keep-alive.
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(sent, {}); }

  std::vector<frames::ClientEvent> submitted;
  std::string token;
  std::vector<core::MadeSnapshot> snapshots;
  std::vector<core::Contribution> contributions;
  std::vector<core::ForeignPresence> presence;
  int covers_asked = 0;
  std::vector<std::string> sent;
  std::uint16_t close_code = 0;
  std::string close_reason;
};

inline std::string frame(void (*put)(std::string&, std::string_view), std::string_view body) {
  std::string out;
  put(out, body);
  return out;
}
inline const std::string step2_of_nothing = frame(put_sync_step2, empty_update);

// As a client sends it: the same bytes without the WebSocket header (masking is the transport's affair).
inline SharedBytes from_client(const std::string& framed) {
  return SharedBytes::copy(std::string_view(framed).substr(2));
}
inline SharedBytes step1(std::string_view state_vector) { return from_client(frame(put_sync_step1, state_vector)); }
inline SharedBytes step2(std::string_view update) { return from_client(frame(put_sync_step2, update)); }
inline SharedBytes update(std::string_view bytes) { return from_client(frame(put_update, bytes)); }
inline SharedBytes awareness(const std::vector<AwarenessEntry>& entries) {
  std::string out;
  put_awareness(out, entries);
  return from_client(out);
}

class Conversation : public testing::Test {
 protected:
  static DocumentPath path() { return {*SpaceName::parse("acme"), *DocumentName::parse("plan")}; }

  void say(const SharedBytes& message) { dialect.message(message, port); }
  void subscribed(std::uint64_t head) {
    frames::Subscribed answer;
    answer.request = 1;
    answer.document = handle;
    answer.head = {head};
    dialect.event(answer, port);
  }
  void caught_up() { dialect.event(frames::CaughtUp{handle, {5}}, port); }
  void error(Code code, DocumentHandle document = handle, frames::Reason reason = frames::Reason::unspecified) {
    frames::ErrorEvent event;
    event.error = fail(code, "because");
    event.document = document;
    event.reason = reason;
    dialect.event(event, port);
  }
  void tick(core::Time steady) { dialect.tick({steady, {}}, port); }
  /// A client of which the relay knows nothing yet, in a document that has records, caught up.
  void open_with(const std::string& state_vector) {
    dialect.opened(port);
    subscribed(5);
    say(step1(state_vector));
    caught_up();
  }

  /// The same, and it has answered the relay's query, with nothing.
  void open_and_answer() {
    open_with(some_vector);
    dialect.cover_granted(handle, "", port);
    say(step2(empty_update));
    port.contributions.clear();
    (void)port.take();
  }

  core::Limits limits;
  Port port;
  Dialect dialect{{path(), "secret", "browser"}, limits};
  const std::string some_vector = encode_state_vector({{1, 5}});
};

}  // namespace weir::yjs
