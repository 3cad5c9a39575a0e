// A session that lives for one call: it says hello, subscribes to one document, perhaps publishes or offers a snapshot,
// and is gone. So what a tool writes goes through the same rules as what a tab writes. Private to this module.
//
//   OneShot::run(shard, {.token = ..., .producer = ..., .path = ..., .deltas = ...},
//                [](OneShot::Outcome outcome) { ... });
//
// A snapshot's bytes are given to send() while the session wants them: it says so by Task::wanted, as it does to any
// client that it reads.
//
// Threads: run() from any; everything else, and what is called back, on the shard's. The answer comes once, or not at
// all after abandon().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/core/dialect.hpp"
#include "weir/shard/shard.hpp"

namespace weir::rpc {

class OneShot final : private shard::Connection, public std::enable_shared_from_this<OneShot> {
 public:
  struct Task {
    std::string token;
    std::optional<ProducerId> producer;  ///< none: only subscribe
    DocumentPath path;
    bool recreate = false;
    Sequence first_sequence;  ///< 0: the producer's next
    std::optional<Epoch> epoch;
    std::vector<Delta> deltas;
    /// Instead of deltas; the session fills in the document, and the epoch when there is none.
    std::optional<frames::SnapshotOffer> snapshot{};
    /// More of the snapshot's bytes are wanted now, or not for now.
    std::function<void(bool)> wanted{};
  };
  struct Done {
    frames::Subscribed subscribed;
    std::optional<frames::Stored> stored;  ///< of a publish
  };
  using Outcome = std::variant<Done, frames::ErrorEvent>;
  using Answer = std::function<void(Outcome)>;

  static std::shared_ptr<OneShot> run(shard::Shard& shard, Task task, Answer answer);
  /// The next bytes of the snapshot.
  void send(const SharedBytes& bytes);
  /// Nobody waits for the answer any more, and what is not stored yet never is.
  void abandon();

 private:
  class Script;

  OneShot(shard::Shard& shard, Answer answer) : shard_(shard), answer_(std::move(answer)) {}
  void begin(Task task);
  void end(Outcome outcome);
  void leave();

  // shard::Connection
  [[nodiscard]] shard::Transport transport() const override { return shard::Transport::grpc; }
  void output_ready() override;
  void reading(bool wanted) override;
  void close(std::uint16_t code, std::string_view reason) override;

  shard::Shard& shard_;
  Answer answer_;
  std::function<void(bool)> wanted_;
  shard::Session* session_ = nullptr;
  std::shared_ptr<OneShot> self_;  ///< while the session is open
  bool ended_ = false;
};

}  // namespace weir::rpc
