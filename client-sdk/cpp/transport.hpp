// How a client reaches its relay: frames go out, frames come in. Client drives one; grpc_transport.hpp is the usual
// one, tests give others.
//
// Threads: open, send, read and shut come from the client's thread; the events may be called from any thread, also from
// within these calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/vocabulary/bytes.hpp"

namespace weir::client {

class TransportEvents {
 public:
  virtual ~TransportEvents() = default;
  /// Frames can be sent.
  virtual void opened(std::uint64_t attempt) = 0;
  virtual void received(std::uint64_t attempt, SharedBytes frame) = 0;
  /// Once, however it ended; not after shut().
  virtual void lost(std::uint64_t attempt, std::string why) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// A connection, named by its attempt; to `address`, or where it always is when that is empty.
  virtual void open(std::uint64_t attempt, const std::string& address, std::shared_ptr<TransportEvents> events) = 0;
  virtual void send(std::uint64_t attempt, std::string frame) = 0;
  /// The frame received last was taken: the next may come. One at a time, so that a slow application is not buffered
  /// for.
  virtual void read(std::uint64_t attempt) = 0;
  virtual void shut(std::uint64_t attempt) = 0;
};

}  // namespace weir::client
