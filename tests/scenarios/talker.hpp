// A client that says exactly what the test tells it to, right or wrong, and remembers what it hears.
//
//   Talker ann(relay, "ann");                            // connected and greeted
//   ann.subscribe(path("plan"));
//   ann.publish(path("plan"), 1, {"a"});
//   EXPECT_EQ(ann.hear<frames::Stored>().through_sequence, Sequence{1});
//   EXPECT_THAT(ann.heard(), ElementsAre("subscribed plan", "caught up plan", ...));
//
// Two talkers of one name are one producer. hear() throws when it waits in vain, which fails the test with the story so
// far. Threads: one.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "link.hpp"
#include "relay.hpp"
#include "weir/frames/codec.hpp"

namespace weir::scenarios {

/// A record as it arrived.
struct Read {
  DocumentPath path;
  Record record;
  bool stub = false;
};

struct Wish {
  frames::From from = frames::From::start;
  std::optional<Cursor> cursor{};
  bool presence = false;
  bool recreate = false;
  bool snapshots = false;
};

struct Manner {
  bool base = false;
  std::optional<Epoch> epoch{};
  Codec codec{};
};

class Talker {
 public:
  enum class Start : std::uint8_t { greeted, silent };
  Talker(Relay& relay, std::string name, std::string token = "", Start start = Start::greeted, std::size_t shard = 0);
  ~Talker() { hang_up(); }
  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;

  // ---- saying ----

  void say(const frames::ClientEvent& event);
  void say_bytes(const std::string& frame);
  void hello(std::uint32_t version = frames::protocol_version, std::vector<std::uint32_t> packs = {},
             bool makes_snapshots = false);
  /// Only asks. Returns the request's number.
  std::uint64_t ask(const DocumentPath& document, const Wish& wish = {});
  /// Asks and hears the answer.
  frames::Subscribed subscribe(const DocumentPath& document, const Wish& wish = {});
  void unsubscribe(const DocumentPath& document) { say(frames::Unsubscribe{handle(document)}); }
  /// Only says it. The epoch is the one last heard, unless `manner` names another.
  void publish(const DocumentPath& document, std::uint64_t first, const std::vector<std::string>& payloads,
               const Manner& manner = {});
  /// An offer that is right in everything, for records up to `offset`.
  [[nodiscard]] frames::SnapshotOffer offer_of(const DocumentPath& document, Offset offset, const std::string& bytes);
  /// Says the offer and its chunks.
  void send(const frames::SnapshotOffer& offer, const std::string& bytes, std::size_t chunk_bytes = 64 << 10);
  void attest(const frames::AttestationWanted& wanted, bool valid) {
    say(frames::Attest{wanted.document, wanted.offset, wanted.hash, valid});
  }
  void show(const DocumentPath& document, const std::string& presence) {
    say(frames::SetPresence{handle(document), SharedBytes::copy(presence)});
  }

  // ---- the connection ----

  void connect();
  void hang_up();
  /// Does not read.
  void stall(bool stalled) { link_->stall(stalled); }
  /// Reads, but answers no ping.
  void be_silent() { answers_ = false; }
  [[nodiscard]] bool connected() const { return !close_code_ && link_ != nullptr; }
  /// Waits for the relay to close the connection; the code.
  std::uint16_t closed();

  // ---- hearing ----

  /// The next event of this kind, waiting for it. Others keep their place.
  template <class Event>
  Event hear() {
    const auto is = [](const frames::ServerEvent& event) { return std::holds_alternative<Event>(event); };
    (void)relay_.until([&] { return std::any_of(inbox_.begin(), inbox_.end(), is); });
    const auto found = std::find_if(inbox_.begin(), inbox_.end(), is);
    if (found == inbox_.end()) throw std::runtime_error(name_ + " waited in vain; heard:" + story());
    Event event = std::get<Event>(*found);
    inbox_.erase(found);
    return event;
  }
  template <class Event>
  [[nodiscard]] bool has() const {
    return std::any_of(inbox_.begin(), inbox_.end(),
                       [](const frames::ServerEvent& event) { return std::holds_alternative<Event>(event); });
  }
  /// Waits until this many records have come on this and earlier connections.
  const std::vector<Read>& read(std::size_t count);
  [[nodiscard]] const std::vector<Read>& records() const { return records_; }
  /// What was heard since the last call, a line each, pings left out.
  std::vector<std::string> heard() { return std::exchange(lines_, {}); }
  [[nodiscard]] std::size_t pings() const { return pings_; }

  [[nodiscard]] DocumentHandle handle(const DocumentPath& document) const { return open_.at(document).document; }
  [[nodiscard]] Epoch epoch(const DocumentPath& document) const { return open_.at(document).epoch; }
  /// The place after the last record read.
  [[nodiscard]] Cursor cursor(const DocumentPath& document) const { return cursors_.at(document); }

 private:
  void receive(const std::string& message);
  void on(const frames::ServerEvent& event);
  void take(const frames::Records& records);
  [[nodiscard]] std::string document_of(DocumentHandle handle) const;
  [[nodiscard]] std::string describe(const frames::ServerEvent& event) const;
  [[nodiscard]] std::string story() const;

  Relay& relay_;
  std::string name_;
  std::string token_;
  std::size_t shard_;
  simulation::Life connection_;
  std::shared_ptr<simulation::Link> link_;
  std::optional<std::uint16_t> close_code_;
  bool answers_ = true;
  std::uint64_t requests_ = 0;
  std::size_t pings_ = 0;
  std::map<std::uint64_t, std::pair<DocumentPath, Wish>> asked_;
  std::map<DocumentPath, frames::Subscribed> open_;
  std::map<DocumentPath, Cursor> cursors_;
  std::map<std::tuple<DocumentPath, Epoch, Sequence>, std::string> published_;
  std::deque<frames::ServerEvent> inbox_;
  std::vector<Read> records_;
  std::vector<std::string> lines_;
  std::vector<std::string> all_lines_;
};

}  // namespace weir::scenarios
