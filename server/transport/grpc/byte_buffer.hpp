// weir's shared bytes as gRPC's byte buffers and back, without copying what is large. Private to this module.
//
//   ::grpc::ByteBuffer message = gather(pieces);      // encoded events, back to back, are one frame
//   Result<SharedBytes> frame = take(received);       // keeps gRPC's slice alive as long as the frame
//
// A small piece costs less copied than as a slice of its own: many small ones become one slice. A large one is handed
// over as it is, by reference, the very bytes that all of its readers share.
//
// Threads: pure functions.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <span>

#include "weir/vocabulary/bytes.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::rpc {

/// Pieces below this are copied together.
inline constexpr std::size_t copied_bytes_max = 4096;

[[nodiscard]] ::grpc::ByteBuffer gather(std::span<const SharedBytes> pieces);
[[nodiscard]] ::grpc::ByteBuffer to_byte_buffer(std::string&& bytes);
/// INTERNAL when the buffer cannot be read.
[[nodiscard]] Result<SharedBytes> take(::grpc::ByteBuffer& buffer);

}  // namespace weir::rpc
