// One HTTP connection: request, reply, and again. Private to this module.
//
// Threads: the connection's own.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>

namespace weir::http {

class FrontDoor;

/// Serves `socket` until it closes or is handed over. On the socket's thread, `thread` being its index.
void serve_connection(const FrontDoor& door, boost::asio::ip::tcp::socket socket, std::size_t thread,
                      std::shared_ptr<void> slot);

}  // namespace weir::http
