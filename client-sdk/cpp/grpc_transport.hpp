// The relay over gRPC: one call of weir.v1.Relay/Sync for each connection.
//
//   auto transport = make_grpc_transport({.address = "127.0.0.1:8788"});
//
// Threads: as Transport says; gRPC's own threads call the events.
#pragma once

#include <memory>
#include <string>

#include "weir/client/transport.hpp"

namespace weir::client {

struct GrpcOptions {
  std::string address = "127.0.0.1:8788";  ///< host:port
  bool tls = false;
  std::string root_certificates{};  ///< PEM; empty: the system's
};

[[nodiscard]] std::unique_ptr<Transport> make_grpc_transport(GrpcOptions options);

}  // namespace weir::client
