// A running relay as a DocumentSource, asked over gRPC.
//
// Threads: as DocumentSource; notices come on any thread, one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/cli/document_source.hpp"

namespace weir::cli {

struct LiveOptions {
  std::string address;  ///< as server_address() gives it
  std::string token{};
};

/// "host", "host:port", "[::1]:8788": the port is 8788 unless it is said.
[[nodiscard]] std::string server_address(std::string_view text);

/// Connects with the first question. `notice` is told when the relay was lost, and is back.
[[nodiscard]] std::unique_ptr<DocumentSource> open_live(LiveOptions options, Notice notice);

}  // namespace weir::cli
