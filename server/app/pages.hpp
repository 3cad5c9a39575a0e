// The embedded pages as HTTP replies: revalidation, compression, and the headers that keep a page to itself.
//
// Threads: a pure function over constant data.
#pragma once

#include <optional>

#include "weir/http/message.hpp"

namespace weir::app {

/// Nothing when there is no such page.
[[nodiscard]] std::optional<http::Reply> page_reply(const http::Request& request);

}  // namespace weir::app
