// The second opinion: what protoc's generated classes make of the same bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weir/frames/frames.hpp"

namespace weir::frames {

/// Nothing when protobuf refuses the bytes. No rule of weir's own is applied: names and numbers are taken as they are,
/// so it serves for frames that keep the rules.
[[nodiscard]] std::optional<std::vector<ClientEvent>> reference_client(const std::string& bytes);
[[nodiscard]] std::optional<std::vector<ServerEvent>> reference_server(const std::string& bytes);
/// Parsed and serialized again, deterministically.
[[nodiscard]] std::optional<std::string> reference_rewrite(const std::string& bytes, bool from_server);

}  // namespace weir::frames
