// A session that lives for one call: it says hello, subscribes to one document, perhaps publishes, and is gone. So what
// a tool writes goes through the same rules as what a tab writes. Private to this module.
//
//   OneShot::run(shard, limits, {.token = ..., .producer = ..., .path = ..., .deltas = ...},
//                [](OneShot::Outcome outcome) { ... });
//
// Threads: run() from any; `done` on the shard's, once.
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
  };
  struct Done {
    frames::Subscribed subscribed;
    std::optional<frames::Stored> stored;  ///< of a publish
  };
  using Outcome = std::variant<Done, frames::ErrorEvent>;
  using Answer = std::function<void(Outcome)>;

  static void run(shard::Shard& shard, Task task, Answer answer);

 private:
  class Script;

  OneShot(shard::Shard& shard, Answer answer) : shard_(shard), answer_(std::move(answer)) {}
  void begin(Task task);
  void end(Outcome outcome);
  void leave();

  // shard::Connection
  [[nodiscard]] shard::Transport transport() const override { return shard::Transport::grpc; }
  void output_ready() override;
  void reading(bool) override {}
  void close(std::uint16_t code, std::string_view reason) override;

  shard::Shard& shard_;
  Answer answer_;
  shard::Session* session_ = nullptr;
  std::shared_ptr<OneShot> self_;  ///< while the session is open
  bool ended_ = false;
};

}  // namespace weir::rpc
