// weir.v1.Relay: which call does what. Private to this module.
//
// Threads: made at start; its calls come on gRPC's threads, which start a stream or post, and return.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "weir/grpc/context.hpp"

namespace weir::rpc {

[[nodiscard]] std::unique_ptr<::grpc::Service> make_service(Context& context);

}  // namespace weir::rpc
