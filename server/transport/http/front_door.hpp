// The listener: takes TCP connections, gives each to one thread for life, reads HTTP, and hands on what asks to be
// upgraded.
//
//   FrontDoor door({&thread_a, &thread_b}, options, routes, router);
//   Result<void> listening = door.listen();         // before the threads run
//   door.endpoint();                                // with the port that was chosen for port 0
//   door.drain(done);                               // takes no more, and answers what is in hand
//
// Bounds: the number of connections (one more is answered 503), bytes and time of a header, bytes of a body, time
// between requests.
//
// Threads: listen() and endpoint() before the threads start; drain() from any. Destroy it after the threads
// have stopped and before they are destroyed.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/http/guard.hpp"
#include "weir/http/in_hand.hpp"
#include "weir/http/routes.hpp"
#include "weir/http/upgrade.hpp"
#include "weir/runtime/io_thread.hpp"

namespace weir::http {

struct ClosingLimits;

struct FrontDoorOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  GuardOptions guard = {};
  std::size_t connections_max = 10'000;
  std::size_t header_bytes_max = 8 << 10;
  std::size_t body_bytes_max = 64 << 10;
  std::chrono::milliseconds header_wait_max{5000};
  std::chrono::milliseconds idle_wait_max{60'000};
  /// A reply that the peer does not read for so long is broken off.
  std::chrono::milliseconds write_wait_max{30'000};
  /// After the last reply what the peer still sends is thrown away for so long, and up to so much; only then is the
  /// connection closed. A close before that would reset it, and the peer could lose the reply.
  std::chrono::milliseconds close_wait_max{5000};
  std::size_t close_bytes_max = 4 << 20;
  std::string server = "weir";
};

/// What went through the door since the start; `connections` now. Threads: any.
struct DoorCounters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};                 ///< there were too many
  std::array<std::atomic<std::uint64_t>, 6> answered{};  ///< requests, by the first digit of the status; 1: upgraded
};

class FrontDoor {
 public:
  /// `routes` must outlive it.
  FrontDoor(std::vector<runtime::IoThread*> threads, FrontDoorOptions options, const Routes& routes,
            UpgradeRouter upgrades);
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  /// UNAVAILABLE when the address cannot be had, with what to do.
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] boost::asio::ip::tcp::endpoint endpoint() const;
  /// Accepts no more connections, and tells the ones there are with their next reply that it is the last. `done` runs
  /// once, on some thread, when no reply is under way. A reply that is under way when the threads stop is broken off
  /// visibly, so that no reader takes a part for the whole.
  void drain(std::function<void()> done);
  /// Open connections, upgraded ones too. From any thread.
  [[nodiscard]] std::size_t connections() const { return connections_->load(std::memory_order_relaxed); }
  [[nodiscard]] const DoorCounters& counters() const { return counters_; }

  // For its connections.
  [[nodiscard]] const FrontDoorOptions& options() const { return options_; }
  [[nodiscard]] const Routes& routes() const { return routes_; }
  [[nodiscard]] const Guard& guard() const { return guard_; }
  [[nodiscard]] const UpgradeRouter& upgrades() const { return upgrades_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] ClosingLimits closing_limits() const;
  [[nodiscard]] InHand& in_hand() const { return in_hand_; }
  void answered(unsigned status) const { counters_.answered.at(status / 100).fetch_add(1, std::memory_order_relaxed); }

 private:
  void accept_next();
  void on_accepted(boost::system::error_code error, boost::asio::ip::tcp::socket socket, std::size_t thread);
  void refuse(boost::asio::ip::tcp::socket socket);
  void retry_later();

  const std::vector<runtime::IoThread*> threads_;
  const FrontDoorOptions options_;
  const Routes& routes_;
  const Guard guard_;
  const UpgradeRouter upgrades_;
  boost::asio::ip::tcp::acceptor acceptor_;  // first thread
  std::size_t next_thread_ = 0;              // first thread
  std::atomic<bool> stopping_ = false;
  mutable InHand in_hand_;
  mutable DoorCounters counters_;
  /// Connections that live, whoever has them now.
  std::shared_ptr<std::atomic<std::size_t>> connections_ = std::make_shared<std::atomic<std::size_t>>(0);
  /// Those that are being told that there is no room.
  std::shared_ptr<std::atomic<std::size_t>> refusals_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace weir::http
