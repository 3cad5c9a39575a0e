// The address a y-websocket client connects to: /yjs/<space>/<room>?token=<token>
//
//   Result<Target> target = parse_target("/yjs/acme-notes/plans/2024?token=secret");
//
// The room is everything after the space, slashes included. Both are percent-decoded, once. Threads: a pure function.
#pragma once

#include <string>
#include <string_view>

#include "weir/vocabulary/ids.hpp"

namespace weir::yjs {

struct Target {
  DocumentPath path;
  std::string token;  ///< empty when the address has none
};

/// INVALID_ARGUMENT, with a message for the person who wrote the address.
[[nodiscard]] Result<Target> parse_target(std::string_view request_target);

}  // namespace weir::yjs
