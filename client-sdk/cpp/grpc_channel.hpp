// A channel to a relay, as every part of this client wants it: large messages, quick retries, and pings that notice a
// peer that is gone.
//
// Internal. Threads: any.
#pragma once

#include <memory>
#include <string>

#include "weir/client/grpc_transport.hpp"

namespace grpc {
class Channel;
}

namespace weir::client {

[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const GrpcOptions& options, const std::string& address);

}  // namespace weir::client
