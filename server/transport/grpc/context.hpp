// What every call of one transport shares. Private to this module.
//
// Threads: next_shard() and calls from any; the rest is constant once calls come in.
#pragma once

#include <atomic>

#include "weir/grpc/calls.hpp"
#include "weir/grpc/transport.hpp"

namespace weir::rpc {

struct Context {
  Context(Parts its_parts, Options its_options)
      : parts(std::move(its_parts)), options(std::move(its_options)), calls(options.calls_max) {}

  /// Round robin.
  [[nodiscard]] shard::Shard& next_shard() {
    return *parts.shards[turn.fetch_add(1, std::memory_order_relaxed) % parts.shards.size()];
  }
  [[nodiscard]] Error too_many() const {
    return fail(Code::resource_exhausted, "this relay has its " + std::to_string(options.calls_max) +
                                              " calls (limits.connections_max); try again later");
  }

  const Parts parts;
  const Options options;
  Calls calls;
  std::atomic<std::size_t> turn{0};
};

}  // namespace weir::rpc
