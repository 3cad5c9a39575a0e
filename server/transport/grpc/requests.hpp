// What the calls have in common before they do anything: who asks, for what, and may they. Private to this module.
//
// Threads: any; nothing blocks.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

#include "weir/grpc/context.hpp"
#include "weir/grpc/page_stream.hpp"

namespace weir::rpc {

template <class T>
using CallResult = boost::system::result<T, CallError>;

/// An error about one field of the request.
[[nodiscard]] inline CallError wrong(std::string field, std::string message) {
  return {fail(Code::invalid_argument, std::move(message)), {.field = std::move(field)}};
}

/// The principal that the metadata `authorization: Bearer TOKEN` proves.
[[nodiscard]] CallResult<std::string> authenticate(const Context& context, const ::grpc::CallbackServerContext& call);
/// The token itself; empty when there is none.
[[nodiscard]] std::string bearer_token(const ::grpc::CallbackServerContext& call);

enum class Access : std::uint8_t { read, write };
/// The document, when the asker may.
[[nodiscard]] CallResult<DocumentPath> document_of(const Context& context, const ::grpc::CallbackServerContext& call,
                                                   std::string_view space, std::string_view document, Access access);
/// The space, when the asker may read it.
[[nodiscard]] CallResult<SpaceName> space_of(const Context& context, const ::grpc::CallbackServerContext& call,
                                             std::string_view space);

[[nodiscard]] inline ::grpc::Status to_status(const CallError& error) { return to_status(error.error, error.details); }

}  // namespace weir::rpc
