// A connection between a simulated client and the server: two streams of bytes below framing (each message goes as a
// 32-bit length and its bytes), delivered in pieces of any size, and cut at any byte.
//
// Either end learns of a cut in its own time: a server may keep a session whose client has long been back with another.
// A client that does not read fills the link's buffer, and the server's writer waits, as with a real socket.
//
// Threads: one, the world's; what concerns the server happens in tasks of the session's shard.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server.hpp"

namespace weir::simulation {

class Link : public shard::Connection, public std::enable_shared_from_this<Link> {
 public:
  struct Client {
    std::function<void(std::string)> message;
    std::function<void(std::uint16_t code)> gone;  ///< once; 1006 when cut, else the server's close code
  };
  [[nodiscard]] static std::shared_ptr<Link> open(World& world, Server& server, std::size_t shard, Client client);

  // For the client.
  void send(std::string_view message);
  void stall(bool stalled);
  /// The connection breaks here and now; what was under way arrives up to any byte.
  void cut();
  /// Chance decides how many more bytes pass before it breaks by itself.
  void cut_after(std::size_t bytes) { bytes_until_cut_ = bytes; }

  /// For the story: what is stuck where.
  [[nodiscard]] std::string describe() const;

  // shard::Connection
  void output_ready() override;
  void reading(bool wanted) override;
  void close(std::uint16_t code, std::string_view reason) override;

 private:
  Link(World& world, Server& server, std::size_t shard, Client client);
  void on_server(std::function<void()> task);
  void pump_to_server();
  void pump_to_client();
  void write();
  [[nodiscard]] bool use(std::size_t bytes);
  void tell_client_gone(std::uint16_t code);
  void tell_server_gone();

  World& world_;
  Server& server_;
  Life server_life_;
  std::size_t shard_;
  Client client_;
  Life client_life_;

  shard::Session* session_ = nullptr;
  bool cut_ = false;
  bool stalled_ = false;
  bool reading_ = true;
  bool to_server_scheduled_ = false;
  bool to_client_scheduled_ = false;
  bool write_scheduled_ = false;
  std::optional<std::uint16_t> closing_;
  std::size_t bytes_until_cut_ = static_cast<std::size_t>(-1);
  std::string to_server_;  ///< under way
  std::string at_server_;  ///< arrived, not yet a whole message
  std::string to_client_;
  std::string at_client_;
};

}  // namespace weir::simulation
