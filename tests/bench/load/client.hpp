// One connection of the load: the author of a document, or one of its subscribers.
//
//   auto client = make_client(Protocol::native, *network, {port, "/", "space", "document"}, document, as_author);
//   ... client->ready(): it is subscribed and caught up
//   client->publish(256, now);                      // the author: so many updates, in frames as a real client makes
//   them
//
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "connection.hpp"
#include "document.hpp"

namespace weir::bench {

enum class Protocol : std::uint8_t { native, grpc, yjs };  ///< grpc: the native protocol over it

struct Place {
  std::uint16_t port = 0;
  std::string path;      ///< yjs: what stands before the room, "/yjs/bench/" or "/"
  std::string space;     ///< native
  std::string document;  ///< native; and the room
};

/// In the place of a subscriber's number.
inline constexpr std::size_t as_author = SIZE_MAX;

class Client : public Listener {
 public:
  Client(Document& document, std::size_t subscriber) : document_(document), subscriber_(subscriber) {}

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] Connection& connection() { return *connection_; }
  void at(std::uint64_t now) override { now_ = now; }
  /// The next `count` updates, which count as begun at `stamp`.
  void publish(std::size_t count, std::uint64_t stamp);

 protected:
  virtual void send_updates(std::uint64_t first, std::size_t count) = 0;
  void connect(Network& network, const Target& target) { connection_ = network.connect(target, *this); }
  [[nodiscard]] bool is_author() const { return subscriber_ == as_author; }

  Document& document_;
  const std::size_t subscriber_;
  bool ready_ = false;
  std::uint64_t now_ = 0;

 private:
  std::unique_ptr<Connection> connection_;
};

/// What the protocol runs over.
[[nodiscard]] std::unique_ptr<Network> make_network(Protocol protocol);
[[nodiscard]] std::unique_ptr<Client> make_client(Protocol protocol, Network& network, const Place& place,
                                                  Document& document, std::size_t subscriber);
[[nodiscard]] std::unique_ptr<Client> make_native_client(Network& network, const Target& target, const Place& place,
                                                         Document& document, std::size_t subscriber);
[[nodiscard]] std::unique_ptr<Client> make_yjs_client(Network& network, const Place& place, Document& document,
                                                      std::size_t subscriber);

}  // namespace weir::bench
